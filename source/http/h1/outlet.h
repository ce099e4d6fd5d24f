#pragma once

// The way out of a codec: gathers what is written in a turn, and hands it to the connection at the
// turn's end, so that a head and a small body are one system call. One loop.

#include <cstddef>
#include <utility>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/net/connection.h"

namespace weir::http {

class Outlet {
 public:
  // `at_turn_end` is called in each turn in which something was scheduled; it calls flush().
  Outlet(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool, size_t limit,
         event::Callback at_turn_end)
      : out_(out), gathered_(pool), turn_end_(loop, std::move(at_turn_end)), limit_(limit) {}

  // What is appended here goes out.
  buffer::Buffer& bytes() {
    turn_end_.schedule();
    return gathered_;
  }
  void schedule() { turn_end_.schedule(); }
  // Nothing goes out any more, and no turn's end is told.
  void cancel() {
    gathered_.clear();
    turn_end_.cancel();
  }
  void dropGathered() { gathered_.clear(); }
  // Ends our side of the stream behind what is gathered. Idempotent.
  void end() {
    ending_ = ending_ || !std::exchange(end_told_, true);
    turn_end_.schedule();
  }
  void flush() {
    if (gathered_.empty() && !ending_) return;
    out_.write(gathered_, std::exchange(ending_, false));
  }

  // Remembers that it said so: see takeUnblocked().
  bool blocked() const {
    const bool now = gathered_.size() >= limit_ || out_.writeBlocked();
    told_blocked_ = told_blocked_ || now;
    return now;
  }
  // Once, after blocked() said so and it is not any more.
  bool takeUnblocked() {
    if (!told_blocked_ || gathered_.size() >= limit_ || out_.writeBlocked()) return false;
    told_blocked_ = false;
    return true;
  }

  // See net::Stream.
  void expectNothing() { out_.expectNothing(true); }

  void pauseReading(bool paused) {
    if (paused == std::exchange(paused_, paused)) return;
    paused ? out_.pauseReading(net::Pause::Backpressure)
           : out_.resumeReading(net::Pause::Backpressure);
  }

 private:
  net::Stream& out_;
  buffer::Buffer gathered_;
  event::Task turn_end_;
  const size_t limit_;
  mutable bool told_blocked_ = false;
  bool ending_ = false;
  bool end_told_ = false;
  bool paused_ = false;
};

}  // namespace weir::http
