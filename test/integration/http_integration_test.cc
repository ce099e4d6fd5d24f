// HTTP through the whole proxy: real sockets, raw bytes on both sides.

#include <gtest/gtest.h>

#include <ctime>
#include <optional>
#include <string>
#include <thread>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

// One listener with an http_conn_manager. `manager`: more of its fields; `routes`: those of its one
// virtual host; `cluster`: more fields of the cluster "up".
struct HttpParts {
  std::string manager = ", transparent: true";
  std::string routes = "[{match: {prefix: /}, route: {cluster: up}}]";
  std::string cluster = "";
};

class HttpIntegrationTest : public testing::Test {
 protected:
  std::string config(const HttpParts& parts) const {
    return "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n"
           "  default_filter_chain: {name: web, filters: [{typed_config: {\"@type\": "
           "type.googleapis.com/weir.extensions.network.http_conn_manager.v1."
           "HttpConnectionManager, stat_prefix: web, route_config: {virtual_hosts: [{name: all, "
           "domains: [\"*\"], routes: " +
           parts.routes + "}]}" + parts.manager +
           "}}]}\nclusters:\n- {name: up, endpoints: [{address: \"" + upstream_.address() + "\"}]" +
           parts.cluster + "}\n";
  }

  TestUpstream upstream_;
};

constexpr std::string_view Request = "GET /a?b=c HTTP/1.1\r\nHost: test\r\nX-One: 1\r\n\r\n";
constexpr std::string_view Forwarded = "GET /a?b=c HTTP/1.1\r\nhost: test\r\nx-one: 1\r\n\r\n";
constexpr std::string_view Response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: 2\r\n\r\nhi";
constexpr std::string_view Returned = "HTTP/1.1 200 OK\r\nx-two: 2\r\ncontent-length: 2\r\n\r\nhi";

