// Frames that are to be ignored (RFC 9113 4.1, 5.1, 5.5): those of types that nobody knows, and
// what was on its way to a stream that was reset. The connection lives on, its window is given
// back, and only a flood of them ends it.

#include <gtest/gtest.h>

#include <functional>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

constexpr uint8_t PriorityUpdate = 16;
constexpr size_t Piece = 16384;

// By which the connection's window was opened.
uint64_t windowOpened(std::string_view sent) {
  uint64_t opened = 0;
  for (const Frame& frame : parseFrames(sent)) {
    if (frame.type != WindowUpdateFrame || frame.stream != 0) continue;
    for (const char byte : frame.payload.substr(0, 4)) {
      opened = opened * 256 + static_cast<uint8_t>(byte);
    }
  }
  return opened;
}

std::string dataOf(uint32_t stream, size_t bytes) {
  std::string all;
  for (size_t at = 0; at < bytes; at += Piece) {
    all += data(stream, std::string(std::min(Piece, bytes - at), 'x'));
  }
  return all;
}

TEST(Http2LateFrames, CancelledDownloadWithAWindowInFlightLeavesTheConnectionUsable) {
  ClientHarness client;
  client.feed(settings() + frame(SettingsFrame, Ack, 0));
  RecordingDecoder& cancelled = client.request(get());
  RecordingDecoder& other = client.request(get());
  client.sent();
  client.feed(headers(1, {{":status", "200"}}, 0));
  cancelled.encoder->reset(http::ResetReason::Cancel);
  EXPECT_EQ(describeOutcome(client.sent()), "RST_STREAM 1 code=8\n");
  client.feed(dataOf(1, 65536));
  client.feed(headers(3, {{":status", "200"}}, 0) + data(3, "body", EndStream));
  EXPECT_EQ(client.events.end, "");
  EXPECT_EQ(other.log, "headers :status=200\nbody of 4 end\n");
  EXPECT_TRUE(client.codec->canTake());
}

TEST(Http2LateFrames, UploadThatWasAnsweredEarlyLeavesTheConnectionUsable) {
  ServerHarness server;
  server.feed(hello() + frame(SettingsFrame, Ack, 0) + headers(1, get(), 0) + headers(3, get(), 0));
  EXPECT_TRUE(server.stream(0).encoder->encodeHeaders(Fields{{":status", "413"}}, true));
  server.stream(1).encoder->reset(http::ResetReason::Cancel);
  server.loop.advance(std::chrono::seconds(5));
  server.sent();
  server.feed(dataOf(1, 65536) + dataOf(3, 65536));
  server.feed(headers(5, get()));
  EXPECT_EQ(server.events.end, "");
  EXPECT_TRUE(server.stream(2).ended);
}

// Streams that are given up before anything of their bodies was taken, again and again: four times
// the connection's window. `begin`: a stream whose body is on its way.
template <class Harness>
void expectWindowGivenBack(Harness& end,
                           const std::function<RecordingDecoder&(uint32_t stream)>& begin) {
  constexpr uint32_t Streams = 64;
  uint64_t opened = 0;
  for (uint32_t i = 0; i < Streams; ++i) {
    begin(2 * i + 1).encoder->reset(http::ResetReason::Cancel);
    opened += windowOpened(end.sent());
    end.feed(dataOf(2 * i + 1, 65536));
    opened += windowOpened(end.sent());
    ASSERT_EQ(end.events.end, "") << i;
  }
  EXPECT_GE(opened + 1048576 / 2, Streams * 65536);
  EXPECT_LE(opened, Streams * 65536);
}

TEST(Http2LateFrames, WindowOfTheConnectionIsGivenBackOnEitherSide) {
  ClientHarness client;
  client.feed(settings() + frame(SettingsFrame, Ack, 0));
  client.sent();
  expectWindowGivenBack(client, [&](uint32_t id) -> RecordingDecoder& {
    RecordingDecoder& stream = client.request(get());
    client.sent();
    client.feed(headers(id, {{":status", "200"}}, 0));
    return stream;
  });
  ServerHarness server;
  server.feed(hello() + frame(SettingsFrame, Ack, 0));
  server.sent();
  expectWindowGivenBack(server, [&](uint32_t id) -> RecordingDecoder& {
    server.feed(headers(id, get(), 0));
    return *server.events.streams.back();
  });
}

TEST(Http2LateFrames, FramesOfUnknownTypesAreIgnored) {
  ServerHarness server;
  server.feed(hello() + frame(SettingsFrame, Ack, 0));
  for (int i = 0; i < 16; ++i) server.feed(frame(0x20, 0xff, 0, std::string(Piece, 'x')));
  for (int i = 0; i < 2000; ++i) {
    server.feed(frame(PriorityUpdate, 0, 0, number(1, 4) + std::string(100, 'u')));
  }
  server.feed(headers(1, get()));
  EXPECT_EQ(server.events.end, "");
  EXPECT_TRUE(server.stream(0).ended);
}

TEST(Http2LateFrames, HoweverTheBytesAreCut) {
  for (size_t piece = 1; piece < 40; ++piece) {
    ServerHarness server;
    const std::string bytes = hello() + frame(0x20, 0, 7, "unknown") + headers(1, get(), 0) +
                              frame(0xff, 0, 1) + data(1, "body") + ping() +
                              frame(PriorityUpdate, 0, 0, "12345") + data(1, "", EndStream);
    for (size_t at = 0; at < bytes.size(); at += piece) server.feed(bytes.substr(at, piece));
    EXPECT_EQ(server.events.end, "") << piece;
    EXPECT_TRUE(server.stream(0).log.ends_with("body of 4 end\n")) << piece;
  }
}

// More than was ever allowed to be sent on the streams that there were.
TEST(Http2LateFrames, DataBehindTheWindowsOfAllStreamsEndsTheConnection) {
  ClientHarness client;
  client.feed(settings() + frame(SettingsFrame, Ack, 0));
  RecordingDecoder& stream = client.request(get());
  client.sent();
  stream.encoder->reset(http::ResetReason::Cancel);
  client.sent();
  for (int i = 0; i < 9 && client.events.end.empty(); ++i) client.feed(dataOf(1, Piece));
  EXPECT_EQ(client.events.end, "flush h2_late_data_flood fault");
}

}  // namespace
}  // namespace weir::test
