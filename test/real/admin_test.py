"""The admin port as people see it: the page in a browser."""

import base64
import hashlib
import re
import unittest
import urllib.request

from harness import LOOPBACK
from streams import StreamTest


class PageTest(StreamTest):
    def test_policy_of_the_page_allows_its_style_and_nothing_else(self):
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.weir.admin_port}/", headers={"Accept": "text/html"})
        with urllib.request.urlopen(request) as answer:
            policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
        style = re.search(r"<style>(.*)</style>", page, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertEqual(re.findall(r"'sha256-(.*?)'", policy), [digest])
        self.assertIn("default-src 'none'", policy)
        self.assertEqual(re.findall(r"<script|[\s\"]on\w+=|[\s\"]style=|src=", page), [])
        links = re.findall(r'<a href="(/\w+)">', page)
        self.assertIn("/connections", links)
        for link in links:
            self.assertIn(self.weir.admin(link)[0], (200, 400), link)  # /explain wants to know of what


if __name__ == "__main__":
    unittest.main()
