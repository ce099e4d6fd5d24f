"""MariaDB, which speaks first, with its own client."""

import hashlib
import unittest

from cases import GreetingChecks, ServerTest
from haproxy import start_haproxy
from harness import LOOPBACK, UNPRIVILEGED, free_port, run, unprivileged
from weir import cluster, detecting, extension

HAPROXY = """
listen middle
  bind {address}:{middle} accept-proxy
  server weir {address}:{behind} send-proxy-v2
"""
PAYLOAD = "".join(hashlib.sha256(str(i).encode()).hexdigest() for i in range(16384))  # 1 MiB


class MariadbTest(GreetingChecks, ServerTest):
    greeting_protocol = "mysql"
    greeting_pattern = rb"(?s)^...\x00\x0a.*MariaDB"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        data = cls.make_folder("data")
        run("mariadb-install-db", "--no-defaults", f"--datadir={data}", f"--user={UNPRIVILEGED}", "--skip-test-db",
            "--auth-root-authentication-method=normal", "--innodb-log-file-size=4M", deadline=60)
        cls.server_port = free_port()
        server = cls.start(
            "mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={data}/socket", f"--pid-file={data}/pid",
            f"--bind-address={LOOPBACK}", f"--port={cls.server_port}", "--skip-name-resolve", "--skip-log-bin",
            "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0",
            "--max-connect-errors=1000000",  # connections that only look at the greeting count as errors
            f"--proxy-protocol-networks={LOOPBACK}",
            **unprivileged())
        server.wait_until_accepts(cls.server_port)

    def move_payload(self, port):
        """Carries the payload to the server in one connection, and back in another."""
        def query(text):
            return run("mariadb", "--no-defaults", "--protocol=tcp", f"--host={LOOPBACK}", f"--port={port}",
                       "--user=root", "--batch", "--skip-column-names", data=text.encode()).decode().strip()
        stored = query("CREATE OR REPLACE TABLE mysql.payload (p LONGTEXT);\n"
                       f"INSERT INTO mysql.payload VALUES ('{PAYLOAD}');\n"
                       "SELECT MD5(p) FROM mysql.payload;\n")
        self.assertEqual(stored, hashlib.md5(PAYLOAD.encode()).hexdigest())
        self.assertEqual(query("SELECT p FROM mysql.payload;\n"), PAYLOAD)

    def test_detecting(self):
        lines = self.check_detected(self.move_payload, chain="default", protocol="mysql")
        self.assertEqual([line["reason"] for line in lines], ["server_first", "learned"])
        self.assertGreater(int(lines[0]["rx_bytes"]), len(PAYLOAD))
        self.assertGreater(int(lines[1]["tx_bytes"]), len(PAYLOAD))

    def test_opaque(self):
        self.check_opaque(self.move_payload)

    def test_behind_proxy_headers(self):
        """Client, Weir, haproxy, Weir, MariaDB: each tells the next one whose connection it is, and each but the last
        connects or greets only when it was told."""
        front, middle, behind = free_port(), free_port(), free_port()
        start_haproxy(type(self), HAPROXY.format(address=LOOPBACK, middle=middle, behind=behind), [middle])
        expects_header = [extension("listener", "proxy_protocol", "ProxyProtocol")]
        weir = self.start_weir(
            [detecting(front, "front", "haproxy"), detecting(behind, "behind", "mariadb", listener_filters=expects_header)],
            [cluster("haproxy", middle, proxy_protocol={"version": "V2"}),
             cluster("mariadb", self.server_port, proxy_protocol={"version": "V1"})])
        for reason in ("server_first", "learned"):
            with weir.connections("behind") as behind_lines, weir.connections("front") as front_lines:
                seen = run("mariadb", "--no-defaults", "--protocol=tcp", f"--host={LOOPBACK}", f"--port={front}",
                           "--user=root", "--batch", "--skip-column-names",
                           data=b"SELECT host FROM information_schema.processlist WHERE id = connection_id();\n")
            client = seen.decode().strip()
            self.assert_fields(front_lines + behind_lines, src=client, dst=f"{LOOPBACK}:{front}", reason=reason,
                               protocol="mysql")


if __name__ == "__main__":
    unittest.main()
