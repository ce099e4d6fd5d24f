"""`weir rules`: the kernel's rules between network namespaces, client - meshed machine - server, and Weir behind them.

The meshed machine is the one in the middle. Applications are plain sockets; Weir runs as a user of its own.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest

import netns
from cases import RealTest
from harness import DEADLINE, program, read_exactly, run
from netns import ANY, CLIENT, CLIENT_ADDRESS, FAMILIES, PROXY, PROXY_TO_CLIENT, PROXY_TO_SERVER, SERVER, SERVER_ADDRESS
from weir import Weir, chain, extension, tcp_proxy

PROXY_UID = 2102
INBOUND, OUTBOUND, ADMIN = 4143, 4140, 4191
PLAIN_PORT, OPAQUE_PORT, SKIPPED_PORT = 8080, 3306, 4567
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
GREETING, QUESTION = b"220 hello\r\n", b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"
TABLES = {4: ("ip", ""), 6: ("ip6", "6")}


def listener(direction, family, host, port):
    to_original = tcp_proxy("original")
    return {
        "name": f"{direction}{family}", "address": netns.address(host, port),
        "listener_filters": [extension("listener", "original_dst", "OriginalDst"),
                             extension("listener", "proto_detect", "ProtoDetect")],
        "filter_chains": [chain("opaque", to_original, destination_ports=[OPAQUE_PORT]),
                          chain("http", to_original, application_protocols=["http/1.0", "http/1.1", "h2c"])],
        "default_filter_chain": chain("default", to_original)}


LISTENERS = [each for family in FAMILIES for each in (
    listener("inbound", family, ANY[family], INBOUND), listener("outbound", family, LOOPBACK[family], OUTBOUND))]


class ProxyWeir(Weir):
    """A Weir that may run as an ordinary user."""

    def write_config(self, path, listeners, clusters):
        super().write_config(path, listeners, clusters)
        os.chmod(self.folder, 0o777)
        os.chmod(path, 0o644)


class RulesTest(RealTest):
    """A network, and a `weir` that every user can run."""
    backend = None  # as --backend has it

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = netns.Network()
        cls.addClassCleanup(cls.network.close)
        for family, host in SERVER_ADDRESS.items():
            cls.network.run(PROXY, "ip", f"-{family}", "route", "add", "default", "via", host)
        cls.binary = shutil.copy(os.environ["WEIR_BINARY"], f"{cls.folder}/weir")

    def tearDown(self):
        self.rules("--remove")

    def rules(self, *options, status=0, **process):
        """Runs `weir rules` on the meshed machine; gives what it writes, to both."""
        done = subprocess.run(self.network.inside(PROXY, self.binary, "rules", *map(str, options)), check=False, timeout=DEADLINE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **process)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout

    def apply(self, *options, **process):
        return self.rules("--apply", "--backend", self.backend, *options, **process)

    def ruleset(self):
        """All rules of the kernel, of every kind, without counters and dates. Tables of iptables as it tells them: what nft
        says of them has no fixed order."""
        tables = [line.split()[1:] for line in self.network.run(PROXY, "nft", "list", "tables").decode().splitlines()]
        texts = [self.network.run(PROXY, "nft", "list", "table", *table) for table in sorted(tables) if table[1] not in ("filter", "nat")]
        texts += [self.network.run(PROXY, f"{tool}-{kind}-save") for tool in ("iptables", "ip6tables") for kind in ("nft", "legacy")]
        text = re.sub(r"packets \d+ bytes \d+|\[\d+:\d+\]|^#.*", "", b"\n".join(texts).decode(), flags=re.MULTILINE)
        return [line for line in text.splitlines() if line.strip()]

    def packets(self, family, *words):
        """How many packets the rules with all of these words have seen."""
        nft, iptables = TABLES[family]
        if self.backend == "nftables":
            text = self.network.run(PROXY, "nft", "list", "table", nft, "weir").decode()
            count = r"packets (\d+)"
        else:
            text = self.network.run(PROXY, self.backend.replace("iptables", f"ip{iptables}tables") + "-save", "-c").decode()
            count = r"^\[(\d+):"
        lines = [line for line in text.splitlines() if all(word in line for word in words)]
        self.assertTrue(lines, f"no rule has {words}: {text}")
        return sum(int(re.search(count, line)[1]) for line in lines if re.search(count, line))

    def redirected(self, family):
        """How many connections have been sent to Weir."""
        return self.packets(family, "redirect to" if self.backend == "nftables" else "-j REDIRECT")

    def start_proxy(self, uid=PROXY_UID, listeners=None, **options):
        command = self.network.inside(PROXY, program("setpriv"), "--reuid", str(uid), "--regid", str(uid), "--clear-groups")
        os.environ["WEIR_BINARY"], real = self.binary, os.environ["WEIR_BINARY"]
        try:
            weir = ProxyWeir(self.folder, listeners or LISTENERS, [{"name": "original", "type": "ORIGINAL_DST"}], command=command,
                             enter=lambda: self.network.enter(PROXY), **options)
        finally:
            os.environ["WEIR_BINARY"] = real
        self.addCleanup(lambda: self.assertEqual(weir.stop(), 0, weir.output()))
        return weir

    def listen(self, role, family, port, host=None):
        with self.network.enter(role):
            server = socket.create_server((host or ANY[family], port), family=FAMILIES[family])
        self.addCleanup(server.close)
        server.settimeout(DEADLINE)
        return server

    def dial(self, role, host, port):
        with self.network.enter(role):
            client = socket.create_connection((host, port), timeout=DEADLINE)
        self.addCleanup(client.close)
        return client

    def accept(self, server):
        end, _ = server.accept()
        self.addCleanup(end.close)
        end.settimeout(DEADLINE)
        return end

    def exchange(self, client, server, client_first=True):
        """A message each way, then both ends close."""
        ends = [(client, server, QUESTION), (server, client, GREETING)]
        for sender, receiver, message in ends if client_first else reversed(ends):
            sender.sendall(message)
            self.assertEqual(read_exactly(receiver, len(message)), message)
        client.close()
        server.close()

    def check_direct(self, role, host, port, server):
        """A connection whose two ends are each other's: nothing is in between."""
        client = self.dial(role, host, port)
        end = self.accept(server)
        self.assertEqual(end.getpeername()[:2], client.getsockname()[:2])
        self.assertEqual(end.getsockname()[:2], client.getpeername()[:2])
        self.exchange(client, end)
        server.close()


