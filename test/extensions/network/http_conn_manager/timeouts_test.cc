// What a connection manager does when time passes, on a manual clock.

#include <gtest/gtest.h>

#include <string>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"
#include "test/support/http_text.h"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view LoggedDuration =
    "access_log: {text_format: \"%RESPONSE_CODE% %DURATION%\"}";

HttpProxyParts managed(const std::string& fields) {
  return {.manager = ", " + fields,
          .routes =
              "[{match: {path: /d}, direct_response: {status: 204}}, "
              "{match: {prefix: /}, route: {cluster: up, timeout: 0s}}]"};
}

TEST(HttpTimeouts, AConnectionWithoutARequestEnds) {
  for (const std::string before : {"", "GET /d HTTP/1.1\r\nhost: a\r\n\r\n"}) {
    HttpProxyHarness proxy(managed("idle_timeout: 10s"));
    proxy.client().send(before);
    proxy.advance(milliseconds(9900));
    EXPECT_FALSE(proxy.client().ended());
    proxy.advance(milliseconds(200));
    EXPECT_TRUE(proxy.client().ended());
  }
}

TEST(HttpTimeouts, AConnectionWithARequestIsNotIdle) {
  HttpProxyHarness proxy(managed("idle_timeout: 10s"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.advance(seconds(60));
  EXPECT_FALSE(proxy.client().ended());
  proxy.upstream().peer().send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
  proxy.advance(seconds(11));
  EXPECT_TRUE(proxy.client().ended());
}

TEST(HttpTimeouts, AHeadThatDripsIsAnswered) {
  HttpProxyHarness proxy(managed("request_headers_timeout: 3s, " + std::string(LoggedDuration)));
  for (const char c : std::string("GET / HTTP/1.1\r\nhost: aaaaaaaaaaaaaa")) {
    proxy.client().send(std::string(1, c));
    proxy.advance(milliseconds(200));
  }
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 408"));
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.logged(), "408 3000\n");
}

TEST(HttpTimeouts, ARequestLastsFromTheFirstByteOfItsHead) {
  HttpProxyHarness proxy(managed(std::string(LoggedDuration)));
  const std::string request = "GET /d HTTP/1.1\r\nhost: a\r\n\r\n";
  proxy.client().send(request + request.substr(0, 5));
  proxy.advance(seconds(2));
  proxy.client().send(request.substr(5) + request);
  proxy.run();
  EXPECT_EQ(proxy.logged(), "204 0\n204 2000\n204 0\n");
}

TEST(HttpTimeouts, ARequestIsBoundedFromTheFirstByteOfItsHead) {
  HttpProxyHarness proxy(managed("request_timeout: 5s, " + std::string(LoggedDuration)));
  proxy.client().send("POST / HT");
  proxy.advance(seconds(4));
  proxy.client().send("TP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n");
  proxy.advance(milliseconds(900));
  EXPECT_EQ(proxy.logged(), "");
  proxy.advance(milliseconds(100));
  EXPECT_EQ(proxy.logged(), "408 5000\n");
}

TEST(HttpTimeouts, AHeadThatIsNotWholeEndsAConnectionOfHttp2) {
  HttpProxyHarness proxy(managed("request_headers_timeout: 3s"));
  proxy.client().send(hello() + frame(SettingsFrame, Ack, 0) +
                      frame(HeadersFrame, EndStream, 1, fieldBlock(get())));
  proxy.advance(milliseconds(2900));
  EXPECT_FALSE(proxy.client().ended());
  proxy.advance(milliseconds(200));
  EXPECT_TRUE(proxy.clientEnds());
}

TEST(HttpTimeouts, ABeginThatMayBeAnythingIsBoundedToo) {
  for (const std::string begin : {"P", "PRI * HTTP/2.0\r\n"}) {
    HttpProxyHarness proxy(managed("request_headers_timeout: 3s"));
    proxy.client().send(begin);
    proxy.advance(milliseconds(3100));
    EXPECT_TRUE(proxy.clientEnds()) << begin;
  }
}

TEST(HttpTimeouts, ABodyThatDripsIsAnswered) {
  HttpProxyHarness proxy(managed("request_timeout: 5s"));
  proxy.client().send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n");
  for (int i = 0; i < 6; ++i) {
    proxy.client().send("x");
    proxy.advance(seconds(1));
  }
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 408"));
  EXPECT_TRUE(proxy.clientSees("weir-error: request_timeout"));
  EXPECT_TRUE(proxy.clientEnds());
}

TEST(HttpTimeouts, AStreamWithoutAByteEnds) {
  HttpProxyHarness proxy(managed("stream_idle_timeout: 5s"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.advance(seconds(4));
  EXPECT_EQ(proxy.client().received(), "");
  proxy.advance(milliseconds(1100));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 504"));
  EXPECT_TRUE(proxy.clientSees("weir-error: stream_idle_timeout"));
}

TEST(HttpTimeouts, AWholeResponseThatTheClientDoesNotTakeEnds) {
  HttpProxyParts parts = managed("stream_idle_timeout: 5s");
  parts.routes =
      "[{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: hello}}}]";
  HttpProxyHarness proxy(parts);
  constexpr uint16_t InitialWindowSize = 4;
  proxy.client().send(std::string(ClientPreface) + settings({{InitialWindowSize, 1}}) +
                      headers(1, get()));
  const auto told = [&] { return describeOutcome(proxy.client().received()); };
  proxy.advance(seconds(4));
  EXPECT_EQ(told().find("RST_STREAM"), std::string::npos) << told();
  proxy.advance(milliseconds(1100));
  EXPECT_TRUE(proxy.until([&] { return told().ends_with("RST_STREAM 1 code=8\n"); })) << told();
}

TEST(HttpTimeouts, AResetOfOurOwnHasItsFlagInTheLog) {
  HttpProxyHarness proxy(
      managed("stream_idle_timeout: 5s, access_log: {text_format: \"%RESPONSE_CODE% "
              "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\"}"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx");
  ASSERT_TRUE(proxy.clientSees("\r\n\r\nx"));
  proxy.advance(milliseconds(5100));
  ASSERT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.logged(), "200 SI,LR stream_idle_timeout\n");
}

TEST(HttpTimeouts, BytesKeepAStream) {
  HttpProxyHarness proxy(managed("stream_idle_timeout: 5s"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n");
  for (size_t i = 1; i < 10; ++i) {
    proxy.upstream().peer().send("x");
    ASSERT_TRUE(proxy.clientSees("\r\n\r\n" + std::string(i, 'x')));
    proxy.advance(seconds(4));
  }
  proxy.advance(seconds(2));
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_NE(proxy.client().error(), 0);
}

TEST(HttpTimeouts, ARouteMayBeShorterThanItsManager) {
  for (const std::string field :
       {"idle_timeout: 2s", "max_stream_duration: {max_stream_duration: 2s}"}) {
    HttpProxyParts parts;
    parts.routes = "[{match: {prefix: /}, route: {cluster: up, timeout: 0s, " + field + "}}]";
    HttpProxyHarness proxy(parts);
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.advance(milliseconds(1900));
    EXPECT_EQ(proxy.client().received(), "") << field;
    proxy.advance(milliseconds(200));
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 504")) << field;
  }
}

TEST(HttpTimeouts, AConnectionLivesNoLongerThanItMay) {
  HttpProxyHarness proxy(managed("max_connection_duration: 10s, drain_timeout: 2s"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.advance(seconds(20));
  proxy.upstream().peer().send(Ok);
  EXPECT_TRUE(proxy.clientSees("connection: close"));
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.client().error(), 0);
}

// A client that goes on as if it had not been told has its drain end all the same.
TEST(HttpTimeouts, NewStreamsDoNotPutOffTheEndOfADrain) {
  HttpProxyHarness proxy(managed("max_connection_duration: 10s, drain_timeout: 2s"));
  proxy.client().send(hello() + frame(SettingsFrame, Ack, 0));
  uint32_t stream = 1;
  for (int i = 0; i < 40; ++i, stream += 2) {
    if (!proxy.filters().closed()) {
      proxy.client().send(headers(
          stream, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/d"}}));
    }
    proxy.advance(milliseconds(500));
  }
  EXPECT_TRUE(proxy.filters().closed());
  size_t goaways = 0;
  for (const Frame& one : parseFrames(proxy.client().received())) {
    goaways += one.type == GoawayFrame ? 1 : 0;
  }
  EXPECT_EQ(goaways, 2u) << describeOutcome(proxy.client().received());
}

// A client of HTTP/2 that reads nothing, with as much for it as its connection takes and all of
// its requests reset.
void stopReading(HttpProxyHarness& proxy) {
  proxy.filters().towardsClient().capacity = 64;
  proxy.client().stopReading();
  proxy.client().send(hello() + frame(SettingsFrame, Ack, 0));
  for (uint32_t id = 1; id < 160; id += 2) {
    proxy.client().send(headers(
        id, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/d"}}));
    proxy.run();
  }
  proxy.advance(milliseconds(1100));
  for (uint32_t id = 1; id < 160; id += 2) proxy.client().send(rst(id, 8));
  proxy.run();
  ASSERT_TRUE(proxy.filters().connection().writeBlocked());
}

HttpProxyParts withSmallBuffer(const std::string& fields) {
  HttpProxyParts parts = managed(fields);
  parts.buffer_bytes = 128;
  return parts;
}

TEST(HttpTimeouts, AClientOfHttp2ThatDoesNotReadCannotOutlastThem) {
  for (const std::string bound :
       {"idle_timeout: 10s", "idle_timeout: 0s, max_connection_duration: 10s"}) {
    HttpProxyHarness proxy(withSmallBuffer(bound + ", drain_timeout: 2s"));
    stopReading(proxy);
    EXPECT_FALSE(proxy.filters().closed()) << bound;
    proxy.advance(seconds(30));
    EXPECT_TRUE(proxy.filters().closed()) << bound;
  }
}

TEST(HttpTimeouts, AClientOfHttp2ThatDoesNotReadCannotOutlastADrain) {
  HttpProxyHarness proxy(withSmallBuffer("idle_timeout: 0s, drain_timeout: 2s"));
  stopReading(proxy);
  proxy.filters().context().worker.drains.start();
  proxy.advance(seconds(10));
  EXPECT_TRUE(proxy.filters().closed());
}

// Nothing else bounds how long a client may leave what is written in its window.
TEST(HttpTimeouts, AnAnswerThatIsNotTakenDoesNotKeepAnIdleConnection) {
  HttpProxyParts parts = managed("idle_timeout: 10s, stream_idle_timeout: 0s");
  parts.routes =
      "[{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: hello}}}]";
  HttpProxyHarness proxy(parts);
  constexpr uint16_t InitialWindowSize = 4;
  proxy.client().send(std::string(ClientPreface) + settings({{InitialWindowSize, 1}}) +
                      frame(SettingsFrame, Ack, 0) + headers(1, get()));
  proxy.advance(seconds(19));
  EXPECT_FALSE(proxy.filters().closed());
  proxy.advance(seconds(2));
  EXPECT_TRUE(proxy.filters().closed());
  EXPECT_EQ(proxy.filters().closeReason(), "idle_timeout");
}

TEST(HttpTimeouts, AnIdleConnectionEndsByThatName) {
  const std::string http1 = "GET /d HTTP/1.1\r\nhost: a\r\n\r\n";
  const std::string http2 =
      hello() + frame(SettingsFrame, Ack, 0) +
      headers(1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/d"}});
  for (const std::string& before : {std::string(), http1, http2}) {
    HttpProxyHarness proxy(managed("idle_timeout: 10s"));
    proxy.client().send(before);
    proxy.advance(seconds(11));
    EXPECT_TRUE(proxy.clientEnds());
    EXPECT_EQ(proxy.filters().closeReason(), "idle_timeout") << before;
  }
}

TEST(HttpTimeouts, AClientThatDoesNotReadItsAnswerIsLetGo) {
  HttpProxyHarness proxy(managed("stream_idle_timeout: 5s, idle_timeout: 10s"));
  proxy.filters().towardsClient().capacity = 1024;
  proxy.client().stopReading();
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.upstream().peer().send("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n" +
                               std::string(9000, 'x'));
  proxy.run();
  ASSERT_TRUE(proxy.until([&] { return proxy.bytesInUse() > 0; }));
  proxy.advance(seconds(600));
  EXPECT_TRUE(proxy.filters().closed());
}

}  // namespace
}  // namespace weir::test