TEST_F(HttpIntegrationTest, ForwardsRequestsOverOneConnectionEach) {
  ServerUnderTest proxy(config({}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  TestSocket server = upstream_.accept();
  for (int i = 0; i < 3; ++i) {
    if (i > 0) client.send(Request);
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    server.send(Response);
    EXPECT_EQ(client.receive(Returned.size()), Returned);
  }
  EXPECT_FALSE(upstream_.hasPending());
  proxy.waitForMetric("weir_http_responses_total{name=\"web\",status=\"2xx\"}", 3);
}

TEST_F(HttpIntegrationTest, ClientsShareAnUpstreamConnection) {
  ServerUnderTest proxy(config({}));
  std::optional<TestSocket> server;
  for (int i = 0; i < 2; ++i) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(Request);
    if (!server) server.emplace(upstream_.accept());
    EXPECT_EQ(server->receive(Forwarded.size()), Forwarded);
    server->send(Response);
    EXPECT_EQ(client.receive(Returned.size()), Returned);
  }
}

// `yaml` with a cluster of names in place of the first address of `one`.
std::string named(std::string yaml, const TestUpstream& one) {
  const std::string address = '"' + one.address() + '"';
  yaml.replace(yaml.find(address), address.size(),
               "\"localhost:" + std::to_string(one.port()) + '"');
  return yaml.insert(yaml.find("name: up") + 8, ", type: STRICT_DNS, dns_lookup_family: V4_ONLY");
}

TEST_F(HttpIntegrationTest, TheAuthorityBecomesTheNameOfTheEndpoint) {
  const std::string routes =
      "[{match: {prefix: /}, route: {cluster: up, auto_host_rewrite: true}}]";
  ServerUnderTest proxy(named(config({.routes = routes}), upstream_));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  TestSocket server = upstream_.accept();
  constexpr std::string_view Renamed = "GET /a?b=c HTTP/1.1\r\nhost: localhost\r\nx-one: 1\r\n\r\n";
  EXPECT_EQ(server.receive(Renamed.size()), Renamed);
}

TEST_F(HttpIntegrationTest, AnEndpointWithoutANameGetsTheAuthorityAsItWas) {
  TestUpstream other;
  const std::string routes =
      "[{match: {prefix: /}, route: {cluster: up, auto_host_rewrite: true, retry_policy: "
      "{retry_on: connect-failure, num_retries: 1}}}]";
  std::string yaml = config({.routes = routes});
  yaml.insert(yaml.find("\"}]"), "\"}, {address: \"" + other.address());
  ServerUnderTest proxy(named(yaml, upstream_));
  upstream_.close();
  std::optional<TestSocket> server;
  TestSocket client = TestSocket::connectTo(proxy.port());
  for (int i = 0; i < 2; ++i) {  // one of them tries the endpoint with the name first
    client.send(Request);
    if (!server) server.emplace(other.accept());
    EXPECT_EQ(server->receive(Forwarded.size()), Forwarded);
    server->send(Response);
    EXPECT_EQ(client.receive(Returned.size()), Returned);
  }
}

TEST_F(HttpIntegrationTest, AnswersWithoutAnUpstream) {
  ServerUnderTest proxy(config({.routes = "[{match: {path: /d}, direct_response: {status: 201, "
                                          "body: {inline_string: made}}}, {match: {path: /r}, "
                                          "redirect: {path_redirect: /d}}]"}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET /d HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string made =
      "HTTP/1.1 201 Created\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nmade";
  EXPECT_EQ(client.receive(made.size()), made);
  client.send("GET /r HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string redirect =
      "HTTP/1.1 301 Moved Permanently\r\nlocation: http://t/d\r\ncontent-length: 0\r\n\r\n";
  EXPECT_EQ(client.receive(redirect.size()), redirect);
  client.send("GET /x HTTP/1.0\r\n\r\n");
  const std::string missing = client.receiveAll();
  EXPECT_EQ(missing.substr(0, 22), "HTTP/1.1 404 Not Found") << missing;
  EXPECT_NE(missing.find("weir-error: route_not_found\r\n"), std::string::npos) << missing;
}

// The value of a field of a head; empty if it has none.
std::string fieldOf(const std::string& head, const std::string& name) {
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const size_t from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

TEST_F(HttpIntegrationTest, AnEdgeTellsOfItsClientAndBelievesNothing) {
  ServerUnderTest proxy(config({.manager = ", via: edge"}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(
      "GET / HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
      "X-Request-Id: mine\r\nWeir-Error: mine\r\nConnection: close\r\n\r\n");
  TestSocket server = upstream_.accept();
  std::string head;
  while (!head.ends_with("\r\n\r\n")) head += server.receive(1);
  EXPECT_EQ(fieldOf(head, "x-forwarded-for"), "10.0.0.1, 127.0.0.1");
  EXPECT_EQ(fieldOf(head, "x-forwarded-proto"), "http");
  EXPECT_EQ(fieldOf(head, "x-request-id").size(), 36U) << head;
  EXPECT_EQ(fieldOf(head, "weir-error"), "");
  EXPECT_EQ(fieldOf(head, "via"), "edge");
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: theirs\r\n\r\nhi");
  const std::string answer = client.receiveAll();
  EXPECT_EQ(fieldOf(answer, "via"), "edge");
  EXPECT_EQ(fieldOf(answer, "server"), "theirs");
  std::tm date{};
  ASSERT_NE(strptime(fieldOf(answer, "date").c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date), nullptr)
      << answer;
  EXPECT_LE(std::time(nullptr) - timegm(&date), 20);
  EXPECT_GE(std::time(nullptr) - timegm(&date), 0);
}

TEST_F(HttpIntegrationTest, InsideFieldsOfProxiesInFrontArePassedOn) {
  ServerUnderTest proxy(config({.manager = ", use_remote_address: false"}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string fields =
      "x-forwarded-for: 10.0.0.1\r\nx-forwarded-proto: https\r\nx-request-id: theirs\r\n\r\n";
  client.send("GET / HTTP/1.1\r\nHost: t\r\n" + fields);
  TestSocket server = upstream_.accept();
  const std::string forwarded = "GET / HTTP/1.1\r\nhost: t\r\n" + fields;
  EXPECT_EQ(server.receive(forwarded.size()), forwarded);
  server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: today\r\n\r\nhi");
  const std::string answer = "HTTP/1.1 200 OK\r\ndate: today\r\ncontent-length: 2\r\n\r\nhi";
  EXPECT_EQ(client.receive(answer.size()), answer);
}

// Of a client that was silent at first: the connection that was opened to hear whether the server
// speaks first.
TEST_F(HttpIntegrationTest, TheFirstRequestGoesIntoTheConnectionOfTheProbe) {
  const std::string type = "type.googleapis.com/weir.extensions.";
  for (const bool same_cluster : {true, false}) {
    ServerUnderTest proxy(
        "listeners:\n- name: in\n  address: 127.0.0.1:0\n  filter_chains:\n"
        "  - {name: http, match: {application_protocols: [http/1.1]}, filters: [{typed_config: "
        "{\"@type\": " +
        type +
        "network.http_conn_manager.v1.HttpConnectionManager, stat_prefix: web, transparent: true, "
        "route_config: {virtual_hosts: [{name: all, domains: [\"*\"], routes: [{match: {prefix: "
        "/}, route: {cluster: up}}]}]}}}]}\n  default_filter_chain:\n    name: tcp\n    filters: " +
        tcpProxyTo(same_cluster ? "up" : "other") +
        "\nclusters:\n- {name: up, endpoints: " + "[{address: \"" + upstream_.address() +
        "\"}]}\n- {name: other, endpoints: [{address: \"" + upstream_.address() + "\"}]}\n");
    TestSocket client = TestSocket::connectTo(proxy.port());
    TestSocket probe = upstream_.accept();
    client.send(Request);
    std::optional<TestSocket> server;
    if (!same_cluster) {
      EXPECT_EQ(probe.receiveAll(), "");
      server.emplace(upstream_.accept());
    }
    TestSocket& used = server ? *server : probe;
    for (int i = 0; i < 2; ++i) {
      if (i > 0) client.send(Request);
      EXPECT_EQ(used.receive(Forwarded.size()), Forwarded);
      used.send(Response);
      EXPECT_EQ(client.receive(Returned.size()), Returned);
    }
    EXPECT_FALSE(upstream_.hasPending());
  }
}

TEST_F(HttpIntegrationTest, AClientThatLeavesTakesTheProbeAlong) {
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  filter_chains:\n"
      "  - {name: http, match: {application_protocols: [http/1.1]}, filters: [{typed_config: "
      "{\"@type\": type.googleapis.com/weir.extensions.network.http_conn_manager.v1."
      "HttpConnectionManager, stat_prefix: web, route_config: {virtual_hosts: [{name: all, "
      "domains: "
      "[\"*\"], routes: [{match: {prefix: /}, direct_response: {status: 204}}]}]}}}]}\n"
      "  default_filter_chain:\n    name: tcp\n    filters: " +
      tcpProxyTo("up") + "\nclusters:\n- {name: up, endpoints: [{address: \"" +
      upstream_.address() + "\"}]}\n");
  {
    TestSocket client = TestSocket::connectTo(proxy.port());
    TestSocket probe = upstream_.accept();
    client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_EQ(client.receive(12), "HTTP/1.1 204");
    client.halfClose();
    EXPECT_EQ(probe.receiveAll(), "");
  }
  proxy.waitForMetricBelow("weir_upstream_active_connections{cluster=\"up\"}", 1);
}

TEST_F(HttpIntegrationTest, GoesWhereTheConnectionWasGoing) {
  const std::string type = "type.googleapis.com/weir.extensions.";
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  listener_filters: [{typed_config: "
      "{\"@type\": " +
      type +
      "listener.proxy_protocol.v1.ProxyProtocol}}]\n  default_filter_chain: {name: web, "
      "filters: [{typed_config: {\"@type\": " +
      type +
      "network.http_conn_manager.v1.HttpConnectionManager, stat_prefix: web, transparent: true, "
      "route_config: {virtual_hosts: [{name: all, domains: [\"*\"], routes: [{match: {prefix: /}, "
      "route: {cluster: dst}}]}]}}}]}\nclusters:\n- {name: dst, type: ORIGINAL_DST}\n");
  TestUpstream other;
  for (TestUpstream* where : {&upstream_, &other, &upstream_}) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send("PROXY TCP4 192.0.2.1 127.0.0.1 4660 " + std::to_string(where->port()) + "\r\n" +
                std::string(Request));
    TestSocket server = where->accept();
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    server.send(Response);
    EXPECT_EQ(client.receive(Returned.size()), Returned);
  }
}

// Nothing redirected the connection: where it was going is the listener itself.
TEST_F(HttpIntegrationTest, ARequestThatWouldComeBackIsALoop) {
  const std::string type = "type.googleapis.com/weir.extensions.";
  ServerUnderTest proxy(
      "listeners:\n- name: in\n  address: 127.0.0.1:0\n  listener_filters: [{typed_config: "
      "{\"@type\": " +
      type +
      "listener.original_dst.v1.OriginalDst}}]\n  default_filter_chain: {name: web, filters: "
      "[{typed_config: {\"@type\": " +
      type +
      "network.http_conn_manager.v1.HttpConnectionManager, stat_prefix: web, transparent: true, "
      "access_log: {disabled: true}, route_config: {virtual_hosts: [{name: all, domains: [\"*\"], "
      "routes: [{match: {prefix: /}, route: {cluster: dst, retry_policy: {retry_on: 5xx}}}]}]}}}]}"
      "\nclusters:\n- {name: dst, type: ORIGINAL_DST}\n");
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  EXPECT_EQ(client.receive(12), "HTTP/1.1 508");
  client.halfClose();
  EXPECT_NE(client.receiveAll().find("weir-error: loop\r\n"), std::string::npos);
  EXPECT_EQ(proxy.metric("weir_upstream_retries_total{cluster=\"dst\",outcome=\"attempted\"}"), 0U);
}

// A route with a mirror at `address`.
std::string mirrorTo(const std::string& address) {
  return "}\n- {name: copy, endpoints: [{address: \"" + address + "\"}]";
}
constexpr char WithMirror[] =
    "[{match: {prefix: /}, route: {cluster: up, request_mirror_policies: [{cluster: copy}]}}]";

TEST_F(HttpIntegrationTest, ACopyGoesToTheMirrorAndItsAnswerIsDropped) {
  TestUpstream copy;
  ServerUnderTest proxy(config({.routes = WithMirror, .cluster = mirrorTo(copy.address())}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("POST / HTTP/1.1\r\nHost: t:80\r\nContent-Length: 4\r\n\r\nbo");
  TestSocket server = upstream_.accept();
  TestSocket mirror = copy.accept();
  client.send("dy");
  const std::string rest = "\r\ncontent-length: 4\r\n\r\nbody";
  const std::string forwarded = "POST / HTTP/1.1\r\nhost: t:80" + rest;
  const std::string copied = "POST / HTTP/1.1\r\nhost: t-shadow:80" + rest;
  EXPECT_EQ(server.receive(forwarded.size()), forwarded);
  EXPECT_EQ(mirror.receive(copied.size()), copied);
  mirror.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nnone");
  proxy.waitForMetric("weir_http_mirrored_requests_total{cluster=\"copy\",outcome=\"answered\"}",
                      1);
  server.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
}

TEST_F(HttpIntegrationTest, AMirrorThatFailsOrHangsDoesNotMatter) {
  TestUpstream copy;
  ServerUnderTest proxy(config({.routes = WithMirror, .cluster = mirrorTo(copy.address())}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string much(4 << 20, 'x');
  std::thread sender([&] {
    client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(much.size()) +
                "\r\n\r\n" + much);
  });
  TestSocket server = upstream_.accept();
  TestSocket mirror = copy.accept();  // that reads nothing
  const std::string head =
      "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: " + std::to_string(much.size()) + "\r\n\r\n";
  EXPECT_EQ(server.receive(head.size() + much.size()), head + much);
  sender.join();
  server.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
  copy.close();
  client.send(Request);
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  server.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
  proxy.waitForMetric("weir_http_mirrored_requests_total{cluster=\"copy\",outcome=\"failed\"}", 1);
}

TEST_F(HttpIntegrationTest, AnAttemptThatStandsStillIsGivenUp) {
  ServerUnderTest proxy(
      config({.routes = "[{match: {prefix: /}, route: {cluster: up, retry_policy: {retry_on: "
                        "\"5xx\", num_retries: 1, per_try_idle_timeout: 0.05s}}}]"}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  TestSocket first = upstream_.accept();
  TestSocket second = upstream_.accept();
  EXPECT_EQ(second.receive(Forwarded.size()), Forwarded);
  second.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
}

TEST_F(HttpIntegrationTest, AMalformedRequestIsAnsweredAndTheConnectionEnds) {
  ServerUnderTest proxy(config({}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(
      "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string answer = client.receiveAll();
  EXPECT_EQ(answer.substr(0, 24), "HTTP/1.1 400 Bad Request") << answer;
  EXPECT_FALSE(client.wasReset());
}

TEST_F(HttpIntegrationTest, AnUpstreamThatRefusesIsToldByStatusAndReason) {
  ServerUnderTest proxy(config({}));
  upstream_.close();
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HTTP/1.0\r\nHost: t\r\n\r\n");
  const std::string answer = client.receiveAll();
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 503") << answer;
  EXPECT_NE(answer.find("weir-error: upstream_refused\r\n"), std::string::npos) << answer;
}

TEST_F(HttpIntegrationTest, AnIdleConnectionThatWasClosedMeanwhileCostsNoRequest) {
  ServerUnderTest proxy(config({}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  {
    TestSocket server = upstream_.accept();
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    server.send(Response);
    EXPECT_EQ(client.receive(Returned.size()), Returned);
    client.send(Request);
    EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
    // Closed without an answer, as if the request had crossed the end on its way.
  }
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  server.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
}

TEST_F(HttpIntegrationTest, RetriesWhatTheRouteAllows) {
  ServerUnderTest proxy(
      config({.routes = "[{match: {prefix: /}, route: {cluster: up, retry_policy: {retry_on: "
                        "\"5xx\", num_retries: 1}}}]"}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nbody");
  const std::string forwarded = "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\n\r\nbody";
  TestSocket first = upstream_.accept();
  EXPECT_EQ(first.receive(forwarded.size()), forwarded);
  first.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
  // The connection is as good as any other.
  EXPECT_EQ(first.receive(forwarded.size()), forwarded);
  first.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
}

TEST_F(HttpIntegrationTest, ADrainingProxyClosesAfterTheNextResponse) {
  ServerUnderTest proxy(config({}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  proxy.drain();
  EXPECT_TRUE(TestSocket::refusesSoon(proxy.port()));
  server.send(Response);
  const std::string answer = client.receiveAll();
  EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("hi"));
  EXPECT_TRUE(proxy.ends());
}

TEST_F(HttpIntegrationTest, AfterAReloadAConnectionEndsWithItsNextResponse) {
  ServerUnderTest proxy(config({}));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(Request);
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  server.send(Response);
  EXPECT_EQ(client.receive(Returned.size()), Returned);
  EXPECT_EQ(proxy.reload(config({.manager = ", transparent: true, via: new"})), "");
  client.send(Request);
  EXPECT_EQ(server.receive(Forwarded.size()), Forwarded);
  server.send(Response);
  EXPECT_NE(client.receiveAll().find("connection: close\r\n"), std::string::npos);
}

}  // namespace
}  // namespace weir::test
