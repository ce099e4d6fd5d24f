#pragma once

// Gathers a head, or trailers, from a connection's bytes. One that is there at once is looked at
// where it lies; of one that comes in pieces, each piece is taken and looked at once. What follows
// the head stays with the connection. One loop.

#include <cstddef>
#include <span>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/h1/head_scanner.h"
#include "source/http/header_map.h"

namespace weir::http {

class HeadGatherer {
 public:
  HeadGatherer(buffer::SlicePool& pool, const HeaderLimits& limits)
      : scanner_(limits), taken_(pool) {}

  void begin(HeadScanner::Kind kind);
  // Whole: finish() is next, with the same `data`.
  HeadScanner::Status gather(buffer::Buffer& data);
  const BadMessage& bad() const { return scanner_.bad(); }
  // Bytes of a head have come, and more are awaited.
  bool begun() const { return scanner_.size() > 0; }
  // Of a head whose first line has come: what it says; Http11 if it says nothing that is known.
  Version version() const { return scanner_.version(); }
  // Of a head that will not become whole: its first bytes, as many as `room` takes and have come.
  std::string_view firstBytes(const buffer::Buffer& data, std::span<char> room) const;
  // Copies the head into map.room(), and takes it off the bytes.
  std::span<char> finish(buffer::Buffer& data, HeaderMap& map);

 private:
  HeadScanner scanner_;
  buffer::Buffer taken_;
  size_t here_ = 0;  // of the head's end: bytes at the front of `data`
};

}  // namespace weir::http
