"""HTTP through http_conn_manager: curl, nghttp and h2load to nginx, over HTTP/1 and HTTP/2 on either side."""

import concurrent.futures
import hashlib
import os
import signal
import threading
import unittest

from cases import RealTest
from harness import LOOPBACK, connect, free_port, run
from http_config import edge, route, sidecar
from nginx import start_nginx
from weir import cluster

NGINX_SERVERS = """
  server {{
    listen {address}:{http1};
    root {root};
    location /upload/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 200m; }}
  }}
  server {{
    listen {address}:{http2} http2;
    http2_max_concurrent_streams 16;
    root {root};
    location /upload/ {{ dav_methods PUT; create_full_put_path on; client_max_body_size 200m; }}
  }}
"""
BIG = 100 << 20


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha256(file.read()).hexdigest()


class HttpProxyTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = f"{cls.folder}/root"
        os.mkdir(cls.root)
        block = os.urandom(1 << 20)
        with open(f"{cls.root}/big", "wb") as file:
            for number in range(BIG >> 20):
                file.write(number.to_bytes(8, "big") + block[8:])
        cls.small = os.urandom(5000)
        with open(f"{cls.root}/small", "wb") as file:
            file.write(cls.small)
        cls.http1_port, cls.http2_port = free_port(), free_port()
        start_nginx(cls, NGINX_SERVERS.format(address=LOOPBACK, http1=cls.http1_port, http2=cls.http2_port,
                                              root=cls.root), [cls.http1_port, cls.http2_port])

    def setUp(self):
        self.listeners = [edge("to1", [route("one")]), edge("to2", [route("two")])]
        self.clusters = [cluster("one", self.http1_port, http_protocol_options={"upstream_protocol": "HTTP1"}),
                         cluster("two", self.http2_port, http_protocol_options={"upstream_protocol": "HTTP2"})]
        self.weir = self.start_weir([*self.listeners, sidecar("detected", "one")], self.clusters, settings={"drain_timeout": "30s"})

    def curl(self, name, path, *options, status=0):
        return run("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", 60, *options,
                   f"http://{LOOPBACK}:{self.weir.ports[name]}{path}", status=status, deadline=90)

    def pairs(self):
        for name in ("to1", "to2"):
            for version in ("--http1.1", "--http2-prior-knowledge"):
                yield name, version

    def test_100_mib_down_and_up(self):
        expected = digest_of(f"{self.root}/big")
        for name, version in self.pairs():
            with self.subTest(upstream=name, client=version):
                before = self.weir.resident_bytes()
                self.curl(name, "/big", version, "--output", f"{self.folder}/down")
                self.assertEqual(digest_of(f"{self.folder}/down"), expected)
                path = f"/upload/{name}{version}"
                self.curl(name, path, version, "--fail", "--upload-file", f"{self.root}/big")
                self.assertEqual(digest_of(f"{self.root}{path}"), expected)
                self.assertLess(self.weir.resident_bytes() - before, 32 << 20)

    def test_slow_reader(self):
        before = self.weir.resident_bytes()
        for name, version in self.pairs():
            with self.subTest(upstream=name, client=version):
                self.curl(name, "/big", version, "--output", "/dev/null", "--limit-rate", "4M",
                          "--max-time", 2, status=28)
        self.assertLess(self.weir.resident_bytes() - before, 32 << 20)

    def test_requests_of_every_kind(self):
        for name, version in [*self.pairs(), ("to1", "--http1.0"), ("to2", "--http1.0"), ("detected", "--http1.0"),
                              ("detected", "--http1.1"), ("detected", "--http2-prior-knowledge")]:
            with self.subTest(upstream=name, client=version):
                self.assertEqual(self.curl(name, "/small", version), self.small)
                head = self.curl(name, "/small", version, "--head").decode()
                self.assertIn("content-length: 5000", head.lower())
                self.assertEqual(self.curl(name, "/small", version, "--range", "100-199"), self.small[100:200])
                tag = next(line for line in head.lower().splitlines() if line.startswith("etag:")).split(" ", 1)[1]
                status = self.curl(name, "/small", version, "-H", f"If-None-Match: {tag}", "--write-out",
                                   "%{http_code}")
                self.assertEqual(status, b"304")
                self.assertEqual(self.curl(name, "/none", version, "--output", "/dev/null", "--write-out",
                                           "%{http_code}"), b"404")

    def test_uploads_in_chunks_and_after_100_continue(self):
        for name in ("to1", "to2"):
            with self.subTest(upstream=name):
                path = f"/upload/chunked-{name}"
                self.curl(name, path, "--fail", "--upload-file", f"{self.root}/small",
                          "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue")
                with open(f"{self.root}{path}", "rb") as file:
                    self.assertEqual(file.read(), self.small)

    def test_nghttp_and_h2load(self):
        for name in ("to1", "to2", "detected"):
            with self.subTest(upstream=name):
                url = f"http://{LOOPBACK}:{self.weir.ports[name]}/small"
                self.assertEqual(run("nghttp", url), self.small)
                told = run("h2load", "-n", 5000, "-c", 10, "-m", 20, url, deadline=60).decode()
                self.assertIn("5000 succeeded, 0 failed, 0 errored", told)
                told = run("h2load", "--h1", "-n", 5000, "-c", 10, url, deadline=60).decode()
                self.assertIn("5000 succeeded, 0 failed, 0 errored", told)

    def keep_asking(self, name, stop):
        """One request after the other, over a new connection when told to close; how many were answered."""
        answered = 0
        client = None
        while not stop.is_set():
            if client is None:
                client = connect(self.weir.ports[name])
            client.sendall(b"GET /small HTTP/1.1\r\nHost: a\r\n\r\n")
            received = b""
            while b"\r\n\r\n" not in received:
                data = client.recv(65536)
                if not data:
                    raise AssertionError(f"no response after {answered}; {received!r}")
                received += data
            head, _, body = received.partition(b"\r\n\r\n")
            while len(body) < len(self.small):
                data = client.recv(65536)
                if not data:
                    raise AssertionError(f"cut after {len(body)} bytes")
                body += data
            if not head.startswith(b"HTTP/1.1 200") or body != self.small:
                raise AssertionError(head)
            answered += 1
            if b"connection: close" in head.lower():
                client.close()
                client = None
        if client is not None:
            client.close()
        return answered

    def test_reload_under_load_fails_no_request(self):
        stop = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(10) as threads:
            asking = [threads.submit(self.keep_asking, name, stop) for name in ("to1", "to2") for _ in range(2)]
            for number in range(1, 6):
                other = [{**edge(one["name"], [route(target)], via=f"v{number}"), "address": one["address"]}
                         for one, target in zip(self.listeners, ("one", "two"))]
                self.weir.write_config(self.weir.config, other, self.clusters)
                self.weir.send_signal(signal.SIGHUP)
                self.weir.wait_until_reloaded(number)
            stop.set()
            for one in asking:
                self.assertGreater(one.result(), 10)


if __name__ == "__main__":
    unittest.main()
