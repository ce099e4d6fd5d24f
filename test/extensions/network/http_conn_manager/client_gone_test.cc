// A client that leaves, in every state that its request can be in: the upstream hears of it,
// nothing is left (the harness proves it), and the request's line in the log says why it ended.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"
#include "test/support/http_text.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr std::string_view PostHead = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n";

HttpProxyParts withFilters(const std::string& filter) {
  const std::string type = "{typed_config: {\"@type\": type.googleapis.com/weir.extensions.http.";
  return {.manager = ", http_filters: [" + type + filter + "}}, " + type +
                     "router.v1.Router}}], upgrade_types: [websocket, connect]"};
}

struct State {
  const char* name;
  HttpProxyParts parts;
  // Leads the client's request into it.
  std::function<void(HttpProxyHarness&)> enter;
  bool logged = true;         // a request has begun
  bool upstream_ends = true;  // there is an upstream's connection, which has to end
  const char* flags = "DC";
};

void sendGet(HttpProxyHarness& proxy) {
  proxy.client().send(Get);
  proxy.run();
}

void reachUpstream(HttpProxyHarness& proxy, std::string_view request) {
  proxy.client().send(request);
  ASSERT_TRUE(proxy.upstreamSees("\r\n\r\n"));
}

std::vector<State> states() {
  const std::string retry =
      ", retry_policy: {retry_on: \"5xx\", num_retries: 3, "
      "retry_back_off: {base_interval: 10s, max_interval: 10s}}";
  return {
      {"in the head of the request",
       {},
       [](HttpProxyHarness& proxy) {
         proxy.client().send("GET / HTTP/1.1\r\nho");
         proxy.run();
       },
       false,
       false},
      {"while the pool connects", {.endpoints = "[{address: \"SILENT\"}]"}, sendGet, true, false},
      {"waiting for the server's first words",
       forwarding("", ", http_protocol_options: {upstream_protocol: HTTP2}"),
       [](HttpProxyHarness& proxy) {
         sendGet(proxy);
         ASSERT_TRUE(proxy.accepted(1));
       },
       true, false},
      {"in the body of the request",
       {},
       [](HttpProxyHarness& proxy) { reachUpstream(proxy, std::string(PostHead) + "part"); }},
      {"waiting for the head of the response",
       {},
       [](HttpProxyHarness& proxy) { reachUpstream(proxy, Get); }},
      {"behind an informational head",
       {},
       [](HttpProxyHarness& proxy) {
         reachUpstream(proxy, std::string(PostHead));
         proxy.upstream().peer().send("HTTP/1.1 100 Continue\r\n\r\n");
         ASSERT_TRUE(proxy.clientSees("100 Continue"));
       }},
      {"in the body of the response",
       {},
       [](HttpProxyHarness& proxy) {
         reachUpstream(proxy, Get);
         proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
         ASSERT_TRUE(proxy.clientSees("abc"));
       }},
      {"in the wait before another try", forwarding(retry),
       [](HttpProxyHarness& proxy) {
         reachUpstream(proxy, Get);
         proxy.upstream().peer().send("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n");
         ASSERT_TRUE(proxy.until([&] {
           return proxy.metric(
                      "weir_upstream_retries_total{cluster=\"up\",outcome=\"attempted\"}") == 1;
         }));
       },
       true, false},
      {"in a filter that gathers the body",
       withFilters("buffer.v1.Buffer, max_request_bytes: 1000"),
       [](HttpProxyHarness& proxy) {
         proxy.client().send(std::string(PostHead) + "part");
         proxy.run();
       },
       true, false},
      {"in a filter that waits",
       withFilters("fault.v1.Fault, stat_prefix: f, delay: {fixed_delay: 10s, percentage: "
                   "{numerator: 100}}"),
       sendGet, true, false, "DI,DC"},
      // All of it is with the connection by then: the request is over.
      {"in an answer of the proxy itself",
       {.routes = "[{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: \"" +
                  std::string(65'000, 'x') + "\"}}}]"},
       [](HttpProxyHarness& proxy) {
         proxy.client().stopReading();
         sendGet(proxy);
       },
       true,
       false,
       "-"},
      {"in a tunnel",
       {},
       [](HttpProxyHarness& proxy) {
         reachUpstream(proxy,
                       "GET / HTTP/1.1\r\nhost: a\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
         proxy.upstream().peer().send(
             "HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhi");
         ASSERT_TRUE(proxy.clientSees("hi"));
       }},
      {"in a CONNECT that ends here",
       {.routes = "[{match: {connect_matcher: {}}, tunnel: {cluster: up}}]"},
       [](HttpProxyHarness& proxy) {
         proxy.client().send("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n");
         ASSERT_TRUE(proxy.clientSees("HTTP/1.1 200"));
         ASSERT_TRUE(proxy.accepted(1));
       }},
      {"while a copy is under way", forwarding(", request_mirror_policies: [{cluster: up}]"),
       [](HttpProxyHarness& proxy) {
         proxy.client().send(std::string(PostHead) + "part");
         ASSERT_TRUE(proxy.upstreamSees("part", 0) && proxy.upstreamSees("part", 1));
       }},
  };
}

// What has to be at nothing once no request is left.
constexpr std::string_view Gauges[] = {
    "weir_http_active_requests{name=\"web\"}",
    "weir_upstream_active_requests{cluster=\"up\"}",
    "weir_upstream_pending_requests{cluster=\"up\"}",
};

bool ended(HttpProxyHarness& proxy, size_t peer) {
  TestPeer& one = proxy.upstream().peer(peer);
  return one.ended() || one.error() != 0;
}

bool upstreamsEnd(HttpProxyHarness& proxy) {
  for (size_t i = 0; i < proxy.upstream().connections(); ++i) proxy.upstream().peer(i).readOn();
  return proxy.until([&] {
    bool all = true;
    for (size_t i = 0; i < proxy.upstream().connections(); ++i) all &= ended(proxy, i);
    return all;
  });
}

void expectNothingLeft(HttpProxyHarness& proxy, const State& state) {
  EXPECT_TRUE(proxy.until([&] { return proxy.filters().closed(); }));
  proxy.run();
  for (const std::string_view gauge : Gauges) EXPECT_EQ(proxy.metric(gauge), 0) << gauge;
  const std::string flags = std::string(" flags=") + state.flags;
  EXPECT_EQ(proxy.logged().find(flags) != std::string::npos, state.logged) << proxy.logged();
}

// By a reset: one that closes may only have ended its request, and gets its response still.
TEST(ClientGone, LeavesNothingBehindWhateverItsRequestIsDoing) {
  for (const State& state : states()) {
    SCOPED_TRACE(state.name);
    HttpProxyHarness proxy(state.parts);
    state.enter(proxy);
    proxy.client().reset();
    expectNothingLeft(proxy, state);
    EXPECT_TRUE(!state.upstream_ends || upstreamsEnd(proxy));
    proxy.advance(seconds(60));  // no timer is left that would do something
  }
}

}  // namespace
}  // namespace weir::test
