// What an HTTP/2 connection does as time goes by.

#include <gtest/gtest.h>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

std::string ackSettings() { return frame(SettingsFrame, Ack, 0); }

http::Http2Settings withKeepalive() {
  http::Http2Settings settings;
  settings.keepalive_interval = seconds(30);
  settings.keepalive_timeout = seconds(5);
  return settings;
}

bool hasPing(std::string_view bytes) {
  for (const Frame& frame : parseFrames(bytes)) {
    if (frame.type == PingFrame && frame.flags == 0) return true;
  }
  return false;
}

TEST(Http2Timeout, PingsAPeerThatIsQuietAndGoesOnOnceItAnswers) {
  ServerHarness server(withKeepalive());
  server.feed(hello() + ackSettings());
  server.loop.advance(seconds(20));
  server.feed(windowUpdate(0, 1));
  server.sent();
  server.loop.advance(seconds(29));
  EXPECT_FALSE(hasPing(server.sent()));
  server.loop.advance(seconds(1));
  EXPECT_TRUE(hasPing(server.sent()));
  server.feed(frame(PingFrame, Ack, 0, std::string(8, '\0')));
  server.loop.advance(seconds(29));
  EXPECT_EQ(server.sent(), "");
  server.loop.advance(seconds(1));
  EXPECT_TRUE(hasPing(server.sent()));
  EXPECT_EQ(server.events.end, "");
}

TEST(Http2Timeout, EndsTheConnectionIfAPingIsNotAnswered) {
  ClientHarness client(withKeepalive());
  client.feed(settings() + ackSettings());
  client.loop.advance(seconds(30));
  EXPECT_TRUE(hasPing(client.sent()));
  client.loop.advance(seconds(4));
  EXPECT_EQ(client.events.end, "");
  client.loop.advance(seconds(1));
  EXPECT_EQ(client.events.end, "reset h2_keepalive_timeout fault");
}

