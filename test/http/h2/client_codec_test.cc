#include <gtest/gtest.h>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

using http::ResetReason;

std::string serverHello(const std::vector<std::pair<uint16_t, uint32_t>>& entries = {}) {
  return settings(entries);
}

TEST(Http2ClientCodec, BeginsWithThePrefaceAndItsSettings) {
  ClientHarness client;
  const std::string sent = client.sent();
  EXPECT_TRUE(sent.starts_with(ClientPreface));
  EXPECT_EQ(describe(parseFrames(sent).at(0)), "SETTINGS 0");
}

TEST(Http2ClientCodec, TellsAResponseWithItsInformationalHeadsAndTrailers) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& stream = client.request(get());
  EXPECT_EQ(describeOutcome(client.sent()), "HEADERS 1 end\n");
  client.feed(headers(1, {{":status", "103"}, {"link", "a"}}, 0) +
              headers(1, {{":status", "200"}}, 0) + data(1, "body") +
              headers(1, {{"grpc-status", "0"}}));
  EXPECT_EQ(stream.log,
            "headers :status=103 link=a\nheaders :status=200\nbody of 4\ntrailers grpc-status=0\n");
  EXPECT_EQ(client.codec->openStreams(), 0U);
  EXPECT_EQ(client.events.streams_ended, 1);
}

TEST(Http2ClientCodec, TakesOnlySoManyInformationalHeads) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& stream = client.request(get());
  client.sent();
  for (int i = 0; i < 100; ++i) client.feed(headers(1, {{":status", "103"}}, 0));
  EXPECT_FALSE(stream.was_reset);
  client.feed(headers(1, {{":status", "103"}}, 0));
  EXPECT_TRUE(stream.was_reset);
  EXPECT_EQ(describeOutcome(client.sent()), "RST_STREAM 1 code=1\n");
}

TEST(Http2ClientCodec, TakesAsManyStreamsAsThePeerAllows) {
  ClientHarness client;
  client.feed(serverHello({{3, 2}}));
  client.request(get());
  EXPECT_TRUE(client.codec->canTake());
  client.request(get());
  EXPECT_FALSE(client.codec->canTake());
  EXPECT_FALSE(client.codec->finished());
  client.sent();
  client.feed(headers(1, {{":status", "200"}}));
  EXPECT_TRUE(client.codec->canTake());
}

TEST(Http2ClientCodec, RefusedByGoawayAreTheStreamsAboveTheLast) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& first = client.request(get());
  RecordingDecoder& second = client.request(get());
  client.sent();
  RecordingDecoder& not_sent = client.request(get());
  client.feed(frame(GoawayFrame, 0, 0, number(1, 4) + number(0, 4)));
  EXPECT_EQ(second.log, "reset refused \n");
  EXPECT_EQ(not_sent.log.substr(0, 13), "reset refused");
  EXPECT_TRUE(client.codec->finished());
  EXPECT_FALSE(client.codec->canTake());
  EXPECT_EQ(client.events.end, "");
  client.feed(headers(1, {{":status", "200"}}));
  EXPECT_EQ(first.log, "headers :status=200 end\n");
  EXPECT_EQ(client.events.end, "flush peer_goaway");
}

TEST(Http2ClientCodec, DropsTheRestOfARequestWhoseResponseIsWhole) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& stream = client.request(get(), false);
  client.sent();
  client.feed(headers(1, {{":status", "413"}}));
  EXPECT_EQ(stream.log, "headers :status=413 end\n");
  EXPECT_EQ(describeOutcome(client.sent()), "RST_STREAM 1 code=0\n");
  EXPECT_EQ(client.codec->openStreams(), 0U);
}

TEST(Http2ClientCodec, TellsAWholeResponseThoughTheServerResetsTheRequest) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& stream = client.request(get(), false);
  stream.encoder->pauseReading(true);
  client.sent();
  client.feed(headers(1, {{":status", "413"}}, 0) + data(1, "no", EndStream) + rst(1, 0));
  EXPECT_EQ(stream.log, "headers :status=413\n");
  stream.encoder->pauseReading(false);
  client.sent();
  EXPECT_EQ(stream.log, "headers :status=413\nbody of 2 end\n");
  EXPECT_EQ(client.codec->openStreams(), 0U);
}

TEST(Http2ClientCodec, ResetsAStreamThatWasNotSentYet) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& unsent = client.request(get());
  unsent.encoder->reset(ResetReason::Cancel);
  client.events.streams.push_back(std::make_unique<RecordingDecoder>());
  client.codec->newStream(*client.events.streams.back()).reset(ResetReason::Cancel);
  EXPECT_EQ(describeOutcome(client.sent()).find("HEADERS"), std::string::npos);
  EXPECT_EQ(client.codec->openStreams(), 0U);
  EXPECT_EQ(unsent.log, "");
}

TEST(Http2ClientCodec, TellsEveryStreamThatTheConnectionIsGone) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& stream = client.request(get());
  client.sent();
  client.codec->onConnectionGone();
  EXPECT_EQ(stream.log, "reset connection_gone \n");
  EXPECT_FALSE(client.codec->canTake());
}

