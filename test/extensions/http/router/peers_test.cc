// What a peer that means harm, or does not know better, cannot do: through a whole connection
// manager, over HTTP/1 and HTTP/2.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"
#include "test/support/http_text.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr std::string_view AskForWebSocket =
    "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

HttpProxyParts routed(const std::string& match, const std::string& more) {
  return {.routes = "[{match: " + match + ", route: {cluster: up" + more + "}}]",
          .transparent = false};
}

std::string switching(const std::string& protocol) {
  return "HTTP/1.1 101 Switching Protocols\r\n" +
         (protocol.empty() ? "" : "upgrade: " + protocol + "\r\n") + "connection: upgrade\r\n\r\n";
}

TEST(RouterPeers, AnUpstreamChoosesAmongWhatWasOffered) {
  for (const std::string protocol : {"h2c", "websocket, h2c", "other", ""}) {
    HttpProxyHarness proxy;
    proxy.client().send(AskForWebSocket);
    ASSERT_TRUE(proxy.upstreamSees("upgrade: websocket\r\n")) << protocol;
    proxy.upstream().peer().send(switching(protocol) + "PRI");
    EXPECT_TRUE(proxy.clientSees("weir-error: upgrade_not_offered\r\n")) << protocol;
    EXPECT_TRUE(proxy.client().received().starts_with("HTTP/1.1 502 ")) << protocol;
    EXPECT_EQ(proxy.client().received().find("PRI"), std::string::npos) << protocol;
  }
  HttpProxyHarness proxy;
  proxy.client().send(AskForWebSocket);
  ASSERT_TRUE(proxy.upstreamSees("upgrade: websocket\r\n"));
  proxy.upstream().peer().send(switching("WebSocket") + "frame");
  EXPECT_TRUE(
      proxy.clientGets("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: "
                       "upgrade\r\n\r\nframe"));
}

TEST(RouterPeers, AResponseWithoutAStatusIsNone) {
  for (const char* option : {":status", "close, :status"}) {
    HttpProxyHarness proxy;
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.upstream().peer().send("HTTP/1.1 200 OK\r\nconnection: " + std::string(option) +
                                 "\r\ncontent-length: 2\r\n\r\nok");
    EXPECT_TRUE(proxy.clientSees("weir-error: upstream_protocol_error\r\n")) << option;
    proxy.client().takeReceived();
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get, 1));
    proxy.upstream().peer(1).send(Ok);
    EXPECT_TRUE(proxy.clientGets(Ok)) << option;
  }
}

TEST(RouterPeers, AStatusThatIsNoneOverHttp2IsAProtocolError) {
  for (const char* status : {"000", "099", "20", "2000", "abc", ""}) {
    HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamSees(ClientPreface));
    proxy.upstream().peer().send(settings() + headers(1, {{":status", status}}, 0) +
                                 data(1, "ok", EndStream));
    EXPECT_TRUE(proxy.clientSees("weir-error: upstream_protocol_error\r\n")) << status;
    EXPECT_TRUE(proxy.client().received().starts_with("HTTP/1.1 502 ")) << status;
  }
}

