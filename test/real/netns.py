"""Three network namespaces in a row, client - proxy - server, and the rules that redirect what passes the proxy.

The addresses are those reserved for documentation and exist in these namespaces alone; so do the ports.
"""

import contextlib
import ctypes
import os
import socket

from harness import program, run

CLIENT, PROXY, SERVER = "client", "proxy", "server"
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
ANY = {4: "0.0.0.0", 6: "::"}
PROXY_TO_CLIENT = {4: "198.51.100.1", 6: "2001:db8:1::1"}
CLIENT_ADDRESS = {4: "198.51.100.2", 6: "2001:db8:1::2"}
PROXY_TO_SERVER = {4: "203.0.113.1", 6: "2001:db8:2::1"}
SERVER_ADDRESS = {4: "203.0.113.2", 6: "2001:db8:2::2"}
OTHER_SERVER_ADDRESS = {4: "203.0.113.3", 6: "2001:db8:2::3"}
PREFIX_LENGTH = {4: 24, 6: 64}
LISTENER_PORT = {4: 15004, 6: 15006}
FROM_CLIENT = "from-client"  # the proxy's interface


def address(host, port):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Network:
    """Builds the namespaces; close() removes them. Sockets made inside enter() belong to that namespace for good."""

    def __init__(self):
        if os.geteuid() != 0:
            raise AssertionError("network namespaces need root: run this test as root")
        self._names = {role: f"weir-{os.getpid()}-{role}" for role in (CLIENT, PROXY, SERVER)}
        self._undo = contextlib.ExitStack()
        with contextlib.ExitStack() as undo:
            for role, name in self._names.items():
                run("ip", "netns", "add", name)
                undo.callback(run, "ip", "netns", "delete", name)
                self._ip(role, "link", "set", "lo", "up")
            self._connect_namespaces()
            self._undo = undo.pop_all()

    def close(self):
        self._undo.close()

    def inside(self, role, *command):
        """A command line, to be run inside a namespace."""
        return [program("ip"), "netns", "exec", self._names[role], *command]

    def run(self, role, *command, **options):
        return run("ip", "netns", "exec", self._names[role], program(command[0]), *command[1:], **options)

    @contextlib.contextmanager
    def enter(self, role):
        """Moves the calling thread into a namespace for the length of the block."""
        clone_newnet = 0x40000000
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/run/netns/{self._names[role]}", "rb") as there:
            if libc.setns(there.fileno(), clone_newnet) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter the network namespace of the {role}")
            try:
                yield
            finally:
                libc.setns(home.fileno(), clone_newnet)

    def _ip(self, role, *words):
        run("ip", "-netns", self._names[role], *words)

    def _connect_namespaces(self):
        self._link(CLIENT, "to-proxy", [CLIENT_ADDRESS], FROM_CLIENT, PROXY_TO_CLIENT)
        self._link(SERVER, "to-proxy", [SERVER_ADDRESS, OTHER_SERVER_ADDRESS], "from-server", PROXY_TO_SERVER)
        for family, gateway in PROXY_TO_CLIENT.items():
            self._ip(CLIENT, f"-{family}", "route", "add", "default", "via", gateway)

    def _link(self, role, interface, addresses, proxy_interface, proxy_address):
        """A cable between a namespace and the proxy's, with addresses on both ends."""
        self._ip(role, "link", "add", interface, "type", "veth", "peer", proxy_interface, "netns",
                 self._names[PROXY])
        ends = [(role, interface, each) for each in addresses] + [(PROXY, proxy_interface, proxy_address)]
        for end, device, by_family in ends:
            for family, host in by_family.items():
                self._ip(end, "address", "add", f"{host}/{PREFIX_LENGTH[family]}", "dev", device,
                         *(["nodad"] if family == 6 else []))
            self._ip(end, "link", "set", device, "up")

    # ---- Rules of the proxy's namespace: everything that comes from the client goes to Weir's listener ----

    def iptables_redirect(self):
        for family, tool in ((4, "iptables"), (6, "ip6tables")):
            self.run(PROXY, tool, "-t", "nat", "-A", "PREROUTING", "-i", FROM_CLIENT, "-p", "tcp",
                     "-j", "REDIRECT", "--to-ports", LISTENER_PORT[family])

    def iptables_tproxy(self):
        self._route_marked_packets_here()
        for family, tool in ((4, "iptables"), (6, "ip6tables")):
            self.run(PROXY, tool, "-t", "mangle", "-A", "PREROUTING", "-i", FROM_CLIENT, "-p", "tcp",
                     "-j", "TPROXY", "--on-port", LISTENER_PORT[family], "--tproxy-mark", "1")

    def nft_redirect(self):
        self._nft("type nat hook prerouting priority dstnat;", [
            f"meta nfproto ipv4 meta l4proto tcp redirect to :{LISTENER_PORT[4]}",
            f"meta nfproto ipv6 meta l4proto tcp redirect to :{LISTENER_PORT[6]}"])

    def nft_tproxy(self):
        self._route_marked_packets_here()
        self._nft("type filter hook prerouting priority mangle;", [
            f"meta l4proto tcp tproxy ip to :{LISTENER_PORT[4]} meta mark set 1 accept",
            f"meta l4proto tcp tproxy ip6 to :{LISTENER_PORT[6]} meta mark set 1 accept"])

    def _nft(self, hook, rules):
        lines = "".join(f"    iifname {FROM_CLIENT} {rule}\n" for rule in rules)
        ruleset = f"table inet weir {{\n  chain prerouting {{\n    {hook}\n{lines}  }}\n}}\n"
        self.run(PROXY, "nft", "-f", "-", data=ruleset.encode())

    def _route_marked_packets_here(self):
        for family in FAMILIES:
            self._ip(PROXY, f"-{family}", "rule", "add", "fwmark", "1", "lookup", "100")
            self._ip(PROXY, f"-{family}", "route", "add", "local", "default", "dev", "lo", "table", "100")
