// New configurations while connections go on: nobody who is connected notices, and nothing is left
// behind.

#include <dirent.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "source/server/active_connection.h"
#include "test/integration/server_under_test.h"
#include "test/support/manual_clock.h"

namespace weir::test {
namespace {

size_t openDescriptors() {
  size_t count = 0;
  DIR* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

class ReloadIntegrationTest : public testing::Test {
 protected:
  static std::string listener(const std::string& name, const std::string& cluster,
                              const std::string& address = "127.0.0.1:0",
                              const std::string& more = "") {
    return "- name: " + name + "\n  address: \"" + address + "\"\n" + more +
           "  default_filter_chain: {name: tcp, filters: " + tcpProxyTo(cluster) + "}\n";
  }
  // HTTP is told from the rest, so that a silent client is waited for.
  static std::string detecting(const std::string& name, const std::string& cluster) {
    return listener(name, cluster, "127.0.0.1:0",
                    "  filter_chains: [{name: http, match: {application_protocols: [http/1.1]}, "
                    "filters: " +
                        tcpProxyTo(cluster) + "}]\n");
  }
  std::string config(const std::string& listeners) const {
    return "listeners:\n" + listeners + "clusters:\n- {name: old, endpoints: [{address: \"" +
           old_.address() + "\"}]}\n- {name: new, endpoints: [{address: \"" + new_.address() +
           "\"}]}\n";
  }
  static void exchange(TestSocket& client, TestSocket& server) {
    client.send("ping");
    EXPECT_EQ(server.receive(4), "ping");
    server.send("pong");
    EXPECT_EQ(client.receive(4), "pong");
  }

  TestUpstream old_;
  TestUpstream new_;
};

TEST_F(ReloadIntegrationTest, NewConnectionsGetTheNewSettingsAndOpenOnesKeepTheirs) {
  ServerUnderTest proxy(config(listener("in", "old")), 2);
  const uint16_t port = proxy.port();
  TestSocket client = TestSocket::connectTo(port);
  TestSocket server = old_.accept();
  EXPECT_EQ(proxy.reload(config(listener("in", "new"))), "");
  EXPECT_EQ(proxy.port(), port);
  exchange(client, server);
  TestSocket second = TestSocket::connectTo(port);
  TestSocket second_server = new_.accept();
  exchange(second, second_server);
  EXPECT_FALSE(old_.hasPending());
}

TEST_F(ReloadIntegrationTest, AHalfClosedConnectionGoesOn) {
  ServerUnderTest proxy(config(listener("in", "old")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = old_.accept();
  client.send("question");
  client.halfClose();
  EXPECT_EQ(server.receiveAll(), "question");
  EXPECT_EQ(proxy.reload(config(listener("in", "new"))), "");
  server.send("answer");
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "answer");
  EXPECT_FALSE(client.wasReset());
}

TEST_F(ReloadIntegrationTest, AConnectionThatIsStillDetectedFinishesUnderItsOldSettings) {
  ServerUnderTest proxy(config(detecting("in", "old")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HT");
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 1);
  EXPECT_EQ(proxy.reload(config(detecting("in", "new"))), "");
  client.send("TP/1.1\r\n\r\n");
  EXPECT_EQ(old_.accept().receive(18), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_FALSE(new_.hasPending());
}

TEST_F(ReloadIntegrationTest, ConnectionsOfARemovedListenerFinishAndNoneIsAccepted) {
  ServerUnderTest proxy(config(listener("in", "old") + listener("gone", "old")));
  const uint16_t port = proxy.port(1);
  TestSocket client = TestSocket::connectTo(port);
  TestSocket server = old_.accept();
  EXPECT_EQ(proxy.reload(config(listener("in", "new"))), "");
  EXPECT_TRUE(TestSocket::refusesSoon(port));
  exchange(client, server);
  client.halfClose();
  EXPECT_EQ(server.receiveAll(), "");
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric("weir_connection_closes_total{listener=\"gone\",close=\"client_fin\"}", 1);
}

TEST_F(ReloadIntegrationTest, WhatWaitsInTheQueueOfARemovedListenerIsStillServed) {
  ServerUnderTest proxy(config(listener("in", "old") + listener("gone", "old")));
  std::vector<TestSocket> clients;
  // The worker is held up, so that they wait in the queue when it learns of the removal.
  std::promise<void> go_on;
  proxy.server().postToWorker(0, [&](server::Worker&) { go_on.get_future().wait(); });
  for (int i = 0; i < 100; ++i) clients.push_back(TestSocket::connectTo(proxy.port(1)));
  auto reloaded = proxy.startReload(config(listener("in", "new")));
  proxy.letMainGoOn();
  go_on.set_value();
  EXPECT_EQ(reloaded.get(), "");
  // The servers of the first ones may be connected last.
  for (TestSocket& client : clients) client.send("x");
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(old_.accept().receive(1), "x") << i;
}

TEST_F(ReloadIntegrationTest, AListenerThatIsAddedServes) {
  ServerUnderTest proxy(config(listener("in", "old")), 2);
  EXPECT_EQ(proxy.reload(config(listener("more", "new") + listener("in", "old"))), "");
  TestSocket client = TestSocket::connectTo(proxy.port(0));
  TestSocket server = new_.accept();
  exchange(client, server);
}

TEST_F(ReloadIntegrationTest, AListenerThatComesBackIsBoundAnew) {
  ServerUnderTest proxy(config(listener("in", "old") + listener("gone", "old")));
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port(1));
  TestSocket client = TestSocket::connectTo(proxy.port(1));
  TestSocket server = old_.accept();
  EXPECT_EQ(proxy.reload(config(listener("in", "old"))), "");
  EXPECT_EQ(proxy.reload(config(listener("in", "old") + listener("gone", "new", address))), "");
  exchange(client, server);
  TestSocket second = TestSocket::connectTo(proxy.port(1));
  TestSocket second_server = new_.accept();
  exchange(second, second_server);
}

TEST_F(ReloadIntegrationTest, AnAddressThatCannotBeBoundChangesNothing) {
  ServerUnderTest proxy(config(listener("in", "old")));
  const std::string why = proxy.reload(config(listener("in", "new") + listener("more", "new") +
                                              listener("busy", "new", new_.address())));
  EXPECT_NE(why.find("listener \"busy\": cannot listen on " + new_.address()), std::string::npos);
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = old_.accept();
  exchange(client, server);
}

TEST_F(ReloadIntegrationTest, WhatNeedsARestartIsRefusedAndSaysSo) {
  ServerUnderTest proxy(config(listener("in", "old")));
  EXPECT_EQ(proxy.reload("workers: 3\n" + config(listener("in", "new"))),
            "workers: a change from 0 to 3 needs a restart; nothing of the new configuration was "
            "taken");
  EXPECT_EQ(proxy.reload("admin: {address: \"127.0.0.1:9\"}\n" + config(listener("in", "new"))),
            "admin.address: a change from no admin port to 127.0.0.1:9 needs a restart; nothing of "
            "the new configuration was taken");
  EXPECT_EQ(proxy.reload("workers: 3\nadmin: {address: \"127.0.0.1:9\"}\n" +
                         config(listener("in", "new"))),
            "workers: a change from 0 to 3 needs a restart; admin.address: a change from no admin "
            "port to 127.0.0.1:9 needs a restart; nothing of the new configuration was taken");
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = old_.accept();
  exchange(client, server);
}

TEST_F(ReloadIntegrationTest, ARenamedListenerStaysAndIsCountedUnderItsNewName) {
  ServerUnderTest proxy(config(listener("before", "old")));
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port());
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = old_.accept();
  EXPECT_EQ(proxy.reload(config(listener("after", "new", address))), "");
  TestSocket second = TestSocket::connectTo(proxy.port());
  TestSocket second_server = new_.accept();
  EXPECT_EQ(proxy.metric("weir_listener_open_connections{listener=\"before\"}"), 1U);
  EXPECT_EQ(proxy.metric("weir_listener_open_connections{listener=\"after\"}"), 1U);
  client.reset();
  proxy.waitForMetric("weir_connection_closes_total{listener=\"before\",close=\"client_reset\"}",
                      1);
  EXPECT_EQ(proxy.metric("weir_listener_open_connections{listener=\"before\"}"), 0U);
}

TEST_F(ReloadIntegrationTest, NamesThatChangeAgainAndAgainDoNotFillTheMetrics) {
  ServerUnderTest proxy(config(listener("in", "old") + listener("name0", "old")), 2);
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port(1));
  for (int i = 1; i <= 300; ++i) {
    TestSocket client = TestSocket::connectTo(proxy.port(1));
    TestSocket server = old_.accept();
    const std::string name = "name" + std::to_string(i);
    ASSERT_EQ(proxy.reload(config(listener("in", "old") + listener(name, "old", address))), "");
  }
  const auto shown = [&](int i) {
    return proxy.server().metrics().find("{listener=\"name" + std::to_string(i) + "\"}") !=
           std::string::npos;
  };
  TestSocket last = TestSocket::connectTo(proxy.port(1));
  proxy.waitForMetric("weir_listener_connections_total{listener=\"name300\"}", 1);
  EXPECT_FALSE(shown(0));
  EXPECT_FALSE(shown(100));
  EXPECT_TRUE(shown(299));  // for those who want to see how it ended
  EXPECT_EQ(proxy.metric("weir_metrics_folded_total{metric=\"weir_connection_closes_total\"}"), 0U);
}

TEST_F(ReloadIntegrationTest, TheMetricsOfANameGoAWhileAfterItsLastConnection) {
  ManualClock clock;
  ServerUnderTest proxy(config(listener("before", "old")), 2, registerBuiltins, &clock);
  const std::string address = "127.0.0.1:" + std::to_string(proxy.port());
  const auto shown = [&](const std::string& name) {
    proxy.letMainGoOn();
    return proxy.server().metrics().find("{listener=\"" + name + "\"") != std::string::npos;
  };
  const auto generations = [&](size_t worker) {
    size_t count = 0;
    proxy.onWorker(worker, [&](server::Worker& one) { count = one.generations(); });
    return count;
  };
  EXPECT_EQ(proxy.reload(config(listener("after", "old", address))), "");
  while (generations(0) > 1 || generations(1) > 1) std::this_thread::yield();
  EXPECT_TRUE(shown("before"));
  clock.advance(server::SeriesOwners::KeepFor - std::chrono::milliseconds(1));
  EXPECT_TRUE(shown("before"));
  clock.advance(std::chrono::milliseconds(2));
  EXPECT_FALSE(shown("before"));
  EXPECT_TRUE(shown("after"));
}

TEST_F(ReloadIntegrationTest, ServersThatSpeakFirstStayLearned) {
  ServerUnderTest proxy(config(detecting("in", "old")));
  const auto greeted = [&] {
    TestSocket client = TestSocket::connectTo(proxy.port());
    TestSocket server = old_.accept();
    server.send("220 mail ESMTP\r\n");
    EXPECT_EQ(client.receive(16), "220 mail ESMTP\r\n");
  };
  greeted();
  EXPECT_EQ(proxy.reload(config(detecting("in", "old") + listener("more", "new"))), "");
  greeted();
  EXPECT_EQ(proxy.metric("weir_chain_connections_total{listener=\"in\",chain=\"tcp\",protocol="
                         "\"smtp\",reason=\"learned\"}"),
            1U);
}

TEST_F(ReloadIntegrationTest, TheLimitOfAListenerCountsThoseOfAllGenerations) {
  ServerUnderTest proxy(config(listener("in", "old")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = old_.accept();
  EXPECT_EQ(proxy.reload(config(listener("in", "old", "127.0.0.1:0", "  max_connections: 1\n"))),
            "");
  TestSocket second = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(second.receiveAll(), "");
  EXPECT_EQ(proxy.metric("weir_listener_overflow_total{listener=\"in\"}"), 1U);
}

TEST_F(ReloadIntegrationTest, OpenConnectionsOfAllGenerationsAreSeen) {
  ServerUnderTest proxy(config(listener("in", "old") + listener("gone", "old")));
  TestSocket a = TestSocket::connectTo(proxy.port(0));
  TestSocket a_server = old_.accept();
  TestSocket b = TestSocket::connectTo(proxy.port(1));
  TestSocket b_server = old_.accept();
  EXPECT_EQ(proxy.reload(config(listener("in", "new"))), "");
  TestSocket c = TestSocket::connectTo(proxy.port(0));
  TestSocket c_server = new_.accept();
  std::multiset<std::string> seen;
  proxy.onWorker(0, [&](server::Worker& worker) {
    worker.forEachListener([&](const server::WorkerListener& one) {
      one.forEachConnection([&](const server::ActiveConnection& connection) {
        seen.insert(std::string(connection.info().listener) + ">" +
                    std::string(connection.info().cluster));
        return true;
      });
    });
  });
  EXPECT_EQ(seen, (std::multiset<std::string>{"gone>old", "in>new", "in>old"}));
}

// Connections come and go all the while, and some stay from one configuration to later ones.
TEST_F(ReloadIntegrationTest, AThousandReloadsUnderLoadFailNothingAndLeaveNothing) {
  const std::string one = config(detecting("in", "old"));
  const std::string two = config(detecting("in", "new") + listener("extra", "new"));
  ServerUnderTest proxy(one, 2);
  std::atomic<bool> stop{false};
  std::atomic<bool> stop_servers{false};
  std::atomic<uint64_t> served{0};
  const auto echo = [&](TestUpstream& upstream) {
    while (!stop_servers) {
      if (!upstream.hasPending()) {
        std::this_thread::yield();
        continue;
      }
      TestSocket server = upstream.accept();
      server.send(server.receive(5));
    }
  };
  const auto ask = [&, port = proxy.port()] {
    while (!stop) {
      TestSocket client = TestSocket::connectTo(port);
      client.send("ruok?");
      ASSERT_EQ(client.receive(5), "ruok?");
      ++served;
    }
  };
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("first");
  TestSocket server = old_.accept();
  EXPECT_EQ(server.receive(5), "first");
  size_t descriptors = 0;
  {
    std::thread old_server(echo, std::ref(old_));
    std::thread new_server(echo, std::ref(new_));
    std::thread clients(ask);
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(proxy.reload(i % 2 == 0 ? two : one), "");
      if (i == 99) descriptors = openDescriptors();
    }
    stop = true;
    clients.join();
    stop_servers = true;
    old_server.join();
    new_server.join();
  }
  exchange(client, server);
  EXPECT_GT(served, 100U);
  EXPECT_EQ(proxy.metric("weir_listener_overflow_total{listener=\"in\"}"), 0U);
  const auto generations = [&] {
    size_t sum = 0;
    proxy.onWorker(0, [&](server::Worker& worker) { sum += worker.generations(); });
    proxy.onWorker(1, [&](server::Worker& worker) { sum += worker.generations(); });
    return sum;
  };
  // Each worker's, and the one of the connection that stayed; once the last sockets are closed.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (generations() > 3 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_LE(generations(), 3U);
  EXPECT_LE(openDescriptors(), descriptors + 12);  // connections that came and went
}

}  // namespace
}  // namespace weir::test
