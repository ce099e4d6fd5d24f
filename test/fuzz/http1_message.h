#pragma once

// For the fuzzers of the HTTP/1 codecs: a loop, a stream that keeps what is written, and messages
// as they were told. Each codec writes to a stream of its own; nothing here sleeps.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/base/check.h"
#include "source/buffer/buffer.h"
#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/net/connection.h"

namespace weir::http::fuzz {

class KeptStream final : public net::Stream {
 public:
  void write(buffer::Buffer& data, bool) override {
    written += data.toString();
    data.clear();
  }
  bool writeBlocked() const override { return false; }
  void pauseReading(net::Pause) override {}
  void resumeReading(net::Pause) override {}
  std::string written;
};

// A message, and how it ended. The contract's order of calls is checked.
class Message final : public StreamDecoder {
 public:
  HeaderMap& fields(Part part) override { return part == Part::Head ? head : trailers; }
  void onHeaders(bool end_stream) override {
    WEIR_CHECK(!over());
    if (statusOf(head) >= 100 && statusOf(head) < 200 && statusOf(head) != 101) return;
    WEIR_CHECK(!has_head);
    has_head = true;
    whole = end_stream;
  }
  void onData(buffer::Buffer& data, bool end_stream) override {
    WEIR_CHECK(has_head && !over());
    WEIR_CHECK(end_stream || !data.empty());
    body += data.toString();
    data.clear();
    whole = end_stream;
  }
  void onTrailers() override {
    WEIR_CHECK(has_head && !over());
    whole = true;
  }
  void onReset(ResetReason, std::string_view why) override {
    WEIR_CHECK(!reset);
    reset = true;
    detail = why;
  }
  // Behind a head too: the body may be of no form.
  void onBadMessage(const BadMessage& bad) override {
    WEIR_CHECK(!over());
    WEIR_CHECK(bad.status >= 400 && bad.status < 600 && !bad.reason.empty());
    detail = bad.reason;
    refused = bad.status;
  }
  void onWriteReady() override {}

  bool over() const { return whole || reset || refused != 0; }
  std::string text() const {
    std::string all;
    for (const HeaderMap* map : {&head, &trailers}) {
      for (const HeaderEntry& entry : map->entries()) {
        all += std::string(entry.name) + ": " + std::string(entry.value) + "\n";
      }
      all += "--\n";
    }
    return all + body + "\n" + detail + (whole ? " whole" : "") + (reset ? " reset" : "") +
           std::to_string(refused);
  }

  HeaderMap head;
  HeaderMap trailers;
  std::string body;
  std::string detail;
  unsigned refused = 0;
  bool has_head = false;
  bool whole = false;
  bool reset = false;
};

// For who reads what was written anew: a length or a coding may have been added to a message that
// had as many fields as are accepted.
inline Http1Settings withRoomForFraming() {
  Http1Settings settings;
  settings.headers.max_count += 8;
  settings.headers.max_bytes += 1024;
  return settings;
}

// Into exactly as many pieces as there are cuts, with the last two bytes of the input for them.
inline std::vector<std::string_view> cutInThree(std::string_view bytes, uint8_t one, uint8_t two) {
  const size_t first = bytes.size() * one / 256;
  const size_t second = first + (bytes.size() - first) * two / 256;
  return {bytes.substr(0, first), bytes.substr(first, second - first), bytes.substr(second)};
}

}  // namespace weir::http::fuzz
