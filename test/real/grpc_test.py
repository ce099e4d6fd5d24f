"""gRPC: the python3-grpcio client and server, through a listener that detects and one at an edge."""

import concurrent.futures
import hashlib
import os
import sys
import unittest

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # what the tests fork becomes another program at once
# pylint: disable=wrong-import-position
from cases import RealTest
from harness import Process, free_port, eventually
from http_config import edge, http_filter, route, router, sidecar
from weir import cluster

try:
    import grpc
except ImportError as missing:
    raise AssertionError("grpc is missing: apt-get install --no-install-recommends python3-grpcio") from missing

BIG = 4 << 20
SERVICE = "weir.test.Bytes"


class GrpcTest(RealTest):
    def setUp(self):
        self.server_port = free_port()
        self.start_server()
        stats = http_filter("grpc_stats", "GrpcStats", stat_prefix="calls", stats_for_all_methods=True)
        listeners = [sidecar("sidecar", "server"),
                     edge("edge", [route("server")], http_filters=[{"typed_config": stats["typed_config"]},
                                                                   {"typed_config": router()["typed_config"]}])]
        self.weir = self.start_weir(listeners, [cluster("server", self.server_port, http_protocol_options={"upstream_protocol": "HTTP2"})])
        self.channels = {name: self.channel(port) for name, port in self.weir.ports.items()}

    def start_server(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grpc_server.py")
        self.server = Process("grpc_server", [sys.executable, script, self.server_port], self.folder)
        self.addCleanup(self.server.stop)
        self.server.wait_until_accepts(self.server_port)

    def channel(self, port):
        channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[
            ("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)])
        self.addCleanup(channel.close)
        return channel

    def by_each(self, check):
        """check(channel), once for each way to the server."""
        for name, channel in self.channels.items():
            with self.subTest(listener=name):
                check(channel)

    @staticmethod
    def call(channel, kind, method, request, timeout=20, **options):
        """`kind` is the name of the channel's function: unary_unary, unary_stream, and so on."""
        return getattr(channel, kind)(f"/{SERVICE}/{method}")(request, timeout=timeout, **options)

    def assert_fails(self, code, call):
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code(), code, caught.exception)
        return caught.exception

    def test_calls_of_every_kind(self):
        def check(channel):
            self.assertEqual(self.call(channel, "unary_unary", "Unary", b"hello"), b"hello")
            self.assertEqual(self.call(channel, "unary_unary", "Unary", b""), b"")
            parts = list(self.call(channel, "unary_stream", "Split", b"1000 5000"))
            self.assertEqual([(int.from_bytes(part[:4], "big"), len(part)) for part in parts],
                             [(number, 5000) for number in range(1000)])
            blocks = [os.urandom(3000) for _ in range(1000)]
            self.assertEqual(self.call(channel, "stream_unary", "Join", iter(blocks)).decode(),
                             f"1000 {hashlib.sha256(b''.join(blocks)).hexdigest()}")
            self.assertEqual(list(self.call(channel, "stream_stream", "Both", iter(blocks))), blocks)
            self.assertEqual(list(self.call(channel, "stream_stream", "Both", iter([]))), [])
        self.by_each(check)

    def test_messages_of_4_mib(self):
        message = os.urandom(BIG)

        def check(channel):
            self.assertEqual(self.call(channel, "unary_unary", "Unary", message), message)
            self.assertEqual(list(self.call(channel, "stream_stream", "Both", iter([message] * 4))), [message] * 4)
        self.by_each(check)

    def test_many_calls_at_the_same_time(self):
        def one(channel, number):
            message = number.to_bytes(4, "big") * 500
            return self.call(channel, "unary_unary", "Unary", message) == message
        with concurrent.futures.ThreadPoolExecutor(64) as threads:
            def check(channel):
                self.assertTrue(all(threads.map(lambda number: one(channel, number), range(2000))))
            self.by_each(check)

    def test_answers_come_while_questions_go(self):
        def check(channel):
            answers = []

            def questions():
                for number in range(20):
                    yield str(number).encode()
                    eventually(lambda: len(answers) == number + 1, "an answer to each question")
            for answer in self.call(channel, "stream_stream", "Both", questions()):
                answers.append(answer)
            self.assertEqual(answers, [str(number).encode() for number in range(20)])
        self.by_each(check)

    def test_metadata(self):
        every_byte = bytes(range(256))
        sent = [("head-text", "a b"), ("head-bytes-bin", every_byte), ("head-twice", "1"), ("head-twice", "2"),
                ("tail-text", "c, d"), ("tail-bytes-bin", every_byte), ("tail-empty-bin", b"")]

        def check(channel):
            _, call = channel.unary_unary(f"/{SERVICE}/Unary").with_call(b"", timeout=20, metadata=sent)
            for given, letter in ((call.initial_metadata(), "head-"), (call.trailing_metadata(), "tail-")):
                self.assertEqual([(key, value) for key, value in given if key.startswith(letter)],
                                 [(key, value) for key, value in sent if key.startswith(letter)])
        self.by_each(check)

    def test_status_without_a_message(self):
        def check(channel):
            error = self.assert_fails(grpc.StatusCode.FAILED_PRECONDITION, lambda: self.call(
                channel, "unary_unary", "Fail", "FAILED_PRECONDITION gr\u00fcn 100%\n".encode()))
            self.assertEqual(error.details(), "gr\u00fcn 100%\n")
            self.assert_fails(grpc.StatusCode.UNIMPLEMENTED,
                              lambda: self.call(channel, "unary_unary", "None", b""))
        self.by_each(check)

    def assert_server_saw_cancel(self):
        direct = self.channel(self.server_port)
        self.assertEqual(self.call(direct, "unary_unary", "WaitForCancelled", b""), b"yes")

    def test_deadline(self):
        def check(channel):
            call = self.call(channel, "unary_stream", "Hang", b"", timeout=0.3)
            self.assert_fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(call))
            self.assert_server_saw_cancel()
        self.by_each(check)

    def test_cancel(self):
        def check(channel):
            call = self.call(channel, "unary_stream", "Hang", b"")
            self.assertEqual(next(call), b"hanging")
            call.cancel()
            self.assert_fails(grpc.StatusCode.CANCELLED, lambda: list(call))
            self.assert_server_saw_cancel()
        self.by_each(check)
        self.weir.wait_until(lambda: self.weir.metric("weir_http_active_requests") == 0, "no request is under way")

    def test_server_that_is_gone(self):
        def check_gone(channel):
            error = self.assert_fails(grpc.StatusCode.UNAVAILABLE,
                                      lambda: self.call(channel, "unary_unary", "Unary", b""))
            self.assertIn(("weir-error", "upstream_refused"), [tuple(pair) for pair in error.trailing_metadata()])

        def check_back(channel):
            self.assertEqual(self.call(channel, "unary_unary", "Unary", b"back"), b"back")
        self.server.stop()
        self.by_each(check_gone)
        self.start_server()
        self.by_each(check_back)

    def test_server_that_dies_in_the_middle(self):
        calls = [self.call(channel, "unary_stream", "Hang", b"") for channel in self.channels.values()]
        for call in calls:
            self.assertEqual(next(call), b"hanging")
        self.server.stop(9)
        for call in calls:  # its response has begun, so that no status can stand for it: it is reset
            self.assert_fails(grpc.StatusCode.INTERNAL, lambda: list(call))

    def test_statuses_are_counted_and_logged(self):
        def check(channel):
            self.call(channel, "unary_unary", "Unary", b"")
            list(self.call(channel, "unary_stream", "Split", b"5 10"))
            self.assert_fails(grpc.StatusCode.NOT_FOUND,
                              lambda: self.call(channel, "unary_unary", "Fail", b"NOT_FOUND no"))
        self.by_each(check)

        def lines(name):
            return [line for line in self.weir.log() if "stream" in line and line["listener"] == name]
        eventually(lambda: all(len(lines(name)) == 3 for name in self.channels), self.weir.log)
        for name in self.channels:
            self.assertEqual([line["grpc"] for line in lines(name)], ["OK", "OK", "NotFound"])
            for status, count in (("OK", 2), ("NOT_FOUND", 1)):
                self.assertEqual(self.weir.metric("weir_http_grpc_requests_total", name=name, route="main",
                                                  grpc_status=status), count)
        for method, status in (("Unary", "OK"), ("Split", "OK"), ("Fail", "NOT_FOUND")):
            self.assertEqual(self.weir.metric("weir_http_grpc_method_requests_total", name="calls", service=SERVICE,
                                              method=method, grpc_status=status), 1)
        self.assertEqual(self.weir.metric("weir_http_grpc_messages_total", name="calls", method="Split",
                                          direction="response"), 5)


if __name__ == "__main__":
    unittest.main()