class TrafficTest(RulesTest):
    """What connections become, by one set of rules."""

    def setUp(self):
        self.apply()
        self.weir = self.start_proxy()

    def check_proxied(self, direction, role, host, server_role, port, client_first, **expected):
        for family in FAMILIES:
            with self.subTest(family=family):
                server = self.listen(server_role, family, port)
                before = self.redirected(family)
                with self.weir.connections(f"{direction}{family}") as lines:
                    client = self.dial(role, host[family], port)
                    if client_first:
                        client.sendall(QUESTION)
                        end = self.accept(server)
                        self.assertEqual(read_exactly(end, len(QUESTION)), QUESTION)
                        self.assertNotEqual(end.getpeername()[:2], client.getsockname()[:2])
                        source = client.getsockname()
                        client.close()
                        end.close()
                    else:
                        source = client.getsockname()
                        self.exchange(client, self.accept(server), client_first=False)
                destination = netns.address(host[family], port)
                self.assert_fields(lines, dst=destination, upstream=destination, src=netns.address(*source[:2]), **expected)
                self.assertEqual(len(lines), 1)
                self.assertEqual(self.redirected(family), before + 1)
                server.close()

    def check_untouched(self, role, host, server_role, port, server_host=None):
        """Neither rules nor Weir do anything with such a connection, nor with others meanwhile."""
        for family in FAMILIES:
            with self.subTest(family=family):
                before = self.redirected(family), self.weir.metric("weir_listener_connections_total")
                server = self.listen(server_role, family, port, server_host and server_host[family])
                self.check_direct(role, host[family], port, server)
                self.assertEqual((self.redirected(family), self.weir.metric("weir_listener_connections_total")), before)

    def test_inbound_is_redirected(self):
        self.check_proxied("inbound", CLIENT, PROXY_TO_CLIENT, PROXY, PLAIN_PORT, True, chain="http", reason="client_bytes")

    def test_outbound_is_redirected(self):
        self.check_proxied("outbound", PROXY, SERVER_ADDRESS, SERVER, PLAIN_PORT, True, chain="http", reason="client_bytes")

    def test_opaque_inbound(self):
        self.check_proxied("inbound", CLIENT, PROXY_TO_CLIENT, PROXY, OPAQUE_PORT, False, chain="opaque", reason="match")

    def test_opaque_outbound(self):
        self.check_proxied("outbound", PROXY, SERVER_ADDRESS, SERVER, OPAQUE_PORT, False, chain="opaque", reason="match")

    def test_skipped_inbound(self):
        before = {family: self.packets(family, "skip-inbound-ports") for family in FAMILIES}
        self.check_untouched(CLIENT, PROXY_TO_CLIENT, PROXY, SKIPPED_PORT)
        self.assertEqual({family: self.packets(family, "skip-inbound-ports") - before[family] for family in FAMILIES}, {4: 1, 6: 1})

    def test_skipped_outbound(self):
        before = {family: self.packets(family, "skip-outbound-ports") for family in FAMILIES}
        self.check_untouched(PROXY, SERVER_ADDRESS, SERVER, SKIPPED_PORT)
        self.assertEqual({family: self.packets(family, "skip-outbound-ports") - before[family] for family in FAMILIES}, {4: 1, 6: 1})

    def test_calling_oneself(self):
        for host in (PROXY_TO_CLIENT, PROXY_TO_SERVER, LOOPBACK):
            self.check_untouched(PROXY, host, PROXY, PLAIN_PORT)

    def test_admin_port_is_reached_directly(self):
        self.check_untouched(CLIENT, PROXY_TO_CLIENT, PROXY, ADMIN)

    def test_what_only_passes_through_is_left_alone(self):
        for family, host in PROXY_TO_SERVER.items():
            self.network.run(SERVER, "ip", f"-{family}", "route", "replace", "default", "via", host)
        with self.network.enter(PROXY):
            for switch in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
                with open(f"/proc/sys/net/{switch}", "w", encoding="ascii") as file:
                    file.write("1")
        self.check_untouched(CLIENT, SERVER_ADDRESS, SERVER, PLAIN_PORT)

    def test_udp_is_left_alone(self):
        for family, kind in FAMILIES.items():
            with self.subTest(family=family):
                with self.network.enter(PROXY):
                    server = socket.socket(kind, socket.SOCK_DGRAM)
                with self.network.enter(CLIENT):
                    client = socket.socket(kind, socket.SOCK_DGRAM)
                with server, client:
                    server.settimeout(DEADLINE)
                    server.bind((ANY[family], PLAIN_PORT))
                    client.sendto(b"x", (PROXY_TO_CLIENT[family], PLAIN_PORT))
                    self.assertEqual(server.recvfrom(1)[1][0], CLIENT_ADDRESS[family])

    def test_server_on_loopback_alone_is_not_reached_from_outside(self):
        for family in FAMILIES:
            with self.subTest(family=family):
                server = self.listen(PROXY, family, PLAIN_PORT, LOOPBACK[family])
                server.setblocking(False)
                with self.weir.connections(f"inbound{family}") as lines:
                    client = self.dial(CLIENT, PROXY_TO_CLIENT[family], PLAIN_PORT)
                    client.sendall(QUESTION)
                    with self.assertRaises(ConnectionResetError):
                        client.recv(1)
                    client.close()
                self.assert_fields(lines, close="upstream_refused")
                with self.assertRaises(BlockingIOError):
                    server.accept()
                server.close()

    def check_refused_as_loop(self, role, host, port, direction):
        for family in FAMILIES:
            with self.subTest(family=family, port=port):
                with self.weir.connections(f"{direction}{family}") as lines:
                    client = self.dial(role, host[family], port)
                    with contextlib.suppress(ConnectionError):
                        client.sendall(QUESTION)
                        self.assertEqual(client.recv(1), b"")
                    client.close()
                self.assertEqual(len(lines), 1)
                self.assert_fields(lines, close="loop")

    def test_listeners_dialled_themselves_refuse_a_loop(self):
        self.check_refused_as_loop(PROXY, LOOPBACK, OUTBOUND, "outbound")
        self.check_refused_as_loop(PROXY, LOOPBACK, INBOUND, "inbound")
        self.check_refused_as_loop(CLIENT, PROXY_TO_CLIENT, INBOUND, "inbound")

    def test_outbound_port_is_not_open_to_others(self):
        for family in FAMILIES:
            with self.subTest(family=family):
                before = self.weir.metric("weir_listener_connections_total"), self.packets(family, "outbound port")
                with self.assertRaises(ConnectionRefusedError):
                    self.dial(CLIENT, PROXY_TO_CLIENT[family], OUTBOUND)
                after = self.weir.metric("weir_listener_connections_total"), self.packets(family, "outbound port")
                self.assertEqual(after, (before[0], before[1] + 1))


