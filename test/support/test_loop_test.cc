#include "test/support/test_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TestLoopTest, RunUntilIdleRunsWhatFollowsFromWhatRan) {
  TestLoop loop;
  std::vector<std::string> ran;
  event::Task second(*loop, [&] { ran.push_back("second"); });
  event::Task first(*loop, [&] {
    ran.push_back("first");
    second.schedule();
  });
  first.schedule();
  loop.runUntilIdle();
  EXPECT_EQ(ran, (std::vector<std::string>{"first", "second"}));
}

TEST(TestLoopTest, RunUntilIdleDoesNotMoveTime) {
  TestLoop loop;
  bool fired = false;
  event::Timer timer(*loop, [&] { fired = true; });
  timer.arm(milliseconds(1));
  loop.runUntilIdle();
  EXPECT_FALSE(fired);
}

TEST(TestLoopTest, AdvanceRunsEachTimerAtItsOwnTime) {
  TestLoop loop;
  const MonotonicTime start = loop->now();
  std::vector<Duration> fired;
  event::Timer again(*loop, [&] {
    fired.push_back(loop->now() - start);
    again.arm(milliseconds(4));
  });
  again.arm(milliseconds(4));
  loop.advance(milliseconds(10));
  EXPECT_EQ(fired, (std::vector<Duration>{milliseconds(4), milliseconds(8)}));
  EXPECT_EQ(loop->now() - start, milliseconds(10));
}

TEST(TestLoopTest, AdvanceFiresATimerThatIsDueAtTheEnd) {
  TestLoop loop;
  bool fired = false;
  event::Timer timer(*loop, [&] { fired = true; });
  timer.arm(seconds(3600));
  loop.advance(seconds(3600) - Duration(1));
  EXPECT_FALSE(fired);
  loop.advance(Duration(1));
  EXPECT_TRUE(fired);
}

TEST(TestLoopTest, RunUntilGivesUpOnWhatNeverHolds) {
  TestLoop loop;
  EXPECT_FALSE(loop.runUntil([] { return false; }));
  EXPECT_TRUE(loop.runUntil([] { return true; }));
}

}  // namespace
}  // namespace weir::test
