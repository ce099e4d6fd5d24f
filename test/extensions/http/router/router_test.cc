// The router through a whole connection manager, on a manual clock: timeouts, and what becomes of a
// request or response that one of the two ends breaks off. Its further tries are in
// retries_test.cc.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"
#include "test/support/http_text.h"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A host that hangs is left out as one that fails is.
TEST(Router, TimeoutsCountAgainstTheHostThatHasTheRequest) {
  const std::string outlier =
      ", healthy_panic_threshold: 0, outlier_detection: {consecutive_5xx: 2, "
      "max_ejection_percent: 100}";
  for (const char* timeout :
       {", timeout: 3s", ", retry_policy: {retry_on: reset, per_try_timeout: 3s}",
        ", retry_policy: {retry_on: reset, per_try_idle_timeout: 3s}"}) {
    HttpProxyParts parts = forwarding(timeout);
    parts.cluster = outlier;
    HttpProxyHarness proxy(parts);
    for (size_t i = 0; i < 2; ++i) {
      proxy.client().send(Get);
      ASSERT_TRUE(proxy.upstreamGets(Get, i)) << timeout;
      proxy.advance(seconds(4));
      ASSERT_TRUE(proxy.clientSees("HTTP/1.1 504")) << timeout;
      proxy.client().takeReceived();
    }
    proxy.client().send(Get);
    EXPECT_TRUE(proxy.clientSees("weir-error: no_healthy_upstream")) << timeout;
  }
}

// So is one that takes no connection, or not in time.
TEST(Router, TimeoutsCountAgainstTheHostThatIsBeingConnectedTo) {
  HttpProxyParts parts = forwarding(", timeout: 3s");
  parts.cluster =
      ", connect_timeout: 60s, healthy_panic_threshold: 0, "
      "outlier_detection: {consecutive_5xx: 3, max_ejection_percent: 100}";
  parts.endpoints = "[{address: \"SILENT\"}]";
  HttpProxyHarness proxy(parts);
  for (size_t i = 0; i < 3; ++i) {
    proxy.client().send(Get);
    proxy.run();
    proxy.advance(seconds(4));
    ASSERT_TRUE(proxy.clientSees("weir-error: upstream_request_timeout"));
    proxy.client().takeReceived();
  }
  proxy.client().send(Get);
  EXPECT_TRUE(proxy.clientSees("weir-error: no_healthy_upstream"));
}

// More tries are the last thing that an overload needs. (A limit that is reached goes the same
// way.)
TEST(Router, WhatHasNoHostIsNotTriedAgain) {
  for (const std::string on : {"5xx", "gateway-error", "connect-failure"}) {
    HttpProxyParts parts =
        forwarding(", timeout: 3s, retry_policy: {retry_on: " + on + ", num_retries: 5}");
    parts.cluster =
        ", healthy_panic_threshold: 0, outlier_detection: {consecutive_5xx: 1, "
        "max_ejection_percent: 100}";
    HttpProxyHarness proxy(parts);
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.advance(seconds(4));
    ASSERT_TRUE(proxy.clientSees("HTTP/1.1 504"));
    proxy.client().send(Get);
    EXPECT_TRUE(proxy.clientSees("weir-error: no_healthy_upstream")) << on;
  }
}

TEST(Router, ATimeoutOfGrpcIsItsStatus) {
  HttpProxyHarness proxy(forwarding(", timeout: 3s"));
  proxy.client().send(
      "POST /s/m HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc\r\n"
      "content-length: 0\r\n\r\n");
  ASSERT_TRUE(proxy.accepted(1));
  proxy.advance(seconds(4));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(proxy.clientSees("grpc-status: 4\r\n"));
}

