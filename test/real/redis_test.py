"""Redis with redis-cli: a pipelined megabyte there, and back."""

import hashlib
import unittest

from cases import ServerTest
from harness import LOOPBACK, free_port, run, unprivileged

VALUES = {f"key{i}": hashlib.sha256(str(i).encode()).hexdigest() * 16 for i in range(1024)}  # 1 MiB


def pipelined_sets():
    def command(*words):
        return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
    return "".join(command("SET", key, value) for key, value in VALUES.items()).encode()


class RedisTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = free_port()
        server = cls.start("redis-server", "--port", cls.server_port, "--bind", LOOPBACK, "--save", "",
                           "--dir", cls.make_folder("data"), **unprivileged())
        server.wait_until_accepts(cls.server_port)

    def move_values(self, port):
        """Sets every value in one pipeline, and reads them all back with one command."""
        told = run("redis-cli", "-h", LOOPBACK, "-p", port, "--pipe", data=pipelined_sets()).decode()
        self.assertIn(f"errors: 0, replies: {len(VALUES)}", told)
        self.assertEqual(run("redis-cli", "-h", LOOPBACK, "-p", port, "MGET", *VALUES).decode().split(),
                         list(VALUES.values()))

    def test_detecting(self):
        self.check_detected(self.move_values, chain="default", protocol="redis", reason="client_bytes")

    def test_opaque(self):
        self.check_opaque(self.move_values)


if __name__ == "__main__":
    unittest.main()
