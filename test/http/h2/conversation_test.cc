// The two codecs with each other.

#include <gtest/gtest.h>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

TEST(Http2Conversation, CarriesLargeBodiesThroughSmallWindows) {
  http::Http2Settings small;
  small.initial_stream_window_size = 1000;
  small.initial_connection_window_size = 70000;
  CodecPair pair(small, small);
  RecordingDecoder& client = pair.client.request(get(), false);
  pair.pump();
  const std::string body(300'000, 'b');
  pair.client.write(*client.encoder, body, true);
  pair.pump();
  RecordingDecoder& server = pair.server.stream();
  EXPECT_EQ(server.body, body);
  EXPECT_TRUE(server.ended);
  EXPECT_TRUE(server.encoder->encodeHeaders(Fields{{":status", "200"}}, false));
  pair.server.write(*server.encoder, body, false);
  server.encoder->encodeTrailers(Fields{{"sum", "1"}});
  pair.pump();
  EXPECT_EQ(client.body, body);
  EXPECT_EQ(client.log, "headers :status=200\nbody of 300000\ntrailers sum=1\n");
  EXPECT_EQ(pair.client.codec->openStreams(), 0U);
  EXPECT_EQ(pair.server.codec->openStreams(), 0U);
}

// As large as the settings can make it: what is let in can be passed on.
TEST(Http2Conversation, CarriesTheLargestHeadThatCanBeAllowed) {
  http::Http2Settings large;
  large.headers.max_bytes = 8192 * 1024;
  large.headers.max_count = 10'000;
  CodecPair pair(large, large);
  const size_t count = large.headers.max_bytes / 60'000;
  RecordingDecoder& client =
      pair.client.request(get(FieldList(count, {"a", std::string(60'000 - 64, 'x')})));
  EXPECT_TRUE(pair.client.sent_ok);
  pair.pump();
  ASSERT_EQ(client.log, "");
  ASSERT_EQ(pair.server.events.streams.size(), 1U);
  EXPECT_TRUE(pair.server.stream().ended);
  EXPECT_GT(pair.server.stream().log.size(), 8'000'000U);
}

TEST(Http2Conversation, PausedStreamHoldsItsWindowAndDoesNotBlockAnother) {
  http::Http2Settings settings;
  settings.initial_stream_window_size = 50000;
  settings.initial_connection_window_size = 65535;
  CodecPair pair(settings, settings);
  RecordingDecoder& held = pair.client.request(get(), false);
  pair.pump();
  pair.server.stream(0).encoder->pauseReading(true);
  pair.client.write(*held.encoder, std::string(200'000, 'h'), true);
  pair.pump();
  EXPECT_EQ(pair.server.stream(0).body.size(), 0U);
  EXPECT_LE(pair.server.pool.bytesInUse(), 4 * 16384U);

  RecordingDecoder& other = pair.client.request(get(), false);
  pair.client.write(*other.encoder, std::string(200'000, 'o'), true);
  pair.pump();
  EXPECT_EQ(pair.server.stream(1).body.size(), 200'000U);

  pair.server.stream(0).encoder->pauseReading(false);
  pair.pump();
  EXPECT_EQ(pair.server.stream(0).body.size(), 200'000U);
}

TEST(Http2Conversation, ManyPausedStreamsHoldAtMostTwiceTheConnectionsWindow) {
  http::Http2Settings settings;
  settings.initial_connection_window_size = 100'000;
  CodecPair pair(settings, settings);
  for (int i = 0; i < 20; ++i) {
    RecordingDecoder& stream = pair.client.request(get(), false);
    pair.pump();
    pair.server.stream(i).encoder->pauseReading(true);
    pair.client.write(*stream.encoder, std::string(60'000, 'x'), true);
    pair.pump();
  }
  EXPECT_LE(pair.server.pool.bytesInUse(), 20 * 16384U + 200'000U);
  for (int i = 0; i < 20; ++i) pair.server.stream(i).encoder->pauseReading(false);
  pair.pump();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(pair.server.stream(i).body.size(), 60'000U) << i;
}

TEST(Http2Conversation, WriterIsBlockedAtTheLimitAndToldWhenItIsNot) {
  http::Http2Settings settings;
  settings.buffer_limit = 10'000;
  settings.initial_stream_window_size = 20'000;
  CodecPair pair(settings, settings);
  RecordingDecoder& client = pair.client.request(get());
  pair.pump();
  RecordingDecoder& server = pair.server.stream();
  client.encoder->pauseReading(true);
  EXPECT_TRUE(server.encoder->encodeHeaders(Fields{{":status", "200"}}, false));
  pair.server.write(*server.encoder, std::string(35'000, 'x'), false);
  EXPECT_TRUE(server.encoder->writeBlocked());
  pair.pump();
  EXPECT_TRUE(server.encoder->writeBlocked());
  EXPECT_EQ(server.write_ready, 0);
  client.encoder->pauseReading(false);
  pair.pump();
  EXPECT_FALSE(server.encoder->writeBlocked());
  EXPECT_EQ(server.write_ready, 1);
  EXPECT_EQ(client.body.size(), 35'000U);
}

TEST(Http2Conversation, NothingIsPulledWhileTheConnectionIsBlocked) {
  CodecPair pair;
  RecordingDecoder& client = pair.client.request(get());
  pair.pump();
  RecordingDecoder& server = pair.server.stream();
  pair.server.out.blocked = true;
  EXPECT_TRUE(server.encoder->encodeHeaders(Fields{{":status", "200"}}, false));
  pair.server.write(*server.encoder, "late", true);
  EXPECT_EQ(pair.server.sent(), "");
  pair.server.out.blocked = false;
  pair.server.codec->onWriteReady();
  pair.pump();
  EXPECT_EQ(client.log, "headers :status=200\nbody of 4 end\n");
}

TEST(Http2Conversation, TunnelEndsEachWayByItself) {
  CodecPair pair;
  RecordingDecoder& client =
      pair.client.request({{":method", "CONNECT"}, {":authority", "db.test:5432"}}, false);
  pair.pump();
  RecordingDecoder& server = pair.server.stream();
  EXPECT_EQ(server.log, "headers :method=CONNECT :authority=db.test:5432\n");
  EXPECT_TRUE(server.encoder->encodeHeaders(Fields{{":status", "200"}}, false));
  pair.server.write(*server.encoder, "greeting", true);
  pair.pump();
  EXPECT_EQ(client.log, "headers :status=200\nbody of 8 end\n");
  pair.client.write(*client.encoder, "still here", true);
  pair.pump();
  EXPECT_EQ(server.body, "still here");
  EXPECT_TRUE(server.ended);
  EXPECT_EQ(pair.client.codec->openStreams(), 0U);
  EXPECT_EQ(pair.server.codec->openStreams(), 0U);
}

TEST(Http2Conversation, ExtendedConnectCarriesItsProtocol) {
  CodecPair pair;
  RecordingDecoder& client = pair.client.request({{":method", "CONNECT"},
                                                  {":protocol", "websocket"},
                                                  {":scheme", "http"},
                                                  {":authority", "a.test"},
                                                  {":path", "/chat"}},
                                                 false);
  pair.pump();
  EXPECT_EQ(pair.server.stream().log,
            "headers :method=CONNECT :protocol=websocket :scheme=http :authority=a.test "
            ":path=/chat\n");
  EXPECT_TRUE(pair.server.stream().encoder->encodeHeaders(Fields{{":status", "200"}}, false));
  pair.pump();
  EXPECT_EQ(client.log, "headers :status=200\n");
}

// RFC 9110 8.6: servers of HTTP/1 say a length all the same, and a client must not lose the
// response for it.
TEST(Http2Conversation, AResponseThatCannotHaveABodyHasNoLength) {
  CodecPair pair;
  RecordingDecoder& client = pair.client.request(get());
  pair.pump();
  http::StreamEncoder& server = *pair.server.stream().encoder;
  EXPECT_TRUE(
      server.encodeHeaders(Fields{{":status", "103"}, {"content-length", "0"}, {"a", "b"}}, false));
  pair.pump();
  EXPECT_TRUE(server.encodeHeaders(Fields{{":status", "204"}, {"content-length", "5"}}, true));
  pair.pump();
  EXPECT_EQ(client.log, "headers :status=103 a=b\nheaders :status=204 end\n");
}

TEST(Http2Conversation, DrainsInTwoSteps) {
  CodecPair pair;
  pair.server.codec->startDrain();
  const std::string notice = pair.server.sent();
  EXPECT_EQ(describeOutcome(notice), "GOAWAY last=2147483647 code=0\n");
  RecordingDecoder& client = pair.client.request(get());  // was on its way
  pair.pump();
  pair.server.codec->finishDrain();
  const std::string last = pair.server.sent();
  EXPECT_EQ(describeOutcome(last), "GOAWAY last=1 code=0\n");
  pair.client.feed(notice + last);
  EXPECT_TRUE(pair.client.codec->finished());
  EXPECT_EQ(pair.server.events.end, "");
  EXPECT_TRUE(pair.server.stream().encoder->encodeHeaders(Fields{{":status", "200"}}, true));
  pair.pump();
  EXPECT_EQ(client.log, "headers :status=200 end\n");
  EXPECT_EQ(pair.server.events.end, "flush drained");
  EXPECT_EQ(pair.client.events.end, "flush peer_goaway");
}

http::Http2Settings twoRequests() {
  http::Http2Settings settings;
  settings.max_requests = 2;
  settings.max_concurrent_streams = 3;
  return settings;
}

TEST(Http2Conversation, TakesWhatIsOnItsWayBehindTheLastRequest) {
  CodecPair pair(twoRequests());
  pair.client.request(get());
  pair.pump();
  EXPECT_FALSE(pair.client.codec->finished());
  pair.client.request(get());
  pair.client.request(get());  // the client cannot know
  pair.pump();
  EXPECT_TRUE(pair.client.codec->finished());
  EXPECT_EQ(pair.server.events.streams.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(pair.server.stream(i).encoder->encodeHeaders(Fields{{":status", "200"}}, true));
  }
  pair.pump();
  EXPECT_EQ(pair.server.events.end, "flush drained");
  for (const auto& stream : pair.client.events.streams) {
    EXPECT_EQ(stream->log, "headers :status=200 end\n");
  }
}

TEST(Http2Conversation, AClientThatGoesOnBehindTheLastRequestIsNotHeard) {
  ServerHarness server(twoRequests());
  server.feed(hello() + frame(SettingsFrame, Ack, 0));
  for (uint32_t id = 1; id < 41; id += 2) {
    server.feed(headers(id, get()));
    if (server.events.streams.size() > id / 2) {
      EXPECT_TRUE(server.stream(id / 2).encoder->encodeHeaders(Fields{{":status", "200"}}, true));
    }
    server.loop.runUntilIdle();
    if (!server.events.end.empty()) break;
  }
  EXPECT_EQ(server.events.streams.size(), 5u);
  EXPECT_EQ(server.events.end, "flush drained");
}

// What it does not read must not keep its connection.
TEST(Http2Conversation, DrainsAClientThatDoesNotRead) {
  ServerHarness server;
  server.feed(hello() + frame(SettingsFrame, Ack, 0) + headers(1, get()));
  server.out.blocked = true;
  server.feed(frame(PingFrame, 0, 0, "12345678") + rst(1, 8));
  server.sent();
  server.codec->startDrain();
  server.loop.runUntilIdle();
  EXPECT_EQ(server.events.end, "");
  server.codec->finishDrain();
  EXPECT_EQ(describeOutcome(server.sent()),
            "GOAWAY last=2147483647 code=0\nGOAWAY last=1 code=0\n");
  EXPECT_EQ(server.events.end, "flush drained");
}

}  // namespace
}  // namespace weir::test
