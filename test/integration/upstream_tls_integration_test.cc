// TLS towards upstreams, by two whole proxies: one terminates it, the other one begins it.

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "test/integration/server_under_test.h"
#include "test/support/certificates.h"

namespace weir::test {
namespace {

std::string certificateOf(const CertificateAndKey& made) {
  return "tls_certificates: [{certificate_chain: " + inlined(made.chain) +
         ", private_key: " + inlined(made.key) + "}]";
}

constexpr char Echo[] =
    "[{typed_config: {\"@type\": type.googleapis.com/weir.extensions.network.echo.v1.Echo}}]";

// An http_conn_manager whose only route is `action`.
std::string httpTo(const std::string& action) {
  return "[{typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.network.http_conn_manager.v1."
         "HttpConnectionManager, stat_prefix: web, route_config: {virtual_hosts: [{name: all, "
         "domains: [\"*\"], routes: [{match: {prefix: /}, " +
         action + "}]}]}}}]";
}

class UpstreamTlsIntegrationTest : public testing::Test {
 protected:
  void startServer(const std::string& filters, const std::string& common = "",
                   const std::string& more = "") {
    server.emplace(
        "listeners: [{name: tls, address: 127.0.0.1:0, default_filter_chain: {name: "
        "inside, tls_context: {common_tls_context: {" +
        certificateOf(for_server) + common + "}" + more + "}, filters: " + filters + "}}]\n");
  }
  std::string trust(const std::string& more = "") const {
    return "validation_context: {trusted_ca: " + inlined(ca.pem()) + more + "}";
  }
  // In front of it, by the cluster "up".
  void startClient(const std::string& filters, const std::string& tls,
                   const std::string& cluster = "") {
    client.emplace(
        "listeners: [{name: in, address: 127.0.0.1:0, default_filter_chain: {name: "
        "plain, filters: " +
        filters +
        "}}]\nclusters: [{name: up, endpoints: [{address: "
        "\"127.0.0.1:" +
        std::to_string(server->port()) + "\"}], tls_context: {" + tls + "}" + cluster + "}]\n");
  }
  std::string toServer(const std::string& common = "") const {
    return "sni: server.test, common_tls_context: {" + trust() + common + "}";
  }
  std::string get() {
    TestSocket socket = TestSocket::connectTo(client->port());
    socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::string answer = socket.receiveAll();
    return answer.substr(0, answer.find("\r\n"));
  }

