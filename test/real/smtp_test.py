"""SMTP, which speaks first, with STARTTLS: Exim, and Python's own client."""

import email.message
import hashlib
import mailbox
import os
import pwd
import smtplib
import ssl
import unittest

from cases import GreetingChecks, ServerTest
from harness import LOOPBACK, eventually, free_port, make_certificate, program

BODY = "".join(hashlib.sha256(str(i).encode()).hexdigest() + "\n" for i in range(8192))  # half a MiB
CONFIG = """
primary_hostname = mail.example.test
exim_path = {exim}
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
keep_environment =
tls_advertise_hosts = *
tls_certificate = {certificate}
tls_privatekey = {key}
acl_smtp_rcpt = accept
acl_smtp_data = accept
smtp_accept_max = 0
begin routers
everyone:
  driver = accept
  transport = mailbox
begin transports
mailbox:
  driver = appendfile
  file = {folder}/mailbox
  user = Debian-exim
"""


class SmtpTest(GreetingChecks, ServerTest):
    greeting_protocol = "smtp"
    greeting_pattern = rb"^220 mail\.example\.test ESMTP"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if os.geteuid() != 0:
            raise AssertionError("Exim takes a configuration of ours from root alone: run this test as root")
        exim, owner = program("exim4"), pwd.getpwnam("Debian-exim")
        cls.mail_folder = cls.make_folder("mail")
        cls.certificate, key = make_certificate(cls.mail_folder, "mail", "mail.example.test")
        for path in (cls.mail_folder, key):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        config = f"{cls.folder}/exim.conf"
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(exim=exim, folder=cls.mail_folder, certificate=cls.certificate, key=key))
        cls.server_port = free_port()
        server = cls.start("exim4", "-bdf", "-C", config, "-oX", f"{LOOPBACK}.{cls.server_port}", "-oP",
                           f"{cls.mail_folder}/pid")
        server.wait_until_accepts(cls.server_port)

    def send(self, port):
        """Sends a message after STARTTLS, in which the server's own certificate is checked, and waits for it."""
        message = email.message.EmailMessage()
        message["Subject"] = f"through port {port}"
        message.set_content(BODY)
        with smtplib.SMTP(LOOPBACK, port, local_hostname="client.example.test", timeout=20) as client:
            client._host = "mail.example.test"  # pylint: disable=protected-access; the name to verify
            client.starttls(context=ssl.create_default_context(cafile=self.certificate))
            client.send_message(message, "from@example.test", ["to@example.test"])
        delivered = eventually(lambda: self.delivered(message["Subject"]), "the message is delivered")
        self.assertEqual(delivered.rstrip(), BODY.rstrip())

    def delivered(self, subject):
        """The body of the delivered message with this subject, once it is whole."""
        path = f"{self.mail_folder}/mailbox"
        if not os.path.exists(path):
            return None
        box = mailbox.mbox(path, create=False)
        try:
            found = [mail.get_payload() for mail in box if mail["Subject"] == subject]
        finally:
            box.close()
        return found[0] if found and len(found[0]) >= len(BODY) else None

    def test_detecting(self):
        lines = self.check_detected(self.send, chain="default", protocol="smtp", reason="server_first")
        self.assertEqual(len(lines), 1)

    def test_opaque(self):
        self.check_opaque(self.send)


if __name__ == "__main__":
    unittest.main()