class InstallTest(RulesTest):
    """Putting rules in place, changing them, taking them out, and proving that they work."""

    def test_what_was_there_is_there_after_removal(self):
        self.network.run(PROXY, "nft", "add", "table", "inet", "others")
        for tool in ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy"):
            self.network.run(PROXY, tool, "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "9", "-j", "RETURN")
            self.network.run(PROXY, tool, "-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "ACCEPT")
        before = self.ruleset()
        self.assertEqual(self.apply(), f"rules for IPv4 and IPv6 installed by {self.backend}\n")
        once = self.ruleset()
        self.assertNotEqual(once, before)
        self.apply()
        self.assertEqual(self.ruleset(), once)
        self.rules("--apply")  # where they are already
        self.assertEqual(self.ruleset(), once)
        self.assertEqual(self.rules("--remove"), f"rules of {self.backend} removed\n")
        self.assertEqual(self.ruleset(), before)
        self.assertEqual(self.rules("--remove", "--backend", self.backend), "")

    def test_another_setting_replaces_the_former(self):
        self.apply("--outbound-port", 1, "--skip-inbound-ports", "77", "--ignore-subnets", "192.0.2.0/24,2001:db8:7::/48")
        self.apply("--skip-inbound-ports", ",".join(str(port) for port in range(1001, 1061, 2)))
        other = self.ruleset()
        self.rules("--remove")
        self.apply("--skip-inbound-ports", ",".join(str(port) for port in range(1001, 1061, 2)))
        self.assertEqual(self.ruleset(), other)

    def test_family_that_is_left_out_loses_its_rules(self):
        self.apply()
        for family, other in (("--ipv4", "--ipv6"), ("--ipv6", "--ipv4")):
            with self.subTest(family=family):
                self.apply(family)
                self.rules("--check", family)
                self.rules("--check", other, "--check-timeout", 0.2, status=1)

    def test_ignored_subnets_and_changed_ports(self):
        ignored = ",".join([f"{CLIENT_ADDRESS[4]}/32", f"{CLIENT_ADDRESS[6]}/128", *SERVER_ADDRESS.values()])
        self.apply("--ignore-subnets", ignored)
        for family in FAMILIES:
            with self.subTest(family=family):
                self.check_direct(CLIENT, PROXY_TO_CLIENT[family], PLAIN_PORT, self.listen(PROXY, family, PLAIN_PORT))
                self.check_direct(PROXY, SERVER_ADDRESS[family], PLAIN_PORT, self.listen(SERVER, family, PLAIN_PORT))
                self.assertEqual(self.redirected(family), 0)
        self.apply("--skip-inbound-ports", "+8080", "--skip-outbound-ports", "+8080,-4567")
        for family in FAMILIES:
            with self.subTest(family=family, skipped=PLAIN_PORT):
                self.check_direct(CLIENT, PROXY_TO_CLIENT[family], PLAIN_PORT, self.listen(PROXY, family, PLAIN_PORT))
                self.check_direct(PROXY, SERVER_ADDRESS[family], PLAIN_PORT, self.listen(SERVER, family, PLAIN_PORT))
                with self.assertRaises(ConnectionRefusedError):  # nobody listens at the outbound port
                    self.dial(PROXY, SERVER_ADDRESS[family], SKIPPED_PORT)

    def test_proxys_user_and_group_are_left_alone(self):
        self.apply("--proxy-uid", 4001, "--proxy-gid", 4002)
        code = ("import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).sendall(b'x')")
        for family, host in SERVER_ADDRESS.items():
            for uid, gid, status in ((4001, 1, 0), (1, 4002, 0), (1, 1, 1)):
                with self.subTest(family=family, uid=uid, gid=gid):
                    server = self.listen(SERVER, family, PLAIN_PORT)
                    run(*self.network.inside(PROXY, program("setpriv"), "--reuid", str(uid), "--regid", str(gid), "--clear-groups",
                                             sys.executable, "-c", code, host, str(PLAIN_PORT)), status=status)
                    if status == 0:
                        self.assertEqual(read_exactly(self.accept(server), 1), b"x")
                    server.close()

    def test_outbound_port_is_not_open_to_others_wherever_it_is_bound(self):
        for family in FAMILIES:
            with self.subTest(family=family):
                server = self.listen(PROXY, family, OUTBOUND)
                self.dial(CLIENT, PROXY_TO_CLIENT[family], OUTBOUND).close()
                self.accept(server).close()
                self.apply()
                with self.assertRaises(ConnectionRefusedError):
                    self.dial(CLIENT, PROXY_TO_CLIENT[family], OUTBOUND)
                self.dial(PROXY, SERVER_ADDRESS[family], PLAIN_PORT).close()
                self.accept(server).close()
                self.rules("--remove")
                server.close()

    def test_proxy_that_is_redirected_itself_does_not_go_round(self):
        self.apply()
        weir = self.start_proxy(uid=PROXY_UID + 1, settings={"max_connections": 60})
        for family in FAMILIES:
            with self.subTest(family=family):
                with contextlib.suppress(ConnectionError):
                    self.assertEqual(self.dial(PROXY, SERVER_ADDRESS[family], OPAQUE_PORT).recv(1), b"")
                name = f"outbound{family}"
                weir.wait_until(lambda: weir.metric("weir_connection_closes_total", listener=name, close="loop") == 1, "has seen it")
                self.assertLessEqual(weir.metric("weir_listener_connections_total", listener=name), 2)

    def test_check(self):
        short = ("--check", "--check-timeout", 0.3)
        self.assertEqual(self.rules(*short, status=1), "weir: no answer from 192.0.2.1:20001 within 0.3 s: connections are not "
                                                       "redirected to port 4140\n")
        said = self.rules("--apply", "--backend", self.backend, "--check")
        self.assertIn("IPv4 is redirected (checked with 192.0.2.1:20001)\nIPv6 is redirected (checked with [2001:db8::1]:20001)\n", said)
        self.assertIn("203.0.113.77:5", self.rules("--check", "--ipv4", "--check-address", "203.0.113.77:5"))
        self.assertIn("user", self.rules("--check", "--proxy-uid", 0, status=1))
        self.assertIn("refused: connections are not redirected to port 4150",
                      self.rules("--check", "--outbound-port", 4150, status=1).lower())
        self.start_proxy()
        self.assertIn("127.0.0.1:4140 is in use", self.rules("--check", status=1))

    def test_check_needs_a_route(self):
        self.apply()
        for family, host in SERVER_ADDRESS.items():
            self.network.run(PROXY, "ip", f"-{family}", "route", "delete", "default", "via", host)
            self.addCleanup(self.network.run, PROXY, "ip", f"-{family}", "route", "add", "default", "via", host)
        said = self.rules("--check", status=1)
        self.assertRegex(said, "IPv4 is not checked: .*192.0.2.1:20001.*unreachable.*--check-address")
        self.assertIn("no family could be checked", said)
        self.assertIn("unreachable", self.rules("--check", "--ipv6", status=1))
        self.assertIn("IPv4 is redirected", self.rules("--check", "--check-address", "203.0.113.77:5"))

    def test_other_back_end_is_refused(self):
        self.apply()
        before = self.ruleset()
        other = "nftables" if self.backend != "nftables" else "iptables-nft"
        said = self.rules("--apply", "--backend", other, status=1)
        self.assertEqual(said, f"weir: there are rules of {self.backend}, and {other} would redirect what they have redirected: "
                               f"first run weir rules --remove --backend {self.backend}\n")
        self.assertEqual(self.ruleset(), before)

    def test_ordinary_users_are_told_what_it_takes(self):
        before = self.ruleset()
        for options in (("--apply", "--backend", self.backend), ("--remove",), ("--apply",)):
            with self.subTest(options=options):
                done = subprocess.run(self.network.inside(PROXY, program("setpriv"), "--reuid", "65534", "--clear-groups", self.binary,
                                                          "rules", *options), check=False, timeout=DEADLINE, capture_output=True)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("it needs root, or the capability CAP_NET_ADMIN", done.stderr.decode())
        self.assertEqual(self.ruleset(), before)

    def test_wrong_arguments_change_nothing(self):
        self.apply()
        before = self.ruleset()
        for options, complaint in ((("--skip-inbound-ports", "25,x"), "--skip-inbound-ports: "),
                                   (("--admin-port", "4143"), "port 4143 is an admin port, too"),
                                   (("--outbound-port", 4143), "inbound and outbound port are both 4143"),
                                   (("--outbound-port", 0), "--outbound-port"),
                                   (("--ignore-subnets", "10.0.0.1/8"), '--ignore-subnets: "10.0.0.1/8" is not a prefix'),
                                   (("--check", "--check-address", "127.0.0.1:5"), "--check-address: "),
                                   (("--remove",), "excludes")):
            with self.subTest(options=options):
                self.assertIn(complaint, self.rules("--apply", *options, status=2))
        self.assertEqual(self.ruleset(), before)

    def test_printed_rules_can_be_loaded(self):
        self.apply("--ipv4", "--ignore-subnets", "10.0.0.0/8")
        applied = self.ruleset()
        self.rules("--remove")
        printed = self.rules("--ipv4", "--backend", self.backend, "--ignore-subnets", "10.0.0.0/8").encode()
        if self.backend == "nftables":
            self.network.run(PROXY, "nft", "-f", "-", data=printed)
        else:
            self.network.run(PROXY, f"{self.backend}-restore", "--noflush", data=printed)
        self.assertEqual(self.ruleset(), applied)


class RollBackChecks:
    """Of the back ends that take the families one after the other."""

    def check_roll_back(self, before):
        folder = self.make_folder(f"bin-{self.id()}")
        with open(f"{folder}/{self.backend.replace('iptables', 'ip6tables')}-restore", "w", encoding="ascii") as script:
            script.write("#!/bin/sh\nif grep -q 'ports 77\\b'; then echo '# a remark\nno, not today' >&2; exit 4; fi\n"
                         f"exec {program(self.backend.replace('iptables', 'ip6tables') + '-restore')} \"$@\" </dev/stdin\n")
        os.chmod(script.name, 0o755)
        said = self.apply("--outbound-port", 77, status=1, env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
        self.assertEqual(said, f"weir: {script.name} ended with 4: no, not today\n")
        self.assertEqual(self.ruleset(), before)

    def test_failure_of_one_family_undoes_the_other(self):
        self.apply()  # so that there are tables
        self.rules("--remove")
        self.check_roll_back(self.ruleset())

    def test_failure_keeps_former_rules(self):
        self.apply("--skip-inbound-ports", "1-9,11", "--ignore-subnets", "10.0.0.0/8")
        self.check_roll_back(self.ruleset())


def legacy_works():
    """Whether this kernel has the older interface of iptables."""
    network = netns.Network()
    try:
        for tool in ("iptables-legacy", "ip6tables-legacy"):
            network.run(PROXY, tool, "-t", "nat", "-S")
        return True
    except AssertionError as error:
        print(f"iptables-legacy is left out, as it does not work on this kernel: {error}", file=sys.stderr)
        return False
    finally:
        network.close()


def load_tests(loader, _, __):
    """Every case for every back end that works here."""
    suite = unittest.TestSuite()
    for backend in ["nftables", "iptables-nft"] + (["iptables-legacy"] if legacy_works() else []):
        name = backend.title().replace("-", "")
        more = () if backend == "nftables" else (RollBackChecks,)
        for bases in ((TrafficTest,), more + (InstallTest,)):
            case = type(name + bases[-1].__name__, bases, {"backend": backend})
            globals()[case.__name__] = case
            suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
