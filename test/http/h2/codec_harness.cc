#include "test/http/h2/codec_harness.h"

#include <fmt/format.h>

namespace weir::test {

void RecordingDecoder::tell(std::string_view what, const http::HeaderMap& fields) {
  log += what;
  for (const http::HeaderEntry& entry : fields.entries()) {
    log += fmt::format(" {}={}", entry.name, entry.value);
  }
}

void RecordingDecoder::onHeaders(bool end_stream) {
  tell("headers", head_);
  log += end_stream ? " end\n" : "\n";
  ended |= end_stream;
}

void RecordingDecoder::onData(buffer::Buffer& data, bool end_stream) {
  body += data.toString();
  data.clear();
  ended |= end_stream;
  if (end_stream) log += fmt::format("body of {} end\n", body.size());
}

void RecordingDecoder::onTrailers() {
  log += fmt::format("body of {}\n", body.size());
  tell("trailers", trailers_);
  log += "\n";
  ended = true;
}

void RecordingDecoder::onReset(http::ResetReason reason, std::string_view detail) {
  log += fmt::format("reset {} {}\n", toString(reason), detail);
  was_reset = true;
}

void RecordingDecoder::onBadMessage(const http::BadMessage& bad) {
  log += fmt::format("bad {} {}\n", bad.status, bad.reason);
}

http::StreamDecoder& RecordingCodecEvents::onNewStream(http::StreamEncoder& encoder, http::Version,
                                                       MonotonicTime) {
  streams.push_back(std::make_unique<RecordingDecoder>());
  streams.back()->encoder = &encoder;
  return *streams.back();
}

void RecordingCodecEvents::onEnd(http::ConnectionEnd how, std::string_view reason, bool fault) {
  end += fmt::format("{} {}{}", how == http::ConnectionEnd::Flush ? "flush" : "reset", reason,
                     fault ? " fault" : "");
}

void CodecPair::pump() {
  for (;;) {
    const std::string up = client.sent();
    const std::string down = server.sent();
    if (up.empty() && down.empty()) return;
    if (!up.empty()) server.feed(up);
    if (!down.empty()) client.feed(down);
  }
}

}  // namespace weir::test
