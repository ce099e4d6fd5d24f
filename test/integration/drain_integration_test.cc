// The end of a process that serves: what is connected gets its time, and nothing more is accepted.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class DrainIntegrationTest : public testing::Test {
 protected:
  std::string config(const std::string& timeout) const {
    return "drain_timeout: " + timeout +
           "\nlisteners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n"
           "  filter_chains: [{name: http, match: {application_protocols: [http/1.1]}, filters: " +
           tcpProxyTo("up") +
           "}]\n  default_filter_chain: {name: tcp, filters: " + tcpProxyTo("up") +
           "}\nclusters:\n- {name: up, endpoints: [{address: \"" + upstream_.address() + "\"}]}\n";
  }
  static std::string closed(const std::string& how) {
    return "weir_connection_closes_total{listener=\"in\",close=\"" + how + "\"}";
  }

  TestUpstream upstream_;
};

TEST_F(DrainIntegrationTest, WithoutConnectionsItEndsAtOnce) {
  ServerUnderTest proxy(config("1h"), 2);
  proxy.drain();
  EXPECT_TRUE(proxy.ends());
}

TEST_F(DrainIntegrationTest, ConnectionsGoOnUntilTheyEndAndThenItEnds) {
  ServerUnderTest proxy(config("1h"), 2);
  const uint16_t port = proxy.port();
  TestSocket client = TestSocket::connectTo(port);
  client.send("one");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(3), "one");
  proxy.drain();
  proxy.drain();  // twice is once
  EXPECT_TRUE(TestSocket::refusesSoon(port));
  client.send("two");
  client.halfClose();
  EXPECT_EQ(server.receiveAll(), "two");
  server.send("answer");
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "answer");
  EXPECT_FALSE(client.wasReset());
  EXPECT_TRUE(proxy.ends());
  EXPECT_EQ(proxy.metric(closed("client_fin")), 1U);
}

// Whoever takes over binds the same path while connections of this one still end.
TEST_F(DrainIntegrationTest, TheFileOfAUnixSocketIsThePathOfTheNextOneFromThenOn) {
  const std::string path = "/tmp/weir-drain-" + std::to_string(getpid()) + ".sock";
  std::string yaml = config("1h");
  yaml.replace(yaml.find("127.0.0.1:0"), 11, "unix:" + path);
  std::optional<ServerUnderTest> proxy(yaml);
  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  TestSocket client = TestSocket::connectToUnix(path);
  client.send("data");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(4), "data");
  proxy->drain();
  proxy->letMainGoOn();
  std::optional<ServerUnderTest> next(yaml);
  client.halfClose();
  server.halfClose();
  EXPECT_TRUE(proxy->ends());
  proxy.reset();
  EXPECT_EQ(access(path.c_str(), F_OK), 0) << "the one that ended removed the file of the next";
  next.reset();
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(DrainIntegrationTest, WhatIsLeftAfterTheTimeoutIsReset) {
  ServerUnderTest proxy(config("0.05s"));
  TestSocket open = TestSocket::connectTo(proxy.port());
  open.send("data");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(4), "data");
  TestSocket detecting = TestSocket::connectTo(proxy.port());
  detecting.send("GET /");
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 2);
  proxy.drain();
  EXPECT_EQ(open.receiveAll(), "");
  EXPECT_TRUE(open.wasReset());
  EXPECT_EQ(server.receiveAll(), "");
  EXPECT_TRUE(server.wasReset());
  EXPECT_EQ(detecting.receiveAll(), "");
  EXPECT_TRUE(detecting.wasReset());
  EXPECT_TRUE(proxy.ends());
  EXPECT_EQ(proxy.metric(closed("drained")), 2U);
}

TEST_F(DrainIntegrationTest, WhatIsStillDetectedMayFinish) {
  ServerUnderTest proxy(config("1h"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HT");
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 1);
  proxy.drain();
  client.send("TP/1.1\r\n\r\n");
  EXPECT_EQ(upstream_.accept().receive(18), "GET / HTTP/1.1\r\n\r\n");
}

TEST_F(DrainIntegrationTest, WhatWaitsInTheQueueIsServed) {
  ServerUnderTest proxy(config("1h"));
  // The worker is held up, so that they wait in the queue when it learns of the drain.
  std::promise<void> go_on;
  proxy.server().postToWorker(0, [&](server::Worker&) { go_on.get_future().wait(); });
  std::vector<TestSocket> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(TestSocket::connectTo(proxy.port()));
  proxy.drain();
  proxy.letMainGoOn();
  go_on.set_value();
  for (TestSocket& client : clients) client.send("x");
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(upstream_.accept().receive(1), "x") << i;
}

// Each that the kernel has taken is served, on whichever worker's socket it arrived, up to the one
// that is refused.
TEST_F(DrainIntegrationTest, WhoeverIsConnectedIsServedWhileItStopsAccepting) {
  const std::string yaml =
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  default_filter_chain:\n    name: hello\n"
      "    filters:\n    - typed_config: {\"@type\": type.googleapis.com/weir.extensions.network."
      "direct_response.v1.DirectResponse, body: hello}\n";
  const auto serveAndDrain = [&] {
    ServerUnderTest proxy(yaml, 2);
    std::atomic<int> served{0};
    std::atomic<int> lost{0};
    const auto ask = [&, port = proxy.port()] {
      while (const auto client = TestSocket::tryToConnect(port)) {
        client->halfClose();
        ++(client->receiveAll() == "hello" ? served : lost);
      }
    };
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) clients.emplace_back(ask);
    while (served < 20) std::this_thread::yield();
    proxy.drain();
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(lost, 0) << "of " << served + lost;
    EXPECT_TRUE(proxy.ends());
  };
  // Several at a time, since who comes too late tries for a second.
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> proxies;
    for (int i = 0; i < 10; ++i) proxies.emplace_back(serveAndDrain);
    for (std::thread& proxy : proxies) proxy.join();
  }
}

TEST_F(DrainIntegrationTest, AReloadIsRefused) {
  ServerUnderTest proxy(config("1h"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 1);
  proxy.drain();
  EXPECT_EQ(proxy.reload(config("2h")), "the process is draining");
}

TEST_F(DrainIntegrationTest, QuitDoesNotWait) {
  ServerUnderTest proxy(config("1h"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 1);
  proxy.drain();
  proxy.server().quit();
  EXPECT_TRUE(proxy.ends());
}

}  // namespace
}  // namespace weir::test
