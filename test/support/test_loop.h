#pragma once

// A real event loop on a clock that a test moves by hand. Work without descriptors (timers, tasks,
// memory pipes) is deterministic: runUntilIdle() and advance() are all that is needed. For real
// sockets on loopback there is runUntil(). Thread: the test's.

#include <algorithm>
#include <thread>

#include "source/base/check.h"
#include "source/event/loop.h"
#include "test/support/manual_clock.h"

namespace weir::test {

class TestLoop {
 public:
  TestLoop() : loop_(clock_) {}

  event::Loop& operator*() { return loop_; }
  event::Loop* operator->() { return &loop_; }
  ManualClock& clock() { return clock_; }

  // Turns until one has nothing to do. Timers that are due run, time stands still. Aborts after
  // so many turns that something must be asking for another turn for ever.
  void runUntilIdle() {
    int turns = 0;
    while (loop_.runOnce(false)) WEIR_CHECK(++turns < MaxTurns);
  }

  // Time passes by `d`: every timer that falls due on the way runs at its own time, in order, and
  // everything that follows from it is done before the next.
  void advance(Duration d) {
    runUntilIdle();
    const MonotonicTime end = clock_.monotonicNow() + d;
    while (clock_.monotonicNow() < end) {
      clock_.advance(std::min(end, loop_.nextDeadline()) - clock_.monotonicNow());
      runUntilIdle();
    }
  }

  // Turns until `condition` holds, for what the kernel has to do with (loopback sockets); the clock
  // stands still. False if it does not come to hold: a bound on turns with nothing to do, and no
  // measure of time.
  template <class Condition>
  bool runUntil(Condition condition) {
    for (int idle = 0; idle < MaxIdleTurns;) {
      if (condition()) return true;
      if (loop_.runOnce(false)) continue;
      ++idle;
      std::this_thread::yield();
    }
    return condition();
  }

 private:
  static constexpr int MaxTurns = 1'000'000;
  static constexpr int MaxIdleTurns = 1'000'000;

  ManualClock clock_;
  event::Loop loop_;
};

}  // namespace weir::test
