"""TLS that ends at Weir: real clients, certificates that are renewed, and clients that must have one."""

import json
import os
import socket
import ssl
import time
import unittest

from cases import RealTest
from harness import LOOPBACK, eventually, free_port, make_certificate, run
from http_config import manager
from weir import chain, extension

NAME = "edge.example.test"
OTHER = "other.example.test"
GUARDED = "guarded.example.test"
SIDECAR = "sidecar.example.test"
FORMAT = {name: f"%{name}%" for name in (
    "FILTER_CHAIN_NAME", "PROTOCOL", "DOWNSTREAM_TLS_VERSION", "DOWNSTREAM_PEER_DNS_SAN", "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
    "CONNECTION_TERMINATION_DETAILS")}


def tls_context(certificate, key, **more):
    common = {"tls_certificates": [{"certificate_chain": {"filename": certificate}, "private_key": {"filename": key}}],
              **more.pop("common", {})}
    return {"tls_context": {"common_tls_context": common, **more}}


class TlsTerminationTest(RealTest):
    def setUp(self):
        self.certificate, self.key = make_certificate(self.folder, "edge", NAME)
        self.other_certificate, self.other_key = make_certificate(self.folder, "other", OTHER, GUARDED)
        self.client_certificate, self.client_key = make_certificate(self.folder, "client", "client.example.test")
        answer = {"name": "answer", "match": {"prefix": "/"},
                  "direct_response": {"status": 200, "body": {"inline_string": "inside"}}}
        moved = {"name": "moved", "match": {"path": "/moved"}, "redirect": {"path_redirect": "/there"}}
        web = manager([moved, answer], use_remote_address=True)
        echo = extension("network", "echo", "Echo")
        listener = {"name": "edge", "address": f"{LOOPBACK}:{free_port()}", "filter_chains": [
            {**chain("web", web, server_names=[NAME]),
             **tls_context(self.certificate, self.key, common={"alpn_protocols": ["h2", "http/1.1"]})},
            {**chain("echo", echo, server_names=[OTHER]),
             **tls_context(self.other_certificate, self.other_key, require_client_certificate=True, common={
                 "validation_context": {"trusted_ca": {"filename": self.client_certificate},
                                        "verify_subject_alt_name": ["client.example.test"]}})}]}
        verified = extension("network", "rbac", "Rbac", stat_prefix="verified", rules={"policies": {"client": {
            "permissions": [{"any": True}],
            "principals": [{"authenticated": {"principal_name": {"exact": "client.example.test"}}}]}}})
        guarded = chain("guarded", echo, server_names=[GUARDED])
        guarded["filters"].insert(0, verified)
        listener["filter_chains"].append({**guarded, **tls_context(self.other_certificate, self.other_key, common={
            "validation_context": {"trusted_ca": {"filename": self.client_certificate}}})})
        through = manager([moved, answer], transparent=True)
        listener["filter_chains"].append({**chain("sidecar", through, server_names=[SIDECAR]),
                                          **tls_context(self.certificate, self.key)})
        settings = {"access_log": {"path": f"{self.folder}/{self.id()}.log", "json_format": FORMAT}}
        self.log_path = settings["access_log"]["path"]
        self.weir = self.start_weir([listener], [], settings=settings)
        self.port = self.weir.ports["edge"]

    def curl(self, *options, host=NAME, path="/"):
        return run("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", 20, "--cacert",
                   self.certificate, "--resolve", f"{host}:{self.port}:{LOOPBACK}", *options,
                   f"https://{host}:{self.port}{path}").decode()

    def client(self, host=OTHER, trusted=None, with_certificate=True):
        context = ssl.create_default_context(cafile=trusted or self.other_certificate)
        if with_certificate:
            context.load_cert_chain(self.client_certificate, self.client_key)
        plain = socket.create_connection((LOOPBACK, self.port), timeout=20)
        return context.wrap_socket(plain, server_hostname=host)

    def last_line(self):
        """About a connection, once there is one more than at the last call."""
        self.seen = getattr(self, "seen", 0) + 1

        def lines():
            if not os.path.exists(self.log_path):
                return None
            with open(self.log_path, encoding="utf-8") as file:
                whole = [line for line in file.read().splitlines() if "CONNECTION_TERMINATION_DETAILS" in line]
            return whole if len(whole) >= self.seen else None
        return json.loads(eventually(lines, "another line in the access log")[self.seen - 1])

    def test_http_1_and_2(self):
        self.assertEqual(self.curl("--http1.1", "--write-out", " %{http_version}"), "inside 1.1")
        self.assertEqual(self.last_line()["DOWNSTREAM_TLS_VERSION"], "TLSv1.3")
        self.assertEqual(self.curl("--http2", "--write-out", " %{http_version}"), "inside 2")
        line = self.last_line()
        self.assertEqual((line["FILTER_CHAIN_NAME"], line["PROTOCOL"]), ("web", "h2"))
        self.curl("--tls-max", "1.2")
        self.assertEqual(self.last_line()["DOWNSTREAM_TLS_VERSION"], "TLSv1.2")

    def test_redirects_stay_within_tls(self):
        got = self.curl("--write-out", "%{redirect_url}", path="/moved")
        self.assertEqual(got, f"https://{NAME}:{self.port}/there")
        for version in ("--http1.1", "--http2-prior-knowledge"):
            got = self.curl(version, "--insecure", "--write-out", "%{redirect_url}", host=SIDECAR, path="/moved")
            self.assertEqual(got, f"https://{SIDECAR}:{self.port}/there")

    def test_a_client_must_have_a_certificate(self):
        with self.client() as client:
            client.sendall(b"hello")
            self.assertEqual(client.recv(5), b"hello")
            client.unwrap()
        line = self.last_line()
        self.assertEqual(line["DOWNSTREAM_PEER_DNS_SAN"], "client.example.test")
        with self.assertRaises(OSError), self.client(with_certificate=False) as client:
            client.recv(1)
        line = self.last_line()
        self.assertEqual(line["CONNECTION_TERMINATION_DETAILS"], "tls_handshake_failed")
        self.assertIn("no_certificate", line["DOWNSTREAM_TRANSPORT_FAILURE_REASON"])
        self.assertEqual(self.weir.metric("weir_tls_handshakes_total", chain="echo", result="no_certificate"), 1)

    def test_rules_decide_by_the_name_in_the_certificate(self):
        with self.client(host=GUARDED) as client:
            client.sendall(b"hello")
            self.assertEqual(client.recv(5), b"hello")
            client.unwrap()
        self.assertEqual(self.last_line()["FILTER_CHAIN_NAME"], "guarded")
        with self.client(host=GUARDED, with_certificate=False) as client:
            try:
                self.assertEqual(client.recv(1), b"")
            except ConnectionResetError:
                pass
        self.assertEqual(self.last_line()["CONNECTION_TERMINATION_DETAILS"], "rbac_denied")

    def test_a_name_that_nobody_has(self):
        with self.assertRaises(ssl.SSLError) as refused:
            self.client(host="nobody.example.test")
        self.assertEqual(refused.exception.reason, "TLSV1_UNRECOGNIZED_NAME")

    def test_plaintext_is_not_answered(self):
        with socket.create_connection((LOOPBACK, self.port), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            self.assertEqual(client.recv(100), b"")

    def test_a_renewed_certificate_is_taken_and_connections_stay(self):
        with self.client() as open_one:
            renewed, key = make_certificate(self.folder, "renewed", OTHER)
            os.rename(key, self.other_key)
            eventually(lambda: self.weir.reloads("invalid") >= 1, "the reload is refused")  # the key of another certificate
            open_one.sendall(b"still")
            self.assertEqual(open_one.recv(5), b"still")
            os.rename(renewed, self.other_certificate)
            self.weir.wait_until_reloaded(1)
            open_one.sendall(b"there")
            self.assertEqual(open_one.recv(5), b"there")
            with self.client() as client:  # trusts the renewed one, which stands in the same file
                client.sendall(b"new")
                self.assertEqual(client.recv(3), b"new")

    def test_expiry_is_told(self):
        until = self.weir.metric("weir_tls_certificate_expiry_timestamp_seconds", certificate=self.certificate)
        self.assertAlmostEqual(until, time.time() + 2 * 86400, delta=3600)

    def test_megabytes_pass_both_ways(self):
        payload = os.urandom(4 << 20)
        with self.client() as client:
            client.settimeout(20)
            got, sent = bytearray(), 0
            while len(got) < len(payload):
                sent += client.send(payload[sent:sent + 65536]) if sent < len(payload) else 0
                got += client.recv(65536)
        self.assertTrue(bytes(got) == payload)


if __name__ == "__main__":
    unittest.main()
