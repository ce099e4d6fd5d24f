"""Ends of every kind, with bytes in flight: half-close in each order, resets, killed peers, upstreams that fail."""

import contextlib
import signal
import socket
import struct
import sys
import time
import unittest

from cases import RealTest
from harness import LOOPBACK, Process, connect, free_port, read_exactly, read_to_end
from streams import BLOCK_SIZE, LISTENERS, Sender, StreamTest, receive_to_end, send_and_end, wait_for_stall
from weir import cluster, detecting, opaque

BLOCKS = 8


def reset(stream):
    """Closes with a RST in place of a FIN."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


class HalfCloseTest(StreamTest):
    def check(self, first, second):
        """`first` sends and ends while `second` sends too; `second` ends only after it has seen that end."""
        early = self.threads.submit(send_and_end, first, BLOCKS)
        checksum, size = receive_to_end(second)
        self.assertEqual((checksum, size), (early.result(), BLOCKS * BLOCK_SIZE))
        late = self.threads.submit(send_and_end, second, BLOCKS)
        self.assertEqual(receive_to_end(first), (late.result(), BLOCKS * BLOCK_SIZE))

    def test_client_ends_first(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                client, server = self.pair(listener)
                self.check(client, server)

    def test_server_ends_first(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                client, server = self.pair(listener)
                self.check(server, client)

    def test_one_ends_while_the_other_is_sending(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                for swap in (False, True):
                    first, second = self.pair(listener)[::-1 if swap else 1]
                    second.sendall(b"before")
                    first.sendall(b"the end")
                    first.shutdown(socket.SHUT_WR)
                    sending = self.threads.submit(send_and_end, second, BLOCKS)
                    self.assertEqual(read_exactly(first, 6), b"before")
                    self.assertEqual(read_to_end(second), b"the end")
                    self.assertEqual(receive_to_end(first), (sending.result(), BLOCKS * BLOCK_SIZE))

    def test_both_end_at_once(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                client, server = self.pair(listener)
                sends = [self.threads.submit(send_and_end, end, BLOCKS) for end in (client, server)]
                receives = [self.threads.submit(receive_to_end, end) for end in (server, client)]
                for send, receive in zip(sends, receives):
                    self.assertEqual(receive.result(), (send.result(), BLOCKS * BLOCK_SIZE))

    def test_client_that_ends_before_its_first_byte_still_gets_an_answer(self):
        for listener, reason in (("detecting", "client_closed"), ("opaque", "match")):
            with self.subTest(listener=listener):
                with self.weir.connections(listener) as lines, connect(self.weir.ports[listener]) as client:
                    client.shutdown(socket.SHUT_WR)
                    server = self.accept()
                    self.assertEqual(read_to_end(server), b"")
                    server.sendall(b"answer")
                    server.close()
                    self.assertEqual(read_to_end(client), b"answer")
                self.assert_fields(lines, reason=reason, protocol="tcp", rx_bytes=0, tx_bytes=6)


# A peer in a process of its own, which connects or accepts, says so, and never reads.
PEER = """
import signal, socket, sys
role, port = sys.argv[1], int(sys.argv[2])
if role == "client":
    peer = socket.create_connection(("127.0.0.1", port))
    peer.sendall(b"\\0")
else:
    listener = socket.create_server(("127.0.0.1", port))
    print("listening", flush=True)
    peer, _ = listener.accept()
signal.pause()
"""


class ResetTest(StreamTest):
    def start_peer(self, role, port):
        peer = Process(role, [sys.executable, "-c", PEER, role, port], self.folder)
        self.addCleanup(peer.stop)
        return peer

    def check_send_fails_when_killed(self, stream, peer):
        """Sends to a peer that does not read until nothing moves any more; then the peer is killed."""
        sender = Sender(stream, 64)
        sending = self.threads.submit(sender)
        wait_for_stall([sender])
        peer.stop(signal.SIGKILL)
        self.assertRaises(ConnectionResetError, sending.result)
        stream.close()

    def test_reset_reaches_the_other_side(self):
        for listener in LISTENERS:
            for swap, close in ((False, "client_reset"), (True, "upstream_reset")):
                with self.subTest(listener=listener, close=close), self.weir.connections(listener) as lines:
                    breaks, feels = self.pair(listener)[::-1 if swap else 1]
                    reset(breaks)
                    self.assertRaises(ConnectionResetError, feels.recv, 1)
                    feels.close()
                self.assert_fields(lines, close=close)

    def test_client_killed_in_mid_transfer(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                with self.weir.connections(listener) as lines:
                    peer = self.start_peer("client", self.weir.ports[listener])
                    server = self.accept()
                    self.assertEqual(read_exactly(server, 1), b"\x00")
                    self.check_send_fails_when_killed(server, peer)
                self.assert_fields(lines, close="client_reset")

    def test_server_killed_in_mid_transfer(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                port = free_port()
                weir = self.start_weir([detecting(free_port()), opaque(free_port())], [cluster("server", port)])
                peer = self.start_peer("server", port)
                peer.wait_until_says("listening")
                with weir.connections(listener) as lines, connect(weir.ports[listener]) as client:
                    self.check_send_fails_when_killed(client, peer)
                self.assert_fields(lines, close="upstream_reset")


class UpstreamTest(RealTest):
    """Upstreams that cannot be reached: the client hears of it at once, and the failure is counted."""

    @staticmethod
    def ask(port):
        with connect(port) as client:  # which may already hear of the reset
            client.sendall(b"\x00")
            client.recv(1)

    def check(self, port, close, outcome, least=0.0, **settings):
        weir = self.start_weir([detecting(free_port()), opaque(free_port())], [cluster("server", port, **settings)])
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                begin = time.monotonic()
                with weir.connections(listener) as lines:
                    self.assertRaises(ConnectionResetError, self.ask, weir.ports[listener])
                elapsed = time.monotonic() - begin
                self.assertGreaterEqual(elapsed, least)
                self.assertLess(elapsed, least + 2)
                self.assert_fields(lines, cluster="server", upstream=f"{LOOPBACK}:{port}", tx_bytes=0, close=close)
        for label, count in ((outcome, len(LISTENERS)), ("connected", 0)):
            self.assertEqual(weir.metric("weir_upstream_connects_total", cluster="server", outcome=label), count)

    def test_upstream_that_refuses(self):
        self.check(free_port(), "upstream_refused", "refused")

    def test_upstream_that_never_answers(self):
        with socket.create_server((LOOPBACK, 0), backlog=0) as full, contextlib.ExitStack() as fillers:
            # The kernel drops what comes when the queue of a socket that nobody accepts from is full.
            port = full.getsockname()[1]
            for _ in range(8):
                filler = fillers.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex((LOOPBACK, port))
            self.check(port, "upstream_connect_timeout", "timeout", least=0.3, connect_timeout="0.3s")


if __name__ == "__main__":
    unittest.main()
