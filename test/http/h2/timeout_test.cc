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

TEST(Http2Timeout, IdleConnectionEndsWhenThePeerDoes) {
  ClientHarness client;
  client.feed(settings(), true);
  EXPECT_TRUE(client.codec->finished());
  EXPECT_EQ(client.events.end, "flush closed_by_peer");
}

}  // namespace
}  // namespace weir::test
