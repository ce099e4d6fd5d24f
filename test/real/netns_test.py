"""Redirected connections, between network namespaces: original destination, opaque port, bypass, detection.

A client dials a server behind the proxy; REDIRECT or TPROXY rules, made by iptables or nft, hand the connection to
Weir, which relays it to where it was going.
"""

import os
import socket
import unittest

import netns
from cases import RealTest
from harness import DEADLINE, read_exactly, read_to_end
from http_config import manager, route
from netns import CLIENT, PROXY, SERVER
from weir import chain, extension, tcp_proxy

OPAQUE_PORT, SKIP_PORT, DETECTED_PORT, OTHER_DETECTED_PORT = 3306, 4567, 8080, 2525
GREETING = b"220 mail.example.test ESMTP\r\n"


def redirected(family, transparent):
    """A listener that takes connections to any destination."""
    hosts = f"{netns.OTHER_SERVER_ADDRESS[family]}/{32 if family == 4 else 128}"
    to_original = tcp_proxy("original")
    return {
        "name": f"redirected{family}",
        "address": netns.address(netns.ANY[family], netns.LISTENER_PORT[family]),
        "transparent": transparent,
        "listener_filters": [extension("listener", "original_dst", "OriginalDst")],
        "filter_chains": [
            chain("opaque", to_original, destination_ports=[OPAQUE_PORT]),
            chain("skip", extension("network", "bypass", "Bypass"), destination_ports=[SKIP_PORT]),
            chain("by_prefix", to_original, prefix_ranges=[hosts]),
            chain("http", to_original, application_protocols=["http/1.0", "http/1.1", "h2c"])],
        "default_filter_chain": chain("default", to_original)}


def looping(family, transparent, default):
    """A listener that takes all to where it was going: HTTP by requests, the rest by this filter."""
    http = manager([route("original")], stat_prefix=f"redirected{family}", transparent=True)
    return {
        "name": f"redirected{family}",
        "address": netns.address(netns.ANY[family], netns.LISTENER_PORT[family]),
        "transparent": transparent,
        "listener_filters": [extension("listener", "original_dst", "OriginalDst")],
        "filter_chains": [chain("http", http, application_protocols=["http/1.0", "http/1.1", "h2c"])],
        "default_filter_chain": chain("default", default)}


class NetworkTest(RealTest):
    """One set of rules; a subclass names them. Each test runs for IPv4 and for IPv6."""
    rules = None
    transparent = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = netns.Network()
        cls.addClassCleanup(cls.network.close)
        getattr(cls.network, cls.rules)()

    def start_in_proxy(self, listeners, **options):
        return self.start_weir(listeners, [{"name": "original", "type": "ORIGINAL_DST"}],
                               command=self.network.inside(PROXY), enter=lambda: self.network.enter(PROXY), **options)

    def listen(self, family, port):
        """A listening socket in the server's namespace."""
        with self.network.enter(SERVER):
            listener = socket.create_server((netns.ANY[family], port), family=netns.FAMILIES[family])
        self.addCleanup(listener.close)
        listener.settimeout(DEADLINE)
        return listener

    def dial(self, host, port):
        """A connection from the client's namespace to a server's address."""
        with self.network.enter(CLIENT):
            client = socket.create_connection((host, port), timeout=DEADLINE)
        self.addCleanup(client.close)
        return client

    def accept(self, listener, family):
        """The server's end, which must come from Weir and not from the client itself."""
        server, peer = listener.accept()
        self.addCleanup(server.close)
        server.settimeout(DEADLINE)
        self.assertEqual(peer[0], netns.PROXY_TO_SERVER[family])
        return server


