"""HTTP/1 and HTTP/2 as bytes: nginx and nghttpd, with curl and nghttp."""

import os
import unittest

from cases import ServerTest
from harness import LOOPBACK, free_port, run
from nginx import start_nginx

NGINX_SERVER = """
  server {{
    listen {address}:{port};
    root {root};
    location /upload/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 16m; }}
  }}
"""


def write_payload(path):
    payload = os.urandom(4 << 20)
    with open(path, "wb") as file:
        file.write(payload)
    return payload


class HttpTest(ServerTest):
    """What both versions share: a folder of files to serve, and curl."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = f"{cls.folder}/root"
        os.mkdir(cls.root)
        cls.payload = write_payload(f"{cls.root}/payload")
        cls.server_port = free_port()

    def curl(self, port, *options, path="/payload"):
        return run("curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", 20, *options,
                   f"http://{LOOPBACK}:{port}{path}")


class Http1Test(HttpTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = NGINX_SERVER.format(address=LOOPBACK, port=cls.server_port, root=cls.root)
        start_nginx(cls, server, [cls.server_port])

    def download(self, port, *options):
        self.assertEqual(self.curl(port, *options), self.payload)

    def upload(self, port):
        self.curl(port, "--upload-file", f"{self.root}/payload", "-H", "Expect: 100-continue", path=f"/upload/{port}")
        with open(f"{self.root}/upload/{port}", "rb") as file:
            self.assertEqual(file.read(), self.payload)

    def check(self, version, exchange):
        self.check_detected(exchange, chain="http", protocol=version, reason="client_bytes")
        self.check_opaque(exchange)

    def test_http_1_1(self):
        self.check("http/1.1", self.download)

    def test_http_1_0(self):
        self.check("http/1.0", lambda port: self.download(port, "--http1.0"))

    def test_upload_that_waits_for_100_continue(self):
        self.check("http/1.1", self.upload)

    def test_two_requests_in_one_connection(self):
        def exchange(port):
            twice = self.curl(port, f"http://{LOOPBACK}:{port}/payload")
            self.assertEqual(twice, self.payload * 2)
        lines = self.check_detected(exchange, chain="http", protocol="http/1.1", reason="client_bytes")
        self.assertEqual(len(lines), 1)


class Http2Test(HttpTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = cls.start("nghttpd", "--no-tls", "-a", LOOPBACK, "-d", cls.root, cls.server_port)
        server.wait_until_accepts(cls.server_port)

    def check(self, exchange):
        self.check_detected(exchange, chain="http", protocol="h2c", reason="client_bytes")
        self.check_opaque(exchange)

    def test_curl_with_prior_knowledge(self):
        self.check(lambda port: self.assertEqual(self.curl(port, "--http2-prior-knowledge"), self.payload))

    def test_nghttp(self):
        self.check(lambda port: self.assertEqual(run("nghttp", f"http://{LOOPBACK}:{port}/payload"), self.payload))

    def test_many_streams_in_one_connection(self):
        def exchange(port):
            told = run("h2load", "-n", 20, "-c", 1, "-m", 10, f"http://{LOOPBACK}:{port}/payload").decode()
            self.assertIn("20 succeeded, 0 failed, 0 errored", told)
            self.assertIn(f"({20 * len(self.payload)}) data", told)
        self.check(exchange)


if __name__ == "__main__":
    unittest.main()