TEST(Router, ATimeoutInMidResponseBreaksItOff) {
  HttpProxyHarness proxy(forwarding(", timeout: 3s"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
  ASSERT_TRUE(proxy.clientSees("abc"));
  proxy.advance(seconds(4));
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_NE(proxy.client().error(), 0);
}

// --- Connections that were closed while they were idle.

struct StaleCase {
  std::string method;
  std::string body;
  bool again;
};

TEST(Router, ARequestIsSentAgainOnlyIfItMayBe) {
  const std::vector<StaleCase> cases = {
      {"GET", "", true},     {"HEAD", "", true},  {"PUT", "", true},    {"DELETE", "", true},
      {"OPTIONS", "", true}, {"POST", "", false}, {"PATCH", "", false}, {"PUT", "ab", false},
  };
  for (const StaleCase& one : cases) {
    HttpProxyHarness proxy;
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.upstream().peer().send(Ok);
    ASSERT_TRUE(proxy.clientGets(Ok));
    const std::string length =
        one.body.empty() ? "" : "content-length: " + std::to_string(one.body.size()) + "\r\n";
    proxy.client().send(one.method + " /2 HTTP/1.1\r\nhost: a\r\n" + length + "\r\n" + one.body);
    ASSERT_TRUE(proxy.upstreamSees("/2 HTTP/1.1"));
    proxy.upstream().peer().close();
    bool again = false;
    proxy.until([&] {
      again = proxy.upstream().connections() == 2;
      return again || !proxy.client().received().empty();
    });
    EXPECT_EQ(again, one.again) << one.method;
    if (!again) {
      EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503"));
      continue;
    }
    // Once: a new connection that ends so is the server's answer.
    ASSERT_TRUE(proxy.upstreamSees("/2 HTTP/1.1", 1));
    proxy.upstream().peer(1).close();
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503")) << one.method;
    EXPECT_EQ(proxy.upstream().connections(), 2u);
  }
}

// The server has seen the request then, and may have acted on it.
TEST(Router, ARequestThatHasBegunToBeAnsweredIsNotSentAgain) {
  for (const std::string part : {"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n", "HTTP/1.1 20"}) {
    for (const bool reset : {false, true}) {
      HttpProxyHarness proxy;
      proxy.client().send(Get);
      ASSERT_TRUE(proxy.upstreamGets(Get));
      proxy.upstream().peer().send(Ok);
      ASSERT_TRUE(proxy.clientGets(Ok));
      proxy.client().send(Get);
      ASSERT_TRUE(proxy.upstreamGets(Get));
      proxy.upstream().peer().send(part);
      proxy.run();
      reset ? proxy.upstream().peer().reset() : proxy.upstream().peer().close();
      EXPECT_TRUE(proxy.clientSees("weir-error: upstream_reset\r\n")) << part;
      EXPECT_EQ(proxy.upstream().connections(), 1U) << part;
    }
  }
}

TEST(Router, OverHttp2ARequestThatHasBegunToBeAnsweredIsNotSentAgain) {
  const std::string hints = headers(3, {{":status", "103"}}, 0);
  const std::string begun = frame(HeadersFrame, 0, 3, "\x88");
  for (const std::string& part : {hints, begun, std::string()}) {
    HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
    TestPeer& client = proxy.client();
    client.send(Get);
    ASSERT_TRUE(proxy.upstreamSees(ClientPreface));
    proxy.upstream().peer().send(settings() + headers(1, {{":status", "204"}}));
    ASSERT_TRUE(proxy.clientGets("HTTP/1.1 204 No Content\r\n\r\n"));
    client.send(Get);
    ASSERT_TRUE(proxy.until([&] {
      const std::string got = describeOutcome(proxy.upstream().peer().received());
      return got.find("HEADERS 3") != std::string::npos;
    }));
    proxy.upstream().peer().send(part);
    proxy.run();
    proxy.upstream().peer().close();
    if (part.empty()) {
      EXPECT_TRUE(proxy.accepted(2));
      continue;
    }
    EXPECT_TRUE(proxy.clientSees("weir-error: upstream_reset\r\n"));
    EXPECT_EQ(proxy.upstream().connections(), 1U);
  }
}

// Of a server that goes away, whatever the method: it has said that it did not look at them.
TEST(Router, ARequestThatAGoawayLeavesOutIsSentAgain) {
  for (const std::string method : {"GET", "POST"}) {
    HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
    proxy.client().send(method + " / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
    const auto asked = [&](size_t peer) {
      return proxy.accepted(peer + 1) && proxy.until([&] {
        return describeOutcome(proxy.upstream().peer(peer).received()) == "HEADERS 1 end\n";
      });
    };
    const std::string goaway = settings() + frame(GoawayFrame, 0, 0, number(0, 8));
    ASSERT_TRUE(asked(0));
    proxy.upstream().peer(0).send(goaway);
    ASSERT_TRUE(asked(1)) << method;
    proxy.upstream().peer(1).send(goaway);
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503")) << method;
    EXPECT_EQ(proxy.upstream().connections(), 2u) << "once";
  }
}

// What a server says that was asked by HTTP/2 and knows HTTP/1 alone.
TEST(Router, AnUpstreamThatIsNotHttp2HasAReasonOfItsOwn) {
  for (const std::string answer :
       {"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", "SSH-2.0-OpenSSH\r\n"}) {
    HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
    proxy.client().send(Post);
    ASSERT_TRUE(proxy.accepted(1));
    proxy.upstream().peer().send(answer);
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 502")) << answer;
    EXPECT_TRUE(proxy.clientSees("weir-error: upstream_not_http2")) << answer;
  }
}

// It ends the connection, or resets it; a part of a line is none of HTTP/2 either. Once it has said
// something of HTTP/2, it is a server that has failed.
TEST(Router, AnUpstreamThatEndsWithoutAWordOfHttp2HasAReasonOfItsOwn) {
  struct Case {
    std::string says;
    bool resets;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {"", false, "upstream_closed_before_http2"},
      {"", true, "upstream_closed_before_http2"},
      {"HTTP/1", false, "upstream_closed_before_http2"},
      {settings(), false, "upstream_reset"},
      {settings(), true, "upstream_reset"},
  };
  for (const Case& one : cases) {
    HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
    proxy.client().send(Post);
    ASSERT_TRUE(proxy.upstreamSees(ClientPreface));
    proxy.run();
    if (!one.says.empty()) proxy.upstream().peer().send(one.says);
    for (int i = 0; i < 50; ++i) proxy.run();
    one.resets ? proxy.upstream().peer().reset() : proxy.upstream().peer().close();
    EXPECT_TRUE(proxy.clientSees("weir-error: " + one.reason + "\r\n")) << one.says;
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503 ")) << one.says;
    EXPECT_NE(proxy.logged().find(" flags=UC "), std::string::npos) << proxy.logged();
  }
}

TEST(Router, ClientsOfHttp2AreServedByServersOfHttp1) {
  HttpProxyHarness proxy;
  proxy.client().send(
      hello() +
      headers(1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}},
              EndStream));
  EXPECT_TRUE(proxy.upstreamSees("GET / HTTP/1.1\r\n"));
}

// --- Ends of every kind.

TEST(Router, AnUpstreamThatEndsBeforeItsResponseIsA503) {
  for (const bool reset : {false, true}) {
    for (const std::string sent : {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nx: y\r\n"}) {
      HttpProxyHarness proxy;
      proxy.client().send(Post);
      ASSERT_TRUE(proxy.upstreamGets(Post));
      proxy.upstream().peer().send(sent);
      proxy.run();
      reset ? proxy.upstream().peer().reset() : proxy.upstream().peer().close();
      EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503"));
      EXPECT_TRUE(proxy.clientSees("weir-error: upstream_reset"));
    }
  }
}

TEST(Router, AResponseThatIsCutIsNotTakenForWhole) {
  for (const std::string framing :
       {"content-length: 10\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    for (const bool reset : {false, true}) {
      HttpProxyHarness proxy;
      proxy.client().send(Get);
      ASSERT_TRUE(proxy.upstreamGets(Get));
      proxy.upstream().peer().send("HTTP/1.1 200 OK\r\n" + framing);
      ASSERT_TRUE(proxy.clientSees("abc"));
      reset ? proxy.upstream().peer().reset() : proxy.upstream().peer().close();
      EXPECT_TRUE(proxy.clientEnds());
      EXPECT_EQ(proxy.client().received().find("\r\n0\r\n\r\n"), std::string::npos);
      EXPECT_NE(proxy.client().error(), 0) << "an ordinary end may be taken for one";
    }
  }
}

TEST(Router, AnEarlyResponseEndsTheRequest) {
  HttpProxyHarness proxy;
  proxy.client().send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\npart");
  ASSERT_TRUE(proxy.upstreamSees("part"));
  proxy.upstream().peer().send(responseOf("413"));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 413"));
  EXPECT_TRUE(proxy.clientSees("connection: close"));
  proxy.client().send(std::string(96, 'x'));
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.client().error(), 0);
  EXPECT_TRUE(proxy.until(
      [&] { return proxy.upstream().peer().ended() || proxy.upstream().peer().error() != 0; }));
}

TEST(Router, AConnectionThatSaysWhoseItIsEndsWithItsClient) {
  for (const bool reset : {false, true}) {
    HttpProxyHarness proxy({.cluster = ", proxy_protocol: {version: V1}"});
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamSees(Get));
    proxy.upstream().peer().send(Ok);
    ASSERT_TRUE(proxy.clientGets(Ok));
    proxy.run();
    EXPECT_FALSE(proxy.upstream().peer().ended());
    reset ? proxy.client().reset() : proxy.client().sendEnd();
    EXPECT_TRUE(proxy.until([&] { return proxy.upstream().peer().ended(); }));
    EXPECT_EQ(proxy.metric("weir_upstream_active_connections{cluster=\"up\"}"), 0);
  }
}

