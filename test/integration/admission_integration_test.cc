// Filters that decide about new connections, in a whole proxy.

#include <gtest/gtest.h>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class AdmissionIntegrationTest : public testing::Test {
 protected:
  // One listener for each text of filters; each goes through them to the upstream.
  std::string config(const std::vector<std::string>& filters,
                     const std::string& detect = "") const {
    std::string yaml = "listeners:\n";
    for (size_t i = 0; i < filters.size(); ++i) {
      yaml +=
          "- name: l" + std::to_string(i) + "\n  address: 127.0.0.1:0\n" + detect +
          "  default_filter_chain:\n    name: db\n    filters:\n    - typed_config: {\"@type\": "
          "type.googleapis.com/weir.extensions.network." +
          filters[i] + "}\n" +
          "    - typed_config: {\"@type\": "
          "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, cluster: db}\n";
    }
    return yaml + "clusters: [{name: db, endpoints: [{address: \"" + upstream_.address() +
           "\"}]}]\n";
  }
  static std::string closes(const std::string& reason, const std::string& listener = "l0") {
    return "weir_connection_closes_total{listener=\"" + listener + "\",close=\"" + reason + "\"}";
  }
  TestUpstream upstream_;
};

TEST_F(AdmissionIntegrationTest, AConnectionLimitHoldsOverWorkersAndListeners) {
  const std::string limit =
      "connection_limit.v1.ConnectionLimit, stat_prefix: db, max_connections: 2";
  ServerUnderTest proxy(config({limit, limit}), 2);
  TestSocket a = TestSocket::connectTo(proxy.port(0));
  TestSocket server_a = upstream_.accept();
  TestSocket b = TestSocket::connectTo(proxy.port(1));
  TestSocket server_b = upstream_.accept();
  TestSocket c = TestSocket::connectTo(proxy.port(1));
  EXPECT_EQ(c.receiveAll(), "");
  EXPECT_TRUE(c.wasReset());
  proxy.waitForMetric(closes("connection_limit", "l1"), 1);
  a.halfClose();
  server_a.halfClose();
  EXPECT_EQ(a.receiveAll(), "");
  proxy.waitForMetric(closes("client_fin"), 1);
  TestSocket d = TestSocket::connectTo(proxy.port(1));
  upstream_.accept().send("hello");
  EXPECT_EQ(d.receive(5), "hello");
}

TEST_F(AdmissionIntegrationTest, ARateLimitHoldsOverWorkers) {
  ServerUnderTest proxy(config({"local_ratelimit.v1.LocalRateLimit, stat_prefix: db, "
                                "token_bucket: {max_tokens: 3, fill_interval: 24h}"}),
                        2);
  for (int i = 0; i < 3; ++i) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    upstream_.accept().send("hello");
    EXPECT_EQ(client.receive(5), "hello");
  }
  TestSocket client = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  EXPECT_TRUE(client.wasReset());
  proxy.waitForMetric(closes("rate_limited"), 1);
}

std::string policies(const std::string& permission, const std::string& principal) {
  return "rbac.v1.Rbac, stat_prefix: db, rules: {policies: {p: {permissions: [" + permission +
         "], principals: [" + principal + "]}}}";
}

TEST_F(AdmissionIntegrationTest, RbacDecidesBySource) {
  ServerUnderTest proxy(config({policies("{any: true}", "{remote_ip: 127.0.0.0/8}"),
                                policies("{any: true}", "{remote_ip: 10.0.0.0/8}")}));
  TestSocket allowed = TestSocket::connectTo(proxy.port(0));
  upstream_.accept().send("hello");
  EXPECT_EQ(allowed.receive(5), "hello");
  TestSocket denied = TestSocket::connectTo(proxy.port(1));
  EXPECT_EQ(denied.receiveAll(), "");
  EXPECT_TRUE(denied.wasReset());
  proxy.waitForMetric(closes("rbac_denied", "l1"), 1);
  EXPECT_FALSE(upstream_.hasPending());
}

// A chain that matches on nothing waits for the server name that its rbac asks for.
TEST_F(AdmissionIntegrationTest, RbacThatNeedsTheServerNameConnectsNothingBeforeIt) {
  const std::string detect =
      "  listener_filters:\n  - typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect, "
      "detection_timeout: 0.2s, server_first: {probe_after: 0s}}\n";
  ServerUnderTest proxy(
      config({policies("{requested_server_name: db.example.com}", "{any: true}")}, detect));
  TestSocket client = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric(closes("rbac_denied"), 1);
  EXPECT_FALSE(upstream_.hasPending());
  EXPECT_EQ(proxy.metric("weir_probe_total{listener=\"l0\",outcome=\"silence\"}"), 0U);
}

// Clients that connect and say nothing: each probe costs the upstream a connection.
class SilentClients : public AdmissionIntegrationTest,
                      public testing::WithParamInterface<std::pair<std::string, std::string>> {};

TEST_P(SilentClients, CostTheUpstreamNoMoreThanTheLimitAllows) {
  const std::string detect =
      "  listener_filters:\n  - typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect, "
      "detection_timeout: 0.5s, server_first: {probe_after: 0s}}\n"
      "  filter_chains:\n  - name: http\n    match: {application_protocols: [http/1.1]}\n"
      "    filters:\n    - typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, cluster: db}\n";
  ServerUnderTest proxy(config({GetParam().first}, detect), 2);
  TestSocket first = TestSocket::connectTo(proxy.port());
  TestSocket server = upstream_.accept();
  TestSocket second = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(second.receiveAll(), "");  // when its time is over
  EXPECT_TRUE(second.wasReset());
  proxy.waitForMetric(closes(GetParam().second), 1);
  EXPECT_FALSE(upstream_.hasPending());
  // The first one has what it needs, and not twice.
  server.send("hello");
  EXPECT_EQ(first.receive(5), "hello");
  EXPECT_EQ(proxy.metric(closes(GetParam().second)), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Limits, SilentClients,
    testing::Values(
        std::pair("connection_limit.v1.ConnectionLimit, stat_prefix: db, max_connections: 1",
                  "connection_limit"),
        std::pair("local_ratelimit.v1.LocalRateLimit, stat_prefix: db, "
                  "token_bucket: {max_tokens: 1, fill_interval: 24h}",
                  "rate_limited")));

}  // namespace
}  // namespace weir::test
