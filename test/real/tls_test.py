"""TLS passed through by server name: the chain is chosen by SNI, the handshake is the client's and the server's own."""

import os
import unittest

from cases import RealTest
from harness import LOOPBACK, free_port, make_certificate, run
from nginx import start_nginx
from weir import chain, cluster, detecting, opaque, tcp_proxy

NGINX_SERVER = """
  server {{
    listen {address}:{port} ssl http2;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.2 TLSv1.3;
    root {folder}/{name};
  }}
"""
SITES = {"exact": "www.example.test", "wildcard": "*.shop.example.test", "other": "*.elsewhere.test"}


class TlsTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site_ports, cls.certificates, cls.payloads, servers = {}, {}, {}, ""
        for name, host in SITES.items():
            cls.certificates[name], key = make_certificate(cls.folder, name, host)
            cls.site_ports[name] = free_port()
            servers += NGINX_SERVER.format(address=LOOPBACK, port=cls.site_ports[name], folder=cls.folder,
                                           name=name, certificate=cls.certificates[name], key=key)
            cls.payloads[name] = os.urandom(1 << 20)
            os.mkdir(f"{cls.folder}/{name}")
            with open(f"{cls.folder}/{name}/payload", "wb") as file:
                file.write(cls.payloads[name])
        start_nginx(cls, servers, cls.site_ports.values())

    def setUp(self):
        by_name = detecting(free_port(), target="other")
        by_name["filter_chains"] += [
            chain("exact", tcp_proxy("exact"), server_names=[SITES["exact"]]),
            chain("wildcard", tcp_proxy("wildcard"), server_names=[SITES["wildcard"]])]
        clusters = [cluster(name, port) for name, port in self.site_ports.items()]
        self.weir = self.start_weir([by_name, opaque(free_port(), target="exact")], clusters)

    def fetch(self, listener, host, site, *options):
        """Downloads from `host`, trusting the certificate of `site` alone."""
        port = self.weir.ports[listener]
        got = run("curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", 20, *options,
                  "--cacert", self.certificates[site], "--resolve", f"{host}:{port}:{LOOPBACK}",
                  f"https://{host}:{port}/payload")
        self.assertEqual(got, self.payloads[site])

    def check(self, host, chosen, site, *options, alpn="h2,http/1.1"):
        with self.weir.connections("detecting") as lines:
            self.fetch("detecting", host, site, *options)
        self.assert_fields(lines, chain=chosen, protocol="tls", reason="client_bytes", sni=host, alpn=alpn,
                           cluster=site, upstream=f"{LOOPBACK}:{self.site_ports[site]}")

    def test_exact_name(self):
        self.check("www.example.test", "exact", "exact")

    def test_wildcard_name(self):
        self.check("a.shop.example.test", "wildcard", "wildcard")
        self.check("b.shop.example.test", "wildcard", "wildcard")

    def test_other_names_get_the_chain_for_any_tls(self):
        self.check("www.elsewhere.test", "tls", "other")

    def test_tls_1_2_and_1_3(self):
        self.check("www.example.test", "exact", "exact", "--tlsv1.2", "--tls-max", "1.2")
        self.check("www.example.test", "exact", "exact", "--tlsv1.3")

    def test_without_alpn(self):
        self.check("a.shop.example.test", "wildcard", "wildcard", "--no-alpn", alpn=("", None))

    def test_opaque_port_looks_at_no_name(self):
        with self.weir.connections("opaque") as lines:
            self.fetch("opaque", "www.example.test", "exact")
        self.assert_fields(lines, chain="opaque", protocol="tcp", reason="match", cluster="exact", sni=("", None))


if __name__ == "__main__":
    unittest.main()