TEST(Http2Timeout, PingsNobodyUnlessToldTo) {
  ServerHarness server;
  server.feed(hello() + ackSettings());
  server.sent();
  server.loop.advance(seconds(10'000));
  EXPECT_EQ(server.sent(), "");
}

TEST(Http2Timeout, SettingsMustBeAcknowledged) {
  ServerHarness server;
  server.feed(hello());
  server.sent();
  server.loop.advance(seconds(10));
  EXPECT_EQ(server.events.end, "flush h2_settings_timeout fault");
  EXPECT_EQ(describeOutcome(server.sent()), "GOAWAY last=0 code=4\n");
}

// What a client begins, and with what it goes on every three seconds.
struct Drip {
  const char* what;
  std::string first;
  std::string more;
};

const Drip Drips[] = {
    {"no CONTINUATION", frame(HeadersFrame, EndStream, 1, fieldBlock(get())), ""},
    {"a CONTINUATION now and then", frame(HeadersFrame, EndStream, 1, fieldBlock(get())),
     frame(ContinuationFrame, 0, 1, fieldBlock({{"a", "b"}}))},
    {"a frame that is not whole", headers(1, get()).substr(0, 20), "x"},
    {"trailers", headers(1, get(), 0) + frame(HeadersFrame, EndStream, 1, fieldBlock({{"a", "b"}})),
     ""},
};

TEST(Http2Timeout, HeadThatIsBegunMustBeWholeInTime) {
  for (const Drip& drip : Drips) {
    ServerHarness server;
    server.feed(hello() + ackSettings() + drip.first);
    server.sent();
    for (int i = 0; i < 3; ++i) {
      server.loop.advance(seconds(3));
      server.feed(drip.more);
    }
    EXPECT_EQ(server.events.end, "") << drip.what;
    server.loop.advance(seconds(1));
    EXPECT_EQ(server.events.end, "flush h2_head_timeout fault") << drip.what;
    EXPECT_EQ(parseFrames(server.sent()).back().type, GoawayFrame) << drip.what;
  }
}

TEST(Http2Timeout, EachHeadHasItsOwnTime) {
  ServerHarness server;
  server.feed(hello() + ackSettings());
  std::string rest;
  for (uint32_t i = 0; i < 10; ++i) {
    const std::string head = headers(2 * i + 1, get());
    server.feed(rest + head.substr(0, 12));
    rest = head.substr(12);
    server.loop.advance(seconds(4));
  }
  server.feed(rest);
  server.loop.advance(seconds(100));
  EXPECT_EQ(server.events.end, "");
  EXPECT_TRUE(server.stream(9).ended);
}

TEST(Http2Timeout, HeadHasNoBoundUnlessTheSettingsOfAServerSaySo) {
  const std::string part = frame(HeadersFrame, 0, 1, fieldBlock({{":status", "200"}}));
  http::Http2Settings settings;
  settings.request_headers_timeout = Duration::zero();
  ServerHarness server(settings);
  server.feed(hello() + ackSettings() + frame(HeadersFrame, 0, 1, fieldBlock(get())));
  server.loop.advance(seconds(1000));
  EXPECT_EQ(server.events.end, "");
  ClientHarness client;
  client.feed(test::settings() + ackSettings());
  client.request(get());
  client.sent();
  client.feed(part);
  client.loop.advance(seconds(200));
  EXPECT_EQ(client.events.end, "");
}

TEST(Http2Timeout, ClientThatSendsNoMoreGetsItsAnswersStill) {
  ServerHarness server;
  server.feed(hello() + ackSettings() + headers(1, get()) + headers(3, get(), 0), true);
  EXPECT_FALSE(server.stream(0).was_reset);
  EXPECT_TRUE(server.stream(1).log.ends_with("reset connection_gone closed_by_peer\n"));
  EXPECT_EQ(server.events.end, "");
  server.sent();
  EXPECT_TRUE(server.stream(0).encoder->encodeHeaders(Fields{{":status", "200"}}, true));
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1 end\n");
  EXPECT_EQ(server.events.end, "flush closed_by_peer");
}

// After its FIN no WINDOW_UPDATE comes: what a window holds back then can never be sent.
TEST(Http2Timeout, ClientThatSendsNoMoreCannotHoldAnAnswerByItsWindow) {
  struct Case {
    uint32_t window;
    bool whole;  // the response
    bool fin_first;
    std::string_view sent;
  };
  constexpr std::string_view None = "HEADERS 1\nRST_STREAM 1 code=8\n";
  constexpr std::string_view Part = "HEADERS 1\nDATA 1 size=3\nRST_STREAM 1 code=8\n";
  for (const Case& one : {Case{0, true, true, None},
                          {0, false, true, None},
                          {0, true, false, None},
                          {0, false, false, None},
                          {3, true, true, Part},
                          {3, false, false, Part},
                          {5, true, true, "HEADERS 1\nDATA 1 size=5 end\n"}}) {
    SCOPED_TRACE(std::to_string(one.window) + (one.whole ? " whole" : " part") +
                 (one.fin_first ? ", FIN first" : ""));
    ServerHarness server;
    server.feed(std::string(ClientPreface) + settings({{4, one.window}}) + ackSettings() +
                headers(1, get()));
    server.sent();
    if (one.fin_first) server.feed("", true);
    EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "200"}}, false));
    server.write(*server.stream().encoder, "hello", one.whole);
    server.loop.runUntilIdle();
    if (!one.fin_first) server.feed("", true);
    EXPECT_EQ(describeOutcome(server.sent()), one.sent);
    EXPECT_EQ(server.events.end, "flush closed_by_peer");
    EXPECT_EQ(server.stream().was_reset, !one.whole);
  }
}

TEST(Http2Timeout, ClientThatSendsNoMoreGetsWhatItsWindowsLetThrough) {
  ServerHarness server;
  server.feed(std::string(ClientPreface) + settings({{4, 0}}) + ackSettings() + headers(1, get()) +
                  headers(3, get()) + headers(5, get()) + windowUpdate(3, 100),
              true);
  server.sent();
  for (const size_t i : {0U, 1U}) {
    http::StreamEncoder& encoder = *server.stream(i).encoder;
    EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "200"}}, false));
    server.write(encoder, "hello", false);
  }
  EXPECT_EQ(describeOutcome(server.sent()),
            "HEADERS 1\nHEADERS 3\nDATA 3 size=5\nRST_STREAM 1 code=8\n");
  EXPECT_TRUE(server.stream(0).log.ends_with("reset connection_gone closed_by_peer\n"));
  server.write(*server.stream(1).encoder, "!", true);
  EXPECT_TRUE(server.stream(2).encoder->encodeHeaders(Fields{{":status", "204"}}, true));
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 5 end\nDATA 3 size=1 end\n");
  EXPECT_EQ(server.events.end, "flush closed_by_peer");
}

TEST(Http2Timeout, IdleConnectionEndsWhenThePeerDoes) {
  ClientHarness client;
  client.feed(settings(), true);
  EXPECT_TRUE(client.codec->finished());
  EXPECT_EQ(client.events.end, "flush closed_by_peer");
}

}  // namespace
}  // namespace weir::test
