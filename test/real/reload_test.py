"""New configurations for a running Weir: by SIGHUP, by a change of the file, right and wrong ones."""

import json
import os
import shutil
import signal
import socket
import unittest

from harness import LOOPBACK, connect, free_port, read_exactly, read_to_end
from streams import StreamTest
from weir import chain, cluster, detecting, extension, opaque, tcp_proxy


class ReloadTest(StreamTest):
    """The new configurations lead to another server."""

    def setUp(self):
        super().setUp()
        self.other = socket.create_server((LOOPBACK, 0))
        self.other.settimeout(20)
        self.addCleanup(self.other.close)
        self.listeners = [detecting(self.weir.ports["detecting"]), opaque(self.weir.ports["opaque"])]

    def write(self, path=None, port=None, listeners=None):
        """A configuration that leads to `port`, by default to the other server."""
        port = port or self.other.getsockname()[1]
        self.weir.write_config(path or self.weir.config, listeners or self.listeners, [cluster("server", port)])

    def replace(self, **what):
        """Renames a new file over the old one, as editors and package managers do."""
        self.write(self.weir.config + ".new", **what)
        os.rename(self.weir.config + ".new", self.weir.config)

    def assert_leads_to(self, server):
        for listener in ("detecting", "opaque"):
            with connect(self.weir.ports[listener]) as client:
                client.sendall(b"\x00")
                accepted, _ = server.accept()
                with accepted:
                    self.assertEqual(read_exactly(accepted, 1), b"\x00")

    def assert_goes_on(self, client, server):
        for sender, receiver in ((client, server), (server, client)):
            sender.sendall(b"still here")
            self.assertEqual(read_exactly(receiver, 10), b"still here")

    def test_file_that_is_replaced_or_edited_is_taken(self):
        client, server = self.pair("detecting")
        self.replace()
        self.weir.wait_until_reloaded(1)
        self.assert_leads_to(self.other)
        self.write(port=self.upstream_port)
        self.weir.wait_until_reloaded(2)
        self.assert_leads_to(self.upstream)
        self.assert_goes_on(client, server)
        self.assertEqual(self.weir.metric("weir_config_generation"), 3)

    def test_file_that_is_written_anew_without_a_change_is_not_taken(self):
        before = self.weir.metric("weir_config_hash")
        self.write(port=self.upstream_port)
        self.replace()
        self.weir.wait_until_reloaded(1)
        self.assertEqual(self.weir.reloads("success"), 1)
        self.assertNotEqual(self.weir.metric("weir_config_hash"), before)

    def test_sighup_takes_the_file_also_if_it_has_not_changed(self):
        for count in (1, 2):
            self.weir.send_signal(signal.SIGHUP)
            self.weir.wait_until_reloaded(count)
        self.assert_leads_to(self.upstream)

    def test_change_that_cannot_be_read_is_said(self):
        unreadable = self.weir.config + ".new"
        os.mkdir(unreadable)
        os.remove(self.weir.config)
        os.rename(unreadable, self.weir.config)
        self.weir.wait_until_reloaded(1, "invalid")
        self.weir.wait_until_says("the configuration in use stays")
        self.assert_leads_to(self.upstream)

    def test_bad_file_changes_nothing_and_says_all_that_is_wrong(self):
        client, server = self.pair("opaque")
        wrong = detecting(self.weir.ports["detecting"])
        wrong["filter_chains"] = [chain("typo", tcp_proxy("serve"), destination_ports=[0])]
        with self.subTest("by change"):
            self.replace(listeners=[wrong])
            self.weir.wait_until_reloaded(1, "invalid")
            said = self.weir.output()
            for words in ('error config: ', 'weir.json:', 'filter_chains[0].match.destination_ports[0]',
                          'filter_chains[0].filters[0]', "error(s); the configuration in use stays"):
                self.assertIn(words, said)
        with self.subTest("by signal"):
            self.weir.send_signal(signal.SIGHUP)
            self.weir.wait_until_reloaded(2, "invalid")
        self.assert_goes_on(client, server)
        self.assert_leads_to(self.upstream)
        self.assertEqual(self.weir.metric("weir_config_generation"), 1)
        with self.subTest("and the next good one is taken"):
            self.replace()
            self.weir.wait_until_reloaded(1)
            self.assert_leads_to(self.other)

    def test_wrong_http_filter_changes_nothing(self):
        manager = extension("network", "http_conn_manager", "HttpConnectionManager", stat_prefix="in",
                            route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                                {"match": {"prefix": "/"}, "route": {"cluster": "server"}}]}]})
        wrong = detecting(self.weir.ports["detecting"])
        wrong["filter_chains"] = [chain("http", manager, destination_ports=[80])]
        filters = (extension("http", "rooter", "Rooter"), extension("network", "echo", "Echo"), {"name": "router"})
        for count, one in enumerate(filters, 1):
            with self.subTest(filter=one):
                manager["typed_config"]["http_filters"] = [one]
                self.replace(listeners=[wrong])
                self.weir.wait_until_reloaded(count, "invalid")
        self.assert_leads_to(self.upstream)

    def test_what_is_in_use_and_what_was_refused_can_be_asked_for(self):
        first = self.config_dump()
        self.assertEqual((first["path"], first["generation"], first["last_rejected"]), (self.weir.config, 1, None))
        text = self.weir.admin("/metrics")[1]
        for outcome in ("success", "invalid", "refused"):
            self.assertIn(f'weir_config_reloads_total{{outcome="{outcome}"}} 0', text)
        self.assertEqual(first["hash"], self.weir.metric("weir_config_hash"))
        with open(self.weir.config, encoding="utf-8") as file:
            self.assertEqual(first["bootstrap"]["listeners"], json.load(file)["listeners"])
        self.replace(listeners=[detecting(self.weir.ports["detecting"], target="nowhere")])
        self.weir.wait_until_reloaded(1, "invalid")
        second = self.config_dump()
        rejected = second.pop("last_rejected")
        self.assertEqual(second, {key: value for key, value in first.items() if key != "last_rejected"})
        self.assertEqual(rejected["outcome"], "invalid")
        self.assertEqual(rejected["error_count"], 3)  # one for each chain
        self.assertEqual(len(rejected["errors"]), 3)
        self.assertIn("weir.json:", rejected["errors"][0])
        self.assertIn("nowhere", rejected["errors"][0])
        self.replace()
        self.weir.wait_until_reloaded(1)
        third = self.config_dump()
        self.assertEqual((third["generation"], third["last_rejected"]), (2, None))
        self.assertEqual(third["bootstrap"]["clusters"][0]["endpoints"][0]["address"],
                         f"{LOOPBACK}:{self.other.getsockname()[1]}")

    def config_dump(self):
        status, body = self.weir.admin("/config_dump")
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def test_port_that_another_program_has_changes_nothing(self):
        taken = self.upstream_port
        self.replace(listeners=[*self.listeners, detecting(taken, name="taken")])
        self.weir.wait_until_reloaded(1, "refused")
        self.assertEqual(self.config_dump()["last_rejected"]["outcome"], "refused")
        self.assertIn(f'listener "taken": cannot listen on {LOOPBACK}:{taken}', self.weir.output())
        self.assert_leads_to(self.upstream)

    def test_file_that_is_gone_changes_nothing(self):
        os.remove(self.weir.config)
        self.weir.send_signal(signal.SIGHUP)
        self.weir.wait_until_reloaded(1, "invalid")
        self.assert_leads_to(self.upstream)
        self.write()
        self.weir.wait_until_reloaded(1)
        self.assert_leads_to(self.other)

    def test_connections_in_every_state_go_on(self):
        open_client, open_server = self.pair("opaque")
        half_client, half_server = self.pair("detecting")
        half_client.shutdown(socket.SHUT_WR)
        self.assertEqual(read_to_end(half_server), b"")
        asking = connect(self.weir.ports["detecting"])
        self.addCleanup(asking.close)
        asking.sendall(b"GET / HT")
        self.weir.wait_until(lambda: self.weir.metric("weir_listener_open_connections") == 3, "3 connections open")
        self.replace()
        self.weir.wait_until_reloaded(1)
        self.assert_goes_on(open_client, open_server)
        half_server.sendall(b"answer")
        half_server.close()
        self.assertEqual(read_to_end(half_client), b"answer")
        asking.sendall(b"TP/1.1\r\n\r\n")
        self.assertEqual(read_exactly(self.accept(), 18), b"GET / HTTP/1.1\r\n\r\n")

    def test_listeners_come_and_go(self):
        client, server = self.pair("opaque")
        port = free_port()
        self.replace(listeners=[self.listeners[0], detecting(port, name="new")])
        self.weir.wait_until_reloaded(1)
        with connect(port) as newcomer:
            newcomer.sendall(b"\x00")
            self.other.accept()[0].close()
        self.weir.wait_until(lambda: not self.can_connect(self.weir.ports["opaque"]), "the old port refuses")
        self.assert_goes_on(client, server)

    @staticmethod
    def can_connect(port):
        with socket.socket() as client:
            return client.connect_ex((LOOPBACK, port)) == 0


