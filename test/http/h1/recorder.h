#pragma once

// What a codec needs around it, as it is: a stream that keeps what is written to it, and a decoder
// and events that write down what they are told. Not thread-safe.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/net/connection.h"

namespace weir::http::test {

// Takes everything.
class SinkStream final : public net::Stream {
 public:
  void write(buffer::Buffer& data, bool end_stream) override {
    written += data.toString();
    ++writes;
    ended = ended || end_stream;
    data.clear();
  }
  bool writeBlocked() const override { return blocked; }
  void pauseReading(net::Pause) override { paused = true; }
  void resumeReading(net::Pause) override { paused = false; }

  std::string takeWritten() { return std::exchange(written, {}); }

  std::string written;
  int writes = 0;
  bool ended = false;
  bool blocked = false;
  bool paused = false;
};

inline std::string describe(const HeaderMap& fields) {
  std::string text;
  for (const HeaderEntry& entry : fields.entries()) {
    text += "\n  ";
    text += entry.name;
    text += ": ";
    text += entry.value;
  }
  return text;
}

// One stream's story, as text that is the same however the bytes were cut.
class RecordingDecoder final : public StreamDecoder {
 public:
  HeaderMap& fields(Part part) override { return part == Part::Head ? head : trailers; }
  void onHeaders(bool end_stream) override {
    story += "head" + describe(head) + "\n";
    if (end_stream) story += "end\n";
    if (on_headers) on_headers();
    if (end_stream && on_end) on_end();
  }
  void onData(buffer::Buffer& data, bool end_stream) override {
    body += data.toString();
    data.clear();
    ++data_calls;
    if (end_stream) finish();
  }
  void onTrailers() override {
    finishBody();
    story += "trailers" + describe(trailers) + "\n";
    if (on_end) on_end();
  }
  void onReset(ResetReason reason, std::string_view detail) override {
    finishBody();
    story += "reset " + std::string(toString(reason)) + " " + std::string(detail) + "\n";
  }
  void onBadMessage(const BadMessage& bad) override {
    story += "bad " + std::to_string(bad.status) + " " + std::string(bad.reason) + "\n";
    if (on_bad) on_bad(bad);
  }
  void onWriteReady() override { ++write_ready; }

  std::string told() { return story + (body.empty() ? "" : "body " + body + "\n"); }

  HeaderMap head;
  HeaderMap trailers;
  std::string story;
  std::string body;
  int data_calls = 0;
  int write_ready = 0;
  std::function<void()> on_headers;
  std::function<void()> on_end;  // the message is whole
  std::function<void(const BadMessage&)> on_bad;

 private:
  void finishBody() {
    if (!body.empty()) story += "body " + std::exchange(body, {}) + "\n";
  }
  void finish() {
    finishBody();
    story += "end\n";
    if (on_end) on_end();
  }
};

// What the codec says about the connection.
template <class Base>
class RecordingCodecEvents : public Base {
 public:
  void moreWanted() override { more_wanted = true; }
  void onStreamEnd() override { ++streams_ended; }
  void onEnd(ConnectionEnd how, std::string_view reason, bool fault) override {
    end += how == ConnectionEnd::Reset        ? "reset "
           : how == ConnectionEnd::FlushWrite ? "flush_write "
                                              : "flush ";
    end += reason;
    if (fault) end += " fault";
  }

  bool more_wanted = false;
  int streams_ended = 0;
  std::string end;  // empty: it goes on
};

}  // namespace weir::http::test
