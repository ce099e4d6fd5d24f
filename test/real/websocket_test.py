"""WebSocket: the python3-websockets server and client."""

import asyncio
import os
import sys
import unittest

from cases import ServerTest
from harness import LOOPBACK, Process, free_port

try:
    import websockets
except ImportError as missing:
    raise AssertionError(
        "websockets is missing: apt-get install --no-install-recommends python3-websockets") from missing

ECHO_SERVER = """
import asyncio, sys, websockets

async def echo(socket):
    async for message in socket:
        await socket.send(message)

async def main():
    async with websockets.serve(echo, sys.argv[1], int(sys.argv[2]), max_size=None):
        await asyncio.Future()

asyncio.run(main())
"""


class WebsocketTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = free_port()
        server = Process("echo", [sys.executable, "-c", ECHO_SERVER, LOOPBACK, cls.server_port], cls.folder)
        cls.addClassCleanup(server.stop)
        server.wait_until_accepts(cls.server_port)

    def exchange(self, port):
        """Text, a large binary message and a ping, and an orderly close."""
        asyncio.run(self._exchange(port))

    async def _exchange(self, port):
        binary = os.urandom(1 << 20)
        async with websockets.connect(f"ws://{LOOPBACK}:{port}/", max_size=None, open_timeout=20) as client:
            for message in ("first", binary, "last"):
                await client.send(message)
            await asyncio.wait_for(await client.ping(), 20)
            answers = [await asyncio.wait_for(client.recv(), 20) for _ in range(3)]
        self.assertEqual(answers, ["first", binary, "last"])
        self.assertEqual(client.close_code, 1000)

    def test_detecting(self):
        lines = self.check_detected(self.exchange, chain="http", protocol="http/1.1", reason="client_bytes")
        self.assertEqual(len(lines), 1)

    def test_opaque(self):
        self.check_opaque(self.exchange)


if __name__ == "__main__":
    unittest.main()
