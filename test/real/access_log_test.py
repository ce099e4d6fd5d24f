"""The access log of a running Weir: lines of one's own, rotation, a disk without room."""

import json
import os
import signal
import unittest

from cases import RealTest
from harness import LOOPBACK, connect, eventually, free_port, read_to_end, run
from weir import chain, cluster, extension


class AccessLogTest(RealTest):
    def start_logging(self, **log):
        """A Weir that answers "hello" and logs to `log["path"]`."""
        answer = extension("network", "direct_response", "DirectResponse", body="hello")
        listener = {"name": "answering", "address": f"{LOOPBACK}:{free_port()}",
                    "default_filter_chain": chain("hello", answer)}
        self.log = {"path": f"{self.folder}/own.{free_port()}.log", **log}
        self.weir = self.start_weir([listener], [cluster("server", free_port())], settings={"access_log": self.log})

    def answer(self):
        with connect(self.weir.ports["answering"]) as client:
            client.shutdown(1)
            self.assertEqual(read_to_end(client), b"hello")
            return client

    def lines(self, path=None, count=1):
        """The log's lines, once there are `count`."""
        path = path or self.log["path"]

        def complete():
            with open(path, encoding="utf-8") as log:
                lines = log.readlines()
            return (lines,) if len(lines) >= count else None
        return eventually(complete, f"{count} line(s) in {path}")[0]

    def test_text_of_its_own(self):
        self.start_logging(text_format="%LISTENER_NAME%/%FILTER_CHAIN_NAME% %PROTOCOL% %BYTES_SENT%b "
                                       "%CONNECTION_TERMINATION_DETAILS% %UPSTREAM_HOST% 100%%")
        self.answer()
        self.assertEqual(self.lines(), ["answering/hello tcp 5b response_sent - 100%\n"])

    def test_json_of_its_own(self):
        self.start_logging(json_format={"sent": "%BYTES_SENT%", "upstream": "%UPSTREAM_HOST%",
                                        "what": "%REASON% after %DETECT_DURATION(us)% us",
                                        "port": "%DOWNSTREAM_LOCAL_PORT%"})
        self.answer()
        line = json.loads(self.lines()[0])
        self.assertRegex(line.pop("what"), r"^match after \d+ us$")
        self.assertEqual(line, {"sent": 5, "upstream": None, "port": self.weir.ports["answering"]})

    def test_rotation_loses_nothing(self):
        self.start_logging(text_format="%CONNECTION_TERMINATION_DETAILS%")
        path = self.log["path"]
        for i in range(5):
            self.answer()
            os.rename(path, f"{path}.{i}")
            self.weir.send_signal(signal.SIGUSR1)
            self.weir.wait_until(lambda: os.path.exists(path), "has a new log")
        self.answer()

        def all_lines():
            files = [f"{path}.{i}" for i in range(5)] + [path]
            return [line for file in files for line in self.lines(file, count=0)]
        eventually(lambda: len(all_lines()) == 6, all_lines)
        self.assertEqual(all_lines(), ["response_sent\n"] * 6)
        self.assertIn(f"info main: access log {path} reopened", self.weir.output())

    def test_a_new_file_that_cannot_be_opened(self):
        os.mkdir(f"{self.folder}/gone")
        self.start_logging(path=f"{self.folder}/gone/log", text_format="%PROTOCOL%")
        os.rename(f"{self.folder}/gone/log", f"{self.folder}/kept")
        os.rmdir(f"{self.folder}/gone")
        self.weir.send_signal(signal.SIGUSR1)
        self.weir.wait_until_says(f"error main: access log {self.folder}/gone/log: No such file or directory; "
                                  "the old file stays in use")
        self.answer()
        self.assertEqual(self.lines(f"{self.folder}/kept"), ["tcp\n"])

    def test_a_full_disk_is_counted_and_does_not_disturb(self):
        link = f"{self.folder}/link"
        os.symlink("/dev/full", link)
        self.start_logging(path=link, text_format="%PROTOCOL%")
        self.answer()
        self.weir.wait_until(lambda: self.weir.metric("weir_access_log_dropped_total") == 1, "counts the line")
        self.weir.wait_until_says("No space left on device; 1 line(s) dropped")
        os.unlink(link)
        self.weir.send_signal(signal.SIGUSR1)
        self.weir.wait_until(lambda: os.path.exists(link), "has a new log")
        self.answer()
        self.assertEqual(self.lines(link), ["tcp\n"])

    def test_a_disk_that_is_full_for_a_while(self):
        if os.geteuid() != 0:
            raise AssertionError("a small disk needs root: run this test as root")
        disk = f"{self.folder}/disk"
        os.mkdir(disk)
        run("mount", "-t", "tmpfs", "-o", "size=16k", "weir-test", disk)
        self.addCleanup(run, "umount", disk)
        self.start_logging(path=f"{disk}/log", text_format="x" * 1000 + " %CONNECTION_TERMINATION_DETAILS%")
        line = "x" * 1000 + " response_sent\n"
        self.answer()
        self.assertEqual(self.lines(), [line])
        with open(f"{disk}/filler", "wb", buffering=0) as filler, self.assertRaises(OSError):
            while True:
                filler.write(bytes(4096))
        for _ in range(9):
            self.answer()  # nobody but the log notices

        def dropped():
            return self.weir.metric("weir_access_log_dropped_total")

        def whole():
            return self.lines(count=0).count(line)
        eventually(lambda: dropped() > 0 and whole() + dropped() == 10, lambda: f"{whole()} + {dropped()} lines")
        self.weir.wait_until_says("No space left on device")
        lost, kept = dropped(), whole()
        os.unlink(f"{disk}/filler")
        for _ in range(3):
            self.answer()
        eventually(lambda: whole() == kept + 3, lambda: self.lines(count=0))
        self.assertEqual(self.lines()[-3:], [line] * 3)
        self.assertEqual(dropped(), lost)


if __name__ == "__main__":
    unittest.main()
