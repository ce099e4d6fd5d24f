// Upstreams that come and go, fail and fill up, behind a whole proxy.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

// The machine's clocks, and as far ahead of them as a test says.
class AheadClock final : public Clock {
 public:
  MonotonicTime monotonicNow() const override {
    return std::chrono::steady_clock::now() + Duration(ahead_.load());
  }
  WallTime wallNow() const override {
    return std::chrono::system_clock::now() + Duration(ahead_.load());
  }
  void advance(Duration by) { ahead_ += by.count(); }

 private:
  std::atomic<Duration::rep> ahead_{0};
};

class ClustersIntegrationTest : public testing::Test {
 protected:
  static std::string tcpProxy(const std::string& settings) {
    return "[{name: tcp_proxy, typed_config: {\"@type\": "
           "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, " +
           settings + "}}]";
  }
  // A listener whose tcp_proxy has `proxy`, and the cluster "db" with `cluster`.
  static std::string config(const std::string& cluster, const std::string& proxy = "cluster: db") {
    return "listeners:\n- {name: in, address: 127.0.0.1:0, default_filter_chain: {name: tcp, "
           "filters: " +
           tcpProxy(proxy) + "}}\nclusters:\n- {name: db, " + cluster + "}\n";
  }
  static std::string endpoints(const std::vector<const TestUpstream*>& upstreams) {
    std::string list;
    for (const TestUpstream* one : upstreams) list += "{address: '" + one->address() + "'}, ";
    return "endpoints: [" + list + "]";
  }
  // One short connection, which `upstream` has to serve.
  static void expectServedBy(TestUpstream& upstream, uint16_t port) {
    TestSocket client = TestSocket::connectTo(port);
    client.send("ping");
    TestSocket server = upstream.accept();
    EXPECT_EQ(server.receive(4), "ping");
    server.send("pong");
    server.halfClose();
    EXPECT_EQ(client.receive(4), "pong");
  }
  static std::string connects(const std::string& outcome) {
    return "weir_upstream_connects_total{cluster=\"db\",outcome=\"" + outcome + "\"}";
  }

  AheadClock clock_;
  TestUpstream first_;
  TestUpstream second_;
};

TEST_F(ClustersIntegrationTest, AnUpstreamThatFlapsIsEjectedAndComesBackAndNobodyNotices) {
  ServerUnderTest proxy(config(endpoints({&first_, &second_}) +
                                   ", outlier_detection: {consecutive_local_origin_failure: 2}",
                               "cluster: db, max_connect_attempts: 2"),
                        1, registerBuiltins, &clock_);
  for (int flap = 1; flap <= 3; ++flap) {
    first_.close();
    for (int n = 0; n < 8; ++n) expectServedBy(second_, proxy.port());
    EXPECT_EQ(proxy.metric(connects("refused")), 2U * static_cast<unsigned>(flap));
    EXPECT_EQ(proxy.metric("weir_upstream_ejected_hosts{cluster=\"db\"}"), 1U);
    first_.reopen();
    for (int n = 0; n < 4; ++n) expectServedBy(second_, proxy.port());  // not yet
    clock_.advance(std::chrono::seconds(30 * flap));
    EXPECT_EQ(proxy.metric("weir_upstream_ejected_hosts{cluster=\"db\"}"), 0U);
    // In turn again, whoever is first.
    std::vector<TestSocket> open;
    for (int n = 0; n < 4; ++n) {
      open.push_back(TestSocket::connectTo(proxy.port()));
      open.back().send("x");
    }
    for (TestUpstream* const upstream : {&first_, &second_, &first_, &second_}) {
      open.push_back(upstream->accept());
      EXPECT_EQ(open.back().receive(1), "x");
    }
  }
  EXPECT_EQ(proxy.metric("weir_upstream_ejections_total{cluster=\"db\",reason=\"consecutive_local_"
                         "origin_failure\"}"),
            3U);
}

TEST_F(ClustersIntegrationTest, AReloadKeepsWhatIsKnownOfAClusterThatStays) {
  const std::string yaml = config(
      endpoints({&first_, &second_}) + ", outlier_detection: {consecutive_local_origin_failure: 1}",
      "cluster: db, max_connect_attempts: 2");
  ServerUnderTest proxy(yaml, 1, registerBuiltins, &clock_);
  first_.close();
  for (int n = 0; n < 4; ++n) expectServedBy(second_, proxy.port());
  ASSERT_EQ(proxy.metric("weir_upstream_ejected_hosts{cluster=\"db\"}"), 1U);
  EXPECT_EQ(proxy.reload(yaml + "- {name: another, type: ORIGINAL_DST}\n"), "");
  for (int n = 0; n < 4; ++n) expectServedBy(second_, proxy.port());
  EXPECT_EQ(proxy.metric(connects("refused")), 1U);
}

