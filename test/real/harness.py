"""What every real-traffic test stands on: programs, processes, plain sockets, and polling with a deadline."""

import contextlib
import ctypes
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

DEADLINE = 20.0  # seconds; for conditions that hold within milliseconds on an idle machine
LOOPBACK = "127.0.0.1"
UNPRIVILEGED = "nobody"  # whom servers run as that insist on not being root

PACKAGE_OF = {
    "curl": "curl",
    "exim4": "exim4-daemon-light",
    "h2load": "nghttp2-client",
    "haproxy": "haproxy",
    "initdb": "postgresql",
    "ip": "iproute2",
    **{f"{family}{kind}{verb}": "iptables" for family in ("iptables", "ip6tables") for kind in ("", "-nft", "-legacy")
       for verb in ("", "-save", "-restore")},
    "mariadb": "mariadb-client-core",
    "mariadb-install-db": "mariadb-server-core",
    "mariadbd": "mariadb-server-core",
    "memccat": "libmemcached-tools",
    "memccp": "libmemcached-tools",
    "memcached": "memcached",
    "mosquitto": "mosquitto",
    "mount": "mount",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
    "nft": "nftables",
    "nghttp": "nghttp2-client",
    "nghttpd": "nghttp2-server",
    "nginx": "nginx",
    "openssl": "openssl",
    "postgres": "postgresql",
    "prlimit": "util-linux",
    "psql": "postgresql-client",
    "redis-cli": "redis-tools",
    "redis-server": "redis-server",
    "scp": "openssh-client",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "umount": "mount",
}


def program(name):
    """The path of an installed program; a failure that says what to install if it is missing."""
    places = os.environ.get("PATH", "").split(":") + ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
    places += sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    path = shutil.which(name, path=":".join(places))
    if path is None:
        raise AssertionError(f"{name} is missing: apt-get install --no-install-recommends {PACKAGE_OF[name]}")
    return path


def run(*command, data=None, deadline=DEADLINE, status=0, **options):
    """Runs a client to its end and returns its standard output; anything but `status` is a failure that shows all."""
    arguments = [program(command[0]), *map(str, command[1:])]
    done = subprocess.run(arguments, input=data, capture_output=True, timeout=deadline, check=False, **options)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(arguments)}: status {done.returncode}\n{done.stdout[-2000:]!r}\n"
                             f"{done.stderr.decode(errors='replace')[-4000:]}")
    return done.stdout


def eventually(condition, what, deadline=DEADLINE):
    """Polls until `condition()` is true and returns its value; `what` may be a function, asked when time is up."""
    pause = threading.Event()
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:g} s: {what() if callable(what) else what}")
        pause.wait(0.005)


_handed_out = set()


def free_port():
    """A loopback port that nobody listens on now and that this test has not had before."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if port not in _handed_out:
            _handed_out.add(port)
            return port


def connect(port, host=LOOPBACK, deadline=DEADLINE):
    """A plain TCP client with a deadline on every call and no delay on small writes."""
    client = socket.create_connection((host, port), timeout=deadline)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def accepts(port, host=LOOPBACK):
    with contextlib.suppress(OSError), connect(port, host, 1.0):
        return True
    return False


def read_exactly(client, size):
    received = bytearray(size)
    view = memoryview(received)
    while view:
        count = client.recv_into(view)
        if count == 0:
            raise AssertionError(f"end of stream after {size - len(view)} of {size} bytes")
        view = view[count:]
    return bytes(received)


def read_to_end(client):
    received = bytearray()
    while data := client.recv(1 << 18):
        received += data
    return bytes(received)


def unprivileged():
    """Options that make a process run as an ordinary user; none where it would be one anyway."""
    return {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def make_certificate(folder, name, *host_names, **options):
    """A self-signed certificate for `host_names`; returns the paths of certificate and key."""
    certificate, key = f"{folder}/{name}.crt", f"{folder}/{name}.key"
    names = ",".join(f"DNS:{host}" for host in host_names)
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-keyout", key, "-out", certificate,
        **options)
    return certificate, key


def _die_with_parent():
    """In the child: the kernel kills it if the test is killed, so that no server outlives its test."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Process:
    """A program in the background, its output in a file, ended by its pid."""

    def __init__(self, name, command, folder, **options):
        self.name = name
        descriptor, self.output_path = tempfile.mkstemp(prefix=f"{name}-", suffix=".out", dir=folder)
        with open(descriptor, "wb") as output:
            self._process = subprocess.Popen(  # pylint: disable=consider-using-with
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                preexec_fn=_die_with_parent, **options)
        self.pid = self._process.pid

    def output(self):
        with open(self.output_path, encoding="utf-8", errors="replace") as output:
            return output.read()

    def wait_until(self, condition, what):
        """Waits for `condition()`; fails at once, with its output, if the program ends before."""
        def check():
            if self._process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self._process.returncode}:\n{self.output()[-4000:]}")
            return condition()
        return eventually(check, lambda: f"{self.name}: {what}\n{self.output()[-4000:]}")

    def wait_until_accepts(self, port):
        self.wait_until(lambda: accepts(port), f"accepts connections on port {port}")

    def wait_until_says(self, words):
        self.wait_until(lambda: words in self.output(), f"says {words!r}")

    def send_signal(self, number):
        self._process.send_signal(number)

    def wait(self, deadline=DEADLINE):
        """The exit status; negative if a signal ended it."""
        try:
            return self._process.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {deadline:g} s:\n{self.output()[-4000:]}") from None

    def stop(self, number=signal.SIGTERM):
        """Ends it and returns its status; by force if it does not heed the signal."""
        if self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode
