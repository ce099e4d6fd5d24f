// Upgrades through the whole proxy: real sockets, and raw bytes on both sides. For HTTP/2 in the
// middle, two proxies in a row.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "source/http/upgrade.h"
#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

// One listener with an http_conn_manager that sends all to the cluster "up" at `upstream`.
std::string proxyConfig(const std::string& upstream, const std::string& manager,
                        const std::string& route = "", const std::string& cluster = "") {
  return "listeners:\n"
         "- name: in\n"
         "  address: 127.0.0.1:0\n"
         "  default_filter_chain: {name: web, filters: [{typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.network.http_conn_manager.v1."
         "HttpConnectionManager, stat_prefix: web, use_remote_address: false, generate_request_id: "
         "false, route_config: {virtual_hosts: [{name: all, "
         "domains: [\"*\"], routes: [{match: {prefix: /}, route: {cluster: up" +
         route + "}}]}]}" + manager + "}}]}\nclusters:\n- {name: up, endpoints: [{address: \"" +
         upstream + "\"}]" + cluster + "}\n";
}

constexpr std::string_view AllowWebSocket = ", upgrade_types: [websocket]";
constexpr std::string_view Upgrade =
    "GET /chat HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view Forwarded =
    "GET /chat HTTP/1.1\r\nhost: test\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "sec-websocket-version: 13\r\nx-forwarded-proto: http\r\nupgrade: websocket\r\n"
    "connection: upgrade\r\n\r\n";
constexpr std::string_view Switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
constexpr std::string_view Switched =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";

bool startsWith(const std::string& text, const std::string& what) {
  return text.compare(0, what.size(), what) == 0;
}

// A head, up to its empty line.
std::string receiveHead(TestSocket& socket) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string next = socket.receive(1);
    if (next.empty()) break;
    head += next;
  }
  return head;
}

class UpgradeIntegrationTest : public testing::Test {
 protected:
  // The client's side and the upstream's of a tunnel, after the handshake.
  struct Ends {
    TestSocket client;
    TestSocket server;
  };
  Ends open(ServerUnderTest& proxy) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(Upgrade);
    TestSocket server = upstream_.accept();
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    server.send(Switching);
    EXPECT_EQ(client.receive(Switched.size()), Switched);
    return {std::move(client), std::move(server)};
  }
  void expectEcho(Ends& ends) {
    ends.client.send("ping");
    EXPECT_EQ(ends.server.receive(4), "ping");
    ends.server.send("pong");
    EXPECT_EQ(ends.client.receive(4), "pong");
  }

  TestUpstream upstream_;
};

TEST_F(UpgradeIntegrationTest, CarriesBytesBothWaysAndTheEndOfEach) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), std::string(AllowWebSocket)));
  for (const bool client_first : {true, false}) {
    Ends ends = open(proxy);
    expectEcho(ends);
    TestSocket& first = client_first ? ends.client : ends.server;
    TestSocket& second = client_first ? ends.server : ends.client;
    first.send("last");
    first.halfClose();
    EXPECT_EQ(second.receive(5), "last");
    // The other way goes on.
    second.send("still here");
    EXPECT_EQ(first.receive(10), "still here");
    second.halfClose();
    EXPECT_EQ(first.receiveAll(), "");
    EXPECT_FALSE(first.wasReset());
  }
  proxy.waitForMetric("weir_http_responses_total{name=\"web\",status=\"1xx\"}", 2);
  proxy.waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
  proxy.waitForMetricBelow("weir_upstream_active_connections{cluster=\"up\"}", 1);
}

TEST_F(UpgradeIntegrationTest, WhatFollowsTheRequestWaitsForTheAnswer) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), std::string(AllowWebSocket)));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(std::string(Upgrade) + "early");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  server.send(std::string(Switching) + "greeting");
  EXPECT_EQ(server.receive(5), "early");
  EXPECT_EQ(client.receive(Switched.size() + 8), std::string(Switched) + "greeting");
}

TEST_F(UpgradeIntegrationTest, ARefusedUpgradeIsAnOrdinaryResponse) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), std::string(AllowWebSocket)));
  TestSocket client = TestSocket::connectTo(proxy.port());
  for (const char* status : {"403 Forbidden", "200 OK"}) {
    client.send(Upgrade);
    TestSocket server = upstream_.accept();
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    server.send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 2\r\nDate: x\r\n\r\nno");
    const std::string expected =
        "HTTP/1.1 " + std::string(status) + "\r\ndate: x\r\ncontent-length: 2\r\n\r\nno";
    EXPECT_EQ(client.receive(expected.size()), expected);
  }
  // The connection goes on as before.
  client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  TestSocket server = upstream_.accept();
  EXPECT_TRUE(startsWith(receiveHead(server), "GET / HTTP/1.1\r\n"));
}

