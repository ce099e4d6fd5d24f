"""MQTT: the Mosquitto broker and its clients."""

import hashlib
import unittest

from cases import ServerTest
from harness import LOOPBACK, free_port, run, unprivileged

PAYLOAD = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(32768))  # 1 MiB


class MqttTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = free_port()
        config = f"{cls.folder}/mosquitto.conf"
        with open(config, "w", encoding="ascii") as file:
            file.write(f"listener {cls.server_port} {LOOPBACK}\nallow_anonymous true\n")
        server = cls.start("mosquitto", "-c", config, **unprivileged())
        server.wait_until_accepts(cls.server_port)
        cls.payload = f"{cls.folder}/payload"
        with open(cls.payload, "wb") as file:
            file.write(PAYLOAD)

    def publish_and_subscribe(self, port, version):
        """Publishes a retained message, and receives it in a connection that began later."""
        address = ("-h", LOOPBACK, "-p", port, "-V", version, "-q", 1, "-t", f"topic/{port}")
        run("mosquitto_pub", *address, "-r", "-f", self.payload)
        self.assertEqual(run("mosquitto_sub", *address, "-C", 1, "-N"), PAYLOAD)

    def check(self, version):
        def exchange(port):
            self.publish_and_subscribe(port, version)
        lines = self.check_detected(exchange, chain="default", protocol="mqtt", reason="client_bytes")
        self.assertEqual(len(lines), 2)
        self.check_opaque(exchange)

    def test_version_3_1_1(self):
        self.check("311")

    def test_version_5(self):
        self.check("5")


if __name__ == "__main__":
    unittest.main()
