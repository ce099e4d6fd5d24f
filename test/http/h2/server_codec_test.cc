#include <gtest/gtest.h>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

using http::ResetReason;

TEST(Http2ServerCodec, AnswersARequestWithoutABody) {
  ServerHarness server;
  server.feed(hello() + headers(1, get({{"accept", "*/*"}})));
  EXPECT_EQ(server.stream().log,
            "headers :method=GET :scheme=http :authority=a.test :path=/ accept=*/* end\n");
  server.sent();
  EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "204"}}, true));
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1 end\n");
  EXPECT_EQ(server.events.streams_ended, 1);
  EXPECT_EQ(server.codec->openStreams(), 0U);
}

TEST(Http2ServerCodec, CarriesBodiesAndTrailersBothWays) {
  ServerHarness server;
  server.feed(hello() + headers(1, get({{"te", "trailers"}}), 0) + data(1, "abc") + data(1, "def") +
              headers(1, {{"sum", "6"}}));
  EXPECT_EQ(server.stream().body, "abcdef");
  EXPECT_EQ(server.stream().log,
            "headers :method=GET :scheme=http :authority=a.test :path=/ te=trailers\n"
            "body of 6\ntrailers sum=6\n");
  server.sent();
  http::StreamEncoder& encoder = *server.stream().encoder;
  EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "200"}}, false));
  server.write(encoder, "hello", false);
  encoder.encodeTrailers(Fields{{"grpc-status", "0"}});
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1\nDATA 1 size=5\nHEADERS 1 end\n");
  EXPECT_EQ(server.events.streams_ended, 1);
}

// Between the codec's last word (onEnd) and its owner's (onConnectionGone), a response may come.
TEST(Http2ServerCodec, AStreamThatEndsAfterTheSessionIsNotToldOfItsEnd) {
  using Ending = void (*)(ServerHarness&, http::StreamEncoder&);
  const Ending endings[] = {
      [](ServerHarness&, http::StreamEncoder& encoder) {
        EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "204"}}, true));
      },
      [](ServerHarness& server, http::StreamEncoder& encoder) {
        EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "200"}}, false));
        server.write(encoder, "x", true);
      },
      [](ServerHarness&, http::StreamEncoder& encoder) {
        EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "200"}}, false));
        encoder.encodeTrailers(Fields{{"a", "b"}});
      },
      [](ServerHarness&, http::StreamEncoder& encoder) { encoder.reset(ResetReason::Cancel); },
  };
  for (const Ending ending : endings) {
    ServerHarness server;
    server.feed(hello() + headers(1, get(), 0));
    server.feed(data(0, "broken"));
    ASSERT_NE(server.events.end, "");
    ASSERT_FALSE(server.stream().was_reset);
    ending(server, *server.stream().encoder);
    server.codec->onConnectionGone();
    EXPECT_FALSE(server.stream().was_reset);
  }
}

TEST(Http2ServerCodec, SendsInformationalHeadsBeforeTheFinalOne) {
  ServerHarness server;
  server.feed(hello() + headers(1, get({{"expect", "100-continue"}}), 0));
  server.sent();
  http::StreamEncoder& encoder = *server.stream().encoder;
  EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "100"}}, false));
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1\n");
  server.feed(data(1, "x", EndStream));
  EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "200"}}, true));
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1 end\n");
}

// A server that has answered a request of which the rest is to come.
struct EarlyAnswer : ServerHarness {
  EarlyAnswer() {
    feed(hello() + frame(SettingsFrame, Ack, 0) + headers(1, get(), 0) + data(1, "abc"));
    sent();
    http::StreamEncoder& encoder = *stream().encoder;
    EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "413"}}, false));
    write(encoder, "no", true);
    EXPECT_EQ(describeOutcome(sent()), "HEADERS 1\nDATA 1 size=2 end\n");
  }
};

TEST(Http2ServerCodec, DropsTheRestOfARequestThatWasAnsweredEarly) {
  EarlyAnswer server;
  server.feed(data(1, "more") + data(1, "", EndStream));
  EXPECT_EQ(describeOutcome(server.sent()), "");
  EXPECT_EQ(server.stream().body, "abc");
  EXPECT_EQ(server.codec->openStreams(), 0U);
}

