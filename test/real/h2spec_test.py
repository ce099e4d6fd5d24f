"""h2spec's cases of RFC 9113 and RFC 7541, against requests that Weir answers and that it passes on. See tools/h2spec."""

import os
import re
import subprocess
import unittest

from cases import RealTest
from harness import LOOPBACK
from http_config import edge, route
from weir import cluster

H2SPEC = os.environ.get("H2SPEC")
CASES = 145  # of the groups generic, http2 and hpack, in the version of tools/h2spec.module


class H2specTest(RealTest):
    def setUp(self):
        self.assertTrue(H2SPEC, "tools/h2spec runs this test: it names the program")
        answer = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "hello" * 10}}}
        server = self.start_weir([edge("server", [answer])], []).ports["server"]
        clusters = [cluster(version, server, http_protocol_options={"upstream_protocol": version})
                    for version in ("HTTP1", "HTTP2")]
        # AUTO takes a preface that is none for HTTP/1, which some cases want to be an error of HTTP/2.
        self.weir = self.start_weir([edge("answers", [answer], codec_type="HTTP2"),
                                     *[edge(f"to-{one['name']}", [route(one["name"])], codec_type="HTTP2")
                                       for one in clusters]], clusters)

    def check(self, name):
        done = subprocess.run([H2SPEC, "--host", LOOPBACK, "--port", str(self.weir.ports[name])], timeout=240, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told = done.stdout.decode()
        found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", told)
        self.assertIsNotNone(found, told)
        self.assertEqual([int(count) for count in found.groups()], [CASES, CASES, 0, 0], told)

    def test_what_it_answers(self):
        self.check("answers")

    def test_what_it_passes_to_http1(self):
        self.check("to-HTTP1")

    def test_what_it_passes_to_http2(self):
        self.check("to-HTTP2")


if __name__ == "__main__":
    unittest.main()
