"""Streams of numbered random blocks, so that a block lost, doubled or out of its place changes the checksum."""

import concurrent.futures
import hashlib
import os
import socket
import time

from cases import RealTest
from harness import DEADLINE, LOOPBACK, connect, eventually, free_port, read_exactly
from weir import cluster, detecting, opaque

BLOCK_SIZE = 1 << 20
LISTENERS = ("detecting", "opaque")
_BLOCK = os.urandom(BLOCK_SIZE)


class Sender:
    """Sends `blocks` blocks; `sent` counts bytes as they go, so that others can see it stall."""

    def __init__(self, stream, blocks):
        self._stream = stream
        self._blocks = blocks
        self.sent = 0

    def __call__(self):
        """Sends all and returns the checksum."""
        digest = hashlib.sha256()
        for number in range(self._blocks):
            block = memoryview(number.to_bytes(8, "big") + _BLOCK[8:])
            digest.update(block)
            while block:
                count = self._stream.send(block)
                self.sent += count
                block = block[count:]
        return digest.hexdigest()


def wait_for_stall(senders):
    """Returns once no sender has got rid of a byte for a while."""
    last, since = None, time.monotonic()

    def stalled():
        nonlocal last, since
        now = [sender.sent for sender in senders]
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > 0.3
    eventually(stalled, "the senders stall")


def send_and_end(stream, blocks):
    """Sends all, half-closes, and returns the checksum."""
    checksum = Sender(stream, blocks)()
    stream.shutdown(socket.SHUT_WR)
    return checksum


def receive_to_end(stream):
    """The checksum and the number of the bytes up to the end of the stream."""
    digest, size = hashlib.sha256(), 0
    while data := stream.recv(1 << 18):
        digest.update(data)
        size += len(data)
    return digest.hexdigest(), size


class StreamTest(RealTest):
    """Connections between this process and itself, through a detecting or an opaque listener."""

    def setUp(self):
        self.upstream = socket.create_server((LOOPBACK, 0), backlog=1024)
        self.upstream.settimeout(DEADLINE)
        self.addCleanup(self.upstream.close)
        self.upstream_port = self.upstream.getsockname()[1]
        self.weir = self.start_weir([detecting(free_port()), opaque(free_port())],
                                    [cluster("server", self.upstream_port)])
        self.threads = concurrent.futures.ThreadPoolExecutor(16)
        self.addCleanup(self.threads.shutdown)

    def pair(self, listener):
        """The client's and the server's end of a connection, one byte old: enough to decide what it is not."""
        client = connect(self.weir.ports[listener])
        self.addCleanup(client.close)
        client.sendall(b"\x00")
        server = self.accept()
        self.assertEqual(read_exactly(server, 1), b"\x00")
        return client, server

    def accept(self):
        server, _ = self.upstream.accept()
        self.addCleanup(server.close)
        server.settimeout(DEADLINE)
        return server