// A response of 200 with these fields, in the words of either version.
std::string responseWith(const FieldList& more, bool h2) {
  if (h2) {
    FieldList fields = {{":status", "200"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return settings() + headers(1, fields);
  }
  std::string text = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n";
  for (const auto& [name, value] : more) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

FieldList manyFields(size_t count) {
  FieldList fields;
  for (size_t i = 0; i < count; ++i) fields.emplace_back("f" + std::to_string(i), "v");
  return fields;
}

// As the cluster bounds it, and as it is bounded without that.
TEST(RouterPeers, AResponseHeadOverItsLimitsIsAProtocolError) {
  struct Case {
    std::string limit;
    FieldList fields;
    bool passes;
  };
  const FieldList long_one = {{"long", std::string(1024, 'x')}};
  const std::vector<Case> cases = {
      {", max_response_headers_kb: 2", long_one, true},
      {", max_response_headers_kb: 1", long_one, false},
      {", max_headers_count: 11", manyFields(10), true},
      {", max_headers_count: 9", manyFields(10), false},
      {"", manyFields(98), true},
      {"", manyFields(101), false},
      {", max_headers_count: 102", manyFields(101), true},
  };
  for (const Case& one : cases) {
    for (const bool h2 : {false, true}) {
      SCOPED_TRACE(std::to_string(one.fields.size()) + one.limit + (h2 ? " HTTP/2" : " HTTP/1"));
      HttpProxyHarness proxy(
          {.cluster = std::string(", http_protocol_options: {upstream_protocol: ") +
                      (h2 ? "HTTP2" : "HTTP1") + one.limit + "}"});
      proxy.client().send(Get);
      ASSERT_TRUE(proxy.upstreamSees(h2 ? ClientPreface : Get));
      proxy.upstream().peer().send(responseWith(one.fields, h2));
      EXPECT_TRUE(proxy.clientSees(one.passes ? "HTTP/1.1 200 " : "HTTP/1.1 502 "));
      EXPECT_TRUE(one.passes || proxy.clientSees("weir-error: upstream_protocol_error\r\n"));
    }
  }
}

TEST(RouterPeers, UnderscoresInAResponsePass) {
  HttpProxyHarness proxy({.transparent = false});
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamSees("\r\n\r\n"));
  proxy.upstream().peer().send("HTTP/1.1 200 OK\r\nx_y: z\r\ncontent-length: 0\r\n\r\n");
  EXPECT_TRUE(proxy.clientSees("\r\nx_y: z\r\n"));
}

TEST(RouterPeers, ARewrittenPathIsNormalisedAgain) {
  struct Case {
    std::string path;
    std::string forwarded;
  };
  const std::vector<Case> cases = {
      {"/pub/x", "/x"},
      {"/pub/", "/"},
      {"/pubx", "/x"},
      {"/pub..x/y", "/..x/y"},
  };
  for (const Case& one : cases) {
    HttpProxyHarness proxy(routed("{prefix: /pub}", ", prefix_rewrite: /"));
    proxy.client().send("GET " + one.path + " HTTP/1.1\r\nhost: a\r\n\r\n");
    EXPECT_TRUE(proxy.upstreamSees("GET " + one.forwarded + " HTTP/1.1\r\n"))
        << one.path << ": " << proxy.client().received();
  }
}

// It would lead out of where the route leads.
TEST(RouterPeers, ARewrittenPathThatIsNoneIsRefused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/pub..;x/admin", "path_has_dots_with_parameters"},
      {"/pub../admin", "path_has_dots_by_rewrite"},
      {"/pub%2e%2e/admin", "path_has_dots_by_rewrite"},
      {"/pub./admin", "path_has_dots_by_rewrite"},
      {"/pub..", "path_has_dots_by_rewrite"},
  };
  for (const std::string rewrite : {"/", "/static/"}) {
    for (const auto& [path, reason] : cases) {
      HttpProxyHarness proxy(routed("{prefix: /pub}", ", prefix_rewrite: " + rewrite));
      proxy.client().send("GET " + path + " HTTP/1.1\r\nhost: a\r\n\r\n");
      EXPECT_TRUE(proxy.clientSees("weir-error: " + reason + "\r\n")) << path;
      EXPECT_TRUE(proxy.client().received().starts_with("HTTP/1.1 400 ")) << path;
      EXPECT_EQ(proxy.upstream().connections(), 0U) << path;
    }
  }
}

TEST(RouterPeers, InformationalHeadsDoNotPileUpForAClientThatDoesNotRead) {
  HttpProxyHarness proxy;
  proxy.filters().towardsClient().capacity = 1024;
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.client().stopReading();
  for (int i = 0; i < 90; ++i) {
    proxy.upstream().peer().send("HTTP/1.1 103 Early Hints\r\nlink: " + std::string(50000, 'x') +
                                 "\r\n\r\n");
    proxy.run();
  }
  EXPECT_LT(proxy.bytesInUse(), 400'000U);
  proxy.upstream().peer().send("HTTP/1.1 100 Continue\r\n\r\n" + std::string(Ok));
  proxy.client().readOn();
  EXPECT_TRUE(proxy.clientSees("\r\n\r\n" + std::string(Ok)));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 100 Continue\r\n\r\n"));
}

// Over HTTP/2, whose fields are compressed.
bool answered(HttpProxyHarness& proxy) {
  return describeOutcome(proxy.client().received()).find("HEADERS 1") != std::string::npos;
}

// Of either version: the answer, or 0 if it is forwarded.
struct RequestCase {
  std::string method;
  std::string scheme;
  std::vector<std::string> expectations;
  int status;
  std::string reason;
};

TEST(RouterPeers, BothVersionsRefuseTheSame) {
  const std::vector<RequestCase> cases = {
      {"GET", "http", {}, 0, ""},
      {"get", "http", {}, 0, ""},
      {"FETCH", "http", {}, 0, ""},
      {"GET", "ftp", {}, 400, "unknown_scheme"},
      {"GET", "http", {"100-continue"}, 0, ""},
      {"GET", "http", {"100-continue", "100-Continue"}, 0, ""},
      {"GET", "http", {"x"}, 417, "unknown_expectation"},
      {"GET", "http", {"x", "100-continue"}, 417, "unknown_expectation"},
      {"GET", "http", {"100-continue, x"}, 417, "unknown_expectation"},
  };
  for (const RequestCase& one : cases) {
    std::string old = one.method + " " + one.scheme + "://a/ HTTP/1.1\r\nhost: a\r\n";
    FieldList fields = {
        {":method", one.method}, {":scheme", one.scheme}, {":authority", "a"}, {":path", "/"}};
    for (const std::string& expectation : one.expectations) {
      old += "expect: " + expectation + "\r\n";
      fields.emplace_back("expect", expectation);
    }
    for (const std::string& request : {old + "\r\n", hello() + headers(1, fields)}) {
      HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP1}"});
      proxy.client().send(request);
      const std::string name = one.method + " " + one.scheme + " " + request;
      if (one.status == 0) {
        EXPECT_TRUE(proxy.upstreamSees(one.method + " / HTTP/1.1\r\n")) << name;
        continue;
      }
      if (request.starts_with("PRI")) {
        EXPECT_TRUE(proxy.until([&] { return answered(proxy); })) << name;
      } else {
        EXPECT_TRUE(proxy.clientSees("weir-error: " + one.reason + "\r\n")) << name;
        EXPECT_TRUE(proxy.clientSees("HTTP/1.1 " + std::to_string(one.status))) << name;
      }
      EXPECT_EQ(proxy.upstream().connections(), 0U) << name;
    }
  }
}

TEST(RouterPeers, AnExtendedConnectAsksForOneProtocolAndNeverForH2c) {
  const auto answerTo = [](const std::string& protocol) -> std::string {
    HttpProxyHarness proxy({.manager = ", upgrade_types: [websocket]",
                            .cluster = ", http_protocol_options: {upstream_protocol: HTTP1}",
                            .transparent = protocol == "h2c"});
    proxy.client().send(hello() + headers(1,
                                          {{":method", "CONNECT"},
                                           {":protocol", protocol},
                                           {":scheme", "http"},
                                           {":authority", "a"},
                                           {":path", "/"}},
                                          0));
    EXPECT_TRUE(proxy.until([&] { return answered(proxy) || proxy.upstream().connections() > 0; }));
    for (const Frame& got : parseFrames(proxy.client().received())) {
      // 400 has a place in the static table (RFC 7541 A), 403 has not.
      if (got.type == HeadersFrame) return got.payload.find('\x8c') < 2 ? "400" : "403";
    }
    return "forwarded";
  };
  EXPECT_EQ(answerTo("websocket, h2c"), "400");
  EXPECT_EQ(answerTo("websocket/1/2"), "400");
  EXPECT_EQ(answerTo("h2c"), "403");
  EXPECT_EQ(answerTo("other"), "403");
  EXPECT_EQ(answerTo("websocket"), "forwarded");
}

TEST(RouterPeers, TrailersSayNothingThatTheHeadMayNotSay) {
  const std::string request =
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-sum: 1\r\n"
      "weir-route: 1\r\nx-forwarded-for: 1\r\nauthorization: 1\r\ncontent-encoding: gzip\r\n"
      "content-type: a/b\r\n\r\n";
  HttpProxyHarness cleans({.transparent = false});
  cleans.client().send(request);
  EXPECT_TRUE(cleans.upstreamSees("\r\n\r\n0\r\nx-sum: 1\r\n\r\n"));
}

TEST(RouterPeers, AHostThatTakesNoStreamsIsNotWaitedForForEver) {
  HttpProxyHarness proxy({.cluster = ", http_protocol_options: {upstream_protocol: HTTP2}"});
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamSees(ClientPreface));
  proxy.upstream().peer().send(settings({{3, 0}}) + headers(1, {{":status", "204"}}));
  ASSERT_TRUE(proxy.clientSees("HTTP/1.1 204 No Content\r\n\r\n"));
  proxy.client().takeReceived();
  proxy.client().send(Get);
  proxy.run();
  proxy.advance(seconds(4));
  EXPECT_EQ(proxy.client().received(), "");
  proxy.advance(seconds(1));
  EXPECT_TRUE(proxy.clientSees("weir-error: upstream_connect_timeout\r\n"));
}

TEST(RouterPeers, AConnectionEndsWithTheLastOfTheRequestsThatItMayHave) {
  HttpProxyHarness proxy({.manager = ", max_requests_per_connection: 2"});
  for (int i = 0; i < 2; ++i) {
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.upstream().peer().send("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(proxy.clientGets(i == 0 ? "HTTP/1.1 204 No Content\r\n\r\n"
                                        : "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
  }
  EXPECT_TRUE(proxy.clientEnds());
}

}  // namespace
}  // namespace weir::test
