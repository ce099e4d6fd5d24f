// What a listener and a cluster do of whose HTTP nothing was said: the values that Envoy's guide
// for proxies at the edge asks its users to set.

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

const HttpProxyParts Edge = {.transparent = false};

std::string asking(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nhost: a\r\n" + fields + "\r\n";
}

// Closer to a bound than that is not looked at.
constexpr milliseconds Little{100};

TEST(EdgeDefaults, AConnectionIsIdleForAnHour) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/"));
  ASSERT_TRUE(proxy.upstreamSees("GET / "));
  proxy.upstream().peer().send(Ok);
  ASSERT_TRUE(proxy.clientSees("HTTP/1.1 200"));
  proxy.advance(seconds(3600) - Little);
  EXPECT_FALSE(proxy.client().ended());
  proxy.advance(2 * Little);
  EXPECT_TRUE(proxy.client().ended());
}

TEST(EdgeDefaults, ARequestHas300SecondsToBeWhole) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9000\r\n\r\n");
  for (int i = 0; i < 29; ++i) {
    proxy.client().send("x");
    proxy.advance(seconds(10));
  }
  proxy.advance(seconds(10) - Little);
  EXPECT_EQ(proxy.client().received(), "");
  proxy.advance(2 * Little);
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 408"));
  EXPECT_TRUE(proxy.clientSees("weir-error: request_timeout"));
}

TEST(EdgeDefaults, AHeadHas10Seconds) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send("GET / HTTP/1.1\r\n");
  proxy.advance(seconds(10) - Little);
  EXPECT_FALSE(proxy.client().ended());
  proxy.advance(2 * Little);
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 408"));
}

TEST(EdgeDefaults, AStreamStandsStillFor300Seconds) {
  HttpProxyParts endless = forwarding(", timeout: 0s");
  endless.transparent = false;
  HttpProxyHarness proxy(endless);
  proxy.client().send(asking("/"));
  ASSERT_TRUE(proxy.upstreamSees("GET / "));
  proxy.advance(seconds(300) - Little);
  EXPECT_FALSE(proxy.client().ended());
  proxy.advance(2 * Little);
  EXPECT_TRUE(proxy.clientSees("weir-error: stream_idle_timeout"));
}

TEST(EdgeDefaults, AnAnswerHas15Seconds) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/"));
  ASSERT_TRUE(proxy.upstreamSees("GET / "));
  proxy.advance(seconds(15) - Little);
  EXPECT_EQ(proxy.client().received(), "");
  proxy.advance(2 * Little);
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 504"));
}

TEST(EdgeDefaults, PathsAreNormalised) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/a/../b//c%7e"));
  EXPECT_TRUE(proxy.upstreamSees("GET /b/c~ HTTP/1.1"));
}

TEST(EdgeDefaults, EscapedSlashesAreRedirected) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/a%2Fb"));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 307"));
  EXPECT_TRUE(proxy.clientSees("/a/b\r\n"));
}

TEST(EdgeDefaults, UnderscoresAreRefused) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/", "x_y: 1\r\n"));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 400"));
  EXPECT_TRUE(proxy.clientSees("weir-error: underscore_in_header"));
}

TEST(EdgeDefaults, HeadsAreBounded) {
  std::string hundred_and_one;
  for (int i = 0; i < 100; ++i) hundred_and_one += "a: b\r\n";
  for (const std::string& fields :
       {hundred_and_one, "a: " + std::string(60 * 1024, 'x') + "\r\n"}) {
    HttpProxyHarness proxy(Edge);
    proxy.client().send(asking("/", fields));
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 431"));
  }
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/" + std::string(8192, 'x')));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 414"));
}

TEST(EdgeDefaults, ClientsAreNotBelieved) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(asking("/", "x-envoy-retry-on: 5xx\r\nx-request-id: mine\r\n"));
  EXPECT_TRUE(proxy.upstreamSees("x-forwarded-proto: http\r\n"));
  EXPECT_TRUE(proxy.upstreamSees("\r\n\r\n"));
  const std::string& got = proxy.upstream().peer().received();
  EXPECT_EQ(got.find("x-envoy"), std::string::npos) << got;
  EXPECT_EQ(got.find("x-request-id: mine"), std::string::npos) << got;
}

// 100 streams, of 64 KiB each and 1 MiB together.
TEST(EdgeDefaults, AConnectionOfHttp2IsBounded) {
  HttpProxyHarness proxy(Edge);
  proxy.client().send(hello());
  ASSERT_TRUE(proxy.until([&] { return !proxy.client().received().empty(); }));
  std::string own_settings;
  std::string grant;
  for (const Frame& one : parseFrames(proxy.client().received())) {
    if (one.type == SettingsFrame && one.flags == 0) own_settings = one.payload;
    if (one.type == WindowUpdateFrame && one.stream == 0) grant = one.payload;
  }
  const auto says = [&](uint16_t id, uint32_t value) {
    return own_settings.find(number(id, 2) + number(value, 4)) != std::string::npos;
  };
  EXPECT_TRUE(says(3, 100));
  EXPECT_TRUE(says(4, 65536));
  EXPECT_EQ(grant, number(1048576 - 65535, 4));
}

}  // namespace
}  // namespace weir::test
