"""Weir under test: its configuration as Python values, its process, its access log and its metrics.

The environment variable WEIR_BINARY names the binary.
"""

import contextlib
import json
import os
import re
import tempfile

from harness import LOOPBACK, Process, connect, eventually, free_port, read_to_end


def extension(kind, name, message, **settings):
    return {"name": name, "typed_config": {
        "@type": f"type.googleapis.com/weir.extensions.{kind}.{name}.v1.{message}", **settings}}


def tcp_proxy(cluster, **settings):
    return extension("network", "tcp_proxy", "TcpProxy", cluster=cluster, **settings)


def chain(name, terminal_filter, **match):
    return {"name": name, "filters": [terminal_filter], **({"match": match} if match else {})}


def cluster(name, port, host=LOOPBACK, **settings):
    return {"name": name, "type": "STATIC", "endpoints": [{"address": f"{host}:{port}"}], **settings}


def detecting(port, name="detecting", target="server", host=LOOPBACK, **settings):
    """A listener with no port configured: what a connection carries decides its chain."""
    return {
        "name": name, "address": f"{host}:{port}",
        "filter_chains": [
            chain("http", tcp_proxy(target), application_protocols=["http/1.0", "http/1.1", "h2c"]),
            chain("tls", tcp_proxy(target), transport_protocol="tls")],
        "default_filter_chain": chain("default", tcp_proxy(target)), **settings}


def opaque(port, name="opaque", target="server", host=LOOPBACK, **settings):
    """The same chains, and one that its destination port decides: no byte is waited for."""
    listener = detecting(port, name, target, host, **settings)
    # As for redirected connections: else the port would be the same for all, and the other chains out of reach.
    listener.setdefault("listener_filters", []).insert(0, extension("listener", "original_dst", "OriginalDst"))
    listener["filter_chains"].append(chain("opaque", tcp_proxy(target), destination_ports=[port]))
    return listener


