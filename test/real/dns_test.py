"""Upstreams with names: the DNS server fails in several ways and comes back, while connections go on."""

import contextlib
import json
import signal
import time
import unittest

from cases import RealTest
from dns_server import NXDOMAIN, SERVFAIL, DnsServer
from harness import connect, eventually, free_port, program
from netns import PROXY, Network
from upstreams_test import EchoServer
from weir import opaque

HERE, THERE = "127.0.0.1", "127.0.0.2"


class DnsTest(RealTest):
    """In a network namespace, where port 53 of loopback is the test's."""

    def setUp(self):
        self.network = Network()
        self.addCleanup(self.network.close)
        self.resolv_conf = f"{self.folder}/resolv.conf"
        with open(self.resolv_conf, "w", encoding="ascii") as file:
            file.write(f"nameserver {HERE}\n")
        self.dns = DnsServer()
        self.dns.records["db.test"] = ([HERE], 1)
        self.port = free_port()
        self.servers = {host: EchoServer(self.port, host) for host in (HERE, THERE)}
        with self.network.enter(PROXY):
            self.dns.start()
            for server in self.servers.values():
                server.start()
        self.addCleanup(self.dns.stop)
        for server in self.servers.values():
            self.addCleanup(server.stop)

    def start_by_name(self, while_starting=None, **settings):
        mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        command = self.network.inside(PROXY, program("unshare"), "--mount", "sh", "-c", mount, self.resolv_conf)
        endpoint = {"name": "server", "type": "STRICT_DNS", "endpoints": [{"address": f"db.test:{self.port}"}],
                    "dns_min_refresh_rate": "0.2s",
                    "dns_failure_refresh_rate": {"base_interval": "0.2s", "max_interval": "1s"}, **settings}
        self.weir = self.start_weir([opaque(free_port())], [endpoint], command=command,
                                    enter=lambda: self.network.enter(PROXY), while_starting=while_starting)

    def upstream_of_new_connection(self):
        with self.weir.connections("opaque") as lines:
            # Without a host it is reset, which may be before connect() has returned.
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                with self.network.enter(PROXY):
                    client = connect(self.weir.ports["opaque"])
                with client:
                    client.sendall(b"?")
                    client.recv(1)
        return lines[0]["upstream"]

    def wait_for_upstream(self, host):
        eventually(lambda: self.upstream_of_new_connection() == f"{host}:{self.port}", f"connections go to {host}")

    def wait_until_asked(self, times=2):
        before = self.dns.asked
        eventually(lambda: self.dns.asked >= before + times, "the DNS server is asked again")

    def test_follows_the_name(self):
        self.start_by_name()
        self.wait_for_upstream(HERE)
        self.dns.records["db.test"] = ([THERE], 1)
        self.wait_for_upstream(THERE)

    def test_keeps_the_last_good_endpoints_while_dns_fails_and_follows_it_when_it_is_back(self):
        self.start_by_name()
        self.wait_for_upstream(HERE)
        for failure in (SERVFAIL, NXDOMAIN, "silent"):
            with self.subTest(failure=failure):
                self.dns.failure = failure
                self.wait_until_asked()
                self.assertEqual(self.upstream_of_new_connection(), f"{HERE}:{self.port}")
                self.dns.failure = None
        self.dns.records["db.test"] = ([], 1)
        self.wait_until_asked()
        self.assertEqual(self.upstream_of_new_connection(), f"{HERE}:{self.port}")
        self.weir.wait_until_says("db.test")
        self.dns.records["db.test"] = ([THERE], 1)
        self.wait_for_upstream(THERE)

    def test_is_not_ready_before_its_names_had_their_chance(self):
        self.dns.failure = "silent"
        self.start_by_name()
        self.assertIn((503, "starting\n"), self.weir.ready_answers)
        self.assertEqual(self.weir.ready_answers[-1], (200, "ready\n"))
        self.assertEqual(self.cluster("server")["hosts"], [])
        self.dns.failure = None
        self.wait_for_upstream(HERE)
        self.assertEqual([host["address"] for host in self.cluster("server")["hosts"]], [f"{HERE}:{self.port}"])

    def test_ends_when_it_is_told_to_before_it_is_ready(self):
        self.dns.failure = "silent"
        told = []

        def tell(weir):
            if not told and weir.ready_answers[-1] == (503, "starting\n"):
                weir.send_signal(signal.SIGTERM)
                told.append(time.monotonic())

        with self.assertRaisesRegex(AssertionError, "(?s)ended with 0.*told to end before it had started"):
            self.start_by_name(while_starting=tell)
        self.assertLess(time.monotonic() - told[0], 4)  # the names would have had more

    def cluster(self, name):
        return next(one for one in json.loads(self.weir.admin("/clusters")[1]) if one["name"] == name)

    def test_a_dns_server_that_comes_late_is_heard(self):
        self.dns.stop()
        self.start_by_name()
        with self.network.enter(PROXY):
            self.dns.start()
        self.wait_for_upstream(HERE)


if __name__ == "__main__":
    unittest.main()
