// CONNECTs that end in the router (ConnectTunnel), and copies of requests (MirrorRequest), through
// a whole connection manager on a manual clock.

#include <gtest/gtest.h>

#include <string>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr std::string_view Connect = "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n";
constexpr std::string_view Opened = "HTTP/1.1 200 OK\r\n\r\n";
constexpr std::string_view Broken =
    "weir_upstream_resets_total{cluster=\"up\",reason=\"connection_ended\"}";

HttpProxyParts tunnels(const std::string& endpoint = "UP", const std::string& cluster = "") {
  return {.routes = "[{match: {connect_matcher: {}}, tunnel: {cluster: up}}]",
          .cluster = cluster,
          .endpoints = "[{address: \"" + endpoint + "\"}]"};
}

void open(HttpProxyHarness& proxy) {
  proxy.client().send(Connect);
  ASSERT_TRUE(proxy.accepted(1));
  EXPECT_TRUE(proxy.clientGets(Opened));
}

TEST(ConnectTunnel, EachWayEndsByItself) {
  for (const bool client_first : {true, false}) {
    HttpProxyHarness proxy(tunnels());
    open(proxy);
    TestPeer& first = client_first ? proxy.client() : proxy.upstream().peer();
    TestPeer& second = client_first ? proxy.upstream().peer() : proxy.client();
    first.send("last");
    first.sendEnd();
    EXPECT_TRUE(proxy.until([&] { return second.ended(); }));
    EXPECT_EQ(second.received(), "last");
    second.send("still here");
    second.sendEnd();
    EXPECT_TRUE(proxy.until([&] { return first.ended(); }));
    EXPECT_EQ(first.received(), "still here");
    EXPECT_EQ(proxy.metric(Broken), 0);
  }
}

TEST(ConnectTunnel, WhatComesBeforeItStandsWaits) {
  HttpProxyHarness proxy(tunnels());
  proxy.client().send(std::string(Connect) + "early");
  EXPECT_TRUE(proxy.clientGets(Opened));
  EXPECT_TRUE(proxy.upstreamGets("early"));
}

TEST(ConnectTunnel, ATunnelThatBreaksIsCountedAndLogged) {
  HttpProxyHarness proxy(tunnels());
  open(proxy);
  proxy.upstream().peer().reset();
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_NE(proxy.client().error(), 0);
  EXPECT_EQ(proxy.metric(Broken), 1);
  EXPECT_NE(proxy.logged().find(" details=upstream_reset flags=UC "), std::string::npos)
      << proxy.logged();
}

TEST(ConnectTunnel, ConnectingThatFailsIsAnswered) {
  struct Case {
    std::string endpoint;
    std::string reason;
  };
  for (const Case& one :
       {Case{"REFUSING", "upstream_refused"}, Case{"SILENT", "upstream_connect_timeout"}}) {
    HttpProxyHarness proxy(tunnels(one.endpoint, ", connect_timeout: 2s"));
    proxy.client().send(Connect);
    proxy.run();
    if (one.endpoint == "SILENT") proxy.advance(seconds(2));
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503")) << one.endpoint;
    EXPECT_TRUE(proxy.clientSees("weir-error: " + one.reason)) << one.endpoint;
    EXPECT_EQ(proxy.metric(Broken), 0);
  }
}

TEST(ConnectTunnel, OverHttp2AResetIsAResetAndTheConnectionGoesOn) {
  HttpProxyHarness proxy(tunnels());
  proxy.client().send(hello() + headers(1, {{":method", "CONNECT"}, {":authority", "a:1"}}, 0) +
                      data(1, "ping"));
  ASSERT_TRUE(proxy.upstreamSees("ping"));
  proxy.client().takeReceived();
  proxy.upstream().peer().reset();
  EXPECT_TRUE(proxy.clientSees(rst(1, 10)));
  EXPECT_FALSE(proxy.client().ended());
  EXPECT_EQ(proxy.metric(Broken), 1);
}

// --- Copies.

constexpr std::string_view Get = "GET / HTTP/1.1\r\nhost: a:80\r\n\r\n";
constexpr std::string_view Copied = "GET / HTTP/1.1\r\nhost: a-shadow:80\r\n\r\n";
constexpr std::string_view Ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

HttpProxyParts mirrored(const std::string& endpoint = "UP") {
  return {.routes =
              "[{match: {prefix: /}, route: {cluster: up, timeout: 5s, "
              "request_mirror_policies: [{cluster: copy}]}}]",
          .clusters = "- {name: copy, endpoints: [{address: \"" + endpoint + "\"}]}\n"};
}

double outcomes(HttpProxyHarness& proxy, const std::string& outcome) {
  return proxy.metric("weir_http_mirrored_requests_total{cluster=\"copy\",outcome=\"" + outcome +
                      "\"}");
}

