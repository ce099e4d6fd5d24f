"""Upstreams that come and go."""

import contextlib
import selectors
import socket
import threading
import unittest

from cases import RealTest
from harness import LOOPBACK, connect, eventually, free_port
from weir import cluster, detecting, opaque


class EchoServer:
    """A server on a port, in a thread of its own, that sends back what it gets, and then ends with its client. It can
    go away, with all its connections, and come back."""

    def __init__(self, port, host=LOOPBACK):
        self._address = (host, port)
        self._wake = None
        self._thread = None

    def start(self):
        listener = socket.create_server(self._address, backlog=1024)
        self._wake, woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(listener, woken), daemon=True)
        self._thread.start()

    def stop(self):
        if self._wake is not None:
            self._wake.close()
            self._thread.join()
            self._wake = None

    @staticmethod
    def _serve(listener, woken):
        with contextlib.ExitStack() as opened, selectors.DefaultSelector() as ready:
            for each in (listener, woken):
                ready.register(opened.enter_context(each), selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is woken:
                        return
                    if key.fileobj is listener:
                        ready.register(opened.enter_context(listener.accept()[0]), selectors.EVENT_READ)
                        continue
                    with contextlib.suppress(ConnectionError):
                        if data := key.fileobj.recv(4096):
                            key.fileobj.sendall(data)
                            continue
                    ready.unregister(key.fileobj)
                    key.fileobj.close()


class FlappingTest(RealTest):
    ROUNDS = 20

    def setUp(self):
        self.port = free_port()
        self.server = EchoServer(self.port)
        self.addCleanup(self.server.stop)
        self.weir = self.start_weir([detecting(free_port()), opaque(free_port())],
                                    [cluster("server", self.port)])

    def ask(self, listener):
        """Whether a new connection is served; one that is not is reset, and never told that all is well."""
        try:
            with connect(self.weir.ports[listener]) as client:
                client.sendall(b"?")
                answer = client.recv(1)
        except ConnectionResetError:
            return False
        self.assertEqual(answer, b"?")
        return True

    def test_each_connection_is_served_or_reset_and_counted(self):
        rounds, each = self.ROUNDS, 10
        for listener in ("detecting", "opaque"):
            with self.subTest(listener=listener), self.weir.connections(listener, count=2 * rounds * each) as lines:
                for _ in range(rounds):
                    self.server.start()
                    self.assertTrue(all(self.ask(listener) for _ in range(each)))
                    self.server.stop()
                    self.assertFalse(any(self.ask(listener) for _ in range(each)))
            refused = [line for line in lines if line["close"] == "upstream_refused"]
            self.assertEqual(len(refused), rounds * each)
            self.assert_fields(refused, tx_bytes=0)
        connects = {outcome: self.weir.metric("weir_upstream_connects_total", cluster="server", outcome=outcome)
                    for outcome in ("connected", "refused")}
        self.assertEqual(connects, dict.fromkeys(connects, 2 * rounds * each))

    def test_connections_that_stood_end_when_it_goes(self):
        self.server.start()
        with contextlib.ExitStack() as opened:
            clients = [opened.enter_context(connect(self.weir.ports["opaque"])) for _ in range(50)]
            for client in clients:
                client.sendall(b"?")
                self.assertEqual(client.recv(1), b"?")
            self.server.stop()
            for client in clients:
                with contextlib.suppress(ConnectionResetError):
                    self.assertEqual(client.recv(1), b"")
        eventually(lambda: self.weir.metric("weir_listener_open_connections", listener="opaque") == 0, "all are closed")
        self.server.start()
        self.assertTrue(self.ask("opaque"))


if __name__ == "__main__":
    unittest.main()
