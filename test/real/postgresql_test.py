"""PostgreSQL with psql, in the clear and with TLS negotiated inside its own protocol."""

import hashlib
import unittest

from cases import ServerTest
from harness import LOOPBACK, free_port, make_certificate, run, unprivileged

PAYLOAD = "".join(hashlib.sha256(str(i).encode()).hexdigest() for i in range(16384))  # 1 MiB


class PostgresqlTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        data = cls.make_folder("data")
        run("initdb", f"--pgdata={data}", "--username=weir", "--auth=trust", "--no-sync", "--no-locale",
            "--encoding=UTF8", deadline=60, cwd=data, **unprivileged())
        tls = cls.make_folder("tls")
        certificate, key = make_certificate(tls, "server", "localhost", **unprivileged())
        cls.server_port = free_port()
        settings = {"port": cls.server_port, "listen_addresses": LOOPBACK, "unix_socket_directories": data,
                    "fsync": "off", "ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": key}
        options = [option for key, value in settings.items() for option in ("-c", f"{key}={value}")]
        server = cls.start("postgres", "-D", data, *options, cwd=data, **unprivileged())
        server.wait_until_says("ready to accept connections")

    def move_payload(self, port, sslmode):
        """Carries the payload to the server in one connection, and back in another."""
        def query(text):
            return run("psql", f"host={LOOPBACK} port={port} user=weir dbname=postgres sslmode={sslmode}",
                       "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "--set=ON_ERROR_STOP=1",
                       data=text.encode()).decode().splitlines()
        uses_tls = "t" if sslmode == "require" else "f"
        stored = query("DROP TABLE IF EXISTS payload;\nCREATE TABLE payload (p text);\n"
                       f"COPY payload FROM STDIN;\n{PAYLOAD}\n\\.\n"
                       "SELECT md5(p) FROM payload;\nSELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid();\n")
        self.assertEqual(stored, [hashlib.md5(PAYLOAD.encode()).hexdigest(), uses_tls])
        self.assertEqual(query("COPY payload TO STDOUT;\n"), [PAYLOAD])

    def check(self, sslmode):
        lines = self.check_detected(lambda port: self.move_payload(port, sslmode), chain="default",
                                    protocol="postgresql", reason="client_bytes")
        self.assertEqual(len(lines), 2)
        self.check_opaque(lambda port: self.move_payload(port, sslmode))

    def test_plain(self):
        self.check("disable")

    def test_sslmode_require(self):
        self.check("require")


if __name__ == "__main__":
    unittest.main()
