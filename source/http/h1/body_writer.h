#pragma once

// Frames the body of one message that goes out, and sees to it that it is as long as its head says.
// One loop.

#include <cstdint>

#include "source/buffer/buffer.h"
#include "source/http/h1/head_writer.h"

namespace weir::http {

class BodyWriter {
 public:
  void begin(const MessagePlan& plan);
  void beginTunnel() { mode_ = BodyMode::Tunnel; }
  // Takes all of `data`. False: the body is longer, or at its end shorter, than the head says; what
  // was too much is not written.
  bool write(buffer::Buffer& data, bool end, buffer::Buffer& out);
  // In the place of write() with `end`.
  bool writeTrailers(const HeaderMap& trailers, buffer::Buffer& out);
  BodyMode mode() const { return mode_; }

 private:
  uint64_t left_ = 0;
  BodyMode mode_ = BodyMode::Nothing;
};

}  // namespace weir::http
