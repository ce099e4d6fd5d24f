"""SSH, in which both sides may speak first: sshd with ssh and scp."""

import getpass
import hashlib
import os
import unittest

from cases import GreetingChecks, ServerTest
from harness import LOOPBACK, free_port, run

CONFIG = """
ListenAddress {address}:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
MaxStartups 1000
UseDNS no
Subsystem sftp internal-sftp
"""


class SshTest(GreetingChecks, ServerTest):
    greeting_protocol = "ssh"
    greeting_pattern = rb"^SSH-2\.0-OpenSSH"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key in ("host_key", "client_key"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{cls.folder}/{key}")
        cls.server_port = free_port()
        config = f"{cls.folder}/sshd_config"
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(address=LOOPBACK, port=cls.server_port, folder=cls.folder))
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # sshd's compiled-in empty directory
        server = cls.start("sshd", "-D", "-e", "-f", config)
        server.wait_until_accepts(cls.server_port)
        cls.payload = f"{cls.folder}/payload"
        with open(cls.payload, "wb") as file:
            file.write(os.urandom(4 << 20))

    def client(self, name, port_flag, port, *arguments):
        """ssh or scp, which accept the server's host key alone."""
        with open(f"{self.folder}/host_key.pub", encoding="ascii") as key:
            known_hosts = f"{self.folder}/known_hosts.{port}"
            with open(known_hosts, "w", encoding="ascii") as file:
                file.write(f"[{LOOPBACK}]:{port} {key.read()}")
        options = [f"UserKnownHostsFile={known_hosts}", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes",
                   f"IdentityFile={self.folder}/client_key", "BatchMode=yes", f"User={getpass.getuser()}"]
        return run(name, "-F", "none", *(word for option in options for word in ("-o", option)),
                   port_flag, port, *arguments)

    def run_command(self, port):
        answer = self.client("ssh", "-p", port, LOOPBACK, f"sha256sum < {self.payload}")
        self.assertEqual(answer.decode().split()[0], self.digest(self.payload))

    def copy_file(self, port):
        copy = f"{self.folder}/copy.{port}"
        self.client("scp", "-P", port, "-q", self.payload, f"{LOOPBACK}:{copy}")
        self.assertEqual(self.digest(copy), self.digest(self.payload))
        self.client("scp", "-P", port, "-q", f"{LOOPBACK}:{copy}", f"{copy}.back")
        self.assertEqual(self.digest(f"{copy}.back"), self.digest(self.payload))

    @staticmethod
    def digest(path):
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def test_client_that_speaks_at_once(self):
        def exchange(port):
            self.run_command(port)
            self.copy_file(port)
        lines = self.check_detected(exchange, chain="default", protocol="ssh",
                                    reason={"client_bytes", "server_first", "learned"})
        self.assertEqual(len(lines), 3)

    def test_opaque(self):
        self.check_opaque(self.run_command)
        self.check_opaque(self.copy_file)


if __name__ == "__main__":
    unittest.main()
