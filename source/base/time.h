#pragma once

// Time, as the event loop and its tests see it. Durations carry their unit in the type; the wall
// clock is read only through a Clock, so that a test can stand still or jump.

#include <chrono>

namespace weir {

using Duration = std::chrono::nanoseconds;
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline double toSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// A source of time. Any thread may call it. The owner keeps it alive longer than the loops that use
// it.
class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; only differences mean anything.
  virtual MonotonicTime monotonicNow() const = 0;
  // May jump either way; for log lines and expiry dates only.
  virtual WallTime wallNow() const = 0;
};

// The clocks of the machine.
class SystemClock final : public Clock {
 public:
  MonotonicTime monotonicNow() const override { return std::chrono::steady_clock::now(); }
  WallTime wallNow() const override { return std::chrono::system_clock::now(); }
};

}  // namespace weir
