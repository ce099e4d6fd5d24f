// An upstream whose host has vanished says nothing of it: what a connection does once a request was
// given up that it had no word for.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "source/http/h2/limits.h"
#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string ackSettings() { return frame(SettingsFrame, Ack, 0); }
std::string answer() { return frame(PingFrame, Ack, 0, std::string(8, '\0')); }

int pingsIn(std::string_view bytes) {
  int found = 0;
  for (const Frame& frame : parseFrames(bytes)) {
    if (frame.type == PingFrame && frame.flags == 0) ++found;
  }
  return found;
}

class Http2LivenessTest : public testing::Test {
 protected:
  Http2LivenessTest() {
    client_.feed(settings() + ackSettings());
    client_.sent();
  }

  // A request that is given up after so long. The PINGs that are sent for it.
  int giveUpAfter(Duration time) {
    RecordingDecoder& request = client_.request(get());
    client_.sent();
    client_.loop.advance(time);
    request.encoder->reset(http::ResetReason::Cancel);
    return pingsIn(client_.sent());
  }
  bool takes() { return client_.codec->canTake(); }
  const std::string& end() const { return client_.events.end; }

  ClientHarness client_;
};

TEST_F(Http2LivenessTest, AfterARequestWithoutAWordThePeerIsAskedAndGetsNoFurtherOne) {
  EXPECT_EQ(giveUpAfter(seconds(1)), 1);
  EXPECT_FALSE(takes());
  EXPECT_FALSE(client_.codec->finished());
  EXPECT_EQ(end(), "");
}

