"""A DNS server for one test, over UDP: it knows the names that it is told, and can fail in several ways."""

import contextlib
import ipaddress
import socket
import struct
import threading

SERVFAIL, NXDOMAIN = 2, 3
_A, _AAAA = 1, 28


class DnsServer:
    """Answers in a thread of its own, from start() to stop(). The socket belongs to the network namespace that start()
    is called in.

    `records` is {name: (addresses, TTL)}; `failure` an rcode for all, "silent", or None.
    """

    def __init__(self, host="127.0.0.1", port=53):
        self._address = (host, port)
        self._socket = None
        self._thread = None
        self.records = {}
        self.failure = None
        self.asked = 0

    def start(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        self._thread = threading.Thread(target=self._serve, args=(self._socket,), daemon=True)
        self._thread.start()

    def stop(self):
        """From now on the port refuses."""
        if self._socket is None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, though nothing is connected
        self._thread.join()
        self._socket.close()
        self._socket = None

    def _serve(self, server):
        while True:
            with contextlib.suppress(OSError):
                question, sender = server.recvfrom(4096)
                if not question:
                    return
                self.asked += 1
                if self.failure != "silent":
                    server.sendto(self._answer(question), sender)

    def _answer(self, message):
        end = message.index(b"\0", 12) + 5
        name, kind = self._name(message), struct.unpack("!H", message[end - 4:end - 2])[0]
        addresses, ttl = self.records.get(name, ((), 0))
        rcode = self.failure or (0 if name in self.records else NXDOMAIN)
        found = []
        for address in map(ipaddress.ip_address, addresses if rcode == 0 else ()):
            if kind == (_A if address.version == 4 else _AAAA):
                data = address.packed
                found.append(struct.pack("!HHHIH", 0xC00C, kind, 1, ttl, len(data)) + data)
        head = message[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, len(found), 0, 0)
        return head + message[12:end] + b"".join(found)

    @staticmethod
    def _name(message):
        labels, at = [], 12
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        return ".".join(labels)
