// What the whole way of a request makes of it: codec, filters, router and counters together.

#include <gtest/gtest.h>

#include <string>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

const std::string Hello2 = hello() + frame(SettingsFrame, Ack, 0);

HttpProxyParts buffered() {
  constexpr const char* Types = "type.googleapis.com/weir.extensions.http.";
  return {.manager = std::string(", http_filters: [{typed_config: {\"@type\": ") + Types +
                     "buffer.v1.Buffer, max_request_bytes: 1000}}, {typed_config: {\"@type\": " +
                     Types + "router.v1.Router}}]"};
}

// RFC 9110 10.1.1: the client waits for the word of somebody, and the buffer for the body.
TEST(HttpRequests, AClientThatExpectsToBeToldIsToldInFrontOfABuffer) {
  HttpProxyHarness proxy(buffered());
  proxy.client().send(
      "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n");
  EXPECT_TRUE(proxy.clientGets("HTTP/1.1 100 Continue\r\n\r\n"));
  proxy.client().send("hello");
  EXPECT_TRUE(proxy.upstreamGets("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"));
  proxy.upstream().peer().send(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
  EXPECT_TRUE(proxy.clientGets("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
}

TEST(HttpRequests, AClientOfHttp2ThatExpectsToBeToldIsToldInFrontOfABuffer) {
  HttpProxyHarness proxy(buffered());
  proxy.client().send(Hello2 + headers(1,
                                       {{":method", "POST"},
                                        {":scheme", "http"},
                                        {":authority", "a"},
                                        {":path", "/"},
                                        {"expect", "100-continue"}},
                                       0));
  const auto told = [&] { return describeOutcome(proxy.client().received()); };
  EXPECT_TRUE(proxy.until([&] { return told() == "HEADERS 1\n"; })) << told();
  proxy.client().send(data(1, "hello", EndStream));
  EXPECT_TRUE(proxy.upstreamGets("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"));
}

// Clients of gRPC name all addresses that they have.
TEST(HttpRequests, SeveralServersCanBeNamedToHttp2Alone) {
  const FieldList fields = {
      {":method", "GET"}, {":scheme", "http"}, {":authority", "a:1,b:2"}, {":path", "/"}};
  {
    HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
    proxy.client().send(Hello2 + headers(1, fields));
    EXPECT_TRUE(proxy.accepted(1));
    EXPECT_EQ(describeOutcome(proxy.client().received()), "");
  }
  // Another try would fare no better.
  HttpProxyHarness proxy({.routes = "[{match: {prefix: /}, route: {cluster: up, "
                                    "retry_policy: {retry_on: \"5xx,reset-before-request\"}}}]"});
  proxy.client().send(Hello2 + headers(1, fields));
  EXPECT_TRUE(proxy.until([&] { return !describeOutcome(proxy.client().received()).empty(); }));
  ASSERT_TRUE(proxy.accepted(1));
  proxy.run();
  EXPECT_EQ(proxy.upstream().peer().received(), "");
  EXPECT_NE(proxy.logged().find("bad_authority"), std::string::npos) << proxy.logged();
}

double rejected(HttpProxyHarness& proxy, const std::string& reason) {
  return proxy.metric("weir_http_rejected_total{name=\"web\",reason=\"" + reason + "\"}");
}

TEST(HttpRequests, MalformedRequestsOfHttp2AreCountedByName) {
  struct Case {
    FieldList fields;
    const char* outcome;
    const char* reason;
  };
  const Case cases[] = {
      {get({{"x", "a\rb"}}), "HEADERS 1\nDATA 1 end\n", "h2_malformed_head"},
      {get({{"connection", "x"}}), "RST_STREAM 1 code=1\n", "h2_malformed_head"},
      {{{":method", "GET"}, {":scheme", "http"}}, "RST_STREAM 1 code=1\n", "h2_malformed_head"},
      {get({{"content-length", "4"}}), "RST_STREAM 1 code=1\n", "h2_malformed_head"},
      {{{":method", "GET"}, {":scheme", "http"}, {":authority", "a:b:c"}, {":path", "/"}},
       "HEADERS 1\nDATA 1 end\n",
       "bad_authority"},
  };
  for (const Case& c : cases) {
    HttpProxyHarness proxy;
    proxy.client().send(Hello2 + headers(1, c.fields));
    proxy.run();
    EXPECT_EQ(describeOutcome(proxy.client().received()).substr(0, 9),
              std::string(c.outcome).substr(0, 9));
    EXPECT_EQ(rejected(proxy, c.reason), 1) << c.reason << c.fields.back().first;
    EXPECT_NE(proxy.logged().find(c.reason), std::string::npos) << proxy.logged();
  }
}

TEST(HttpRequests, Http10IsTakenUnlessItIsNot) {
  for (const bool taken : {true, false}) {
    HttpProxyHarness proxy(
        {.manager = taken ? "" : ", http_protocol_options: {accept_http_10: false}",
         .routes = "[{match: {prefix: /}, direct_response: {status: 204}}]"});
    proxy.client().send("GET / HTTP/1.0\r\nhost: a\r\n\r\n");
    EXPECT_TRUE(proxy.clientSees(taken ? "HTTP/1.1 204" : "HTTP/1.1 426"));
  }
}

TEST(HttpRequests, NoClientSaysOfItsConnectionWhatIsNotTrue) {
  HttpProxyParts parts;
  parts.transparent = false;
  parts.routes = "[{match: {prefix: /}, redirect: {path_redirect: /there}}]";
  {
    HttpProxyHarness proxy(parts);
    proxy.client().send("GET https://a/ HTTP/1.1\r\nhost: a\r\n\r\n");
    EXPECT_TRUE(proxy.clientSees("location: http://a/there\r\n")) << proxy.client().received();
  }
  HttpProxyHarness proxy(parts);
  proxy.client().send(
      Hello2 +
      headers(1, {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}));
  EXPECT_TRUE(proxy.until([&] { return !describeOutcome(proxy.client().received()).empty(); }));
  EXPECT_EQ(proxy.client().received().find("https"), std::string::npos);
}

TEST(HttpRequests, TheBuffersLimitIsThatOfTheListener) {
  for (const size_t limit : {size_t{4096}, size_t{262144}}) {
    HttpProxyHarness proxy({.routes = "[{match: {prefix: /}, route: {cluster: up, timeout: 0s}}]",
                            .buffer_bytes = limit});
    proxy.filters().towardsClient().capacity = 1024;
    proxy.client().stopReading();
    proxy.client().send(Hello2 + headers(1, get()));
    ASSERT_TRUE(proxy.accepted(1));
    proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" +
                                 std::string(1000000, 'x'));
    for (int i = 0; i < 200; ++i) proxy.run();
    EXPECT_EQ(proxy.bytesInUse() > 200000, limit > 200000) << proxy.bytesInUse();
  }
}

// Else one that sends clients to https would send them there for ever.
TEST(HttpRequests, ARedirectGoesByTheSchemeThatATrustedProxyNames) {
  HttpProxyHarness proxy({.manager = ", use_remote_address: false",
                          .routes = "[{match: {prefix: /}, redirect: {path_redirect: /there}}]",
                          .transparent = false});
  proxy.client().send("GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-proto: https\r\n\r\n");
  EXPECT_TRUE(proxy.clientSees("location: https://a/there\r\n"));
}

}  // namespace
}  // namespace weir::test