TEST_F(Http2LivenessTest, WithoutAnAnswerTheConnectionEndsWithTheRequestsThatAreLeft) {
  client_.request(get());
  giveUpAfter(seconds(1));
  client_.loop.advance(milliseconds(9'999));
  EXPECT_EQ(end(), "");
  client_.loop.advance(milliseconds(1));
  EXPECT_EQ(end(), "reset h2_keepalive_timeout fault");
  client_.codec->onConnectionGone();
  EXPECT_EQ(client_.stream(0).log, "reset connection_gone h2_keepalive_timeout\n");
}

TEST_F(Http2LivenessTest, AnAnswerMakesItUsableAgain) {
  giveUpAfter(seconds(1));
  const int changes = client_.events.room_changes;
  client_.feed(answer());
  EXPECT_TRUE(takes());
  EXPECT_EQ(client_.events.room_changes, changes + 1);
  client_.loop.advance(seconds(1000));
  EXPECT_EQ(end(), "");
}

// It reads a long upload slowly: its answer comes once it has got to the PING.
TEST_F(Http2LivenessTest, AnyBytesShowThatThePeerIsThere) {
  giveUpAfter(seconds(1));
  client_.feed(windowUpdate(0, 1));
  EXPECT_TRUE(takes());
  client_.loop.advance(seconds(1000));
  EXPECT_EQ(end(), "");
  client_.feed(answer());
  EXPECT_EQ(giveUpAfter(http::Http2TrustAfterAnswer - milliseconds(1)), 0);
  EXPECT_TRUE(takes());
}

TEST_F(Http2LivenessTest, APeerThatIsDoubtedAgainIsWaitedForAsLongButNotAskedTwice) {
  giveUpAfter(seconds(1));
  client_.feed(windowUpdate(0, 1));
  client_.loop.advance(seconds(20));
  EXPECT_EQ(giveUpAfter(seconds(1)), 0);
  EXPECT_FALSE(takes());
  client_.loop.advance(milliseconds(9'999));
  EXPECT_EQ(end(), "");
  client_.loop.advance(milliseconds(1));
  EXPECT_EQ(end(), "reset h2_keepalive_timeout fault");
}

TEST_F(Http2LivenessTest, WhatIsGivenUpAtOnceIsNoSign) {
  EXPECT_EQ(giveUpAfter(http::Http2DoubtAfter - milliseconds(1)), 0);
  EXPECT_TRUE(takes());
  // Nothing has come since the first one was sent.
  EXPECT_EQ(giveUpAfter(milliseconds(1)), 1);
  EXPECT_FALSE(takes());
}

TEST_F(Http2LivenessTest, TheTimeBeforeARequestDoesNotCount) {
  client_.loop.advance(seconds(1000));
  EXPECT_EQ(giveUpAfter(milliseconds(1)), 0);
}

TEST_F(Http2LivenessTest, BytesSinceTheRequestAreAWord) {
  RecordingDecoder& slow = client_.request(get());
  client_.loop.advance(seconds(50));
  client_.feed(windowUpdate(0, 1));
  client_.sent();
  slow.encoder->reset(http::ResetReason::Cancel);
  EXPECT_EQ(pingsIn(client_.sent()), 0);
  EXPECT_TRUE(takes());
}

TEST_F(Http2LivenessTest, ManyRequestsThatAreGivenUpAreOnePing) {
  for (int i = 0; i < 3; ++i) client_.request(get());
  client_.sent();
  client_.loop.advance(seconds(1));
  for (int i = 0; i < 3; ++i) client_.stream(i).encoder->reset(http::ResetReason::Cancel);
  EXPECT_EQ(pingsIn(client_.sent()), 1);
}

// A slow server is not to be flooded: some end the connection for PINGs without traffic.
TEST_F(Http2LivenessTest, AServerThatHasJustAnsweredIsTrusted) {
  giveUpAfter(seconds(1));
  client_.feed(answer());
  EXPECT_EQ(giveUpAfter(http::Http2TrustAfterAnswer - milliseconds(1)), 0);
  EXPECT_TRUE(takes());
  EXPECT_EQ(giveUpAfter(milliseconds(1)), 1);
}

TEST(Http2Liveness, AKeepalivePingThatIsUnderWayIsPingEnough) {
  http::Http2Settings with;
  with.keepalive_interval = seconds(30);
  with.keepalive_timeout = seconds(5);
  ClientHarness client(with);
  client.feed(settings() + ackSettings());
  RecordingDecoder& request = client.request(get());
  client.sent();
  client.loop.advance(seconds(30));
  EXPECT_EQ(pingsIn(client.sent()), 1);
  client.loop.advance(seconds(1));
  request.encoder->reset(http::ResetReason::Cancel);
  EXPECT_EQ(pingsIn(client.sent()), 0);
  EXPECT_FALSE(client.codec->canTake());
  client.feed(answer());
  EXPECT_TRUE(client.codec->canTake());
  client.loop.advance(seconds(30));
  EXPECT_EQ(pingsIn(client.sent()), 1);
}

TEST(Http2Liveness, BytesAfterAKeepalivePingPutTheEndOff) {
  http::Http2Settings with;
  with.keepalive_interval = seconds(30);
  with.keepalive_timeout = seconds(5);
  ServerHarness server(with);
  server.feed(hello() + ackSettings());
  server.loop.advance(seconds(30));
  EXPECT_EQ(pingsIn(server.sent()), 1);
  for (int i = 0; i < 10; ++i) {
    server.loop.advance(seconds(4));
    server.feed(frame(PingFrame, 0, 0, std::string(8, 'x')));
  }
  EXPECT_EQ(pingsIn(server.sent()), 0);
  server.loop.advance(milliseconds(4'999));
  EXPECT_EQ(server.events.end, "");
  server.loop.advance(milliseconds(1));
  EXPECT_EQ(server.events.end, "reset h2_keepalive_timeout fault");
}

TEST(Http2Liveness, OfClientsNobodyDoubts) {
  ServerHarness server;
  server.feed(hello() + ackSettings() + headers(1, get(), 0));
  server.sent();
  server.loop.advance(seconds(100));
  server.stream().encoder->reset(http::ResetReason::Cancel);
  EXPECT_EQ(pingsIn(server.sent()), 0);
}

}  // namespace
}  // namespace weir::test
