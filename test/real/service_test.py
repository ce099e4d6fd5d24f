"""Weir under a service manager: what it tells (sd_notify), and the sockets that it is given (socket activation)."""

import os
import re
import signal
import socket
import time
import unittest

from harness import DEADLINE, LOOPBACK, connect, free_port, read_exactly
from streams import StreamTest
from weir import cluster, detecting

# In the place of the program: descriptors in their places, and LISTEN_PID, which only the process itself knows.
ACTIVATE = """
import fcntl, os, sys
names, descriptors, command = sys.argv[1], [int(fd) for fd in sys.argv[2].split(",")], sys.argv[3:]
copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in descriptors]
for place, fd in enumerate(copies, 3):
    os.dup2(fd, place)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(copies)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class NotifyTest(StreamTest):
    def messages(self, manager):
        text = manager.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def check(self, address):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind("\0" + address[1:] if address.startswith("@") else address)
            manager.settimeout(DEADLINE)
            weir = self.start_weir([detecting(0)], [cluster("server", self.upstream_port)],
                                   env={**os.environ, "NOTIFY_SOCKET": address})
            self.assertEqual(self.messages(manager), {"READY": "1", "STATUS": "serving"})
            before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            weir.send_signal(signal.SIGHUP)
            reloading = self.messages(manager)
            self.assertEqual(reloading["RELOADING"], "1")
            after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
            self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= after, reloading)
            self.assertEqual(self.messages(manager)["READY"], "1")
            os.remove(weir.config)
            weir.send_signal(signal.SIGHUP)
            self.assertEqual(self.messages(manager)["RELOADING"], "1")
            failed = self.messages(manager)
            self.assertEqual(failed["READY"], "1")
            self.assertIn("failed", failed["STATUS"])
            weir.send_signal(signal.SIGTERM)
            self.assertEqual(self.messages(manager)["STOPPING"], "1")
            self.assertEqual(weir.wait(), 0)

    def test_a_reload_is_over_once_it_drains(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(f"{self.folder}/drain.socket")
            manager.settimeout(DEADLINE)
            self.weir = self.start_weir([detecting(free_port())], [cluster("server", self.upstream_port)],
                                        env={**os.environ, "NOTIFY_SOCKET": f"{self.folder}/drain.socket"})
            self.assertEqual(self.messages(manager)["READY"], "1")
            client, server = self.pair("detecting")
            self.weir.send_signal(signal.SIGTERM)
            self.assertEqual(self.messages(manager)["STOPPING"], "1")
            self.weir.send_signal(signal.SIGHUP)
            server.close()
            client.close()
            self.assertEqual(self.weir.wait(), 0)
            manager.setblocking(False)
            self.assertRaises(BlockingIOError, manager.recv, 1)

    def test_path(self):
        self.check(f"{self.folder}/notify.socket")

    def test_abstract_name(self):
        self.check(f"@weir-notify-{os.getpid()}")


class ActivationTest(StreamTest):
    def activated(self, sockets, listeners, **options):
        """A Weir that is given `sockets`, a dictionary by name."""
        descriptors = [one.fileno() for one in sockets.values()]
        command = ["/usr/bin/python3", "-c", ACTIVATE, ":".join(sockets), ",".join(map(str, descriptors))]
        return self.start_weir(listeners, [cluster("server", self.upstream_port)], command=command,
                               pass_fds=descriptors, **options)

    def assert_serves(self, client):
        with client:
            client.sendall(b"\x00")
            self.assertEqual(read_exactly(self.accept(), 1), b"\x00")

    def test_sockets_are_used_by_their_address(self):
        path = f"{self.folder}/given.socket"
        with socket.create_server((LOOPBACK, 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
            port = tcp.getsockname()[1]
            unix.bind(path)
            unix.listen()
            early = connect(port)  # waits until somebody serves
            weir = self.activated({"web": tcp, "local": unix},
                                  [dict(detecting(0, name="local"), address=f"unix:{path}"),
                                   detecting(port, name="web")], workers=3)
            self.assert_serves(early)
            for _ in range(8):
                self.assert_serves(connect(port))
                client = socket.socket(socket.AF_UNIX)
                client.connect(path)
                self.assert_serves(client)
            self.assertNotIn("warn", weir.output())
            self.assertEqual(weir.stop(), 0)
            self.assertTrue(os.path.exists(path), "the file belongs to who has made it")
            connect(port).close()  # the socket itself goes on

    def test_socket_that_fits_no_listener_is_told_of(self):
        with socket.create_server((LOOPBACK, 0)) as tcp:
            port = tcp.getsockname()[1]
            weir = self.activated({"stray": tcp}, [detecting(0)])
            self.assertRegex(weir.output(),
                             rf'warn listener: inherited socket "stray" on {re.escape(LOOPBACK)}:{port}: no listener')


if __name__ == "__main__":
    unittest.main()
