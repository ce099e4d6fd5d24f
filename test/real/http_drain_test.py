"""Clients that keep asking while the proxy drains, ends or gets another configuration: no request of theirs fails."""

import concurrent.futures
import contextlib
import os
import signal
import socket
import sys
import threading
import unittest

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # what the tests fork becomes another program at once
# pylint: disable=wrong-import-position
import http2_frames as h2
from cases import RealTest
from harness import LOOPBACK, Process, connect, eventually, free_port, read_exactly
from http_config import edge, route
from weir import cluster

try:
    import grpc
except ImportError as missing:
    raise AssertionError("grpc is missing: apt-get install --no-install-recommends python3-grpcio") from missing

METHOD = "/weir.test.Bytes/"


class HttpDrainTest(RealTest):
    """Two proxies, one of which is asked first; and then the other, if that does not take connections."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = free_port()
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grpc_server.py")
        server = Process("grpc_server", [sys.executable, script, cls.server_port], cls.folder)
        cls.addClassCleanup(server.stop)
        server.wait_until_accepts(cls.server_port)

    def cluster(self):
        return cluster("server", self.server_port, http_protocol_options={"upstream_protocol": "AS_CLIENT"})

    def setUp(self):
        self.proxies = [self.start_weir([self.listener()], [self.cluster()],
                                        settings={"drain_timeout": "30s"}) for _ in range(2)]
        self.ports = [proxy.ports["edge"] for proxy in self.proxies]
        self.stop = threading.Event()

    @staticmethod
    def listener(**settings):
        direct = {"name": "hello", "match": {"path": "/hello"},
                  "direct_response": {"status": 200, "body": {"inline_string": "hello"}}}
        return edge("edge", [direct, route("server")], drain_timeout="1s", **settings)

    def channel(self):
        addresses = ",".join(f"{LOOPBACK}:{port}" for port in self.ports)
        return grpc.insecure_channel(f"ipv4:{addresses}", options=[
            ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0),
            ("grpc.initial_reconnect_backoff_ms", 100)])

    def keep_calling(self, asked):
        """Eight calls at a time over one channel, until it is to stop."""
        def one_by_one(channel):
            while not self.stop.is_set():
                message = os.urandom(500)
                answer = channel.unary_unary(METHOD + "Unary")(message, timeout=20)
                if answer != message:
                    raise AssertionError("another message came back")
                asked.append("http2")
        with self.channel() as channel, concurrent.futures.ThreadPoolExecutor(8) as threads:
            for one in [threads.submit(one_by_one, channel) for _ in range(8)]:
                one.result()

    def connect_to_either(self):
        with contextlib.suppress(ConnectionRefusedError):
            return connect(self.ports[0])
        return connect(self.ports[1])

    def keep_asking(self, asked):
        """One request after the other, over a new connection where a response says that the old one ends."""
        while not self.stop.is_set():
            with self.connect_to_either() as client:
                last = False
                while not last and not self.stop.is_set():
                    client.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        head += read_exactly(client, 1)
                    if not head.startswith(b"HTTP/1.1 200") or read_exactly(client, 5) != b"hello":
                        raise AssertionError(head)
                    last = b"connection: close" in head.lower()
                    asked.append("http1")

    @contextlib.contextmanager
    def load(self):
        """Clients ask while the block runs, and for a while before and after it."""
        asked = []

        def some_more(kind):
            enough = asked.count(kind) + 100
            eventually(lambda: asked.count(kind) >= enough or any(client.done() for client in clients), "answers")
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            clients = [threads.submit(keep, asked) for keep in (self.keep_calling, self.keep_asking) * 3]
            try:
                some_more("http1")
                some_more("http2")
                yield
                some_more("http1")
                some_more("http2")
            finally:
                self.stop.set()
                for client in clients:
                    client.result()

    def check_end(self, end):
        """`end` has the first proxy end, which it does in order, when the calls that are under way are over."""
        with self.channel() as channel:
            release = threading.Event()

            def questions():
                yield b"first"
                release.wait(20)
                yield b"last"
            with self.load():
                long = channel.stream_stream(METHOD + "Both")(questions(), timeout=30)
                self.assertEqual(next(long), b"first")
                end()
                eventually(self.refuses, "it accepts no more")
                release.set()
                self.assertEqual(list(long), [b"last"])
                self.assertEqual(self.proxies[0].wait(), 0)
        lines = [line for line in self.proxies[0].log() if "stream" in line]
        self.assertEqual([line for line in lines if line["status"] != 200], [])

    def refuses(self):
        try:
            connect(self.ports[0]).close()
        except ConnectionError:
            return True
        return False

    def test_sigterm(self):
        self.check_end(lambda: self.proxies[0].send_signal(signal.SIGTERM))

    def test_drain_by_the_admin_port(self):
        self.check_end(lambda: self.assertEqual(self.proxies[0].admin("/drain", method="POST")[0], 200))

    def test_goaway_in_two_steps(self):
        """What a client sends before it has heard the first one is answered."""
        def frames(client):
            while True:
                head = read_exactly(client, 9)
                payload = read_exactly(client, int.from_bytes(head[:3], "big"))
                yield head[3], int.from_bytes(head[5:], "big"), payload

        def last_stream(read):
            return next(int.from_bytes(payload[:4], "big") for kind, _, payload in read if kind == h2.GOAWAY)
        hello = h2.request_fields(path=b"/hello")
        with connect(self.ports[0]) as client:
            read = frames(client)
            client.sendall(h2.begin() + h2.frame(h2.SETTINGS, h2.ACK) + h2.request(1, fields=hello))
            self.assertIn(h2.HEADERS, (kind for kind, stream, _ in read if stream == 1))
            self.proxies[0].send_signal(signal.SIGTERM)
            self.assertEqual(last_stream(read), (1 << 31) - 1)
            client.sendall(h2.request(3, fields=hello))
            self.assertIn(h2.HEADERS, (kind for kind, stream, _ in read if stream == 3))
            self.assertEqual(last_stream(read), 3)
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(self.proxies[0].wait(), 0)

    def test_reload(self):
        first = self.proxies[0]
        with self.load():
            for number in range(1, 4):
                other = self.listener(via=f"1.1 v{number}")
                first.write_config(first.config, [{**other, "address": f"{LOOPBACK}:{self.ports[0]}"}],
                                   [self.cluster()])
                first.send_signal(signal.SIGHUP)
                first.wait_until_reloaded(number)
                before = first.metric("weir_http_responses_total", status="2xx")
                eventually(lambda least=before + 100: first.metric("weir_http_responses_total", status="2xx") > least,
                           "answers under the new configuration")
        # Both versions stayed with it all the time.
        self.assertEqual(self.proxies[1].metric("weir_http_requests_total"), 0)


if __name__ == "__main__":
    unittest.main()
