// CONNECT through the whole proxy: real sockets, and raw bytes on both sides. For HTTP/2, two
// proxies in a row.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

// One listener with an http_conn_manager; `action` is the route of CONNECTs.
std::string proxyConfig(const std::string& upstream, const std::string& action,
                        const std::string& manager = "", const std::string& cluster = "") {
  return "listeners:\n"
         "- name: in\n"
         "  address: 127.0.0.1:0\n"
         "  default_filter_chain: {name: web, filters: [{typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.network.http_conn_manager.v1."
         "HttpConnectionManager, stat_prefix: web, route_config: {virtual_hosts: [{name: all, "
         "domains: [\"*\"], routes: [{match: {connect_matcher: {}}, " +
         action + "}]}]}" + manager + "}}]}\nclusters:\n- {name: up, endpoints: [{address: \"" +
         upstream + "\"}]" + cluster + "}\n";
}

constexpr char ToCluster[] = "tunnel: {cluster: up}";
constexpr char ToAuthority[] = "tunnel: {authority: {allow_local_destinations: true}}";
constexpr char ToAuthorityElsewhere[] = "tunnel: {authority: {}}";
constexpr char Onwards[] = "route: {cluster: up, upgrade_configs: [{upgrade_type: CONNECT}]}";
constexpr char OverHttp2[] = ", http_protocol_options: {upstream_protocol: HTTP2}";
constexpr char OverHttp1[] = ", http_protocol_options: {upstream_protocol: HTTP1}";
constexpr std::string_view Opened = "HTTP/1.1 200 OK\r\n\r\n";

std::string connectTo(const std::string& authority) {
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

bool answers(TestSocket& client, const std::string& status, const std::string& reason) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string next = client.receive(1);
    if (next.empty()) break;
    head += next;
  }
  const bool right = head.starts_with("HTTP/1.1 " + status + " ") &&
                     head.find("\r\nweir-error: " + reason + "\r\n") != std::string::npos;
  if (!right) ADD_FAILURE() << head;
  return right;
}

class ConnectIntegrationTest : public testing::Test {
 protected:
  void expectTunnel(TestSocket& client, TestSocket& server) {
    client.send("ping");
    EXPECT_EQ(server.receive(4), "ping");
    server.send("pong");
    EXPECT_EQ(client.receive(4), "pong");
  }
  // Each way ends by itself; then all is gone.
  void expectEnds(TestSocket& client, TestSocket& server, bool client_first) {
    TestSocket& first = client_first ? client : server;
    TestSocket& second = client_first ? server : client;
    first.send("last");
    first.halfClose();
    EXPECT_EQ(second.receive(5), "last");
    second.send("still here");
    EXPECT_EQ(first.receive(10), "still here");
    second.halfClose();
    EXPECT_EQ(first.receiveAll(), "");
    EXPECT_FALSE(first.wasReset());
  }

  TestUpstream upstream_;
};

TEST_F(ConnectIntegrationTest, LeadsToACluster) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), ToCluster));
  for (const bool client_first : {true, false}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(connectTo("anywhere.example:443") + "early");
    TestSocket server = upstream_.accept();
    EXPECT_EQ(client.receive(Opened.size()), Opened);
    EXPECT_EQ(server.receive(5), "early");
    expectTunnel(client, server);
    expectEnds(client, server, client_first);
  }
  proxy.waitForMetric("weir_http_responses_total{name=\"web\",status=\"2xx\"}", 2);
  proxy.waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
  proxy.waitForMetricBelow("weir_upstream_active_connections{cluster=\"up\"}", 1);
}

TEST_F(ConnectIntegrationTest, LeadsToTheAddressThatIsAskedFor) {
  ServerUnderTest proxy(proxyConfig("127.0.0.1:1", ToAuthority));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(connectTo(upstream_.address()));
  TestSocket server = upstream_.accept();
  EXPECT_EQ(client.receive(Opened.size()), Opened);
  expectTunnel(client, server);
}

// Two listeners, of which the second one has all addresses and answers by itself; in a
// configuration to which another one may come.
std::string withMoreListeners(const std::string& config, const std::vector<uint16_t>& ports) {
  std::string more;
  for (const uint16_t port : ports) {
    more += "- name: at_" + std::to_string(port) + "\n  address: 0.0.0.0:" + std::to_string(port) +
            "\n  default_filter_chain: {name: e, filters: [{typed_config: {\"@type\": "
            "type.googleapis.com/weir.extensions.network.echo.v1.Echo}}]}\n";
  }
  std::string all = config;
  return all.insert(all.find("clusters:\n"), more);
}

uint16_t freePort() {
  const TestUpstream holder;
  return holder.port();
}

TEST_F(ConnectIntegrationTest, DoesNotLeadToAnyListenerOfItsOwn) {
  const std::string config = proxyConfig("127.0.0.1:1", ToAuthority);
  ServerUnderTest proxy(withMoreListeners(config, {0}));
  const uint16_t late = freePort();
  const auto expectLoop = [&](uint16_t port) {
    for (const char* host : {"127.0.0.1:", "127.7.7.7:", "localhost:"}) {
      TestSocket client = TestSocket::connectTo(proxy.port());
      client.send(connectTo(host + std::to_string(port)));
      EXPECT_TRUE(answers(client, "508", "loop")) << host << port;
    }
  };
  expectLoop(proxy.port(1));
  {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(connectTo("127.0.0.1:" + std::to_string(late)));
    EXPECT_TRUE(answers(client, "503", "upstream_refused"));
  }
  EXPECT_EQ(proxy.reload(withMoreListeners(config, {0, late})), "");
  expectLoop(late);
}

