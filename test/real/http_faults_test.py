"""Servers that break off before, in and behind the head of a response: no client takes half an answer for a whole."""

import contextlib
import socket
import struct
import subprocess
import threading
import unittest

import http2_frames as h2
from cases import RealTest
from harness import DEADLINE, LOOPBACK, connect, eventually, program, read_exactly
from http_config import edge, route
from weir import cluster

VERSIONS = ("--http1.1", "--http2-prior-knowledge")


def reset(connection):
    """Closes with a RST in place of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_head(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read_exactly(connection, 1)
    return head


class Server:
    """Serves the first connection by the first of `scripts`, and so on; the last one serves all that are left."""

    def __init__(self, *scripts):
        self._scripts = list(scripts)
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port = self._listening.getsockname()[1]
        self.accepted = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.settimeout(DEADLINE)
                self.accepted += 1
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
                threading.Thread(target=self._serve, args=(script, connection), daemon=True).start()

    @staticmethod
    def _serve(script, connection):
        # A client that has enough ends its connection, and with it what is read here.
        with contextlib.suppress(OSError, AssertionError), connection:
            script(connection)

    def close(self):
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


class HttpFaultsTest(RealTest):
    def begin(self, *scripts, protocol="HTTP1", **action):
        """A server that does so, and a Weir in front of it."""
        self.server = Server(*scripts)
        self.addCleanup(self.server.close)
        self.weir = self.start_weir([edge("edge", [route("server", **action)])], [
            cluster("server", self.server.port, http_protocol_options={"upstream_protocol": protocol})])

    def send(self, connection, piece):
        """Waits until Weir has it, so that nothing of it is lost with a reset."""
        def received():
            return self.weir.metric("weir_upstream_bytes_total", cluster="server", direction="rx")
        before = received()
        connection.sendall(piece)
        eventually(lambda: received() >= before + len(piece), "the server's bytes are taken")

    def answering(self, *pieces, end=reset):
        """A server that takes a request, sends `pieces`, and ends the connection so."""
        def serve(connection):
            read_head(connection)
            for piece in pieces:
                self.send(connection, piece)
            end(connection)
        return serve

    def get(self, version="--http1.1"):
        """curl's exit status, the response's, its field weir-error, and its body."""

        done = subprocess.run(
            [program("curl"), "--silent", "--noproxy", "*", "--max-time", "10", version, "--write-out",
             "|%{http_code}|%header{weir-error}", f"http://{LOOPBACK}:{self.weir.ports['edge']}/"],
            stdout=subprocess.PIPE, timeout=DEADLINE, check=False)
        body, status, reason = done.stdout.decode().rsplit("|", 2)
        return done.returncode, int(status), reason, body

    def check_answered(self, script, status, reason, **options):
        """By the proxy, in the place of a server that does so."""
        for version in VERSIONS:
            with self.subTest(version=version):
                self.begin(script, **options)
                self.assertEqual(self.get(version)[:3], (0, status, reason))

    def test_reset_at_once(self):
        self.check_answered(reset, 503, "upstream_reset")

    def test_end_at_once(self):
        self.check_answered(lambda connection: None, 503, "upstream_reset")

    def test_reset_in_place_of_a_response(self):
        self.check_answered(self.answering(), 503, "upstream_reset")

    def test_end_in_place_of_a_response(self):
        self.check_answered(self.answering(end=socket.socket.close), 503, "upstream_reset")

    def test_end_within_the_head(self):
        for end in (reset, socket.socket.close):
            self.check_answered(self.answering(b"HTTP/1.1 200 OK\r\ncontent-le", end=end), 503, "upstream_reset")

    def test_end_after_a_first_response(self):
        for end in (reset, socket.socket.close):
            self.check_answered(self.answering(b"HTTP/1.1 103 Early Hints\r\n\r\n", end=end), 503, "upstream_reset")

    def test_no_http(self):
        self.check_answered(self.answering(b"SSH-2.0-server\r\n\r\n"), 502, "upstream_protocol_error")

    def test_no_http2(self):
        """What a server of HTTP/1 does that is asked by HTTP/2."""
        for end in (reset, socket.socket.close):
            self.check_answered(self.answering(end=end), 503, "upstream_closed_before_http2", protocol="HTTP2")
        text = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
        self.check_answered(self.answering(text), 502, "upstream_not_http2", protocol="HTTP2")

    def test_end_within_the_body(self):
        """The client sees that it is not whole: curl's status is not 0."""
        for head in (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
                     b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n"):
            for end in (reset, socket.socket.close):
                for version in VERSIONS:
                    with self.subTest(head=head, end=end, version=version):
                        self.begin(self.answering(head, end=end))
                        exit_status, status, _, body = self.get(version)
                        self.assertEqual((status, body), (200, "12345"))
                        self.assertIn(exit_status, (18, 56, 92))  # of a partial file, receiving, a stream

    def test_reset_of_a_body_without_a_length(self):
        """Only a FIN says that it is whole."""
        begin = b"HTTP/1.1 200 OK\r\n\r\n12345"
        for version in VERSIONS:
            with self.subTest(version=version):
                self.begin(self.answering(begin))
                self.assertIn(self.get(version)[0], (18, 56, 92))
                self.begin(self.answering(begin, end=socket.socket.close))
                self.assertEqual(self.get(version), (0, 200, "", "12345"))

    def test_retries_until_one_answers(self):
        good = self.answering(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood", end=socket.socket.close)
        self.begin(reset, self.answering(b"HTTP/1.1 2"), good, retry_policy={"retry_on": "reset", "num_retries": 2})
        self.assertEqual(self.get(), (0, 200, "", "good"))
        self.assertEqual(self.weir.metric("weir_upstream_retries_total", outcome="succeeded"), 1)

    def test_connection_that_the_server_ended_while_it_was_kept(self):
        """A request that finds it so goes to a new one, though nothing is retried."""
        def once(connection):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            # Ends as the next request comes.
            connection.recv(1)
            reset(connection)
        self.begin(once)
        with connect(self.weir.ports["edge"]) as client:
            for number in range(1, 4):
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                self.assertTrue(read_head(client).startswith(b"HTTP/1.1 200"))
                self.assertEqual(read_exactly(client, 2), b"ok")
                self.assertEqual(self.server.accepted, number)

    def http2(self, *frames, end=None):
        """A server that answers each request with these frames; functions of the stream. `end`: and then ends so."""
        def serve(connection):
            read_exactly(connection, len(h2.PREFACE))
            connection.sendall(h2.frame(h2.SETTINGS) + h2.frame(h2.SETTINGS, h2.ACK))
            while True:
                head = read_exactly(connection, 9)
                read_exactly(connection, int.from_bytes(head[:3], "big"))
                if head[3] == h2.HEADERS:
                    for make in frames:
                        self.send(connection, make(int.from_bytes(head[5:], "big")))
                    if end is not None:
                        return end(connection)
        return serve

    @staticmethod
    def goaway(last):
        return lambda stream: h2.frame(h2.GOAWAY, payload=struct.pack(">II", last(stream), 0))

    HEAD = staticmethod(lambda stream: h2.frame(h2.HEADERS, h2.END_HEADERS, stream, h2.literal(b":status", b"200")))
    BODY = staticmethod(lambda stream: h2.frame(h2.DATA, h2.END_STREAM, stream, b"whole"))

    def test_goaway_in_the_middle(self):
        """What the server says that it goes on with, is whole."""
        for version in VERSIONS:
            with self.subTest(version=version):
                keeps = self.goaway(lambda stream: stream)
                self.begin(self.http2(self.HEAD, keeps, self.BODY), protocol="HTTP2")
                for number in (1, 2):
                    self.assertEqual(self.get(version), (0, 200, "", "whole"))
                    self.assertEqual(self.server.accepted, number)

    def test_goaway_without_the_request(self):
        """What the server says that it has not looked at, goes to a new connection."""
        refuses = self.http2(self.goaway(lambda stream: 0))
        for version in VERSIONS:
            with self.subTest(version=version):
                self.begin(refuses, self.http2(self.HEAD, self.BODY), protocol="HTTP2")
                self.assertEqual(self.get(version), (0, 200, "", "whole"))

    def test_reset_of_a_stream(self):
        def rst(code):
            return lambda stream: h2.frame(h2.RST_STREAM, stream=stream, payload=struct.pack(">I", code))
        internal_error, refused_stream = 2, 7
        for version in VERSIONS:
            with self.subTest(version=version):
                self.begin(self.http2(rst(internal_error)), protocol="HTTP2")
                self.assertEqual(self.get(version)[:3], (0, 503, "upstream_reset"))
                self.begin(self.http2(rst(refused_stream)), protocol="HTTP2")
                self.assertEqual(self.get(version)[:3], (0, 503, "upstream_refused_stream"))
                self.begin(self.http2(self.HEAD, rst(internal_error)), protocol="HTTP2")
                self.assertIn(self.get(version)[0], (18, 56, 92))

    def test_end_of_a_connection_of_http2(self):
        """Before, within and behind the head of a response."""
        def part(stream):
            return self.HEAD(stream)[:-3]

        def begun(stream):
            return h2.frame(h2.HEADERS, 0, stream, h2.literal(b":status", b"200"))

        def some(stream):
            return h2.frame(h2.DATA, 0, stream, b"12345")
        for end in (reset, socket.socket.close):
            for frames in ((), (part,), (begun,)):
                self.check_answered(self.http2(*frames, end=end), 503, "upstream_reset", protocol="HTTP2")
            for version in VERSIONS:
                with self.subTest(end=end, version=version):
                    self.begin(self.http2(self.HEAD, some, end=end), protocol="HTTP2")
                    exit_status, status, _, body = self.get(version)
                    self.assertEqual((status, body), (200, "12345"))
                    self.assertIn(exit_status, (18, 56, 92))

    def test_slower_than_the_timeout(self):
        slow = self.answering(end=lambda connection: connection.recv(1))
        for protocol, server in (("HTTP1", slow), ("HTTP2", self.http2())):
            for version in VERSIONS:
                with self.subTest(protocol=protocol, version=version):
                    self.begin(server, protocol=protocol, timeout="0.3s")
                    self.assertEqual(self.get(version)[:3], (0, 504, "upstream_request_timeout"))
                    eventually(lambda: self.weir.metric("weir_upstream_active_requests") == 0, "it is given up")


if __name__ == "__main__":
    unittest.main()
