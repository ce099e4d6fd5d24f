// Bytes, ends and resets through a whole proxy: an opaque listener between a real client and a real
// server.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class RelayIntegrationTest : public testing::Test {
 protected:
  std::string config() const {
    return "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n"
           "  default_filter_chain: {name: tcp, filters: " +
           tcpProxyTo("up") +
           "}\n"
           "clusters:\n"
           "- {name: up, endpoints: [{address: \"" +
           upstream_.address() + "\"}]}\n";
  }
  static std::string closed(const std::string& how) {
    return "weir_connection_closes_total{listener=\"in\",close=\"" + how + "\"}";
  }

  TestUpstream upstream_;
  ServerUnderTest proxy_{config()};
  TestSocket client_ = TestSocket::connectTo(proxy_.port());
  TestSocket server_ = upstream_.accept();
};

std::string pattern(size_t bytes) {
  std::string out(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(i * 131 + (i >> 11));
  return out;
}

TEST_F(RelayIntegrationTest, ClientEndsFirstAndTheAnswerStillArrives) {
  client_.send("question");
  client_.halfClose();
  EXPECT_EQ(server_.receiveAll(), "question");
  server_.send("answer");
  server_.halfClose();
  EXPECT_EQ(client_.receiveAll(), "answer");
  EXPECT_FALSE(client_.wasReset());
  proxy_.waitForMetric(closed("client_fin"), 1);
}

TEST_F(RelayIntegrationTest, ServerEndsFirstAndTheClientMayGoOn) {
  server_.send("greeting");
  server_.halfClose();
  EXPECT_EQ(client_.receiveAll(), "greeting");
  client_.send("more");
  client_.halfClose();
  EXPECT_EQ(server_.receiveAll(), "more");
  proxy_.waitForMetric(closed("upstream_fin"), 1);
}

TEST_F(RelayIntegrationTest, ClientResetBecomesAServerReset) {
  client_.send("x");
  EXPECT_EQ(server_.receive(1), "x");
  client_.reset();
  server_.receiveAll();
  EXPECT_TRUE(server_.wasReset());
  proxy_.waitForMetric(closed("client_reset"), 1);
}

TEST_F(RelayIntegrationTest, ServerResetBecomesAClientReset) {
  client_.send("x");
  EXPECT_EQ(server_.receive(1), "x");
  server_.reset();
  client_.receiveAll();
  EXPECT_TRUE(client_.wasReset());
  proxy_.waitForMetric(closed("upstream_reset"), 1);
}

TEST_F(RelayIntegrationTest, WhatIsOpenIsCountedWhileItIs) {
  const auto bytes = [](const std::string& direction) {
    return "weir_tcp_bytes_total{listener=\"in\",chain=\"tcp\",direction=\"" + direction + "\"}";
  };
  const auto upstream = [](const std::string& direction) {
    return "weir_upstream_bytes_total{cluster=\"up\",direction=\"" + direction + "\"}";
  };
  const std::string open = R"(weir_chain_open_connections{listener="in",chain="tcp"})";
  EXPECT_EQ(proxy_.metric(open), 1U);
  client_.send("four");
  EXPECT_EQ(server_.receive(4), "four");
  server_.send("eleven more");
  EXPECT_EQ(client_.receive(11), "eleven more");
  proxy_.waitForMetric(bytes("tx"), 11);  // the byte is out before it is counted
  EXPECT_EQ(proxy_.metric(bytes("rx")), 4U);
  EXPECT_EQ(proxy_.metric(upstream("rx")), 11U);
  EXPECT_EQ(proxy_.metric(upstream("tx")), 4U);
  const std::string lifetimes = R"(weir_connection_seconds_count{listener="in"})";
  EXPECT_EQ(proxy_.metric(lifetimes), 0U);

  client_.halfClose();
  server_.receiveAll();
  server_.halfClose();
  client_.receiveAll();
  proxy_.waitForMetricBelow(open, 1);
  EXPECT_EQ(proxy_.metric(bytes("rx")), 4U);
  EXPECT_EQ(proxy_.metric(bytes("tx")), 11U);
  EXPECT_EQ(proxy_.metric(lifetimes), 1U);
}

TEST_F(RelayIntegrationTest, WhatADashboardAsksForIsThereBeforeItHappens) {
  const std::string metrics = proxy_.server().metrics();
  for (const std::string& series :
       {closed("client_fin"), closed("upstream_reset"), closed("idle_timeout"),
        std::string(R"(weir_listener_accept_errors_total{listener="in",error="exhausted"})"),
        std::string(R"(weir_tcp_bytes_total{listener="in",chain="tcp",direction="rx"})")}) {
    EXPECT_NE(metrics.find("\n" + series + " 0\n"), std::string::npos) << series;
  }
}

TEST_F(RelayIntegrationTest, BulkArrivesWholeInBothDirectionsAtOnce) {
  const std::string up = pattern(20'000'000);
  const std::string down = pattern(15'000'001);
  std::thread sender([&] {
    client_.send(up);
    client_.halfClose();
  });
  std::thread answerer([&] {
    server_.send(down);
    server_.halfClose();
  });
  std::string at_client;
  std::thread reader([&] { at_client = client_.receiveAll(); });
  EXPECT_TRUE(server_.receiveAll() == up);
  sender.join();
  answerer.join();
  reader.join();
  EXPECT_TRUE(at_client == down);
  proxy_.waitForMetric("weir_tcp_bytes_total{listener=\"in\",chain=\"tcp\",direction=\"tx\"}",
                       down.size());
  EXPECT_EQ(proxy_.metric("weir_tcp_bytes_total{listener=\"in\",chain=\"tcp\",direction=\"rx\"}"),
            up.size());
}

TEST_F(RelayIntegrationTest, SmallMessagesFollowBulkInOrder) {
  const std::string bulk = pattern(8'000'000);
  std::thread sender([&] { client_.send(bulk); });
  EXPECT_TRUE(server_.receive(bulk.size()) == bulk);
  sender.join();
  for (int i = 0; i < 50; ++i) {
    client_.send("ping");
    EXPECT_EQ(server_.receive(4), "ping");
    server_.send("pong");
    EXPECT_EQ(client_.receive(4), "pong");
  }
}

TEST_F(RelayIntegrationTest, WriterIsHeldBackWhenNobodyReads) {
  // The kernel's buffers of three sockets pairs and the proxy's own take some megabytes; without
  // back-pressure this would not end.
  const std::string chunk = pattern(1 << 20);
  size_t sent = 0;
  for (int stalled = 0; stalled < 2000 && sent < (size_t{256} << 20);) {
    const size_t n = client_.sendWhatFits(chunk);
    stalled = n == 0 ? stalled + 1 : 0;
    sent += n;
    if (n == 0) std::this_thread::yield();
  }
  EXPECT_LT(sent, size_t{256} << 20);
}

TEST(RelayRefusedTest, RefusedUpstreamResetsTheClientAndIsCounted) {
  TestUpstream upstream;
  const std::string address = upstream.address();
  upstream.close();
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  default_filter_chain: {name: tcp, "
      "filters: " +
      tcpProxyTo("up") + "}\nclusters:\n- {name: up, endpoints: [{address: \"" + address +
      "\"}]}\n");
  TestSocket client = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  EXPECT_TRUE(client.wasReset());
  proxy.waitForMetric("weir_connection_closes_total{listener=\"in\",close=\"upstream_refused\"}",
                      1);
  EXPECT_EQ(proxy.metric("weir_upstream_connects_total{cluster=\"up\",outcome=\"refused\"}"), 1U);
}

TEST_F(RelayIntegrationTest, UrgentDataDoesNotCutTheStream) {
  client_.send("abc");
  ASSERT_EQ(::send(client_.fd(), "!", 1, MSG_OOB), 1);
  const std::string rest = pattern(6000);
  client_.send(rest);
  client_.halfClose();
  EXPECT_TRUE(server_.receiveAll() == "abc!" + rest);
}

TEST_F(RelayIntegrationTest, UrgentDataDoesNotStallTheStream) {
  client_.send("abc");
  ASSERT_EQ(::send(client_.fd(), "!", 1, MSG_OOB), 1);
  const std::string rest = pattern(6000);
  client_.send(rest);
  EXPECT_TRUE(server_.receive(6004) == "abc!" + rest);
}

TEST_F(RelayIntegrationTest, UrgentDataOfTheServerIsCarriedToo) {
  server_.send("abc");
  ASSERT_EQ(::send(server_.fd(), "!", 1, MSG_OOB), 1);
  server_.send("def");
  server_.halfClose();
  EXPECT_EQ(client_.receiveAll(), "abc!def");
}

TEST_F(RelayIntegrationTest, UrgentDataBehindBulkDoesNotCutTheStream) {
  const std::string bulk = pattern(4 << 20);
  std::thread sender([&] { client_.send(bulk); });
  EXPECT_TRUE(server_.receive(bulk.size()) == bulk);
  sender.join();
  const std::string more = pattern(65536);
  client_.send(more);
  ASSERT_EQ(::send(client_.fd(), "ab!", 3, MSG_OOB), 3);
  client_.send("tail");
  client_.halfClose();
  EXPECT_TRUE(server_.receiveAll() == more + "ab!tail");
}

TEST(RelayResetTest, ClientsThatResetWhileTheUpstreamIsConnectedHarmNobody) {
  TestUpstream upstream;
  TestUpstream gone;
  const std::string refused = gone.address();
  gone.close();
  ServerUnderTest proxy(
      "listeners:\n- name: up\n  address: 127.0.0.1:0\n  default_filter_chain: {name: tcp, "
      "filters: " +
      tcpProxyTo("up") +
      "}\n- name: refused\n  address: 127.0.0.1:0\n  default_filter_chain: {name: no, filters: " +
      tcpProxyTo("refused") + "}\nclusters:\n- {name: up, endpoints: [{address: \"" +
      upstream.address() + "\"}]}\n- {name: refused, endpoints: [{address: \"" + refused +
      "\"}]}\n");
  for (int i = 0; i < 100; ++i) {
    TestSocket::connectTo(proxy.port(0)).reset();
    TestSocket::connectTo(proxy.port(1)).reset();
  }
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("alive");
  for (;;) {
    if (upstream.accept().receive(5) == "alive") break;
  }
  for (const char* listener : {"up", "refused"}) {
    const std::string label = std::string("{listener=\"") + listener + "\"}";
    proxy.waitForMetric("weir_listener_connections_total" + label, 100);
  }
}

TEST(RelayOverflowTest, ConnectionsOverTheLimitAreClosedAndCounted) {
  TestUpstream upstream;
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  max_connections: 1\n"
      "  default_filter_chain: {name: tcp, filters: " +
      tcpProxyTo("up") + "}\nclusters:\n- {name: up, endpoints: [{address: \"" +
      upstream.address() + "\"}]}\n");
  TestSocket first = TestSocket::connectTo(proxy.port());
  TestSocket server = upstream.accept();
  TestSocket second = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(second.receiveAll(), "");
  EXPECT_EQ(proxy.metric("weir_listener_overflow_total{listener=\"in\"}"), 1U);
  first.send("still open");
  EXPECT_EQ(server.receive(10), "still open");
}

