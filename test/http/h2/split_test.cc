// However the peer's bytes are cut, the same calls come of them.

#include <gtest/gtest.h>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

std::string clientTalk() {
  return hello() + frame(SettingsFrame, Ack, 0) + ping() +
         headers(1, get({{"te", "trailers"}}), 0) + data(1, "abc") +
         frame(DataFrame, Padded, 1, std::string("\3def\0\0\0", 7)) +
         headers(3, get({{"x_y", "1"}})) + headers(1, {{"sum", "6"}}) +
         frame(HeadersFrame, EndStream, 5, fieldBlock(get())) +
         frame(ContinuationFrame, EndHeaders, 5, fieldBlock({{"more", "1"}})) +
         headers(7, get(), 0) + data(7, "gone") + rst(7, 8) +
         headers(9, get({{"connection", "x"}})) + windowUpdate(0, 100) +
         headers(11, {{":method", "CONNECT"}, {":authority", "db:1"}}, 0) +
         data(11, "early", EndStream) + frame(0x55, 0, 0, "unknown");
}

std::string serverTalk() {
  return settings({{3, 10}}) + frame(SettingsFrame, Ack, 0) +
         headers(1, {{":status", "103"}, {"link", "a"}}, 0) + headers(3, {{":status", "204"}}) +
         headers(1, {{":status", "200"}}, 0) + data(1, "abc") + rst(5, 7) +
         headers(1, {{"sum", "3"}}) + frame(GoawayFrame, 0, 0, number(5, 4) + number(0, 4));
}

std::string outcome(const RecordingCodecEvents& events) {
  std::string all;
  for (const auto& stream : events.streams) all += stream->log + "[" + stream->body + "]\n";
  return all + events.end;
}

std::string serverOutcome(std::string_view first, std::string_view second) {
  ServerHarness server;
  server.feed(first);
  server.feed(second);
  return outcome(server.events) + describeOutcome(server.sent());
}

std::string clientOutcome(std::string_view first, std::string_view second) {
  ClientHarness client;
  for (int i = 0; i < 4; ++i) client.request(get());
  client.sent();
  client.feed(first);
  client.feed(second);
  return outcome(client.events);
}

template <class Talk>
void expectSameForEverySplit(const std::string& bytes, Talk&& talk, std::string_view part) {
  const std::string whole = talk(bytes, "");
  EXPECT_NE(whole.find(part), std::string::npos) << whole;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string_view view = bytes;
    ASSERT_EQ(talk(view.substr(0, cut), view.substr(cut)), whole) << cut;
  }
}

TEST(Http2Split, ServerTellsTheSameForEverySplit) {
  expectSameForEverySplit(clientTalk(), serverOutcome, "trailers sum=6\n[abcdef]");
}

TEST(Http2Split, ClientTellsTheSameForEverySplit) {
  expectSameForEverySplit(serverTalk(), clientOutcome, "trailers sum=3\n[abc]");
}

TEST(Http2Split, ServerTellsTheSameByteByByte) {
  const std::string bytes = clientTalk();
  ServerHarness server;
  for (const char byte : bytes) server.feed(std::string(1, byte));
  EXPECT_EQ(outcome(server.events) + describeOutcome(server.sent()), serverOutcome(bytes, ""));
}

}  // namespace
}  // namespace weir::test
