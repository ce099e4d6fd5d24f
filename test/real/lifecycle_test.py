"""Starting and ending: signals, a port in use, a configuration that is wrong."""

import contextlib
import os
import signal
import socket
import subprocess
import unittest

from cases import RealTest
from harness import DEADLINE, LOOPBACK, accepts, free_port
from streams import StreamTest
from weir import chain, cluster, detecting, run_command, tcp_proxy, write_config


class EndTest(StreamTest):
    def check(self, number):
        client, server = self.pair("detecting")
        self.weir.send_signal(number)
        self.assertEqual(self.weir.wait(), 0, self.weir.output())
        for end in (client, server):
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(end.recv(1), b"")
        for port in self.weir.ports.values():
            self.assertFalse(accepts(port))
        self.assertEqual(len(self.weir.log()), 1, "the connection that was open is logged")

    def test_sigterm(self):
        self.check(signal.SIGTERM)

    def test_sigint(self):
        self.check(signal.SIGINT)


class VersionTest(unittest.TestCase):
    def test_is_told_either_way(self):
        for argument in ("version", "--version"):
            said = subprocess.run([os.environ["WEIR_BINARY"], argument], capture_output=True, text=True, check=True)
            self.assertRegex(said.stdout, r"\Aweir \d+\.\d+\.\d+\n\Z")


class StartTest(RealTest):
    def run_to_end(self, listeners):
        """Runs Weir, which must end by itself with status 1; returns what it said."""
        admin_port = free_port()
        self.log_path = f"{self.folder}/access.{admin_port}.log"
        self.config = write_config(f"{self.folder}/{admin_port}.json", listeners, [cluster("server", free_port())],
                                   admin_port, self.log_path)
        done = subprocess.run(run_command(self.config), capture_output=True, timeout=DEADLINE, check=False)
        said = (done.stdout + done.stderr).decode()
        self.assertEqual(done.returncode, 1, said)
        return said

    def test_port_that_another_program_has(self):
        with socket.create_server((LOOPBACK, 0)) as other:
            port = other.getsockname()[1]
            said = self.run_to_end([detecting(port)])
        self.assertIn(f"{LOOPBACK}:{port}", said)
        self.assertIn("in use", said.lower())

    def test_port_that_another_weir_has(self):
        weir = self.start_weir([detecting(free_port())], [cluster("server", free_port())])
        port = weir.ports["detecting"]
        said = self.run_to_end([detecting(port)])
        self.assertIn(f"{LOOPBACK}:{port}", said)
        self.assertIn("in use", said.lower())
        self.assertTrue(accepts(port), "the first Weir goes on")

    def test_port_in_use_leaves_nothing_bound(self):
        path = f"{self.folder}/bound.socket"
        with socket.create_server((LOOPBACK, 0)) as other:
            said = self.run_to_end([dict(detecting(0, name="good"), address=f"unix:{path}"),
                                    detecting(other.getsockname()[1], name="taken")])
        self.assertIn("taken", said)
        self.assertFalse(os.path.exists(path), "the socket of the listener that could be bound is left over")

    def test_wrong_configuration_starts_nothing(self):
        path = f"{self.folder}/good.socket"
        good = dict(detecting(0, name="good"), address=f"unix:{path}")
        wrong = detecting(free_port(), name="wrong")
        wrong["filter_chains"] = [chain("typo", tcp_proxy("serve"), destination_ports=[3306])]
        said = self.run_to_end([good, wrong])
        self.assertRegex(said, rf"{self.config}:\d+:\d+: ")
        self.assertIn("listeners[1].filter_chains[0].filters[0]", said)
        self.assertRegex(said, r'"serve"(?s:.)*server')  # the bad value, and what there is
        self.assertFalse(os.path.exists(path), "a listener was bound")
        self.assertFalse(os.path.exists(self.log_path), "the access log was opened")


class MessagesTest(RealTest):
    def said(self, *options):
        weir = self.start_weir([detecting(free_port())], [cluster("server", free_port())], options=options)
        self.assertEqual(weir.stop(), 0)
        return weir.output()

    def test_each_line_has_time_level_and_component(self):
        said = self.said().splitlines()
        for line in said:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z info main: \S")
        for words in ("listener detecting on 127.0.0.1:", "admin on 127.0.0.1:", "ready, with 1 worker", "stopping"):
            self.assertTrue(any(words in line for line in said), f"{words!r} in {said}")

    def test_levels_of_the_command_line(self):
        self.assertEqual(self.said("--log-level", "error"), "")
        self.assertEqual(self.said("--component-log-level", "dns:trace,main:off"), "")
        self.assertIn("info main: ready", self.said("-l", "off", "--component-log-level", "main:info"))

    def test_wrong_levels_start_nothing(self):
        config = write_config(f"{self.folder}/levels.json", [detecting(free_port())], [cluster("server", free_port())],
                              free_port(), f"{self.folder}/levels.log")
        for option in (["--log-level", "loud"], ["--component-log-level", "main"],
                       ["--component-log-level", "mane:info"], ["--component-log-level", "main:loud"]):
            done = subprocess.run([*run_command(config), *option], capture_output=True, timeout=DEADLINE, check=False)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(option[1], done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
