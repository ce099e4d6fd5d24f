// The filters in a whole proxy in this process: real sockets, ports that the kernel chooses, no
// waiting but for what is to happen.

#include <gtest/gtest.h>

#include <string>

#include "proxy/extensions.h"
#include "source/main/extensions.h"
#include "test/integration/server_under_test.h"

namespace custom {
namespace {

using weir::test::ServerUnderTest;
using weir::test::tcpProxyTo;
using weir::test::TestSocket;
using weir::test::TestUpstream;

void registerAll(weir::config::Registry& registry) {
  weir::registerBuiltins(registry);
  registerExtensions(registry);
}

class ProxyTest : public testing::Test {
 protected:
  std::string config() const {
    return "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n"
           "  listener_filters:\n"
           "  - typed_config: {\"@type\": "
           "type.googleapis.com/custom.nut_inspector.v1.NutInspector}\n"
           "  filter_chains:\n"
           "  - name: nut\n"
           "    match: {application_protocols: [nut]}\n"
           "    filters:\n"
           "    - typed_config:\n"
           "        \"@type\": type.googleapis.com/custom.line_rewriter.v1.LineRewriter\n"
           "        from_client: [{prefix: \"GET VAR ups \", replacement: \"GET VAR rack7 \"}]\n"
           "        to_client: [{prefix: \"VAR rack7 \", replacement: \"VAR ups \"}]\n"
           "    - typed_config: {\"@type\": "
           "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, cluster: upsd}\n"
           "  default_filter_chain: {name: other, filters: " +
           tcpProxyTo("other") +
           "}\n"
           "- name: api\n"
           "  address: 127.0.0.1:0\n"
           "  default_filter_chain:\n"
           "    name: api\n"
           "    filters:\n"
           "    - typed_config:\n"
           "        \"@type\": type.googleapis.com/weir.extensions.network.http_conn_manager.v1."
           "HttpConnectionManager\n"
           "        stat_prefix: api\n"
           "        access_log: {disabled: true}\n"
           "        http_filters:\n"
           "        - typed_config: {\"@type\": type.googleapis.com/custom.api_keys.v1.ApiKeys, "
           "keys: [{key: open-sesame, tenant: ali}]}\n"
           "        - typed_config: {\"@type\": "
           "type.googleapis.com/weir.extensions.http.router.v1.Router}\n"
           "        route_config:\n"
           "          virtual_hosts:\n"
           "          - name: all\n"
           "            domains: [\"*\"]\n"
           "            routes: [{match: {prefix: /}, direct_response: {status: 200, body: "
           "{inline_string: cave}}}]\n"
           "clusters:\n"
           "- {name: upsd, endpoints: [{address: \"" +
           upsd_.address() +
           "\"}]}\n"
           "- {name: other, endpoints: [{address: \"" +
           other_.address() + "\"}]}\n";
  }

  TestUpstream upsd_;
  TestUpstream other_;
  ServerUnderTest proxy_{config(), 1, registerAll};
};

TEST_F(ProxyTest, AConnectionIsNamedAndItsLinesAreRewrittenBothWays) {
  TestSocket client = TestSocket::connectTo(proxy_.port());
  client.send("GET VAR ups ups.status\n");
  TestSocket server = upsd_.accept();
  const std::string question = "GET VAR rack7 ups.status\n";
  EXPECT_EQ(server.receive(question.size()), question);
  server.send("VAR rack7 ups.status \"OL\"\n");
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "VAR ups ups.status \"OL\"\n");
  client.send("LOGOUT");  // the end of its line never comes
  client.halfClose();
  EXPECT_EQ(server.receiveAll(), "LOGOUT");
  EXPECT_EQ(proxy_.metric("weir_chain_connections_total{listener=\"in\",chain=\"nut\",protocol="
                          "\"nut\",reason=\"client_bytes\"}"),
            1U);
  EXPECT_EQ(proxy_.metric("custom_lines_rewritten_total{listener=\"in\",chain=\"nut\",direction="
                          "\"from_client\"}"),
            1U);
}

TEST_F(ProxyTest, WhatIsNotOfTheProtocolGoesElsewhereByteForByte) {
  TestSocket client = TestSocket::connectTo(proxy_.port());
  client.send("GET /VAR ups \n");
  EXPECT_EQ(other_.accept().receive(14), "GET /VAR ups \n");
}

TEST_F(ProxyTest, AnUpstreamThatResetsResetsTheClient) {
  TestSocket client = TestSocket::connectTo(proxy_.port());
  client.send("VER\n");
  TestSocket server = upsd_.accept();
  EXPECT_EQ(server.receive(4), "VER\n");
  server.reset();
  client.receiveAll();
  EXPECT_TRUE(client.wasReset());
}

TEST_F(ProxyTest, RequestsNeedAKey) {
  TestSocket client = TestSocket::connectTo(proxy_.port(1));
  client.send(
      "GET / HTTP/1.1\r\nhost: a\r\nx-api-key: open-sesame\r\n\r\n"
      "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  const std::string answers = client.receiveAll();
  EXPECT_TRUE(answers.starts_with("HTTP/1.1 200 OK\r\n")) << answers;
  EXPECT_NE(answers.find("\r\n\r\ncaveHTTP/1.1 401 Unauthorized\r\n"), std::string::npos)
      << answers;
  for (const char* outcome : {"passed", "refused"}) {
    EXPECT_EQ(proxy_.metric("custom_api_keys_requests_total{listener=\"api\",chain=\"api\","
                            "outcome=\"" +
                            std::string(outcome) + "\"}"),
              1U);
  }
}

}  // namespace
}  // namespace custom
