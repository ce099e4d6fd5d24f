#include "test/http/h2/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::test {

std::string hex(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string block(std::string_view more) {
  return hex("828684") + hex("0106") + "a.test" + hex(more);
}

std::string head(uint32_t id, const std::string& fields, uint8_t flags) {
  return frame(HeadersFrame, flags, id, fields);
}

std::string whole(uint32_t id) { return head(id, block()); }

std::string open(uint32_t id) { return head(id, block(), EndHeaders); }

AnsweringServer::AnsweringServer(Answering answering, const http::Http2Settings& settings)
    : harness(settings), answering_(answering) {
  feed(hello());
}

void AnsweringServer::feed(std::string_view bytes) {
  harness.feed(bytes);
  for (auto& stream : harness.events.streams) answer(*stream);
  sent += harness.sent();
}

void AnsweringServer::feedEachFrame(std::string_view bytes) {
  while (bytes.size() >= 9) {
    size_t length = 0;
    for (const char byte : bytes.substr(0, 3)) length = length << 8 | static_cast<uint8_t>(byte);
    const std::string_view one = bytes.substr(0, 9 + length);
    feed(one);
    bytes.remove_prefix(one.size());
  }
}

size_t AnsweringServer::count(uint8_t type) const {
  const std::vector<Frame> frames = parseFrames(sent);
  return static_cast<size_t>(
      std::ranges::count_if(frames, [type](const Frame& one) { return one.type == type; }));
}

std::string AnsweringServer::error() const {
  std::string found;
  for (const Frame& one : parseFrames(sent)) {
    const bool goaway = one.type == GoawayFrame;
    if (!goaway && one.type != RstFrame) continue;
    const auto code = static_cast<uint8_t>(one.payload[goaway ? 7 : 3]);
    if (code != 0) found = (goaway ? "GOAWAY " : "RST_STREAM ") + std::to_string(code);
  }
  return found;
}

bool AnsweringServer::lives() {
  const size_t before = count(PingFrame);
  feed(ping());
  return harness.events.end.empty() && count(PingFrame) == before + 1;
}

void AnsweringServer::answer(RecordingDecoder& stream) {
  if (stream.encoder == nullptr || stream.was_reset || stream.log.empty()) return;
  if (answering_ == Answering::Never) return;
  if (answering_ == Answering::AtTheEnd && !stream.ended) return;
  http::StreamEncoder& encoder = *std::exchange(stream.encoder, nullptr);
  EXPECT_TRUE(encoder.encodeHeaders(Fields{{":status", "200"}}, false));
  harness.write(encoder, "hello", true);
}

namespace {

void expectError(AnsweringServer& server, const Want& want, const std::string& what) {
  const std::string code = std::to_string(want.code);
  const std::string error = server.error();
  const bool ends = error == "GOAWAY " + code;
  const bool resets = error == "RST_STREAM " + code;
  EXPECT_TRUE((ends && want.kind != Want::Kind::Stream) ||
              (resets && want.kind != Want::Kind::Connection))
      << what << ": " << error;
  EXPECT_TRUE(!ends || server.harness.events.end.ends_with(" fault")) << what;
  EXPECT_TRUE(!resets || server.lives()) << what;
}

void expectAnswers(AnsweringServer& server, uint32_t least, const std::string& what) {
  EXPECT_EQ(server.error(), "") << what;
  EXPECT_TRUE(server.lives()) << what;
  EXPECT_GE(server.count(HeadersFrame), least) << what;
}

void expectRow(const ConformanceRow& row, Answering answering, bool each_frame) {
  AnsweringServer server(answering);
  each_frame ? server.feedEachFrame(row.frames) : server.feed(row.frames);
  const std::string what = std::string(row.section) + ": " + row.what + ", answers " +
                           std::to_string(static_cast<int>(answering)) +
                           (each_frame ? ", frame by frame" : ", whole");
  if (row.want.kind != Want::Kind::Answers) return expectError(server, row.want, what);
  expectAnswers(server, answering == Answering::Never ? 0 : row.want.code, what);
}

}  // namespace

void expectConformance(std::span<const ConformanceRow> rows) {
  for (const ConformanceRow& row : rows) {
    for (const Answering answering : {Answering::Never, Answering::AtTheEnd, Answering::AtOnce}) {
      expectRow(row, answering, false);
      expectRow(row, answering, true);
    }
  }
}

}  // namespace weir::test
