"""Clients that cost more than they are worth: each is bounded and counted by its name, and others are served."""

import concurrent.futures
import contextlib
import itertools
import os
import select
import socket
import statistics
import struct
import threading
import time
import unittest

import http2_frames as h2
from cases import RealTest
from harness import DEADLINE, LOOPBACK, connect, eventually, free_port, read_exactly
from http_config import edge, route
from nginx import start_nginx
from weir import cluster

NGINX = """
  server {{
    listen {address}:{port};
    root {root};
    keepalive_requests 1000000;
    location /upload {{ dav_methods PUT; client_max_body_size 200m; }}
  }}
"""
ATTACKERS = 8
CHUNK = 64 << 10


def repeated(piece):
    """The same bytes, again and again."""
    return itertools.repeat(piece * max(1, CHUNK // len(piece)))


def numbered(make):
    """make(stream) for the streams of a client, in chunks."""
    streams = itertools.count(1, 2)
    while True:
        yield b"".join(make(next(streams)) for _ in range(200))


def upload():
    """A request that goes on, so that it is not answered."""
    return h2.request(1, h2.END_HEADERS, h2.request_fields(method=b"PUT", path=b"/upload/x"))


def ping_flood():
    yield h2.begin()
    yield from repeated(h2.frame(h2.PING, payload=b"pingpong"))


def settings_flood():
    """Each of 25 settings that nobody knows: so long that not too many acknowledgements are due at the same time, which
    has a name of its own."""
    yield h2.begin()
    yield from repeated(h2.frame(h2.SETTINGS, payload=struct.pack(">HI", 0x99, 1) * 25))


def priority_flood():
    yield h2.begin() + upload()
    yield from repeated(h2.frame(h2.PRIORITY, stream=1, payload=struct.pack(">IB", 0, 16)))


def window_update_flood():
    yield h2.begin() + upload()
    yield from repeated(h2.frame(h2.WINDOW_UPDATE, payload=struct.pack(">I", 1)))


def rapid_reset():
    yield h2.begin()
    yield from numbered(lambda stream: h2.request(stream) +
                        h2.frame(h2.RST_STREAM, stream=stream, payload=struct.pack(">I", h2.CANCEL)))


def provoked_reset():
    """Streams that the proxy has to reset: a window of 2^31 is one too many."""
    yield h2.begin()
    yield from numbered(lambda stream: h2.request(stream, flags=h2.END_HEADERS) +
                        h2.frame(h2.WINDOW_UPDATE, stream=stream, payload=struct.pack(">I", (1 << 31) - 1)))


def empty_data():
    yield h2.begin() + upload()
    yield from repeated(h2.frame(h2.DATA, stream=1))


def empty_continuation():
    yield h2.begin() + h2.request(1, flags=h2.END_STREAM)
    yield from repeated(h2.frame(h2.CONTINUATION, stream=1))


def endless_continuation():
    yield h2.begin() + h2.request(1, flags=h2.END_STREAM)
    yield from repeated(h2.frame(h2.CONTINUATION, stream=1, payload=h2.literal(b"name", b"v" * 100)))


def hpack_bomb():
    """A field of 3 KiB that the peer remembers, and then one byte for each time that it is meant again."""
    fields = h2.request_fields() + h2.literal(b"bomb", b"x" * 3000, indexed=True) + b"\xbe" * 10000
    first, rest = fields[:16000], [fields[at:at + 16000] for at in range(16000, len(fields), 16000)]
    yield h2.begin()
    yield h2.request(1, flags=h2.END_STREAM if rest else h2.END_STREAM | h2.END_HEADERS, fields=first) + \
        b"".join(h2.frame(h2.CONTINUATION, h2.END_HEADERS if part is rest[-1] else 0, 1, part) for part in rest)
    yield from repeated(h2.frame(h2.PING, payload=b"pingpong"))


def million_small_fields_http2():
    yield h2.begin() + h2.request(1, flags=h2.END_STREAM)
    many = h2.literal(b"a", b"b") * 2000
    yield from itertools.repeat(h2.frame(h2.CONTINUATION, stream=1, payload=many))


def million_small_fields_http1():
    yield b"GET /small HTTP/1.1\r\nHost: a\r\n"
    yield from repeated(b"a:b\r\n")


def endless_field():
    yield b"GET /small HTTP/1.1\r\nHost: a\r\nlong: "
    yield from repeated(b"x")


def endless_target():
    yield b"GET /"
    yield from repeated(b"x")


def endless_chunk_extension():
    yield b"PUT /upload/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    yield from repeated(b"x")


class Bystander(threading.Thread):
    """Asks one question after the other and notes how long each answer takes."""

    def __init__(self, port, expected):
        super().__init__()
        self.port, self.expected = port, expected
        self.seconds, self.failure, self.stop = [], None, threading.Event()

    def run(self):
        try:
            with connect(self.port) as client:
                while not self.stop.is_set():
                    self.ask(client)
        except Exception as failure:  # pylint: disable=broad-exception-caught
            self.failure = failure

    def ask(self, client):
        begin = time.monotonic()
        client.sendall(b"GET /small HTTP/1.1\r\nHost: bystander\r\n\r\n")
        received = b""
        while not received.endswith(self.expected):
            received += client.recv(CHUNK) or read_exactly(client, 1)
        if not received.startswith(b"HTTP/1.1 200"):
            raise AssertionError(received)
        self.seconds.append(time.monotonic() - begin)
        self.stop.wait(0.001)

    def answers(self, more):
        """Waits for `more` answers; all that came so far."""
        wanted = len(self.seconds) + more
        eventually(lambda: len(self.seconds) >= wanted or self.failure, "the bystander is answered")
        if self.failure:
            raise self.failure
        return len(self.seconds)


class FloodTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        root = f"{cls.folder}/root"
        os.mkdir(root)
        cls.small = b"the whole answer\n"
        for name, content in (("small", cls.small), ("big", bytes(1 << 20))):
            with open(f"{root}/{name}", "wb") as file:
                file.write(content)
        cls.server_port = free_port()
        start_nginx(cls, NGINX.format(address=LOOPBACK, port=cls.server_port, root=root), [cls.server_port])

    def setUp(self):
        listener = edge("edge", [route("web")], request_headers_timeout="0.5s", request_timeout="0.7s",
                        stream_idle_timeout="1s")
        web = cluster("web", self.server_port, http_protocol_options={"upstream_protocol": "HTTP1"})
        self.weir = self.start_weir([listener], [web])
        self.port = self.weir.ports["edge"]

    @contextlib.contextmanager
    def bystander_is_served(self, memory):
        """While the block runs another client is answered in little time, and the proxy takes at most so much more
        memory."""
        bystander = Bystander(self.port, self.small)
        bystander.start()
        try:
            usual = bystander.answers(20)
            self.weir.forget_peak()
            before = self.weir.resident_bytes()
            yield
            bystander.answers(20)
        finally:
            bystander.stop.set()
            bystander.join()
        self.assertLess(self.weir.peak_resident_bytes() - before, memory)
        # On a machine that does nothing else it takes some milliseconds.
        self.assertLess(statistics.median(bystander.seconds[usual:]), 0.1, bystander.seconds)

    def check(self, attack, metric="weir_http_rejected_total", memory=16 << 20, attackers=ATTACKERS, **labels):
        """attack() by several at the same time: each is counted once."""
        def counted():
            return self.weir.metric(metric, name="edge", **labels)
        before = counted()
        with self.bystander_is_served(memory), concurrent.futures.ThreadPoolExecutor(attackers) as threads:
            for one in [threads.submit(attack) for _ in range(attackers)]:
                one.result()
        eventually(lambda: counted() == before + attackers, lambda: f"{before}, {self.weir.metrics(metric)}")

    def flood(self, pieces):
        """Sends until it cannot go on, as the proxy has ended the connection."""
        end = time.monotonic() + DEADLINE
        with connect(self.port) as client, contextlib.suppress(ConnectionError):
            for piece in pieces():
                client.sendall(piece)
                self.assertLess(time.monotonic(), end, f"{pieces.__name__} goes on")

    def check_floods(self, floods):
        for pieces, reason in floods:
            with self.subTest(flood=pieces.__name__):
                self.check(lambda flood=pieces: self.flood(flood), reason=reason)

    def test_http2_frames(self):
        self.check_floods([
            (ping_flood, "h2_ping_flood"), (settings_flood, "h2_settings_flood"),
            (priority_flood, "h2_priority_flood"), (window_update_flood, "h2_window_update_flood"),
            (rapid_reset, "h2_rapid_reset"), (provoked_reset, "h2_rst_flood"),
            (empty_data, "h2_empty_frames_flood")])

    def test_http2_fields(self):
        self.check_floods([
            (empty_continuation, "h2_continuation_flood"), (endless_continuation, "h2_continuation_flood"),
            (hpack_bomb, "h2_header_overflow"), (million_small_fields_http2, "h2_header_overflow")])

    def test_http1(self):
        self.check_floods([
            (million_small_fields_http1, "headers_too_large"), (endless_field, "headers_too_large"),
            (endless_target, "target_too_long"), (endless_chunk_extension, "h1_chunk_extensions")])

    def trickle(self, begin, piece):
        """Sends `begin`, and then one piece after the other, until it is answered; the answer."""
        end = time.monotonic() + DEADLINE
        with connect(self.port) as client:
            client.sendall(begin)
            while not select.select([client], [], [], 0.02)[0]:
                client.sendall(piece)
                self.assertLess(time.monotonic(), end, "it is not answered")
            return client.recv(CHUNK)

    def test_slow_head(self):
        def attack():
            self.assertIn(b"408", self.trickle(b"GET / HTTP/1.1\r\nHost: a\r\n", b"a: b\r\n")[:20])
        self.check(attack, attackers=50, reason="h1_head_timeout")

    def test_slow_body(self):
        def attack():
            begin = b"PUT /upload/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
            self.assertIn(b"408", self.trickle(begin, b"x")[:20])
        self.check(attack, "weir_http_local_replies_total", attackers=50, reason="request_timeout")

    def trickle_http2(self, begin, piece, answer=h2.HEADERS):
        """The same in HTTP/2."""
        with connect(self.port) as client:
            client.sendall(h2.begin() + begin)
            end = time.monotonic() + DEADLINE
            while answer not in list(self.frames_within(client, 0.02)):
                client.sendall(piece)
                self.assertLess(time.monotonic(), end, "it is not answered")

    def test_slow_head_http2(self):
        """Nothing else may come on the connection until the head is whole, so that is what ends."""
        head = h2.request(1, fields=h2.request_fields() + h2.literal(b"long", b"x" * 15000))
        self.check(lambda: self.trickle_http2(head[:200], b"x", h2.GOAWAY), attackers=50, reason="h2_head_timeout")

    def test_slow_body_http2(self):
        self.check(lambda: self.trickle_http2(upload(), h2.frame(h2.DATA, stream=1, payload=b"x")),
                   "weir_http_local_replies_total", attackers=50, reason="request_timeout")

    @staticmethod
    def frames_within(client, seconds):
        """The kinds of the frames that come until nothing comes for so long, or the end."""
        while select.select([client], [], [], seconds)[0] and client.recv(1, socket.MSG_PEEK):
            head = read_exactly(client, 9)
            read_exactly(client, int.from_bytes(head[:3], "big"))
            yield head[3]

    def hold_open(self, path, streams):
        """Asks for as much with windows of one byte, until every stream is reset."""
        with connect(self.port) as client:
            client.sendall(h2.begin(window=1) + b"".join(
                h2.request(1 + 2 * number, fields=h2.request_fields(path=path)) for number in range(streams)))
            end, resets = time.monotonic() + DEADLINE, 0
            while resets < streams:
                resets += sum(kind == h2.RST_STREAM for kind in self.frames_within(client, 0.1))
                self.assertLess(time.monotonic(), end, "streams are held open")

    def test_windows_of_one_byte(self):
        before = self.weir.metric("weir_http_active_requests")
        with self.bystander_is_served(memory=24 << 20), concurrent.futures.ThreadPoolExecutor(4) as threads:
            for _ in threads.map(lambda path: self.hold_open(path, 50), [b"/big", b"/small"] * 2):
                pass
        self.assertEqual(self.weir.metric("weir_http_active_requests"), before)
        self.assertEqual(self.weir.metric("weir_http_resets_total", reason="stream_idle_timeout"), 100)

    def test_pipelining_without_reading(self):
        def attack():
            with connect(self.port, deadline=DEADLINE) as client, contextlib.suppress(ConnectionError):
                for piece in repeated(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n"):
                    client.sendall(piece)
        self.check(attack, "weir_http_resets_total", reason="stream_idle_timeout")


if __name__ == "__main__":
    unittest.main()
