"""Much data, many connections, and peers that do not read: checksums, bounded memory, no file left open."""

import threading
import unittest

from harness import connect, eventually, read_exactly
from streams import BLOCK_SIZE, LISTENERS, Sender, StreamTest, receive_to_end, send_and_end, wait_for_stall

BLOCKS = 100


class BulkTest(StreamTest):
    def transfer(self, listener, up, down):
        """Sends `up` blocks to the server and `down` to the client, at once; checks sums and the log's byte counts."""
        with self.weir.connections(listener) as lines:
            client, server = self.pair(listener)
            sends = [self.threads.submit(send_and_end, client, up), self.threads.submit(send_and_end, server, down)]
            receives = [self.threads.submit(receive_to_end, server), self.threads.submit(receive_to_end, client)]
            for send, receive, blocks in zip(sends, receives, (up, down)):
                self.assertEqual(receive.result(), (send.result(), blocks * BLOCK_SIZE))
            client.close()
            server.close()
        self.assert_fields(lines, rx_bytes=up * BLOCK_SIZE + 1, tx_bytes=down * BLOCK_SIZE)

    def test_100_mb_to_the_server(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                self.transfer(listener, BLOCKS, 0)

    def test_100_mb_to_the_client(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                self.transfer(listener, 0, BLOCKS)

    def test_100_mb_both_ways_at_once(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                self.transfer(listener, BLOCKS, BLOCKS)


class SlowReaderTest(StreamTest):
    CONNECTIONS = 3
    BLOCKS = 64  # more than the kernel may hold in the socket buffers of one connection
    MOST_GROWTH = 4 << 20  # of Weir's resident memory, for all of them together

    def check(self, listener, from_client):
        pairs = [self.pair(listener) for _ in range(self.CONNECTIONS)]
        before = self.weir.resident_bytes()
        senders = [Sender(client if from_client else server, self.BLOCKS) for client, server in pairs]
        sends = [self.threads.submit(sender) for sender in senders]
        wait_for_stall(senders)
        for sender in senders:
            self.assertLess(sender.sent, self.BLOCKS * BLOCK_SIZE, "was not held back")
        self.assertLess(self.weir.resident_bytes() - before, self.MOST_GROWTH)
        for (client, server), send in zip(pairs, sends):
            reader, writer = (server, client) if from_client else (client, server)
            receive = self.threads.submit(receive_to_end, reader)
            checksum = send.result()
            writer.close()
            self.assertEqual(receive.result(), (checksum, self.BLOCKS * BLOCK_SIZE))
            reader.close()

    def test_fast_server_and_slow_client(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                self.check(listener, from_client=False)

    def test_fast_client_and_slow_server(self):
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                self.check(listener, from_client=True)


class ManyConnectionsTest(StreamTest):
    CONNECTIONS = 1000  # for each listener

    def serve(self):
        """Echoes what each connection sends first, until the listening socket is closed."""
        while True:
            try:
                server, _ = self.upstream.accept()
            except OSError:
                return
            with server:
                server.sendall(server.recv(64))

    def exchange(self, listener, count):
        with self.weir.connections(listener, count=count) as lines:
            for number in range(count):
                message = number.to_bytes(64, "little")
                with connect(self.weir.ports[listener]) as client:
                    client.sendall(message)
                    self.assertEqual(read_exactly(client, 64), message)
        self.assertEqual(len(lines), count)

    def test_short_connections_leave_no_file_open(self):
        threading.Thread(target=self.serve, daemon=True).start()
        for listener in LISTENERS:
            with self.subTest(listener=listener):
                self.exchange(listener, 20)  # what is opened once and kept is open now
                before = self.weir.open_files()
                self.exchange(listener, self.CONNECTIONS)
                eventually(lambda: self.weir.open_files() <= before,
                           lambda: f"{self.weir.open_files()} open files, {before} before")


if __name__ == "__main__":
    unittest.main()