TEST_F(UpgradeIntegrationTest, WhatFollowsARefusedUpgradeIsTheNextRequest) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), std::string(AllowWebSocket)));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(std::string(Upgrade) + "GET /next HTTP/1.1\r\nHost: t\r\n\r\n");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: x\r\n\r\n");
  const std::string refused = "HTTP/1.1 200 OK\r\ndate: x\r\ncontent-length: 0\r\n\r\n";
  EXPECT_EQ(client.receive(refused.size()), refused);
  EXPECT_TRUE(startsWith(receiveHead(server), "GET /next HTTP/1.1\r\n"));
}

struct RuleCase {
  std::string manager;
  std::string route;
  std::string offered;
  std::string passed;  // empty: 403
};

TEST_F(UpgradeIntegrationTest, PassesWhatIsAllowed) {
  const RuleCase cases[] = {
      {"", "", "websocket", ""},
      {", upgrade_types: [WebSocket]", "", "WEBSOCKET", "WEBSOCKET"},
      {", upgrade_types: [websocket]", "", "other", ""},
      {", upgrade_types: [websocket]",
       ", upgrade_configs: [{upgrade_type: websocket, enabled: "
       "false}]",
       "websocket", ""},
      {"", ", upgrade_configs: [{upgrade_type: websocket}]", "websocket", "websocket"},
      {", upgrade_types: [b]", "", "a, b/2, c", "b/2"},
      {", transparent: true", "", "anything", "anything"},
  };
  for (const RuleCase& one : cases) {
    ServerUnderTest proxy(proxyConfig(upstream_.address(), one.manager, one.route));
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send("GET / HTTP/1.1\r\nHost: t\r\nUpgrade: " + one.offered +
                "\r\nConnection: upgrade\r\n\r\n");
    if (one.passed.empty()) {
      const std::string head = receiveHead(client);
      EXPECT_TRUE(startsWith(head, "HTTP/1.1 403")) << head;
      EXPECT_NE(head.find("weir-error: upgrade_not_allowed\r\n"), std::string::npos) << head;
      EXPECT_FALSE(upstream_.hasPending());
      continue;
    }
    TestSocket server = upstream_.accept();
    const std::string head = receiveHead(server);
    EXPECT_NE(head.find("\r\nupgrade: " + one.passed + "\r\n"), std::string::npos) << head;
  }
}

TEST_F(UpgradeIntegrationTest, ATunnelThatBreaksBreaksOnTheOtherSide) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), std::string(AllowWebSocket)));
  {
    Ends ends = open(proxy);
    ends.server.reset();
    ends.client.receiveAll();
    EXPECT_TRUE(ends.client.wasReset());
  }
  Ends ends = open(proxy);
  ends.client.reset();
  ends.server.receiveAll();
  EXPECT_TRUE(ends.server.wasReset());
}

TEST_F(UpgradeIntegrationTest, OnlyTheIdleTimeoutHoldsForATunnel) {
  ServerUnderTest proxy(
      proxyConfig(upstream_.address(),
                  std::string(AllowWebSocket) + ", request_timeout: 0.05s, idle_timeout: 0.05s",
                  ", timeout: 0.05s, idle_timeout: 0.4s"));
  Ends ends = open(proxy);
  // Far longer than those that hold for requests, and then nothing.
  for (int i = 0; i < 3; ++i) {
    expectEcho(ends);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(60);
    while (std::chrono::steady_clock::now() < until) proxy.letMainGoOn();
  }
  expectEcho(ends);
  EXPECT_EQ(ends.client.receiveAll(), "");
  EXPECT_EQ(ends.server.receiveAll(), "");
  proxy.waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
}

TEST_F(UpgradeIntegrationTest, TheLastBytesReachAnUpstreamThatReadsSlowly) {
  ServerUnderTest proxy(proxyConfig(upstream_.address(), std::string(AllowWebSocket)));
  Ends ends = open(proxy);
  ends.server.halfClose();
  EXPECT_EQ(ends.client.receiveAll(), "");
  const std::string much(8 << 20, 'x');
  std::thread sender([&] {
    ends.client.send(much);
    ends.client.halfClose();
  });
  EXPECT_EQ(ends.server.receive(1), "x");
  proxy.waitForMetric("weir_http_requests_total{name=\"web\",version=\"HTTP/1.1\"}", 1);
  EXPECT_EQ(ends.server.receiveAll().size(), much.size() - 1);
  EXPECT_FALSE(ends.server.wasReset());
  sender.join();
}

constexpr std::string_view OverHttp2 = ", http_protocol_options: {upstream_protocol: HTTP2}";
constexpr std::string_view OverHttp1 = ", http_protocol_options: {upstream_protocol: HTTP1}";

// HTTP/1 from the client, HTTP/2 between two proxies, HTTP/1 to the upstream.
class TranslatedUpgradeTest : public UpgradeIntegrationTest {
 protected:
  TranslatedUpgradeTest()
      : second_(
            proxyConfig(upstream_.address(), std::string(AllowOurs), "", std::string(OverHttp1))),
        first_(proxyConfig("127.0.0.1:" + std::to_string(second_.port()), std::string(AllowOurs),
                           "", std::string(OverHttp2))),
        client_(TestSocket::connectTo(first_.port())) {}