TEST(Router, AClientThatLeavesTakesItsRequestAlong) {
  for (const std::string response : {"", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"}) {
    HttpProxyHarness proxy;
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.upstream().peer().send(response);
    ASSERT_TRUE(response.empty() || proxy.clientSees("abc"));
    proxy.client().reset();
    EXPECT_TRUE(proxy.until(
        [&] { return proxy.upstream().peer().ended() || proxy.upstream().peer().error() != 0; }));
  }
}

TEST(Router, InformationalHeadsPass) {
  HttpProxyHarness proxy;
  proxy.client().send(
      "POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
  ASSERT_TRUE(proxy.upstreamSees("expect: 100-continue"));
  proxy.upstream().peer().send("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(proxy.clientGets("HTTP/1.1 100 Continue\r\n\r\n"));
  proxy.client().send("hi");
  ASSERT_TRUE(proxy.upstreamSees("\r\n\r\nhi"));
  proxy.upstream().peer().send("HTTP/1.1 102 Processing\r\nlink: x\r\n\r\n" + std::string(Ok));
  EXPECT_TRUE(proxy.clientGets("HTTP/1.1 102 Processing\r\nlink: x\r\n\r\n" + std::string(Ok)));
}

struct BodylessCase {
  std::string request;
  std::string response;
};

// The connection goes on at once with the next request.
TEST(Router, ResponsesWithoutABodyEndWithTheirHead) {
  const std::vector<BodylessCase> cases = {
      {"HEAD / HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"},
      {"GET / HTTP/1.1\r\nhost: a\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
       "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\ncontent-length: 99\r\n\r\n"},
  };
  for (const BodylessCase& one : cases) {
    HttpProxyHarness proxy;
    for (int i = 0; i < 2; ++i) {
      proxy.client().send(one.request);
      ASSERT_TRUE(proxy.upstreamGets(one.request));
      proxy.upstream().peer().send(one.response);
      EXPECT_TRUE(proxy.clientGets(one.response));
    }
    EXPECT_EQ(proxy.upstream().connections(), 1u);
  }
}

// --- Slow ends: what waits is bounded, both ways.

constexpr size_t Much = size_t{32} << 20;
constexpr size_t Bound = size_t{1} << 20;

TEST(Router, ASlowClientSlowsTheUpstreamDown) {
  HttpProxyHarness proxy;
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.client().stopReading();
  proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(Much) +
                               "\r\n\r\n" + std::string(Much, 'x'));
  proxy.run();
  EXPECT_FALSE(proxy.upstream().peer().allSent());
  EXPECT_LT(proxy.bytesInUse(), Bound);
  proxy.client().readOn();
  EXPECT_TRUE(proxy.until([&] { return proxy.client().received().size() > Much; }));
}

TEST(Router, ASlowUpstreamSlowsTheClientDown) {
  HttpProxyHarness proxy;
  proxy.client().send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: " + std::to_string(Much) +
                      "\r\n\r\n");
  ASSERT_TRUE(proxy.upstreamSees("\r\n\r\n"));
  proxy.upstream().peer().stopReading();
  proxy.client().send(std::string(Much, 'x'));
  proxy.run();
  EXPECT_FALSE(proxy.client().allSent());
  EXPECT_LT(proxy.bytesInUse(), Bound);
  proxy.upstream().peer().readOn();
  EXPECT_TRUE(proxy.until([&] { return proxy.upstream().peer().received().size() > Much; }));
  proxy.upstream().peer().send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
}

TEST(Router, InformationalHeadsToASlowClientAreBounded) {
  HttpProxyHarness proxy;
  proxy.filters().towardsClient().capacity = 1024;
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.client().stopReading();
  std::string hints;
  for (int i = 0; i < 5000; ++i) {
    hints += "HTTP/1.1 102 Processing\r\nlink: " + std::string(4096, 'x') + "\r\n\r\n";
  }
  proxy.upstream().peer().send(hints);
  proxy.run();
  EXPECT_LT(proxy.bytesInUse(), Bound);
}

TEST(Router, AClientThatDoesNotReadMissesInformationalHeads) {
  HttpProxyHarness proxy;
  proxy.filters().towardsClient().capacity = 1024;
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.client().stopReading();
  const std::string hint =
      "HTTP/1.1 102 Processing\r\nlink: " + std::string(4096, 'x') + "\r\n\r\n";
  // In one piece, of which all is there when the client is found not to read.
  std::string hints;
  for (int i = 0; i < 90; ++i) hints += hint;
  proxy.upstream().peer().send(hints + std::string(Ok));
  proxy.run();
  proxy.client().readOn();
  ASSERT_TRUE(proxy.clientSees(Ok));
  EXPECT_LT(countOf("102 Processing", proxy.client().received()), 90U);
}

}  // namespace
}  // namespace weir::test
