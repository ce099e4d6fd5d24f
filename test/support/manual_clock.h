#pragma once

// A clock that stands still until a test moves it: a timeout of an hour takes no time, and a test
// that passes once passes always. Any thread may read; one thread moves it.

#include <atomic>

#include "source/base/time.h"

namespace weir::test {

class ManualClock final : public Clock {
 public:
  MonotonicTime monotonicNow() const override { return MonotonicTime(Duration(monotonic_.load())); }
  WallTime wallNow() const override { return WallTime(Duration(wall_.load())); }

  // Both clocks go on by `d`, which is not negative.
  void advance(Duration d) {
    monotonic_ += d.count();
    wall_ += d.count();
  }
  // The wall clock alone jumps, as when an administrator sets it.
  void setWall(WallTime to) { wall_ = to.time_since_epoch().count(); }

 private:
  // The monotonic clock starts at an hour, the wall clock at 2026-01-02 03:04:05 UTC.
  std::atomic<int64_t> monotonic_{3'600'000'000'000};
  std::atomic<int64_t> wall_{1'767'323'045'000'000'000};
};

}  // namespace weir::test