TEST_F(ConnectIntegrationTest, LooksANameUp) {
  ServerUnderTest proxy(proxyConfig("127.0.0.1:1", ToAuthority));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(connectTo("localhost:" + std::to_string(upstream_.port())) + "early");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(client.receive(Opened.size()), Opened);
  EXPECT_EQ(server.receive(5), "early");
  expectTunnel(client, server);
}

TEST_F(ConnectIntegrationTest, WantsAPort) {
  ServerUnderTest proxy(proxyConfig("127.0.0.1:1", ToAuthority));
  for (const char* authority : {"localhost", "localhost:", "localhost:x", "localhost:0",
                                "localhost:65536", ":80", "127.0.0.1", "127.0.0.1:0", "[::1]"}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(connectTo(authority));
    EXPECT_EQ(client.receive(12), "HTTP/1.1 400") << authority;
  }
}

TEST_F(ConnectIntegrationTest, DoesNotLeadBackToTheProxyItself) {
  ServerUnderTest proxy(proxyConfig("127.0.0.1:1", ToAuthority));
  for (const char* host : {"127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "localhost"}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(connectTo(host + (":" + std::to_string(proxy.port()))));
    EXPECT_TRUE(answers(client, "508", "loop")) << host;
  }
}

TEST_F(ConnectIntegrationTest, LeadsNowhereNearUnlessTheRouteAllowsIt) {
  ServerUnderTest proxy(proxyConfig("127.0.0.1:1", ToAuthorityElsewhere));
  for (const char* host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(connectTo(host + (":" + std::to_string(upstream_.port()))));
    EXPECT_TRUE(answers(client, "403", "local_destination")) << host;
  }
}

TEST_F(ConnectIntegrationTest, TellsWhyItCannotConnect) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), ToCluster));
  upstream_.close();
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(connectTo("a:1"));
  EXPECT_TRUE(answers(client, "503", "upstream_refused"));
}

TEST_F(ConnectIntegrationTest, ATunnelThatBreaksBreaksOnTheOtherSide) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), ToCluster));
  for (const bool by_client : {true, false}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(connectTo("a:1"));
    TestSocket server = upstream_.accept();
    EXPECT_EQ(client.receive(Opened.size()), Opened);
    (by_client ? client : server).reset();
    TestSocket& other = by_client ? server : client;
    other.receiveAll();
    EXPECT_TRUE(other.wasReset());
  }
}

TEST_F(ConnectIntegrationTest, MuchPassesBothWaysThoughNobodyReadsAtFirst) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), ToCluster));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(connectTo("a:1"));
  TestSocket server = upstream_.accept();
  EXPECT_EQ(client.receive(Opened.size()), Opened);
  const std::string much(8 << 20, 'x');
  for (auto [from, to] : {std::pair{&client, &server}, std::pair{&server, &client}}) {
    // It fits in neither the proxy nor the kernel: the sender is slowed down.
    EXPECT_LT(from->sendWhatFits(std::string(64 << 20, 'y')), size_t{64} << 20);
    std::thread sender([&, one = from] {
      one->send(much);
      one->halfClose();
    });
    EXPECT_TRUE(to->receiveAll().ends_with(much));
    sender.join();
  }
  proxy.waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
}

TEST_F(ConnectIntegrationTest, AnIdleTunnelEnds) {
  ServerUnderTest proxy(
      proxyConfig(upstream_.address(), "tunnel: {cluster: up, idle_timeout: 0.05s}"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(connectTo("a:1"));
  TestSocket server = upstream_.accept();
  EXPECT_EQ(client.receive(Opened.size()), Opened);
  EXPECT_EQ(client.receiveAll(), "");
  EXPECT_EQ(server.receiveAll(), "");
}

TEST_F(ConnectIntegrationTest, PassesOnIfThatIsAllowed) {
  for (const char* version : {OverHttp1, OverHttp2}) {
    ServerUnderTest second(proxyConfig(upstream_.address(), ToCluster));
    ServerUnderTest first(
        proxyConfig("127.0.0.1:" + std::to_string(second.port()), Onwards, "", version));
    for (const bool client_first : {true, false}) {
      TestSocket client = TestSocket::connectTo(first.port());
      client.send(connectTo("a:1"));
      TestSocket server = upstream_.accept();
      EXPECT_EQ(client.receive(Opened.size()), Opened);
      expectTunnel(client, server);
      expectEnds(client, server, client_first);
    }
    for (ServerUnderTest* proxy : {&first, &second}) {
      proxy->waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
    }
    TestSocket client = TestSocket::connectTo(first.port());
    client.send(connectTo("a:1"));
    {
      TestSocket server = upstream_.accept();
      EXPECT_EQ(client.receive(Opened.size()), Opened);
      server.reset();
    }
    client.receiveAll();
    EXPECT_TRUE(client.wasReset());
  }
}

TEST_F(ConnectIntegrationTest, ARefusalPassesOnWithItsReason) {
  ServerUnderTest second(proxyConfig(upstream_.address(), ToCluster));
  upstream_.close();
  ServerUnderTest first(
      proxyConfig("127.0.0.1:" + std::to_string(second.port()), Onwards, "", OverHttp2));
  TestSocket client = TestSocket::connectTo(first.port());
  client.send(connectTo("a:1"));
  EXPECT_TRUE(answers(client, "503", "upstream_refused"));
}

TEST_F(ConnectIntegrationTest, IsNotPassedOnUnlessThatIsAllowed) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), "route: {cluster: up}"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(connectTo("a:1"));
  EXPECT_TRUE(answers(client, "403", "upgrade_not_allowed"));
  EXPECT_FALSE(upstream_.hasPending());
}

}  // namespace
}  // namespace weir::test
