"""PROXY headers: from haproxy and nginx to Weir, and from Weir to haproxy and nginx."""

import struct
import unittest

from cases import RealTest
from haproxy import start_haproxy
from harness import LOOPBACK, connect, free_port, read_to_end
from nginx import start_nginx
from weir import chain, cluster, detecting, extension, tcp_proxy

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

HAPROXY = """
listen v1
  bind {address}:{v1}
  server weir {address}:{weir} send-proxy
listen v2
  bind {address}:{v2}
  server weir {address}:{weir} send-proxy-v2
listen v2_checksum
  bind {address}:{v2_checksum}
  server weir {address}:{weir} send-proxy-v2 proxy-v2-options crc32c,unique-id
listen accepts
  mode http
  bind {address}:{haproxy} accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port] %[fc_pp_authority]"
"""

NGINX_HTTP = """
  server {{
    listen {address}:{nginx} proxy_protocol;
    set_real_ip_from 127.0.0.0/8;
    real_ip_header proxy_protocol;
    return 200 "$remote_addr:$remote_port $proxy_protocol_server_addr:$proxy_protocol_server_port ";
  }}
"""

NGINX_STREAM = """
  server {{
    listen {address}:{stream};
    proxy_protocol on;
    proxy_pass {address}:{weir};
  }}
"""


def http(port, before=b""):
    """The body that a server answers to a request, and the client's own address."""
    with connect(port) as client:
        own = "{}:{}".format(*client.getsockname())
        client.sendall(before + REQUEST)
        return read_to_end(client).partition(b"\r\n\r\n")[2].decode(), own


class ProxyProtocolTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = ("v1", "v2", "v2_checksum", "stream", "haproxy", "nginx", "weir")
        cls.ports = {name: free_port() for name in names}
        ports = {"address": LOOPBACK, **cls.ports}
        start_haproxy(cls, HAPROXY.format(**ports),
                      [cls.ports[name] for name in ("v1", "v2", "v2_checksum", "haproxy")])
        start_nginx(cls, NGINX_HTTP.format(**ports), [cls.ports["nginx"], cls.ports["stream"]],
                    NGINX_STREAM.format(**ports))

    def weir_behind_proxies(self, **settings):
        """HTTP, and what went to haproxy's first port, go to nginx, which is told the addresses once more."""
        listener = detecting(self.ports["weir"], **settings)
        listener["listener_filters"] = [
            extension("listener", "proxy_protocol", "ProxyProtocol", pass_through_tlvs={})]
        listener["filter_chains"].append(
            chain("opaque", tcp_proxy("server"), destination_ports=[self.ports["v1"]]))
        target = cluster("server", self.ports["nginx"], proxy_protocol={"version": "V1"})
        return self.start_weir([listener], [target])

    def check_from(self, sender, header, **expected):
        weir = self.weir_behind_proxies()
        with weir.connections("detecting") as lines:
            body, client = http(self.ports[sender])
        self.assertEqual(body, f"{client} {LOOPBACK}:{self.ports[sender]} ")
        self.assert_fields(lines, src=client, dst=f"{LOOPBACK}:{self.ports[sender]}", **expected)
        self.assertEqual(weir.metric("weir_listener_headers_total", header=header), 1)

    def test_from_haproxy_v1(self):
        self.check_from("v1", "v1", chain="opaque", reason="match")

    def test_from_haproxy_v2(self):
        self.check_from("v2", "v2", chain="http", reason="client_bytes", protocol="http/1.1")

    def test_from_haproxy_v2_with_checksum(self):
        self.check_from("v2_checksum", "v2", chain="http", reason="client_bytes")

    def test_from_nginx(self):
        self.check_from("stream", "v1", chain="http", reason="client_bytes")

    def check_to(self, target, version):
        port = free_port()
        self.start_weir([detecting(port)],
                        [cluster("server", self.ports[target], proxy_protocol={"version": version})])
        body, client = http(port)
        self.assertEqual(body, f"{client} {LOOPBACK}:{port} ")

    def test_v1_to_nginx(self):
        self.check_to("nginx", "V1")

    def test_v2_to_nginx(self):
        self.check_to("nginx", "V2")

    def test_v1_to_haproxy(self):
        self.check_to("haproxy", "V1")

    def test_v2_to_haproxy(self):
        self.check_to("haproxy", "V2")

    def test_a_field_is_passed_on_to_haproxy(self):
        port = free_port()
        listener = detecting(port)
        listener["listener_filters"] = [
            extension("listener", "proxy_protocol", "ProxyProtocol", pass_through_tlvs={})]
        self.start_weir([listener], [cluster("server", self.ports["haproxy"], proxy_protocol={
            "version": "V2", "pass_through_tlvs": {"match_type": "INCLUDE", "tlv_type": [2]}})])
        addresses = bytes([192, 0, 2, 1, 198, 51, 100, 2]) + struct.pack("!HH", 4660, 443)
        authority = b"\x02" + struct.pack("!H", 11) + b"example.com"
        header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", len(addresses + authority)) + addresses + authority
        self.assertEqual(http(port, header)[0], "192.0.2.1:4660 198.51.100.2:443 example.com")

    def test_without_a_header_nothing_is_answered(self):
        weir = self.weir_behind_proxies()
        with weir.connections("detecting") as lines, connect(self.ports["weir"]) as client:
            client.sendall(REQUEST)
            self.assertEqual(read_to_end(client), b"")
        self.assert_fields(lines, close="proxy_protocol_invalid", chain=None, reason="error")


if __name__ == "__main__":
    unittest.main()