TEST_F(ClustersIntegrationTest, LimitsHoldOverAllWorkersAndAreSeenToBite) {
  ServerUnderTest proxy(config(endpoints({&first_}) + ", max_connections: 3"), 4);
  std::vector<TestSocket> clients;
  for (int n = 0; n < 12; ++n) {
    clients.push_back(TestSocket::connectTo(proxy.port()));
    clients.back().send("x");
  }
  const std::string overflows =
      "weir_upstream_overflow_total{cluster=\"db\",limit=\"max_connections\"}";
  proxy.waitForMetric(overflows, 9);
  std::vector<TestSocket> servers;
  for (int n = 0; n < 3; ++n) {
    servers.push_back(first_.accept());
    EXPECT_EQ(servers.back().receive(1), "x");
  }
  EXPECT_EQ(proxy.metric("weir_upstream_active_connections{cluster=\"db\"}"), 3U);
  proxy.waitForMetric("weir_connection_closes_total{listener=\"in\",close=\"upstream_overflow\"}",
                      9);
  size_t refused = 0;
  for (TestSocket& server : servers) server.reset();
  for (TestSocket& client : clients) {
    client.receiveAll();
    refused += client.wasReset() ? 1 : 0;
  }
  EXPECT_EQ(refused, 12U);
  expectServedBy(first_, proxy.port());
  EXPECT_EQ(proxy.metric(overflows), 9U);
}

TEST_F(ClustersIntegrationTest, AFullEndpointIsPassedOverWhileAnotherHasRoom) {
  ServerUnderTest proxy(
      config(endpoints({&first_, &second_}) + ", max_connections_per_endpoint: 2"), 2);
  std::vector<TestSocket> clients;
  for (int n = 0; n < 4; ++n) clients.push_back(TestSocket::connectTo(proxy.port()));
  for (int n = 0; n < 2; ++n) {
    clients.push_back(first_.accept());
    clients.push_back(second_.accept());
  }
  TestSocket fifth = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(fifth.receiveAll(), "");
  EXPECT_TRUE(fifth.wasReset());
  EXPECT_EQ(proxy.metric("weir_upstream_overflow_total{cluster=\"db\",limit=\"max_connections_per_"
                         "endpoint\"}"),
            1U);
}

TEST_F(ClustersIntegrationTest, ActiveChecksTakeAHostOutAndBackIn) {
  ServerUnderTest proxy(
      config(endpoints({&first_, &second_}) +
             ", health_check: {interval: 10ms, interval_jitter: 0s, unhealthy_threshold: 2}"));
  const std::string healthy = "weir_upstream_healthy_hosts{cluster=\"db\"}";
  const auto waitFor = [&](uint64_t hosts) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (proxy.metric(healthy) != hosts && std::chrono::steady_clock::now() < deadline) {
    }
    EXPECT_EQ(proxy.metric(healthy), hosts);
  };
  first_.close();
  waitFor(1);
  second_.close();
  waitFor(0);
  first_.reopen();
  second_.reopen();
  waitFor(2);
}

TEST_F(ClustersIntegrationTest, NamesAreResolved) {
  ServerUnderTest proxy(
      config("type: STRICT_DNS, dns_lookup_family: V4_ONLY, endpoints: [{address: "
             "'localhost:" +
             std::to_string(first_.port()) + "'}]"));
  expectServedBy(first_, proxy.port());
  EXPECT_EQ(proxy.metric("weir_upstream_dns_total{cluster=\"db\",outcome=\"resolved\"}"), 1U);
}

TEST_F(ClustersIntegrationTest, WithoutAnEndpointTheClientIsResetAtOnce) {
  ServerUnderTest proxy(config(endpoints({&first_}) +
                               ", healthy_panic_threshold: 0, outlier_detection: "
                               "{consecutive_local_origin_failure: 1}"));
  first_.close();
  for (const std::string close : {"upstream_refused", "no_healthy_upstream"}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.receiveAll();
    EXPECT_TRUE(client.wasReset());
    proxy.waitForMetric("weir_connection_closes_total{listener=\"in\",close=\"" + close + "\"}", 1);
  }
}

TEST_F(ClustersIntegrationTest, ConnectionsAreSharedAmongWeightedClusters) {
  const std::string yaml =
      config(endpoints({&first_}),
             "weighted_clusters: [{name: db, weight: 0}, {name: other, weight: 5}]") +
      "- {name: other, " + endpoints({&second_}) + "}\n";
  ServerUnderTest proxy(yaml, 2);
  for (int n = 0; n < 10; ++n) expectServedBy(second_, proxy.port());
}

}  // namespace
}  // namespace weir::test
