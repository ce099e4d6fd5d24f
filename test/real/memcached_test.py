"""memcached with its own clients, text and binary, and with clients that are silent for a while."""

import hashlib
import select
import unittest

from cases import ServerTest
from harness import LOOPBACK, connect, free_port, read_exactly, run, unprivileged
from weir import cluster, detecting, extension

PAYLOAD = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(32768))  # 1 MiB
SET = b"set key 0 0 %d\r\n%s\r\n" % (len(PAYLOAD), PAYLOAD)


class MemcachedTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server_port = free_port()
        server = cls.start("memcached", "-l", LOOPBACK, "-p", cls.server_port, "-U", 0, "-I", "4m", **unprivileged())
        server.wait_until_accepts(cls.server_port)
        cls.source = f"{cls.folder}/payload"
        with open(cls.source, "wb") as file:
            file.write(PAYLOAD)

    def move_payload(self, port, *options):
        run("memccp", f"--servers={LOOPBACK}:{port}", *options, self.source)
        self.assertEqual(run("memccat", f"--servers={LOOPBACK}:{port}", *options, "payload").rstrip(b"\n"),
                         PAYLOAD.rstrip(b"\n"))

    def set_and_get(self, client):
        client.sendall(SET)
        self.assertEqual(read_exactly(client, 8), b"STORED\r\n")
        client.sendall(b"get key\r\n")
        answer = b"VALUE key 0 %d\r\n%s\r\nEND\r\n" % (len(PAYLOAD), PAYLOAD)
        self.assertEqual(read_exactly(client, len(answer)), answer)

    def test_text(self):
        self.check_detected(self.move_payload, chain="default", protocol="memcached", reason="client_bytes")
        self.check_opaque(self.move_payload)

    def test_binary(self):
        self.check_detected(lambda port: self.move_payload(port, "--binary"), chain="default",
                            protocol="memcached", reason="client_bytes")
        self.check_opaque(lambda port: self.move_payload(port, "--binary"))

    def speak_after_silence(self, port):
        """Neither side says a word for two seconds, which outlasts the server-first probe."""
        with connect(port) as client:
            self.assertEqual(select.select([client], [], [], 2), ([], [], []), "Weir spoke or closed")
            self.set_and_get(client)

    def test_silent_client_is_still_detected_by_its_first_bytes(self):
        lines = self.check_detected(self.speak_after_silence, chain="default", protocol="memcached",
                                    reason="client_bytes")
        self.assertEqual(len(lines), 1)
        self.assertGreaterEqual(float(lines[0]["detect_ms"]), 1990)

    def test_silent_client_on_an_opaque_port(self):
        self.check_opaque(self.speak_after_silence)

    def test_silence_past_the_detection_timeout_goes_on_as_tcp(self):
        detection = extension("listener", "proto_detect", "ProtoDetect", detection_timeout="0.3s")
        weir = self.start_weir([detecting(free_port(), listener_filters=[detection])],
                               [cluster("server", self.server_port)])
        with weir.connections("detecting") as lines:
            self.speak_after_silence(weir.ports["detecting"])
        self.assert_fields(lines, chain="default", protocol="tcp", reason="timeout")


if __name__ == "__main__":
    unittest.main()
