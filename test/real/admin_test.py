"""The admin port as people see it: the page in a browser, and `weir top`."""

import base64
import fcntl
import hashlib
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import unittest
import urllib.request

from harness import DEADLINE, LOOPBACK, free_port
from streams import StreamTest


class PageTest(StreamTest):
    def test_policy_of_the_page_allows_its_style_and_nothing_else(self):
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.weir.admin_port}/", headers={"Accept": "text/html"})
        with urllib.request.urlopen(request) as answer:
            policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
        style = re.search(r"<style>(.*)</style>", page, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertEqual(re.findall(r"'sha256-(.*?)'", policy), [digest])
        self.assertIn("default-src 'none'", policy)
        self.assertEqual(re.findall(r"<script|[\s\"]on\w+=|[\s\"]style=|src=", page), [])
        links = re.findall(r'<a href="(/\w+)">', page)
        self.assertIn("/connections", links)
        for link in links:
            self.assertIn(self.weir.admin(link)[0], (200, 400), link)  # /explain wants to know of what


class TopCase(StreamTest):
    def command(self, *options, admin=None):
        admin = admin or f"{LOOPBACK}:{self.weir.admin_port}"
        return [os.path.abspath(os.environ["WEIR_BINARY"]), "top", "--admin", admin, "--interval", "0.1", *options]

    def waits_for_long(self, pid):
        """It does nothing while ten looks are due."""
        with open(f"/proc/{pid}/schedstat", encoding="utf-8") as file:
            now = file.read()
        last, since = getattr(self, "_last", (None, 0))
        if now != last:
            self._last = (now, time.monotonic())
            return False
        return time.monotonic() - since > 1

class RudePort:
    """Says to whoever asks what no terminal is to hear."""

    def __init__(self, port=0):
        self._socket = socket.create_server((LOOPBACK, port))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            with client:
                client.recv(1)
                client.sendall(b"HTTP/1.1 500 x\r\nConnection: close\r\n\r\n\x1b]0;rude\x07")
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()


class TopTest(TopCase):
    def top(self, *options, **where):
        return subprocess.run(self.command(*options, **where), capture_output=True, text=True, timeout=DEADLINE,
                              stdin=subprocess.DEVNULL, check=False)

    def test_once_is_one_table_without_a_terminal(self):
        client, server = self.pair("detecting")
        source = client.getsockname()[1]
        client.sendall(b"x" * 2999)
        server.sendall(b"y" * 70)
        client.recv(1)
        for direction, count in (("rx", 3000), ("tx", 70)):
            self.weir.wait_until(lambda d=direction, c=count: self.weir.metric("weir_tcp_bytes_total", direction=d) == c,
                                 f"{count} bytes {direction}")
        done = self.top("--once")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertNotIn("\x1b", done.stdout)
        self.assertRegex(done.stdout, rf"^weir on {LOOPBACK}:\d+: 1 open, ")
        self.assertRegex(done.stdout, rf"\ndetecting +{LOOPBACK}:{self.weir.ports['detecting']} +1 +0\.0 +0 +0\n")
        self.assertRegex(done.stdout, rf"\nserver +{LOOPBACK}:{self.upstream_port} +1 ")
        self.assertRegex(done.stdout, rf"\n *\d+ +\S+ +open +detecting +{LOOPBACK}:{source} .* 2\.9K +70  -\n")

    def test_batch_goes_on_until_it_is_told_to_end(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen(self.command(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as running:
                tables = 0
                while tables < 3:
                    tables += running.stdout.readline().startswith("weir on ")
                running.send_signal(number)
                self.assertEqual(running.wait(DEADLINE), 0)

    def test_ends_also_while_nobody_reads_what_it_writes(self):
        with subprocess.Popen(self.command(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as running:
            fcntl.fcntl(running.stdout, fcntl.F_SETPIPE_SZ, 4096)
            # It waits in poll() or write() for a reader, and no longer for its next look.
            self.weir.wait_until(lambda: self.waits_for_long(running.pid), "weir top waits for a reader")
            running.send_signal(signal.SIGTERM)
            self.assertEqual(running.wait(DEADLINE), 0)

    def test_port_that_nobody_has_is_said(self):
        nobody = f"{LOOPBACK}:{free_port()}"
        done = self.top("--once", admin=nobody)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr.splitlines(), [
            f"weir top: cannot reach the admin port on {nobody}: Connection refused",
            "Is Weir running, and has its configuration an admin block?"])
        done = self.top("--once", admin=f"{self.folder}/none.sock")
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.sock: No such file or directory", done.stderr)

    def test_what_the_port_says_cannot_speak_to_the_terminal(self):
        rude = RudePort()
        self.addCleanup(rude.close)
        done = self.top("--once", admin=f"{LOOPBACK}:{rude.port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("answers 500 to /listeners: ?]0;rude?\n", done.stderr)

    def test_port_that_is_not_an_admin_port_is_said(self):
        done = self.top("--once", admin="nonsense")
        self.assertEqual(done.returncode, 2)
        self.assertIn('"nonsense" is not IP:PORT or the path of a Unix socket', done.stderr)


class Screen:
    """A terminal with `weir top` on it."""

    def __init__(self, command, columns=200, rows=40):
        self.controller, self.terminal = pty.openpty()
        self.resize(columns, rows)
        self.settings = termios.tcgetattr(self.terminal)
        self.shown = ""
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, stdin=self.terminal, stdout=self.terminal, stderr=self.terminal, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.controller, keys)

    def wait_for(self, pattern):
        """What was drawn from now on, once it has this."""
        self.shown = ""
        end = time.monotonic() + DEADLINE
        while not re.search(pattern, self.shown):
            ready, _, _ = select.select([self.controller], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.shown!r}")
            self.shown += os.read(self.controller, 1 << 16).decode()
        return self.shown

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.controller)
        os.close(self.terminal)


class LiveTopTest(TopCase):
    def setUp(self):
        super().setUp()
        self.screen = Screen(self.command())
        self.addCleanup(self.screen.close)
        self.screen.wait_for(r"\x1b\[\?1049h")

    def assert_ends_as_it_began(self):
        self.screen.wait_for(r"\x1b\[\?25h\x1b\[\?1049l")
        self.assertEqual(self.screen.process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(self.screen.terminal), self.screen.settings)

    def test_draws_again_and_again_and_heeds_keys(self):
        self.screen.wait_for(r"0 open, [\s\S]*busiest first")
        client, _ = self.pair("opaque")
        shown = self.screen.wait_for(rf"1 open, [\s\S]*{LOOPBACK}:{client.getsockname()[1]}")
        self.assertIn("\x1b[7mLISTENER", shown)
        self.screen.press(b"n")
        self.screen.wait_for("newest first")
        self.screen.press(b"q")
        self.assert_ends_as_it_began()

    def test_ctrl_c_gives_the_terminal_back(self):
        self.screen.press(b"\x03")
        self.assert_ends_as_it_began()

    def test_ends_also_where_the_terminal_is_stopped(self):
        self.screen.wait_for("q: quit")
        termios.tcflow(self.screen.terminal, termios.TCOOFF)
        self.weir.wait_until(lambda: self.waits_for_long(self.screen.process.pid), "weir top waits for the terminal")
        self.screen.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.screen.process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(self.screen.terminal), self.screen.settings)

    def test_ends_also_where_nobody_reads_the_terminal(self):
        self.screen.wait_for("q: quit")
        self.weir.wait_until(lambda: self.waits_for_long(self.screen.process.pid), "weir top waits for the terminal")
        self.screen.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.screen.process.wait(DEADLINE), 0)
        self.assertEqual(termios.tcgetattr(self.screen.terminal), self.screen.settings)

    def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(self):
        self.screen.press(b"\x1a")
        self.screen.wait_for(r"\x1b\[\?1049l")
        os.waitid(os.P_PID, self.screen.process.pid, os.WSTOPPED | os.WNOWAIT)
        self.assertEqual(termios.tcgetattr(self.screen.terminal), self.screen.settings)
        self.screen.process.send_signal(signal.SIGCONT)
        self.screen.wait_for(r"\x1b\[\?1049h[\s\S]* open, ")
        self.screen.press(b"q")
        self.assert_ends_as_it_began()

    def test_fits_into_a_terminal_that_becomes_smaller(self):
        self.screen.wait_for("q: quit")
        self.screen.resize(30, 8)
        self.screen.wait_for(r"\x1b\[Hweir on [^\x1b]{0,22}\x1b\[K(\r+\n[^\r]*){7}\x1b\[J")

    def test_heeds_keys_while_the_port_does_not_answer(self):
        self.screen.wait_for("busiest first")
        self.weir.stop()
        with socket.create_server((LOOPBACK, self.weir.admin_port)) as silent:
            client, _ = silent.accept()
            with client:
                self.screen.press(b"n")
                self.screen.wait_for("newest first")
                self.screen.press(b"q")
                self.assert_ends_as_it_began()

    def test_errors_of_the_port_cannot_speak_to_the_terminal(self):
        self.weir.stop()
        rude = RudePort(self.weir.admin_port)
        self.addCleanup(rude.close)
        shown = self.screen.wait_for(r"answers 500 to /listeners: [^ ]+rude")
        self.assertIn("?]0;rude", shown)
        self.assertNotIn("\x1b]0;", shown)
        self.screen.press(b"q")
        self.assert_ends_as_it_began()

    def test_weir_that_goes_is_told_of_and_waited_for(self):
        self.weir.stop()
        self.screen.wait_for("cannot reach the admin port on")
        self.screen.press(b"q")
        self.assert_ends_as_it_began()


if __name__ == "__main__":
    unittest.main()
