"""The end of a Weir that serves: SIGTERM lets connections finish, and no more come."""

import signal
import socket
import time
import unittest

from harness import LOOPBACK, connect, eventually, free_port, read_to_end
from streams import StreamTest
from weir import cluster, detecting, opaque


class DrainTest(StreamTest):
    def start_with(self, drain_timeout):
        self.weir = self.start_weir([detecting(free_port()), opaque(free_port())],
                                    [cluster("server", self.upstream_port)], settings={"drain_timeout": drain_timeout})

    def setUp(self):
        super().setUp()
        self.start_with("20s")

    def drain(self):
        self.weir.send_signal(signal.SIGTERM)
        for port in self.weir.ports.values():
            eventually(lambda at=port: self.refuses(at), "it accepts no more")

    @staticmethod
    def refuses(port):
        with socket.socket() as client:
            # Where the queue is still emptied, nothing is to be left of this one.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return client.connect_ex((LOOPBACK, port)) != 0

    def test_connections_finish_in_order_and_then_it_ends(self):
        client, server = self.pair("detecting")
        self.drain()
        self.assertEqual(self.weir.admin("/ready"), (503, "draining\n"))
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_to_end(server), b"question")
        server.sendall(b"answer")
        server.close()
        self.assertEqual(read_to_end(client), b"answer")
        self.assertEqual(self.weir.wait(), 0)
        self.assertEqual(self.weir.log()[-1]["close"], "client_fin")

    def test_without_connections_it_ends_at_once(self):
        begin = time.monotonic()
        self.assertEqual(self.weir.stop(), 0)
        self.assertLess(time.monotonic() - begin, 5)

    def test_second_signal_ends_it_at_once(self):
        client, server = self.pair("opaque")
        self.drain()
        self.weir.send_signal(signal.SIGTERM)
        self.assertEqual(self.weir.wait(), 0)
        for end in (client, server):
            self.assertRaises(ConnectionResetError, end.recv, 1)
        self.assertEqual(self.weir.log()[-1]["close"], "shutdown")

    def test_what_is_left_after_the_timeout_is_reset(self):
        self.start_with("0.5s")
        client, server = self.pair("opaque")
        silent = connect(self.weir.ports["detecting"])
        self.addCleanup(silent.close)
        silent.sendall(b"GET /")
        self.weir.wait_until(lambda: self.weir.metric("weir_listener_open_connections") == 2, "both are open")
        self.weir.send_signal(signal.SIGTERM)
        self.assertEqual(self.weir.wait(), 0)
        for end in (client, server, silent):
            self.assertRaises(ConnectionResetError, end.recv, 1)
        self.assertEqual({line["close"] for line in self.weir.log()[-2:]}, {"drained"})


if __name__ == "__main__":
    unittest.main()
