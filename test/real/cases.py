"""The test cases that the real-traffic tests derive from.

Everything that a test makes lives in a directory of its own under /tmp (short enough for Unix sockets, open to servers
that drop root) and is gone when the test ends.
"""

import os
import shutil
import statistics
import tempfile
import time
import unittest

from harness import LOOPBACK, UNPRIVILEGED, Process, connect, free_port, program
from weir import Weir, cluster, detecting, opaque


class RealTest(unittest.TestCase):
    """A test with a directory of its own; whatever it starts is ended, in reverse order."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="weir-real-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o755)  # open to servers that drop root

    @classmethod
    def start(cls, name, *arguments, **options):
        """Starts a server that lives as long as the test class."""
        process = Process(name, [program(name), *arguments], cls.folder, **options)
        cls.addClassCleanup(process.stop)
        return process

    @classmethod
    def make_folder(cls, name):
        """A directory that an unprivileged server may write to."""
        path = f"{cls.folder}/{name}"
        os.mkdir(path)
        if os.geteuid() == 0:
            shutil.chown(path, UNPRIVILEGED)
        return path

    def start_weir(self, listeners, clusters, **options):
        """Starts a Weir that lives as long as the test method, and must then end as it should."""
        weir = Weir(self.folder, listeners, clusters, **options)
        self.addCleanup(lambda: self.assertEqual(weir.stop(), 0, weir.output()))
        return weir

    def assert_fields(self, lines, **expected):
        """Every log line has these values; a set or tuple lists the values allowed."""
        for line in lines:
            for key, value in expected.items():
                allowed = value if isinstance(value, (set, tuple)) else (value,)
                self.assertIn(line[key], allowed, f"{key} in {line}")


class ServerTest(RealTest):
    """A real server behind a detecting and an opaque listener; a fresh Weir, that has learned nothing, for each test.

    A subclass sets server_port in setUpClass.
    """
    server_port = None

    def setUp(self):
        self.weir = self.start_weir([detecting(free_port()), opaque(free_port())],
                                    [cluster("server", self.server_port)])

    def check_detected(self, exchange, **expected):
        """Runs exchange(port) through the detecting listener and checks what was logged; returns the lines."""
        with self.weir.connections("detecting") as lines:
            exchange(self.weir.ports["detecting"])
        self.assert_fields(lines, upstream=f"{LOOPBACK}:{self.server_port}", cluster="server", **expected)
        return lines

    def check_opaque(self, exchange):
        """Runs exchange(port) through the opaque listener: no connection waits for bytes or is looked into."""
        with self.weir.connections("opaque") as lines:
            exchange(self.weir.ports["opaque"])
        self.assert_fields(lines, chain="opaque", protocol="tcp", reason="match", cluster="server",
                           upstream=f"{LOOPBACK}:{self.server_port}")
        for line in lines:
            self.assertLess(float(line["detect_ms"]), 20, line)


def greeting_time(port):
    """Connects, stays silent, and returns the milliseconds to the server's first bytes, and those bytes."""
    begin = time.monotonic()
    with connect(port) as client:
        greeting = client.recv(4096)
        return (time.monotonic() - begin) * 1000, greeting


class GreetingChecks:
    """Mixed into the ServerTest of a server that speaks first."""
    greeting_protocol = None  # as logged
    greeting_pattern = None   # of the first bytes

    def test_first_greeting_comes_within_100_ms(self):
        greeting_time(self.server_port)  # the server's own first-time costs are not Weir's
        with self.weir.connections("detecting", count=1) as lines:
            elapsed, greeting = greeting_time(self.weir.ports["detecting"])
        self.assertRegex(greeting, self.greeting_pattern)
        self.assertLess(elapsed, 100)
        self.assert_fields(lines, chain="default", protocol=self.greeting_protocol, reason="server_first")

    def test_learned_greeting_comes_within_5_ms_of_a_direct_one(self):
        greeting_time(self.weir.ports["detecting"])
        rounds = 21
        with self.weir.connections("detecting", count=rounds) as lines:
            pairs = [(greeting_time(self.server_port)[0], greeting_time(self.weir.ports["detecting"])[0])
                     for _ in range(rounds)]
        added = statistics.median(through - direct for direct, through in pairs)
        self.assertLessEqual(added, 5, f"ms that Weir adds; (direct, through Weir) in ms: {pairs}")
        self.assert_fields(lines, chain="default", protocol=self.greeting_protocol, reason="learned")

    def test_opaque_greeting_is_the_servers(self):
        self.check_opaque(lambda port: self.assertRegex(greeting_time(port)[1], self.greeting_pattern))