TEST(Http2ServerCodec, ResetsARequestThatWasAnsweredEarlyAndDoesNotEnd) {
  EarlyAnswer server;
  server.loop.advance(std::chrono::milliseconds(499));
  EXPECT_EQ(server.sent(), "");
  server.loop.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(server.sent(), rst(1, 0));
  EXPECT_EQ(server.codec->openStreams(), 0U);
  server.feed(data(1, "more", EndStream));  // was on its way
  EXPECT_EQ(describeOutcome(server.sent()), "");
  EXPECT_EQ(server.events.end, "");
}

TEST(Http2ServerCodec, ResetsARequestThatWasAnsweredEarlyAndGoesOn) {
  EarlyAnswer server;
  server.feed(data(1, std::string(16384, 'x')));
  EXPECT_EQ(describeOutcome(server.sent()), "");
  server.feed(data(1, std::string(16384, 'x')));
  EXPECT_EQ(describeOutcome(server.sent()), "RST_STREAM 1 code=0\n");
  EXPECT_EQ(server.codec->openStreams(), 0U);
  EXPECT_EQ(server.pool.bytesInUse(), 0U);
}

TEST(Http2ServerCodec, AnswersWhatIsWrongWithTheRestOfARequest) {
  const std::pair<std::string, const char*> cases[] = {
      {headers(1, {{"a", "b"}}, 0), "RST_STREAM 1 code=1\n"},
      {windowUpdate(1, 0x7fffffff), "RST_STREAM 1 code=3\n"},
      {frame(DataFrame, Padded, 1, "\x09x"), "GOAWAY last=1 code=1\n"},
      {rst(1, 8) + data(1, "x"), "GOAWAY last=1 code=5\n"},
  };
  for (const auto& [bytes, outcome] : cases) {
    EarlyAnswer server;
    server.feed(bytes);
    EXPECT_EQ(describeOutcome(server.sent()), outcome);
  }
}

TEST(Http2ServerCodec, ClientThatEndsBehindAnEarlyAnswerIsNotWaitedFor) {
  EarlyAnswer server;
  server.feed("", true);
  EXPECT_EQ(describeOutcome(server.sent()), "RST_STREAM 1 code=0\n");
  EXPECT_EQ(server.events.end, "flush closed_by_peer");
}

// A client that has its response may well reset what is left of the request.
TEST(Http2ServerCodec, ResetsOfRequestsThatWereAnsweredAreNoFlood) {
  ServerHarness server;
  server.feed(hello() + frame(SettingsFrame, Ack, 0));
  for (uint32_t i = 0; i < 2000; ++i) {
    server.feed(headers(2 * i + 1, get(), 0));
    EXPECT_TRUE(server.stream(i).encoder->encodeHeaders(Fields{{":status", "200"}}, true));
    server.sent();
    server.feed(rst(2 * i + 1, 8));
  }
  EXPECT_EQ(server.events.end, "");
  EXPECT_EQ(server.codec->openStreams(), 0U);
}

TEST(Http2ServerCodec, TellsWhyTheClientResetAStream) {
  ServerHarness server;
  server.feed(hello() + headers(1, get(), 0) + headers(3, get(), 0) + data(3, "abc") + rst(1, 8) +
              rst(3, 2));
  EXPECT_TRUE(server.stream(0).log.ends_with("reset cancel \n")) << server.stream(0).log;
  EXPECT_TRUE(server.stream(1).log.ends_with("reset internal_error \n"));
  EXPECT_EQ(server.stream(1).body, "abc");
  EXPECT_EQ(server.codec->openStreams(), 0U);
}

TEST(Http2ServerCodec, ResetsWithTheCodeOfTheReason) {
  const std::pair<ResetReason, int> cases[] = {
      {ResetReason::Cancel, 8},        {ResetReason::InternalError, 2}, {ResetReason::Refused, 7},
      {ResetReason::ProtocolError, 1}, {ResetReason::NoError, 0},       {ResetReason::Overload, 11},
      {ResetReason::ConnectError, 10},
  };
  for (const auto& [reason, code] : cases) {
    ServerHarness server;
    server.feed(hello() + headers(1, get(), 0));
    server.sent();
    server.stream().encoder->reset(reason);
    EXPECT_EQ(describeOutcome(server.sent()), "RST_STREAM 1 code=" + std::to_string(code) + "\n");
    EXPECT_EQ(server.codec->openStreams(), 0U);
  }
}

}  // namespace
}  // namespace weir::test