class Weir(Process):
    """A running Weir: its configuration, its access log and its metrics."""

    def __init__(self, folder, listeners, clusters, command=(), options=(), enter=contextlib.nullcontext,
                 settings=None, workers=1, while_starting=None, **process):
        """`command` is put before the binary, `options` behind its arguments; `enter` is a context in which its admin
        port can be reached; `settings` are further fields of the configuration; `while_starting` is called with this each time that it is not
        ready yet; `process` is for Process."""
        self.ports = {listener["name"]: int(listener["address"].rsplit(":", 1)[1]) for listener in listeners
                      if not listener["address"].startswith("unix:")}
        self.folder = tempfile.mkdtemp(prefix="weir-", dir=folder)
        self._enter = enter
        self.admin_port = free_port()
        self._log_path = f"{self.folder}/access.log"
        self._settings = settings or {}
        self.config = f"{self.folder}/weir.json"
        self.write_config(self.config, listeners, clusters)
        super().__init__("weir", [*command, *run_command(self.config, workers), *options], self.folder, **process)
        self.ready_answers = []  # until it was ready
        self._while_starting = while_starting or (lambda weir: None)
        self.wait_until(self._is_ready, "is ready")

    def _is_ready(self):
        self.ready_answers.append(self.admin("/ready"))
        if self.ready_answers[-1][0] == 200:
            return True
        self._while_starting(self)
        return False

    def write_config(self, path, listeners, clusters):
        """Another configuration for this Weir."""
        write_config(path, listeners, clusters, self.admin_port, self._log_path, **self._settings)

    def reloads(self, outcome):
        """How many reloads have ended so."""
        return self.metric("weir_config_reloads_total", outcome=outcome)

    def wait_until_reloaded(self, count, outcome="success"):
        self.wait_until(lambda: self.reloads(outcome) >= count, f"{count} reload(s) with {outcome}")

    def admin(self, path, method="GET"):
        """The status and the body; 0 if it does not answer."""
        try:
            with self._enter():
                client = connect(self.admin_port)
        except OSError:
            return 0, ""
        with client:
            client.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            head, _, body = read_to_end(client).decode().partition("\r\n\r\n")
        return int(head.split(" ")[1]), body

    def log(self):
        """The access log's complete lines, each a dictionary."""
        if not os.path.exists(self._log_path):
            return []
        with open(self._log_path, encoding="utf-8") as log:
            return [json.loads(line) for line in log if line.endswith("\n")]

    def metrics(self, name, /, **labels):
        """Every sample of `name` that has these labels, as {its labels: its value}."""
        status, text = self.admin("/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answers {status}: {text}")
        samples = {}
        for line in text.splitlines():
            if found := re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line):
                has = dict(re.findall(r'(\w+)="([^"]*)"', found[1] or ""))
                if labels.items() <= has.items():
                    samples[frozenset(has.items())] = float(found[2])
        return samples

    def metric(self, name, /, **labels):
        """The sum of the samples that `metrics` gives."""
        return sum(self.metrics(name, **labels).values())

    @contextlib.contextmanager
    def connections(self, listener, count=1):
        """Gives a list that, after the block, holds the log lines of the connections made inside it.

        Waits until `count` or more are closed and logged and none is open, and checks that the metrics agree.
        """
        old_lines = self._wait_until_closed(listener, 0)
        before = self._counters(listener)
        lines = []
        yield lines
        lines += self._wait_until_closed(listener, len(old_lines) + count)[len(old_lines):]
        self._compare(listener, lines, before)

    def _wait_until_closed(self, listener, least):
        """The log lines of a listener that has no open connection and has had `least` or more."""
        def settled():
            opened = self.metric("weir_listener_connections_total", listener=listener)
            still_open = self.metric("weir_listener_open_connections", listener=listener)
            lines = self._lines_of(listener)
            return (lines,) if still_open == 0 and len(lines) == opened >= least else None
        return eventually(settled, lambda: f"all of {listener}'s connections, at least {least}, closed and logged; "
                                           f"the log has {self._lines_of(listener)[-3:]}")[0]

    def _lines_of(self, listener):
        return [line for line in self.log() if line["listener"] == listener]

    def _counters(self, listener):
        return {"connections": self.metric("weir_listener_connections_total", listener=listener),
                "chains": self.metrics("weir_chain_connections_total", listener=listener),
                "rx": self.metric("weir_tcp_bytes_total", listener=listener, direction="rx"),
                "tx": self.metric("weir_tcp_bytes_total", listener=listener, direction="tx")}

    def _compare(self, listener, lines, before):
        after = self._counters(listener)
        logged = {}
        for line in lines:
            labels = {key: line[key] for key in ("listener", "chain", "protocol", "reason")}
            labels["chain"] = labels["chain"] or "-"  # null: there was none
            labels = frozenset(labels.items())
            logged[labels] = logged.get(labels, 0) + 1
        counted = {labels: value - before["chains"].get(labels, 0) for labels, value in after["chains"].items()}
        counted = {labels: value for labels, value in counted.items() if value}
        if counted != logged:
            raise AssertionError(f"weir_chain_connections_total says {counted}, the access log {logged}")
        for direction in ("rx", "tx"):
            moved, told = after[direction] - before[direction], sum(int(line[f"{direction}_bytes"]) for line in lines)
            if moved != told:
                raise AssertionError(f"weir_tcp_bytes_total {direction} says {moved}, the access log {told}")

    def resident_bytes(self):
        return self._memory("VmRSS")

    def peak_resident_bytes(self):
        """The most that it has had since the start, or since forget_peak()."""
        return self._memory("VmHWM")

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")

    def _memory(self, kind):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return int(re.search(rf"{kind}:\s+(\d+) kB", status.read())[1]) * 1024

    def open_files(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


def run_command(config_path, workers=1):
    """The command line that runs Weir."""
    path = os.environ.get("WEIR_BINARY", "")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"WEIR_BINARY must name the weir binary; it is {path!r}. Build it with "
                             "`bazel build //source/main:weir`, or run the test through Bazel")
    return [os.path.abspath(path), "run", "-c", config_path, "--workers", str(workers)]


def write_config(path, listeners, clusters, admin_port, log_path, **settings):
    # A test that leaves connections open is not to wait for them.
    config = {"admin": {"address": f"{LOOPBACK}:{admin_port}"}, "access_log": {"path": log_path, "format": "JSON"},
              "drain_timeout": "0s", "listeners": listeners, "clusters": clusters, **settings}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)
    return path
