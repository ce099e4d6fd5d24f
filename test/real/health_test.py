"""Health checks over HTTP: nginx answers them, and then does not."""

import json
import os
import unittest

from cases import RealTest
from harness import LOOPBACK, eventually, free_port
from nginx import start_nginx
from weir import cluster, opaque

# nginx closes a connection after three requests.
NGINX = """
  log_format checks '$connection $status $http_host $http_user_agent';
  server {{
    listen {address}:{port};
    root {root};
    keepalive_requests 3;
    access_log {root}/access.log checks;
  }}
"""


class HttpHealthTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = f"{cls.folder}/root"
        os.mkdir(cls.root)
        cls.server_port = free_port()
        server = NGINX.format(address=LOOPBACK, port=cls.server_port, root=cls.root)
        start_nginx(cls, server, [cls.server_port])

    def set_healthy(self, healthy):
        path = f"{self.root}/healthz"
        if not healthy:
            os.remove(path)
            return
        with open(path, "w", encoding="ascii") as file:
            file.write("fine\n")

    def checks(self):
        with open(f"{self.root}/access.log", encoding="ascii") as file:
            return [line.split(" ", 3) for line in file.read().splitlines()]

    def health(self, weir):
        _, clusters = weir.admin("/clusters")
        return next(one for one in json.loads(clusters) if one["name"] == "web")["hosts"][0]["health"]

    def test_follows_the_status_over_kept_connections(self):
        self.set_healthy(True)
        check = {"interval": "0.02s", "timeout": "1s", "interval_jitter": "0s", "unhealthy_threshold": 1,
                 "healthy_threshold": 1, "http_health_check": {"path": "/healthz", "host": "web.test"}}
        port = free_port()
        weir = self.start_weir([opaque(port, target="web")], [cluster("web", self.server_port, health_check=check)])
        eventually(lambda: self.health(weir) == "healthy" and len(self.checks()) >= 12, "twelve checks that pass")
        self.assertEqual(weir.metric("weir_upstream_health_checks_total", cluster="web", outcome="failed"), 0)
        checks = self.checks()
        for _, status, host, agent in checks:
            self.assertEqual((status, host, agent), ("200", "web.test", "weir-health-check"))
        connections = {connection for connection, *_ in checks}
        self.assertLessEqual(len(connections), len(checks) // 3 + 1)
        self.set_healthy(False)
        eventually(lambda: self.health(weir) == "unhealthy", "a 404 makes the host unhealthy")
        self.set_healthy(True)
        eventually(lambda: self.health(weir) == "healthy", "the host is healthy again")


if __name__ == "__main__":
    unittest.main()
