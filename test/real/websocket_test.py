"""WebSocket: the python3-websockets server and client, through the proxy as bytes and as an upgrade of HTTP."""

import asyncio
import os
import sys
import unittest

from cases import RealTest, ServerTest
from harness import LOOPBACK, Process, free_port
from http_config import edge, route, sidecar
from weir import cluster

try:
    import websockets
except ImportError as missing:
    raise AssertionError(
        "websockets is missing: apt-get install --no-install-recommends python3-websockets") from missing

ECHO_SERVER = """
import asyncio, sys, websockets

last_close = None

# "close CODE why" has it close. A client of /last is told how the client before closed.
async def echo(socket):
    global last_close
    if socket.path.endswith("/last"):
        return await socket.send(f"{last_close}")
    try:
        async for message in socket:
            if isinstance(message, str) and message.startswith("close "):
                _, code, why = message.split(" ", 2)
                return await socket.close(int(code), why)
            await socket.send(message)
    except websockets.ConnectionClosed:
        last_close = socket.close_code, socket.close_reason

async def main():
    async with websockets.serve(echo, sys.argv[1], int(sys.argv[2]), max_size=None):
        await asyncio.Future()

asyncio.run(main())
"""


def start_echo(test_class):
    """Runs the server until the class ends; its port."""
    port = free_port()
    server = Process("echo", [sys.executable, "-c", ECHO_SERVER, LOOPBACK, port], test_class.folder)
    test_class.addClassCleanup(server.stop)
    server.wait_until_accepts(port)
    return port


class WebsocketTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = start_echo(cls)

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


class WebsocketUpgradeTest(RealTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = start_echo(cls)

    def setUp(self):
        allowed = {"name": "allowed", "match": {"prefix": "/ws"},
                   "route": {"cluster": "server", "upgrade_configs": [{"upgrade_type": "websocket"}]}}
        behind = edge("behind", [route("server")], upgrade_types=["websocket"], codec_type="HTTP2")
        port = int(behind["address"].rsplit(":", 1)[1])
        in_front = edge("in_front", [route("behind")], upgrade_types=["websocket"])
        self.weir = self.start_weir(
            [sidecar("sidecar", "server"), edge("edge", [allowed, route("server")]), in_front, behind],
            [cluster("server", self.server_port, http_protocol_options={"upstream_protocol": "HTTP1"}),
             cluster("behind", port, http_protocol_options={"upstream_protocol": "HTTP2"})])

    def connect(self, name, path="/ws", **options):
        return websockets.connect(f"ws://{LOOPBACK}:{self.weir.ports[name]}{path}", max_size=None, open_timeout=20,
                                  **options)

    def by_each(self, exchange):
        """exchange(name), a coroutine, for each way to the server: changing nothing, by a route that allows it, and
        through HTTP/2."""
        for name in ("sidecar", "edge", "in_front"):
            with self.subTest(listener=name):
                asyncio.run(asyncio.wait_for(exchange(name), 60))

    @staticmethod
    async def echo(client):
        """Messages of all sizes that are coded in ways of their own, that can be compressed and that cannot."""
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
            for message in (os.urandom(size), bytes(size), "gr\u00fcn" * (size // 5)):
                await client.send(message)
                if await client.recv() != message:
                    raise AssertionError(f"{size} bytes came back otherwise")

    def test_compressed_messages(self):
        async def exchange(name):
            async with self.connect(name) as client:
                self.assertEqual([extension.name for extension in client.extensions], ["permessage-deflate"])
                await self.echo(client)
        self.by_each(exchange)

    def test_messages_that_are_not_compressed(self):
        async def exchange(name):
            async with self.connect(name, compression=None) as client:
                self.assertEqual(client.extensions, [])
                await self.echo(client)
        self.by_each(exchange)

    def test_many_messages_on_their_way(self):
        messages = [os.urandom(1 + number % 3000) for number in range(3000)]

        async def exchange(name):
            async with self.connect(name) as client:
                async def send():
                    for message in messages:
                        await client.send(message)
                sending = asyncio.ensure_future(send())
                self.assertEqual([await client.recv() for _ in messages], messages)
                await sending
        self.by_each(exchange)

    def test_ping_and_pong(self):
        async def exchange(name):
            async with self.connect(name) as client:
                for payload in (b"", b"x" * 125):
                    await asyncio.wait_for(await client.ping(payload), 20)
        self.by_each(exchange)

    def test_codes_of_closing(self):
        async def exchange(name):
            async with self.connect(name) as client:
                await client.send("close 4002 enough of it")
                await client.wait_closed()
                self.assertEqual((client.close_code, client.close_reason), (4002, "enough of it"))
            async with self.connect(name) as client:
                await client.close(4001, "gr\u00fcn")
            # The server answers the end before it has noted it.
            last = ""
            while last != "(4001, 'gr\u00fcn')":
                async with self.connect(name, path="/last" if name != "edge" else "/ws/last") as client:
                    last = await client.recv()
        self.by_each(exchange)

    def test_edge_refuses_where_no_route_allows_it(self):
        async def exchange():
            with self.assertRaises(websockets.InvalidStatusCode) as caught:
                async with self.connect("edge", path="/other"):
                    pass
            self.assertEqual((caught.exception.status_code, caught.exception.headers["weir-error"]),
                             (403, "upgrade_not_allowed"))
        asyncio.run(asyncio.wait_for(exchange(), 60))

    def test_is_counted_and_logged(self):
        def open_now(name):
            return self.weir.metric("weir_http_active_upgrades", name=name)

        async def exchange(name):
            async with self.connect(name):
                self.assertEqual(open_now(name), 1)
        self.by_each(exchange)
        for name, status in (("sidecar", 101), ("edge", 101), ("in_front", 101), ("behind", 200)):
            def line(of=name):
                return [one for one in self.weir.log() if "stream" in one and one["listener"] == of]
            self.weir.wait_until(line, f"logs the request of {name}")
            self.assertEqual(line()[0]["status"], status, name)
            self.assertEqual(open_now(name), 0)


if __name__ == "__main__":
    unittest.main()