// Which of the two connections of the upstream has the copy.
size_t copyOf(HttpProxyHarness& proxy) {
  EXPECT_TRUE(proxy.upstreamSees("host: a", 0) && proxy.upstreamSees("host: a", 1));
  return proxy.upstream().peer(0).received().find("-shadow") != std::string::npos ? 0 : 1;
}

TEST(MirrorRequest, NeitherAnswersNorDelaysTheOriginal) {
  HttpProxyHarness proxy(mirrored());
  proxy.client().send(Get);
  const size_t copy = copyOf(proxy);
  EXPECT_TRUE(proxy.upstreamGets(Copied, copy));
  proxy.upstream().peer(copy).send("HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n");
  EXPECT_TRUE(proxy.until([&] { return outcomes(proxy, "answered") == 1; }));
  EXPECT_EQ(proxy.client().received(), "");
  proxy.upstream().peer(1 - copy).send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
}

TEST(MirrorRequest, GoesOnWithoutTheOriginalUntilItsTimeout) {
  HttpProxyHarness proxy(mirrored());
  proxy.client().send(Get);
  const size_t copy = copyOf(proxy);
  proxy.upstream().peer(1 - copy).send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
  proxy.advance(seconds(4));
  EXPECT_EQ(outcomes(proxy, "timeout"), 0);
  proxy.advance(seconds(1));
  EXPECT_EQ(outcomes(proxy, "timeout"), 1);
  // The cluster counts it as it counts any request that its host does not answer.
  const auto requests = [&](const std::string& outcome) {
    return proxy.metric("weir_upstream_requests_total{cluster=\"copy\",outcome=\"" + outcome +
                        "\"}");
  };
  EXPECT_EQ(requests("failed"), 1);
  EXPECT_EQ(requests("cancelled"), 0);
  EXPECT_EQ(proxy.metric("weir_upstream_timeouts_total{cluster=\"copy\",kind=\"request\"}"), 1);
  EXPECT_TRUE(proxy.until([&] {
    TestPeer& peer = proxy.upstream().peer(copy);
    return peer.ended() || peer.error() != 0;
  }));
}

TEST(MirrorRequest, ItsFailureIsCountedAndNothingElse) {
  HttpProxyHarness refused(mirrored("REFUSING"));
  refused.client().send(Get);
  ASSERT_TRUE(refused.upstreamGets(Get));
  refused.upstream().peer().send(Ok);
  EXPECT_TRUE(refused.clientGets(Ok));
  EXPECT_TRUE(refused.until([&] { return outcomes(refused, "failed") == 1; }));

  HttpProxyHarness broken(mirrored());
  broken.client().send(Get);
  const size_t copy = copyOf(broken);
  broken.upstream().peer(copy).reset();
  EXPECT_TRUE(broken.until([&] { return outcomes(broken, "failed") == 1; }));
  broken.upstream().peer(1 - copy).send(Ok);
  EXPECT_TRUE(broken.clientGets(Ok));
}

TEST(MirrorRequest, ACopyThatIsNotTakenIsGivenUp) {
  HttpProxyHarness proxy(mirrored("SILENT"));
  const std::string body(200'000, 'x');
  proxy.client().send("POST / HTTP/1.1\r\nhost: a:80\r\ncontent-length: 200000\r\n\r\n" + body);
  EXPECT_TRUE(proxy.until([&] { return outcomes(proxy, "overflow") == 1; }));
  EXPECT_TRUE(proxy.until([&] { return proxy.upstream().peer().received().size() > body.size(); }));
  proxy.upstream().peer().send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
}

TEST(MirrorRequest, ARequestThatIsBrokenOffTakesItsCopyAlong) {
  HttpProxyHarness proxy(mirrored());
  proxy.client().send("POST / HTTP/1.1\r\nhost: a:80\r\ncontent-length: 100\r\n\r\npart");
  ASSERT_TRUE(proxy.upstreamSees("part", 0) && proxy.upstreamSees("part", 1));
  proxy.client().reset();
  EXPECT_TRUE(proxy.until([&] { return outcomes(proxy, "cancelled") == 1; }));
}

TEST(MirrorRequest, TrailersAreCopied) {
  HttpProxyHarness proxy(mirrored());
  proxy.client().send(
      "POST / HTTP/1.1\r\nhost: a:80\r\ntransfer-encoding: chunked\r\n\r\n"
      "2\r\nhi\r\n0\r\nsum: 1\r\n\r\n");
  EXPECT_TRUE(proxy.upstreamSees("0\r\nsum: 1\r\n\r\n", 0));
  EXPECT_TRUE(proxy.upstreamSees("0\r\nsum: 1\r\n\r\n", 1));
}

}  // namespace
}  // namespace weir::test