  // What the upstream gets of the client's request.
  std::string askFor(const std::string& protocol, const std::string& more) {
    client_.send("GET /chat HTTP/1.1\r\nHost: test\r\nUpgrade: " + protocol +
                 "\r\nConnection: upgrade\r\n" + more + "\r\n");
    server_.emplace(upstream_.accept());
    return receiveHead(*server_);
  }
  static std::string fieldOf(const std::string& head, const std::string& name) {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }

  static constexpr std::string_view AllowOurs = ", upgrade_types: [websocket, other]";
  ServerUnderTest second_;
  ServerUnderTest first_;
  TestSocket client_;
  std::optional<TestSocket> server_;
};

constexpr char KeyLine[] = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

TEST_F(TranslatedUpgradeTest, AWebSocketPassesHttp2) {
  const std::string head = askFor("websocket", std::string(KeyLine) + "X-One: 1\r\n");
  EXPECT_TRUE(startsWith(head, "GET /chat HTTP/1.1\r\nhost: test\r\n")) << head;
  EXPECT_EQ(fieldOf(head, "upgrade"), "websocket");
  EXPECT_EQ(fieldOf(head, "connection"), "upgrade");
  EXPECT_EQ(fieldOf(head, "x-one"), "1");
  const std::string key = fieldOf(head, "sec-websocket-key");
  EXPECT_EQ(key.size(), 24U);
  EXPECT_NE(key, "dGhlIHNhbXBsZSBub25jZQ==");
  server_->send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Accept: " +
      http::webSocketAccept(key) + "\r\n\r\nhello");
  const std::string answer = receiveHead(client_);
  EXPECT_TRUE(startsWith(answer, "HTTP/1.1 101 Switching Protocols\r\n")) << answer;
  EXPECT_EQ(fieldOf(answer, "upgrade"), "websocket");
  EXPECT_EQ(fieldOf(answer, "connection"), "upgrade");
  EXPECT_EQ(fieldOf(answer, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(fieldOf(answer, "sec-websocket-protocol"), "chat");
  EXPECT_EQ(client_.receive(5), "hello");
  client_.send("ping");
  EXPECT_EQ(server_->receive(4), "ping");
  client_.halfClose();
  EXPECT_EQ(server_->receiveAll(), "");
  server_->send("after");
  EXPECT_EQ(client_.receive(5), "after");
  server_->halfClose();
  EXPECT_EQ(client_.receiveAll(), "");
  EXPECT_FALSE(client_.wasReset());
  for (ServerUnderTest* proxy : {&first_, &second_}) {
    proxy->waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
  }
}

TEST_F(TranslatedUpgradeTest, AnyOtherProtocolPassesToo) {
  const std::string head = askFor("other", "");
  EXPECT_EQ(fieldOf(head, "upgrade"), "other");
  EXPECT_EQ(fieldOf(head, "sec-websocket-key"), "");
  server_->send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n");
  const std::string answer = receiveHead(client_);
  EXPECT_TRUE(startsWith(answer, "HTTP/1.1 101 Switching Protocols\r\n")) << answer;
  EXPECT_EQ(fieldOf(answer, "sec-websocket-accept"), "");
  server_->send("x");
  EXPECT_EQ(client_.receive(1), "x");
}

TEST_F(TranslatedUpgradeTest, ARefusalPasses) {
  askFor("websocket", KeyLine);
  server_->send("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  const std::string answer = receiveHead(client_);
  EXPECT_TRUE(startsWith(answer, "HTTP/1.1 404 Not Found\r\n")) << answer;
  EXPECT_EQ(client_.receive(2), "no");
}

TEST_F(TranslatedUpgradeTest, AnAnswerThatWouldPassForAcceptanceDoesNotPass) {
  askFor("websocket", KeyLine);
  server_->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
  const std::string answer = receiveHead(client_);
  EXPECT_TRUE(startsWith(answer, "HTTP/1.1 502 Bad Gateway\r\n")) << answer;
  EXPECT_EQ(fieldOf(answer, "weir-error"), "upgrade_refused");
}

TEST_F(TranslatedUpgradeTest, AServerThatDoesNotKnowTheHandshakeIsNotBelieved) {
  askFor("websocket", KeyLine);
  server_->send(Switching);
  const std::string answer = receiveHead(client_);
  EXPECT_TRUE(startsWith(answer, "HTTP/1.1 502 Bad Gateway\r\n")) << answer;
  EXPECT_EQ(fieldOf(answer, "weir-error"), "upgrade_handshake");
}

TEST_F(TranslatedUpgradeTest, AResetPassesBothProxies) {
  askFor("other", "");
  server_->send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n");
  receiveHead(client_);
  server_->reset();
  client_.receiveAll();
  EXPECT_TRUE(client_.wasReset());
}

}  // namespace
}  // namespace weir::test
