#pragma once

// Finds the frames in what the peer of an HTTP/2 connection sends (RFC 9113 4.1), and says of them
// what nghttp2 does not: it passes over some of them without a word, and all of them once it has
// given the connection up. One connection's; its loop's thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weir::http {

// How many frames there were, by what nghttp2 does with them.
struct Http2FrameTally {
  void add(uint8_t type, size_t length);

  uint32_t announced = 0;   // it announces each
  uint32_t others = 0;      // it passes over some: unknown ones, CONTINUATION, DATA that is empty
  uint64_t data_bytes = 0;  // of DATA, which it passes over if the stream was closed
};

class Http2FrameWalk {
 public:
  // So many bytes come before the first frame.
  explicit Http2FrameWalk(size_t preface) : payload_left_(preface) {}

  // The next bytes. Frames are added to `tally` once their heads (9 bytes) are whole.
  void walk(std::span<const uint8_t> bytes, Http2FrameTally& tally);

  // A block of fields has begun, and is not whole (RFC 9113 4.3): nothing else may come.
  bool inFields() const { return in_fields_; }
  // Blocks of fields that have begun so far.
  uint64_t fieldsBegun() const { return fields_begun_; }

 private:
  static constexpr size_t HeadSize = 9;

  void onHead(Http2FrameTally& tally);
  void onPayloadEnd();

  std::array<uint8_t, HeadSize> head_{};
  size_t head_size_ = 0;  // bytes of it that came
  size_t payload_left_;
  uint64_t fields_begun_ = 0;
  bool in_fields_ = false;
  bool last_of_fields_ = false;  // the frame has END_HEADERS
};

}  // namespace weir::http
