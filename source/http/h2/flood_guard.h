#pragma once

// Counts what a peer of an HTTP/2 connection does that is cheap for it and not for us, and says
// when it is too much (RFC 9113 10.5). Knows nothing of frames' bytes, sockets or clocks: it is
// told. One connection's; its loop's thread.
//
// Each function returns the name of what was exceeded, in snake_case with static storage, or an
// empty text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/time.h"
#include "source/http/codec_settings.h"

namespace weir::http {

class Http2FloodGuard {
 public:
  // `settings` outlives it.
  explicit Http2FloodGuard(const Http2Settings& settings) : settings_(settings) {}

  // Frames from the peer.
  std::string_view onPing(MonotonicTime now);      // an answer to one that was sent is none
  std::string_view onSettings(MonotonicTime now);  // an acknowledgement is none
  std::string_view onPriority();
  std::string_view onWindowUpdate();
  // So many that mean nothing: of types that nobody knows, or empty ones to streams that are
  // closed.
  std::string_view onUnknown(uint32_t frames, MonotonicTime now);
  // So many bytes to streams that are closed.
  std::string_view onLateData(uint64_t bytes);
  // HEADERS, CONTINUATION and DATA. `ends_stream`: it has the flag.
  std::string_view onPayload(size_t bytes, bool ends_stream);

  // Fields of a head or of trailers so far, whether they were kept or not.
  std::string_view onFields(size_t count, size_t bytes) const;

  void onStreamBegin() { ++streams_begun_; }
  void onStreamEnd() { ++streams_ended_; }
  void onDataSent() { ++data_sent_; }
  // The peer reset a stream that it had begun so long ago.
  std::string_view onPeerReset(Duration lifetime);
  // A stream was reset because of what the peer sent on it.
  std::string_view onProvokedReset();

  // Frames that wait to be sent; with `heads` of them at most that are heads of messages.
  std::string_view onQueue(size_t frames, size_t heads) const;

 private:
  // Events within a second, counted from the first one.
  class Rate {
   public:
    uint32_t add(uint32_t events, MonotonicTime now);

   private:
    MonotonicTime since_{};
    uint32_t count_ = 0;
  };

  bool tooManyResets(uint64_t resets) const;

  const Http2Settings& settings_;
  Rate pings_;
  Rate settings_frames_;
  Rate unknown_;
  uint64_t late_data_ = 0;
  uint64_t priorities_ = 0;
  uint64_t window_updates_ = 0;
  uint64_t data_sent_ = 0;
  uint64_t streams_begun_ = 0;
  uint64_t streams_ended_ = 0;
  uint64_t premature_resets_ = 0;
  uint64_t provoked_resets_ = 0;
  uint32_t empty_in_a_row_ = 0;
};

}  // namespace weir::http