// A server that breaks the protocol has not merely gone away.
TEST(Http2ClientCodec, TellsEveryStreamThatTheServerBrokeTheProtocol) {
  std::string long_head = frame(HeadersFrame, 0, 1, fieldBlock({{":status", "200"}}));
  for (int i = 0; i < 2000; ++i) long_head += frame(ContinuationFrame, 0, 1);
  const std::pair<std::string, const char*> cases[] = {
      {frame(PushPromiseFrame, EndHeaders, 1, number(2, 4) + fieldBlock(get())),
       "h2_protocol_error"},
      {headers(3, {{":status", "200"}}), "h2_protocol_error"},
      {data(1, "x"), "h2_protocol_error"},
      {long_head, "h2_continuation_flood"},
  };
  for (const auto& [bytes, reason] : cases) {
    ClientHarness client;
    client.feed(serverHello() + frame(SettingsFrame, Ack, 0));
    RecordingDecoder& stream = client.request(get());
    client.sent();
    client.feed(bytes);
    client.codec->onConnectionGone();
    EXPECT_TRUE(stream.log.starts_with("reset protocol_error h2_"))
        << reason << int(bytes[3]) << stream.log;
  }
}

FieldList webSocket() {
  return {{":method", "CONNECT"},
          {":protocol", "websocket"},
          {":scheme", "http"},
          {":authority", "a.test"},
          {":path", "/chat"}};
}

// RFC 8441 3.
TEST(Http2ClientCodec, ATunnelWaitsUntilTheServerHasSaidThatItTakesSome) {
  for (const bool settings_first : {true, false}) {
    ClientHarness client;
    if (settings_first) client.feed(settings({{8, 1}}));
    RecordingDecoder& stream = client.request(webSocket(), false);
    EXPECT_TRUE(client.sent_ok);
    client.write(*stream.encoder, "early", true);
    const std::string before = describeOutcome(client.sent());
    if (!settings_first) {
      EXPECT_EQ(before, "");
      client.feed(settings({{8, 1}}));
    }
    EXPECT_EQ(before + describeOutcome(client.sent()), "HEADERS 1\nDATA 1 size=5 end\n");
    client.feed(headers(1, {{":status", "200"}}, 0) + data(1, "late", EndStream));
    EXPECT_EQ(stream.log, "headers :status=200\nbody of 4 end\n");
    EXPECT_EQ(client.codec->openStreams(), 0U);
  }
}

TEST(Http2ClientCodec, ATunnelIsRefusedIfTheServerTakesNone) {
  for (const std::string& hello : {settings(), settings({{8, 0}})}) {
    for (const bool settings_first : {true, false}) {
      ClientHarness client;
      if (settings_first) client.feed(hello);
      RecordingDecoder& stream = client.request(webSocket(), false);
      client.write(*stream.encoder, "early", false);
      if (!settings_first) client.feed(hello);
      EXPECT_EQ(describeOutcome(client.sent()), "");
      EXPECT_EQ(stream.log, "reset refused h2_no_extended_connect\n");
      EXPECT_EQ(client.codec->openStreams(), 0U);
      EXPECT_EQ(client.pool.bytesInUse(), 0U);
      // Others may go.
      client.request(get());
      EXPECT_EQ(describeOutcome(client.sent()), "HEADERS 1 end\n");
    }
  }
}

TEST(Http2ClientCodec, ATunnelThatWaitsMayBeGivenUp) {
  ClientHarness client;
  RecordingDecoder& stream = client.request(webSocket(), false);
  client.write(*stream.encoder, std::string(40'000, 'x'), false);
  EXPECT_TRUE(stream.encoder->writeBlocked());
  stream.encoder->reset(ResetReason::Cancel);
  client.feed(settings({{8, 1}}));
  EXPECT_EQ(describeOutcome(client.sent()), "");
  EXPECT_EQ(client.codec->openStreams(), 0U);
  EXPECT_EQ(stream.log, "");
}

TEST(Http2ClientCodec, ATunnelThatWaitsEndsWithItsConnection) {
  ClientHarness client;
  RecordingDecoder& stream = client.request(webSocket(), false);
  client.feed("", true);
  EXPECT_EQ(stream.log, "reset connection_gone closed_before_http2\n");
  EXPECT_EQ(client.codec->openStreams(), 0U);
}

// However it ends, and whatever came that is no whole frame.
TEST(Http2ClientCodec, StreamsAreToldWhetherTheServerSaidAnythingOfHttp2) {
  for (const std::string& said : {std::string(), std::string("HTTP/1."), settings()}) {
    for (const bool in_order : {false, true}) {
      ClientHarness client;
      RecordingDecoder& stream = client.request(get());
      client.feed(said, in_order);
      if (!in_order) client.codec->onConnectionGone();
      std::string_view detail = "closed_before_http2";
      if (said == settings()) detail = in_order ? "closed_by_peer" : "";
      EXPECT_EQ(stream.log, "reset connection_gone " + std::string(detail) + "\n") << said;
    }
  }
}

TEST(Http2ClientCodec, EndsOnceItWasDrained) {
  ClientHarness client;
  client.feed(serverHello());
  RecordingDecoder& stream = client.request(get());
  client.sent();
  client.codec->startDrain();
  EXPECT_FALSE(client.codec->canTake());
  client.codec->finishDrain();
  client.sent();
  EXPECT_EQ(client.events.end, "");
  client.feed(headers(1, {{":status", "200"}}));
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(client.events.end, "flush drained");
}

}  // namespace
}  // namespace weir::test
