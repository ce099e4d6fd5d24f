#include "test/support/manual_clock.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

using std::chrono::seconds;

TEST(ManualClockTest, StandsStillUntilItIsMoved) {
  ManualClock clock;
  const MonotonicTime before = clock.monotonicNow();
  EXPECT_EQ(clock.monotonicNow(), before);
  clock.advance(seconds(5));
  EXPECT_EQ(clock.monotonicNow() - before, seconds(5));
}

TEST(ManualClockTest, BothClocksGoOnTogether) {
  ManualClock clock;
  const WallTime before = clock.wallNow();
  clock.advance(seconds(5));
  EXPECT_EQ(clock.wallNow() - before, seconds(5));
}

TEST(ManualClockTest, TheWallClockMayJumpAlone) {
  ManualClock clock;
  const MonotonicTime before = clock.monotonicNow();
  clock.setWall(WallTime(seconds(1)));
  EXPECT_EQ(clock.wallNow(), WallTime(seconds(1)));
  EXPECT_EQ(clock.monotonicNow(), before);
}

}  // namespace
}  // namespace weir::test
