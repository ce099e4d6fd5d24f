"""What runs out, and what must not grow: descriptors, memory, processor time; and a process that was killed."""

import contextlib
import os
import resource
import selectors
import signal
import socket
import struct
import subprocess
import threading
import unittest

from cases import RealTest
from harness import DEADLINE, LOOPBACK, connect, eventually, free_port, program, read_exactly
from weir import Weir, chain, cluster, detecting, extension, opaque


def echoing(port, name="echoing", address=None):
    """A listener that answers by itself: one descriptor for each connection."""
    return {"name": name, "address": address or f"{LOOPBACK}:{port}",
            "default_filter_chain": chain("echo", extension("network", "echo", "Echo"))}


def processor_seconds(pid, wait):
    """The processor time that a process uses in so many seconds."""
    def used():
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    before = used()
    threading.Event().wait(wait)
    return used() - before


def allow_open_files():
    """As many as this process may have; returns how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


# Uses all the descriptors that there are; by default an eighth or more is kept in reserve.
UNLIMITED = {"max_connections": 1_000_000, "overload": {"disabled": True}}


class DescriptorsTest(RealTest):
    CLIENTS = 100
    LIMIT = 64
    def test_by_default_they_do_not_run_out(self):
        weir = self.start_weir([echoing(free_port())], [cluster("server", free_port())],
                               command=[program("prlimit"), f"--nofile={self.LIMIT}:{self.LIMIT}"])
        most = int(weir.metric("weir_process_max_connections"))
        self.assertTrue(1 <= most <= self.LIMIT / 2, most)
        served = 0
        with contextlib.ExitStack() as opened:
            for _ in range(self.CLIENTS):
                client = opened.enter_context(connect(weir.ports["echoing"]))
                with contextlib.suppress(ConnectionError):
                    client.sendall(b"?")
                    served += client.recv(1) == b"?"
        self.assertEqual(served, most)
        self.assertEqual(weir.metric("weir_process_overflow_total", listener="echoing"), self.CLIENTS - most)
        self.assertEqual(weir.metric("weir_listener_accept_errors_total"), 0)
        self.assertIn("max_connections of the process are open", weir.output())

    def test_accepting_pauses_when_there_are_none_and_goes_on_when_there_are(self):
        weir = self.start_weir([echoing(free_port())], [cluster("server", free_port())], settings=UNLIMITED,
                               command=[program("prlimit"), f"--nofile={self.LIMIT}:{self.LIMIT}"])
        port = weir.ports["echoing"]
        waiting = {}
        with contextlib.ExitStack() as opened, selectors.DefaultSelector() as answers:
            for number in range(self.CLIENTS):
                client = opened.enter_context(connect(port))
                client.sendall(bytes([number]))
                answers.register(client, selectors.EVENT_READ)
                waiting[client] = number
            held, closed = [], 0
            while waiting:
                for key, _ in answers.select(DEADLINE):
                    client = key.fileobj
                    self.assertEqual(client.recv(1), bytes([waiting.pop(client)]))
                    answers.unregister(client)
                    held.append(client)
                # Only when no more are served do some leave, and then the next ones must be.
                if not answers.select(0.3) and waiting:
                    self.assertTrue(held, f"{len(waiting)} clients wait, and none is served")
                    if closed == 0:
                        self.assertLessEqual(processor_seconds(weir.pid, 1), 0.1, "it is busy with waiting")
                    closed += len(held)
                    while held:
                        held.pop().close()
            self.assertGreater(closed, 0, "it never ran out")
        eventually(lambda: weir.metric("weir_listener_open_connections", listener="echoing") == 0, "all are closed")
        # Each of them was accepted once; none was closed at once.
        self.assertEqual(weir.metric("weir_listener_connections_total", listener="echoing"), self.CLIENTS)
        self.assertGreater(weir.metric("weir_listener_accept_errors_total", listener="echoing", error="exhausted"), 0)
        self.assertEqual(weir.metric("weir_listener_overflow_total", listener="echoing"), 0)

    def test_clients_without_one_for_their_upstream_are_told_and_counted(self):
        # Each connection takes two: with one limit or the other, there is one left for a client alone.
        self.assertGreater(sum(self.check_told(limit) for limit in (self.LIMIT, self.LIMIT + 1)), 0, "none ran out")

    def check_told(self, limit):
        """Serves more clients than there can be; returns how many were told that they cannot be served."""
        with contextlib.ExitStack() as opened:
            upstream = opened.enter_context(socket.create_server((LOOPBACK, 0), backlog=4096))
            threading.Thread(target=self.echo, args=(upstream, opened), daemon=True).start()
            weir = self.start_weir([opaque(free_port())], [cluster("server", upstream.getsockname()[1])],
                                   settings=UNLIMITED, command=[program("prlimit"), f"--nofile={limit}:{limit}"])
            files = weir.open_files()
            served, told = self.ask_all(weir)
            self.assertEqual(served + told, self.CLIENTS)
            eventually(lambda: weir.metric("weir_listener_open_connections", listener="opaque") == 0, "all are closed")
            self.assertEqual(weir.metric("weir_listener_connections_total", listener="opaque"), self.CLIENTS)
            self.assertEqual(weir.metric("weir_connection_closes_total", listener="opaque", close="out_of_descriptors"),
                             told)
            self.assertEqual(weir.metric("weir_upstream_connects_total", cluster="server", outcome="exhausted"), told)
            self.assertEqual(weir.metric("weir_upstream_connects_total", cluster="server", outcome="connected"), served)
            for _ in range(2 * limit):  # it has got them all back
                with connect(weir.ports["opaque"]) as client:
                    client.sendall(b"?")
                    self.assertEqual(client.recv(1), b"?")
            eventually(lambda: weir.open_files() <= files, lambda: f"{weir.open_files()} open files, not {files}")
            return told

    @staticmethod
    def echo(upstream, opened):
        """Answers each connection's byte, and leaves it open for as long as the client does."""
        with contextlib.suppress(OSError), selectors.DefaultSelector() as ready:
            ready.register(upstream, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is upstream:
                        ready.register(opened.enter_context(upstream.accept()[0]), selectors.EVENT_READ)
                    elif byte := key.fileobj.recv(1):
                        key.fileobj.sendall(byte)
                    else:
                        ready.unregister(key.fileobj)
                        key.fileobj.close()

    def ask_all(self, weir):
        """All the clients at once; how many were served, and how many were reset."""
        weir.send_signal(signal.SIGSTOP)
        clients = [connect(weir.ports["opaque"]) for _ in range(self.CLIENTS)]
        for client in clients:
            client.sendall(b"?")
        weir.send_signal(signal.SIGCONT)
        served, told = 0, 0
        while clients:  # in the order in which they came
            with clients.pop(0) as client:
                try:
                    self.assertEqual(client.recv(1), b"?")
                    served += 1
                except ConnectionResetError:
                    told += 1
        return served, told


class IdleTest(RealTest):
    CONNECTIONS = 10_000
    SECONDS = 2
    MOST_BYTES = 16 * 1024  # of resident memory for a connection, with both its sides

    def test_idle_connections_cost_no_processor_time(self):
        # Each has two descriptors in Weir, and two here.
        count = min(self.CONNECTIONS, (allow_open_files() - 200) // 2)
        with contextlib.ExitStack() as opened:
            upstream = opened.enter_context(socket.create_server((LOOPBACK, 0), backlog=4096))
            weir = self.start_weir([opaque(free_port())], [cluster("server", upstream.getsockname()[1])],
                                   settings=UNLIMITED)
            before = weir.resident_bytes()
            pairs = []
            for number in range(count):
                client = opened.enter_context(connect(weir.ports["opaque"]))
                server = opened.enter_context(upstream.accept()[0])
                server.settimeout(DEADLINE)
                pairs.append((client, server))
                client.sendall(b"?")
                self.assertEqual(server.recv(1), b"?", number)
            self.assertEqual(weir.metric("weir_listener_open_connections", listener="opaque"), count)
            each = (weir.resident_bytes() - before) / count
            used = processor_seconds(weir.pid, self.SECONDS)
            print(f"{count} idle connections: {each:.0f} bytes each, {used:.2f} s of processor time "
                  f"in {self.SECONDS} s", flush=True)
            self.assertLessEqual(used, 0.03)
            self.assertLess(each, self.MOST_BYTES)
            for client, server in pairs[::100]:
                server.sendall(b"still here")
                self.assertEqual(read_exactly(client, 10), b"still here")
        eventually(lambda: weir.metric("weir_listener_open_connections", listener="opaque") == 0, "all are closed")


class ShortConnectionsTest(RealTest):
    COUNT = 100_000
    WARM_UP = 10_000
    CLIENTS = 8

    def run_connections(self, weir, upstream_port, count):
        helper = os.path.join(os.path.dirname(os.path.abspath(__file__)), "short_connections")
        done = subprocess.run([helper, *map(str, (upstream_port, weir.ports["detecting"], count, self.CLIENTS))],
                              capture_output=True, timeout=10 * DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b"%d\n" % count), done.stderr)
        eventually(lambda: weir.metric("weir_listener_open_connections", listener="detecting") == 0, "all are closed")

    def test_short_connections_leave_memory_where_it_was(self):
        upstream_port = free_port()
        weir = self.start_weir([detecting(free_port())], [cluster("server", upstream_port)])
        self.run_connections(weir, upstream_port, self.WARM_UP)
        memory, files = weir.resident_bytes(), weir.open_files()
        self.run_connections(weir, upstream_port, self.COUNT)
        grown = weir.resident_bytes() - memory
        print(f"{self.COUNT} short connections: {memory} bytes resident before, {grown:+} after", flush=True)
        self.assertLess(grown, 512 * 1024)
        eventually(lambda: weir.open_files() <= files, lambda: f"{weir.open_files()} open files, not {files}")
        total = self.WARM_UP + self.COUNT
        for name, labels in (("weir_listener_connections_total", {"listener": "detecting"}),
                             ("weir_chain_connections_total", {"listener": "detecting"}),
                             ("weir_connection_closes_total", {"listener": "detecting"}),
                             ("weir_upstream_connects_total", {"cluster": "server", "outcome": "connected"})):
            self.assertEqual(weir.metric(name, **labels), total, name)
        eventually(lambda: self.count_lines(weir) == total, lambda: f"{total} lines; {self.count_lines(weir)} are logged")

    @staticmethod
    def count_lines(weir):
        with open(f"{weir.folder}/access.log", "rb") as log:
            return sum(1 for _ in log)


class KilledTest(RealTest):
    def test_another_starts_where_one_was_killed(self):
        path = f"{self.folder}/echo.socket"
        listeners = [echoing(free_port()), echoing(0, "local", f"unix:{path}")]
        first = self.start_killable(listeners)
        port = first.ports["echoing"]
        # Both ends of these are closed with bytes under way: what is left of them holds on to the port.
        with contextlib.ExitStack() as opened:
            for number in range(50):
                client = opened.enter_context(connect(port))
                client.sendall(bytes([number]))
                self.assertEqual(client.recv(1), bytes([number]))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
            self.assertEqual(first.stop(signal.SIGKILL), -signal.SIGKILL)
            self.assertTrue(os.path.exists(path), "the file of the socket is left over")
            second = self.start_weir(listeners, [cluster("server", free_port())])
        with connect(port) as client:
            client.sendall(b"?")
            self.assertEqual(client.recv(1), b"?")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(b"?")
            self.assertEqual(client.recv(1), b"?")
        self.assertEqual(second.metric("weir_listener_connections_total"), 2)
        self.assertEqual(second.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def start_killable(self, listeners):
        """A Weir that need not end as it should."""
        weir = Weir(self.folder, listeners, [cluster("server", free_port())])
        self.addCleanup(weir.stop, signal.SIGKILL)
        return weir


if __name__ == "__main__":
    unittest.main()
