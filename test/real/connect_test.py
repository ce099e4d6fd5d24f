"""CONNECT: curl through a tunnel that ends at the proxy, or that it passes on to another one; and what is refused."""

import hashlib
import os
import socket
import unittest

from cases import RealTest
from harness import LOOPBACK, connect, eventually, free_port, make_certificate, read_exactly, read_to_end, run
from http_config import edge, route
from nginx import start_nginx
from weir import cluster

NGINX = """
  server {{
    listen {address}:{port};
    listen {address}:{tls_port} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {root};
    location /upload/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 200m; }}
  }}
"""
CONNECTS = {"connect_matcher": {}}
LOCAL = {"allow_local_destinations": True}


def tunnel(**where):
    return {"name": "tunnel", "match": CONNECTS, "tunnel": where}


class ConnectTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = f"{cls.folder}/root"
        os.mkdir(cls.root)
        cls.content = os.urandom(20 << 20)
        with open(f"{cls.root}/file", "wb") as file:
            file.write(cls.content)
        cls.certificate, key = make_certificate(cls.folder, "site", "site.test")
        cls.server_port, cls.tls_port = free_port(), free_port()
        start_nginx(cls, NGINX.format(address=LOOPBACK, port=cls.server_port, tls_port=cls.tls_port, root=cls.root,
                                      certificate=cls.certificate, key=key), [cls.server_port, cls.tls_port])

    def tunnelling(self, *listeners, **clusters):
        """Listeners, and clusters with their ports."""
        self.weir = self.start_weir(listeners, [cluster("server", self.server_port),
                                                *(cluster(name, port) for name, port in clusters.items())])

    def curl(self, listener, url, *options, status=0):
        """`curl --proxytunnel` by way of a listener."""
        proxy = f"http://{LOOPBACK}:{self.weir.ports[listener]}"
        return run("curl", "--silent", "--show-error", "--noproxy", "", "--max-time", 30, "--proxytunnel",
                   "--proxy", proxy, *options, url, status=status, deadline=60)

    def check_file(self, listener, url, *options):
        self.assertEqual(hashlib.sha256(self.curl(listener, url, *options)).digest(),
                         hashlib.sha256(self.content).digest())

    def check_upload(self, listener, url, name):
        self.curl(listener, f"{url}/upload/{name}", "--fail", "--upload-file", f"{self.root}/file")
        with open(f"{self.root}/upload/{name}", "rb") as file:
            self.assertEqual(file.read(), self.content)

    def refusal(self, listener, authority):
        """The head of the answer to a CONNECT, in lower case."""
        with connect(self.weir.ports[listener]) as client:
            client.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += read_exactly(client, 1)
            return head.decode().lower()

    def test_to_the_address_that_is_asked_for(self):
        self.tunnelling(edge("edge", [tunnel(authority=LOCAL)]))
        url = f"http://{LOOPBACK}:{self.server_port}"
        self.check_file("edge", f"{url}/file")
        self.check_upload("edge", url, "by-authority")
        line = eventually(lambda: [one for one in self.weir.log() if one.get("method") == "CONNECT"], "a line")[0]
        self.assertEqual((line["status"], line["authority"], line["upstream"], line["route"]),
                         (200, f"{LOOPBACK}:{self.server_port}", f"{LOOPBACK}:{self.server_port}", "tunnel"))

    def test_to_the_name_that_is_asked_for(self):
        self.tunnelling(edge("edge", [tunnel(authority=LOCAL)]))
        self.check_file("edge", f"http://localhost:{self.server_port}/file")

    def test_tls_within_a_tunnel_to_a_cluster(self):
        self.tunnelling(edge("edge", [tunnel(cluster="tls")]), tls=self.tls_port)
        # The name is the client's and the server's alone.
        self.check_file("edge", "https://site.test:443/file", "--cacert", self.certificate)
        self.assertEqual(self.weir.metric("weir_upstream_connects_total", cluster="tls", outcome="connected"), 1)

    def test_passed_on_to_another_proxy(self):
        ends = edge("ends", [tunnel(authority=LOCAL)])
        port = int(ends["address"].rsplit(":", 1)[1])
        passes = edge("passes", [route("next", match=CONNECTS)], upgrade_types=["CONNECT"])
        self.tunnelling(ends, passes, next=port)
        url = f"http://{LOOPBACK}:{self.server_port}"
        self.check_file("passes", f"{url}/file")
        self.check_upload("passes", url, "passed-on")

    def test_tunnel_in_http2(self):
        """From HTTP/1 to a proxy that speaks HTTP/2 to the one at which the tunnel ends."""
        ends = edge("ends", [tunnel(authority=LOCAL)], codec_type="HTTP2")
        port = int(ends["address"].rsplit(":", 1)[1])
        passes = edge("passes", [route("next", match=CONNECTS)], upgrade_types=["CONNECT"])
        self.weir = self.start_weir([ends, passes], [
            cluster("next", port, http_protocol_options={"upstream_protocol": "HTTP2"})])
        url = f"http://{LOOPBACK}:{self.server_port}"
        self.check_file("passes", f"{url}/file")
        self.check_upload("passes", url, "http2")

    def test_early_bytes_and_half_close(self):
        """What is sent behind the CONNECT waits for the connection; each way ends by itself."""
        with socket.create_server((LOOPBACK, 0)) as server:
            server.settimeout(20)
            port = server.getsockname()[1]
            self.tunnelling(edge("edge", [tunnel(authority=LOCAL)]))
            with connect(self.weir.ports["edge"]) as client:
                client.sendall(f"CONNECT {LOOPBACK}:{port} HTTP/1.1\r\nHost: a\r\n\r\nearly".encode())
                accepted, _ = server.accept()
                with accepted:
                    self.assertEqual(read_exactly(accepted, 5), b"early")
                    client.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_to_end(accepted), b"")
                    accepted.sendall(b"late")
                answer = read_to_end(client)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"), answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nlate"), answer)

    def test_what_is_refused_says_why(self):
        listener = edge("edge", [tunnel(authority=LOCAL)])
        self.tunnelling(listener, edge("plain", [route("server")]), edge("upgrades", [route("server", match=CONNECTS)]),
                        edge("outward", [tunnel(authority={})]))
        own = self.weir.ports["edge"]
        for name, authority, status, reason in (
                ("edge", "name.invalid:443", 503, "dns_resolution_failure"),
                ("edge", f"{LOOPBACK}:{own}", 508, "loop"),
                # That port of another address is nobody's.
                ("edge", f"127.0.0.2:{own}", 503, "upstream_refused"),
                ("edge", f"localhost:{own}", 508, "loop"),
                ("edge", f"{LOOPBACK}:{free_port()}", 503, "upstream_refused"),
                ("outward", f"{LOOPBACK}:{self.server_port}", 403, "local_destination"),
                ("outward", f"localhost:{self.server_port}", 403, "local_destination"),
                ("plain", f"{LOOPBACK}:{self.server_port}", 404, "route_not_found"),
                ("upgrades", f"{LOOPBACK}:{self.server_port}", 403, "upgrade_not_allowed")):
            with self.subTest(listener=name, authority=authority):
                head = self.refusal(name, authority)
                self.assertTrue(head.startswith(f"http/1.1 {status} "), head)
                self.assertIn(f"\r\nweir-error: {reason}\r\n", head)
        told = self.curl("edge", "http://name.invalid/", "--write-out", "%{http_connect}", status=56)
        self.assertEqual(told[-3:], b"503")


if __name__ == "__main__":
    unittest.main()