class SymlinkSwapTest(StreamTest):
    """A file as Kubernetes mounts it: weir.json -> ..data/weir.json, and ..data is swapped."""

    def test_swaps_are_seen(self):
        mount = f"{self.folder}/mount"
        os.mkdir(mount)
        port = free_port()
        servers = [socket.create_server((LOOPBACK, 0)) for _ in range(4)]

        def fill(number):
            os.mkdir(f"{mount}/..{number}")
            self.weir.write_config(f"{mount}/..{number}/weir.json", [detecting(port)],
                                   [cluster("server", servers[number].getsockname()[1])])
            os.symlink(f"..{number}", f"{mount}/..data_tmp")
            os.rename(f"{mount}/..data_tmp", f"{mount}/..data")
        fill(0)
        os.symlink("..data/weir.json", f"{mount}/weir.json")
        os.remove(self.weir.config)
        os.symlink(f"{mount}/weir.json", self.weir.config)  # and a link to it
        self.weir.wait_until_reloaded(1)
        for number, server in enumerate(servers):
            self.addCleanup(server.close)
            if number > 0:
                fill(number)
                shutil.rmtree(f"{mount}/..{number - 1}")
            self.weir.wait_until_reloaded(number + 1)
            server.settimeout(20)
            with connect(port) as client:
                client.sendall(b"\x00")
                server.accept()[0].close()


if __name__ == "__main__":
    unittest.main()