  const CertificateAuthority ca{"root"};
  const CertificateAndKey for_server = ca.issue({.names = {"server.test"}});
  const CertificateAndKey for_client = ca.issue({.names = {"client.test"}});
  std::optional<ServerUnderTest> server;
  std::optional<ServerUnderTest> client;
};

TEST_F(UpstreamTlsIntegrationTest, CarriesAnyBytes) {
  startServer(Echo);
  startClient(tcpProxyTo("up"), toServer());
  TestSocket socket = TestSocket::connectTo(client->port());
  const std::string much(300'000, 'x');
  socket.send("hello");
  EXPECT_EQ(socket.receive(5), "hello");
  socket.send(much);
  EXPECT_EQ(socket.receive(much.size()), much);
  socket.halfClose();
  EXPECT_EQ(socket.receiveAll(), "");
  EXPECT_FALSE(socket.wasReset());
  EXPECT_EQ(server->metric("weir_tls_handshakes_total{listener=\"tls\",chain=\"inside\","
                           "result=\"ok\"}"),
            1U);
}

TEST_F(UpstreamTlsIntegrationTest, AServerOfAnotherNameIsRefused) {
  startServer(Echo);
  startClient(tcpProxyTo("up"), "sni: other.test, common_tls_context: {" + trust() + "}");
  TestSocket socket = TestSocket::connectTo(client->port());
  socket.send("secret");
  EXPECT_EQ(socket.receiveAll(), "");
  server->waitForMetric(
      "weir_tls_handshakes_total{listener=\"tls\",chain=\"inside\","
      "result=\"peer_refuses_certificate\"}",
      1);
  client->waitForMetric("weir_upstream_connects_total{cluster=\"up\",outcome=\"refused\"}", 1);
}

TEST_F(UpstreamTlsIntegrationTest, ShowsItsCertificateToAServerThatWantsOne) {
  startServer(Echo, ", " + trust(", verify_subject_alt_name: [client.test]"),
              ", require_client_certificate: true");
  startClient(tcpProxyTo("up"), toServer(", " + certificateOf(for_client)));
  TestSocket socket = TestSocket::connectTo(client->port());
  socket.send("hello");
  EXPECT_EQ(socket.receive(5), "hello");
}

TEST_F(UpstreamTlsIntegrationTest, RequestsOverHttp1ReuseTheConnection) {
  startServer(httpTo("direct_response: {status: 204}"), ", alpn_protocols: [h2, http/1.1]");
  startClient(httpTo("route: {cluster: up}"), toServer());
  EXPECT_EQ(get(), "HTTP/1.1 204 No Content");
  EXPECT_EQ(get(), "HTTP/1.1 204 No Content");
  EXPECT_EQ(server->metric("weir_tls_handshakes_total{listener=\"tls\",chain=\"inside\","
                           "result=\"ok\"}"),
            1U);
}

TEST_F(UpstreamTlsIntegrationTest, RequestsGoOverHttp2) {
  startServer(httpTo("direct_response: {status: 204}"), ", alpn_protocols: [h2]");
  startClient(httpTo("route: {cluster: up}"), toServer(),
              ", http_protocol_options: {upstream_protocol: HTTP2}");
  EXPECT_EQ(get(), "HTTP/1.1 204 No Content");
}

TEST_F(UpstreamTlsIntegrationTest, AServerThatDoesNotAgreeOnHttp2GetsNone) {
  startServer(httpTo("direct_response: {status: 204}"), ", alpn_protocols: [http/1.1]");
  startClient(httpTo("route: {cluster: up}"), toServer(),
              ", http_protocol_options: {upstream_protocol: HTTP2}");
  EXPECT_EQ(get(), "HTTP/1.1 503 Service Unavailable");
}

TEST_F(UpstreamTlsIntegrationTest, ChecksGoThroughTls) {
  startServer(httpTo("direct_response: {status: 200}"), ", alpn_protocols: [http/1.1]");
  startClient(httpTo("route: {cluster: up}"), toServer(),
              ", health_check: {interval: 0.05s, http_health_check: {path: /}}");
  client->waitForMetric("weir_upstream_health_checks_total{cluster=\"up\",outcome=\"passed\"}", 2);
  EXPECT_EQ(client->metric("weir_upstream_health_checks_total{cluster=\"up\",outcome=\"failed\"}"),
            0U);
}

TEST_F(UpstreamTlsIntegrationTest, ACheckOfAServerOfAnotherNameFails) {
  startServer(Echo);
  startClient(tcpProxyTo("up"), "sni: other.test, common_tls_context: {" + trust() + "}",
              ", health_check: {interval: 0.05s}");
  client->waitForMetric("weir_upstream_health_checks_total{cluster=\"up\",outcome=\"failed\"}", 1);
}

TEST_F(UpstreamTlsIntegrationTest, AProxyHeaderGoesInFrontOfTls) {
  TestUpstream upstream;
  startServer(Echo);  // only for the port that startClient() wants
  client.emplace(
      "listeners: [{name: in, address: 127.0.0.1:0, default_filter_chain: {name: plain, "
      "filters: " +
      tcpProxyTo("up") + "}}]\nclusters: [{name: up, endpoints: [{address: \"" +
      upstream.address() + "\"}], proxy_protocol: {}, tls_context: {sni: server.test}}]\n");
  TestSocket socket = TestSocket::connectTo(client->port());
  socket.send("hello");
  TestSocket accepted = upstream.accept();
  const std::string start = accepted.receive(11);
  EXPECT_EQ(start, "PROXY TCP4 ");
  std::string rest;
  while (!rest.ends_with("\r\n")) rest += accepted.receive(1);
  EXPECT_EQ(accepted.receive(2), "\x16\x03");  // a handshake record
}

}  // namespace
}  // namespace weir::test