class RedirectTest(NetworkTest):
    """Connections that go through, by one Weir."""

    def setUp(self):
        self.weir = self.start_in_proxy([redirected(family, self.transparent) for family in netns.FAMILIES])

    def exchange(self, client, server):
        """A megabyte each way, then both ends close."""
        question, answer = os.urandom(1 << 20), os.urandom(1 << 20)
        client.sendall(question)
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_to_end(server), question)
        server.sendall(answer)
        server.close()
        self.assertEqual(read_to_end(client), answer)
        client.close()

    def check(self, port, chain_name, protocol, reason, talk, hosts=None):
        """Runs talk(client, listener, family) over a redirected connection and checks what was logged."""
        for family, host in (hosts or netns.SERVER_ADDRESS).items():
            with self.subTest(family=family):
                listener = self.listen(family, port)
                with self.weir.connections(f"redirected{family}") as lines:
                    talk(self.dial(host, port), listener, family)
                destination = netns.address(host, port)
                self.assert_fields(lines, chain=chain_name, protocol=protocol, reason=reason, dst=destination,
                                   upstream=destination)
                self.assertIn(netns.CLIENT_ADDRESS[family], lines[0]["src"])
                listener.close()

    def talk_first_from_the_server(self, client, listener, family):
        server = self.accept(listener, family)
        server.sendall(GREETING)
        self.assertEqual(read_exactly(client, len(GREETING)), GREETING)
        self.exchange(client, server)

    def test_opaque_port(self):
        self.check(OPAQUE_PORT, "opaque", "tcp", "match", self.talk_first_from_the_server)

    def test_bypassed_port(self):
        self.check(SKIP_PORT, "skip", "tcp", "match", self.talk_first_from_the_server)

    def test_destination_prefix(self):
        self.check(DETECTED_PORT, "by_prefix", "tcp", "match", self.talk_first_from_the_server,
                   hosts=netns.OTHER_SERVER_ADDRESS)

    def test_http_is_detected(self):
        def talk(client, listener, family):
            request = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"
            client.sendall(request)
            server = self.accept(listener, family)
            self.assertEqual(read_exactly(server, len(request)), request)
            self.exchange(client, server)
        self.check(DETECTED_PORT, "http", "http/1.1", "client_bytes", talk)

    def test_server_that_speaks_first_is_learned_by_its_original_destination(self):
        for port, reason in ((DETECTED_PORT, "server_first"), (DETECTED_PORT, "learned"),
                             (OTHER_DETECTED_PORT, "server_first")):
            with self.subTest(port=port, reason=reason):
                self.check(port, "default", "smtp", reason, self.talk_first_from_the_server)


class IptablesRedirectTest(RedirectTest):
    rules = "iptables_redirect"

    def test_connection_to_the_listener_itself_is_closed_and_not_looped(self):
        for family in netns.FAMILIES:
            with self.subTest(family=family), self.weir.connections(f"redirected{family}") as lines:
                with self.network.enter(PROXY):
                    client = socket.create_connection(
                        (netns.PROXY_TO_CLIENT[family], netns.LISTENER_PORT[family]), timeout=DEADLINE)
                with client:
                    client.sendall(b"\x00")
                    try:
                        self.assertEqual(client.recv(1), b"")
                    except ConnectionResetError:
                        pass
            self.assertEqual(len(lines), 1)


class IptablesTproxyTest(RedirectTest):
    rules = "iptables_tproxy"
    transparent = True


class NftRedirectTest(RedirectTest):
    rules = "nft_redirect"


class NftTproxyTest(RedirectTest):
    rules = "nft_tproxy"
    transparent = True


class LoopTest(NetworkTest):
    """Clients that dial the listener's own port, at an address of the proxy's other side: they are redirected, and
    what Weir itself then dials would come to its listener without a redirect."""

    def check_loops(self, default, sent, answer):
        # The limit ends what would go on for ever.
        weir = self.start_in_proxy([looping(family, self.transparent, default) for family in netns.FAMILIES],
                                   settings={"max_connections": 60})
        for family, host in netns.PROXY_TO_SERVER.items():
            with self.subTest(family=family):
                listener = f"redirected{family}"
                client = self.dial(host, netns.LISTENER_PORT[family])
                client.sendall(sent)
                try:
                    self.assertEqual(client.recv(len(answer) or 1), answer)
                except ConnectionResetError:
                    self.assertEqual(answer, b"")
                client.close()
                if not answer:
                    weir.wait_until(lambda: weir.metric("weir_connection_closes_total", listener=listener, close="loop"),
                                    "has seen the loop")
                self.assertEqual(weir.metric("weir_listener_connections_total", listener=listener), 1)

    def test_tcp_proxy(self):
        self.check_loops(tcp_proxy("original"), b"\x00\x01", b"")

    def test_bypass(self):
        self.check_loops(extension("network", "bypass", "Bypass"), b"\x00\x01", b"")

    def test_http(self):
        request = b"GET / HTTP/1.1\r\nHost: example.test\r\n\r\n"
        self.check_loops(tcp_proxy("original"), request, b"HTTP/1.1 508 ")

    def test_same_port_of_another_host_is_reached(self):
        self.start_in_proxy([looping(family, self.transparent, tcp_proxy("original")) for family in netns.FAMILIES])
        for family, host in netns.SERVER_ADDRESS.items():
            with self.subTest(family=family):
                listener = self.listen(family, netns.LISTENER_PORT[family])
                client = self.dial(host, netns.LISTENER_PORT[family])
                client.sendall(b"\x00\x01")
                server = self.accept(listener, family)
                self.assertEqual(read_exactly(server, 2), b"\x00\x01")


class IptablesRedirectLoopTest(LoopTest):
    rules = "iptables_redirect"


class IptablesTproxyLoopTest(LoopTest):
    rules = "iptables_tproxy"
    transparent = True


class NftRedirectLoopTest(LoopTest):
    rules = "nft_redirect"


class NftTproxyLoopTest(LoopTest):
    rules = "nft_tproxy"
    transparent = True


del NetworkTest, RedirectTest, LoopTest  # bases, not tests


if __name__ == "__main__":
    unittest.main()