TEST(RelayOverflowTest, LimitHoldsForAllWorkersTogether) {
  TestUpstream upstream;
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  max_connections: 3\n"
      "  default_filter_chain: {name: tcp, filters: " +
          tcpProxyTo("up") + "}\nclusters:\n- {name: up, endpoints: [{address: \"" +
          upstream.address() + "\"}]}\n",
      3);
  std::vector<TestSocket> clients;
  for (int i = 0; i < 12; ++i) clients.push_back(TestSocket::connectTo(proxy.port()));
  proxy.waitForMetric("weir_listener_connections_total{listener=\"in\"}", 12);
  proxy.waitForMetric("weir_listener_overflow_total{listener=\"in\"}", 9);
  EXPECT_EQ(proxy.metric("weir_listener_open_connections{listener=\"in\"}"), 3U);
}

TEST(RelayUnixTest, UnixSocketsServeAsListenerAndAsUpstream) {
  // The second listener is the first one's upstream.
  const std::string path = "unix:@weir-test-" + std::to_string(::getpid());
  TestUpstream upstream;
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  default_filter_chain: {name: tcp, "
      "filters: " +
          tcpProxyTo("unix") + "}\n- name: path\n  address: \"" + path +
          "\"\n  default_filter_chain: {name: tcp, filters: " + tcpProxyTo("up") +
          "}\nclusters:\n- {name: unix, endpoints: [{address: \"" + path +
          "\"}]}\n- {name: up, endpoints: [{address: \"" + upstream.address() + "\"}]}\n",
      2);
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("through a path");
  client.halfClose();
  TestSocket server = upstream.accept();
  EXPECT_EQ(server.receiveAll(), "through a path");
  server.send("and back");
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "and back");
}

TEST(RelayLoopTest, OriginalDestinationThatIsTheListenerItselfIsRefused) {
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n"
      "  default_filter_chain: {name: skip, filters: [{name: b, typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.bypass.v1.Bypass}}]}\n");
  TestSocket client = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  EXPECT_TRUE(client.wasReset());
  EXPECT_EQ(proxy.metric("weir_listener_connections_total{listener=\"in\"}"), 1U);
  proxy.waitForMetric("weir_connection_closes_total{listener=\"in\",close=\"loop\"}", 1);
}

}  // namespace
}  // namespace weir::test
