#pragma once

// What a frame means that comes for a stream which is no longer there (RFC 9113 5.1): the peer may
// not know yet that it was reset here, but it knows what it ended itself, and that identifiers only
// grow. Remembers the streams that were closed last; in doubt the peer is believed. One
// connection's of a server; its loop's thread.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::http {

class Http2ClosedStreams {
 public:
  enum class Meaning : uint8_t {
    InFlight,    // it was reset here: to be ignored
    Closed,      // the peer had ended it (STREAM_CLOSED)
    NeverBegun,  // an identifier that was skipped (PROTOCOL_ERROR)
  };

  // Streams begin in the order of their identifiers.
  void onBegin(int32_t id) { last_ = std::max(last_, id); }
  // RST_STREAM was sent.
  void onResetSent(int32_t id) { reset_.add(id); }
  // By the peer's RST_STREAM, or as both messages had ended.
  void onClosed(int32_t id) { closed_.add(id); }

  // Whether a stream of that identifier may have been there. One that was not may begin.
  bool passed(int32_t id) const { return id <= last_; }
  // Requires: passed(id), and the stream is not there.
  Meaning meaningOf(int32_t id) const {
    if (reset_.has(id)) return Meaning::InFlight;
    if (closed_.has(id)) return Meaning::Closed;
    return reset_.mayHaveHad(id) || closed_.mayHaveHad(id) ? Meaning::InFlight
                                                           : Meaning::NeverBegun;
  }

 private:
  // The last so many that were added.
  template <size_t Size>
  class Recent {
   public:
    void add(int32_t id) {
      int32_t& place = ids_[next_++ % Size];
      forgotten_ = std::max(forgotten_, place);
      place = id;
    }
    bool has(int32_t id) const { return std::find(ids_.begin(), ids_.end(), id) != ids_.end(); }
    bool mayHaveHad(int32_t id) const { return id <= forgotten_; }

   private:
    std::array<int32_t, Size> ids_{};
    size_t next_ = 0;
    int32_t forgotten_ = 0;  // the largest of those that made room
  };

  Recent<64> reset_;
  Recent<32> closed_;
  int32_t last_ = 0;
};

}  // namespace weir::http
