// What the metrics say of requests that go wrong, through the whole proxy.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class HttpMetricsIntegrationTest : public testing::Test {
 protected:
  // `route`: more fields of its action.
  void start(const std::string& route, const std::string& manager = "") {
    proxy_ = std::make_unique<ServerUnderTest>(
        "admin: {address: \"127.0.0.1:0\"}\nlisteners:\n- name: in\n  address: 127.0.0.1:0\n  "
        "default_filter_chain: {name: web, "
        "filters: [{typed_config: {\"@type\": "
        "type.googleapis.com/weir.extensions.network.http_conn_manager.v1.HttpConnectionManager, "
        "stat_prefix: web, transparent: true" +
        manager +
        ", route_config: {virtual_hosts: [{name: all, domains: [\"*\"], routes: [{match: {path: "
        "/direct}, direct_response: {status: 204}}, {name: main, match: {prefix: /}, route: "
        "{cluster: up" +
        route + "}}]}]}}}]}\nclusters:\n- {name: up, endpoints: [{address: \"" +
        upstream_.address() + "\"}]}\n");
    client_.emplace(TestSocket::connectTo(proxy_->port()));
    client_->send(Request);
  }
  // The next attempt.
  TestSocket attempt() {
    TestSocket server = upstream_.accept();
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    return server;
  }
  void expectMetrics(const std::vector<std::string>& samples) {
    for (const std::string& sample : samples) proxy_->waitForMetric(sample, 1);
  }

  static constexpr std::string_view Request = "GET / HTTP/1.0\r\nHost: t\r\n\r\n";
  static constexpr std::string_view Forwarded = "GET / HTTP/1.1\r\nhost: t\r\n\r\n";
  static constexpr std::string_view Direct = "HTTP/1.1 204 No Content\r\n\r\n";
  static constexpr std::string_view Good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

  TestUpstream upstream_;
  std::unique_ptr<ServerUnderTest> proxy_;
  std::optional<TestSocket> client_;
};

TEST_F(HttpMetricsIntegrationTest, ARetryThatHelpsIsCounted) {
  start(", retry_policy: {retry_on: reset, num_retries: 1}");
  attempt();
  TestSocket server = attempt();
  server.send(Good);
  EXPECT_NE(client_->receiveAll().find("200 OK"), std::string::npos);
  expectMetrics({"weir_upstream_retries_total{cluster=\"up\",outcome=\"attempted\"}",
                 "weir_upstream_retries_total{cluster=\"up\",outcome=\"succeeded\"}",
                 "weir_upstream_resets_total{cluster=\"up\",reason=\"connection_ended\"}",
                 "weir_upstream_request_seconds_count{cluster=\"up\"}",
                 "weir_upstream_http_connections{cluster=\"up\",version=\"HTTP/1.1\"}"});
}

TEST_F(HttpMetricsIntegrationTest, OneThatDoesNotIsUsedUp) {
  start(", retry_policy: {retry_on: reset, num_retries: 1}");
  attempt();
  attempt();
  EXPECT_NE(client_->receiveAll().find("upstream_reset"), std::string::npos);
  expectMetrics({"weir_upstream_retries_total{cluster=\"up\",outcome=\"used_up\"}",
                 "weir_http_local_replies_total{name=\"web\",reason=\"upstream_reset\"}"});
}

TEST_F(HttpMetricsIntegrationTest, TimeoutsAreCountedByTheirBound) {
  start(
      ", timeout: 0.3s, retry_policy: {retry_on: \"5xx\", num_retries: 1, per_try_timeout: 0.1s}");
  TestSocket first = attempt();
  TestSocket second = attempt();
  EXPECT_NE(client_->receiveAll().find("504"), std::string::npos);
  expectMetrics({"weir_upstream_timeouts_total{cluster=\"up\",kind=\"per_try\"}"});
}

TEST_F(HttpMetricsIntegrationTest, AClientThatGoesIsAReset) {
  start("");
  TestSocket server = attempt();
  client_->reset();
  expectMetrics({"weir_http_resets_total{name=\"web\",side=\"client\",reason=\"client_gone\"}"});
}

TEST_F(HttpMetricsIntegrationTest, TheListOfConnectionsTellsOfTheirRequests) {
  start("");
  TestSocket server = attempt();
  const auto shown = [&](const std::string& http) {
    EXPECT_NE(proxy_->askAdmin("GET", "/connections").find("\"http\":" + http), std::string::npos)
        << http << " in " << proxy_->askAdmin("GET", "/connections");
  };
  shown(R"({"version":"HTTP/1.1","requests":1,"open_streams":1})");

  TestSocket silent = TestSocket::connectTo(proxy_->port());
  proxy_->waitForMetric("weir_listener_open_connections{listener=\"in\"}", 2);
  shown("null");

  client_.emplace(TestSocket::connectTo(proxy_->port()));
  for (int i = 0; i < 2; ++i) {
    client_->send("GET /direct HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_EQ(client_->receive(Direct.size()), Direct);
  }
  shown(R"({"version":"HTTP/1.1","requests":2,"open_streams":0})");
}

}  // namespace
}  // namespace weir::test
