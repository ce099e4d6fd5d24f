#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "source/event/loop.h"
#include "test/event/loop_fixture.h"

namespace weir::event {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimerTest = LoopTest;

TEST_F(TimerTest, FireInTheOrderOfTheirDeadlines) {
  Timer late(*loop_, note("late"));
  Timer early(*loop_, note("early"));
  Timer middle(*loop_, note("middle"));
  late.arm(seconds(3));
  early.arm(seconds(1));
  middle.arm(seconds(2));
  loop_.advance(seconds(3));
  EXPECT_EQ(lines_, (Lines{"early", "middle", "late"}));
}

TEST_F(TimerTest, FireInOrderAlsoWhenOneTurnFindsAllOfThemDue) {
  Timer late(*loop_, note("late"));
  Timer early(*loop_, note("early"));
  late.arm(seconds(3));
  early.arm(seconds(1));
  loop_.clock().advance(seconds(10));
  loop_->runOnce(false);
  EXPECT_EQ(lines_, (Lines{"early", "late"}));
}

TEST_F(TimerTest, FiresOnceAndNotBeforeItsTime) {
  Timer timer(*loop_, note("fired"));
  timer.arm(milliseconds(10));
  loop_.advance(milliseconds(10) - Duration(1));
  EXPECT_EQ(lines_, Lines{});
  EXPECT_TRUE(timer.armed());
  loop_.advance(seconds(1));
  EXPECT_EQ(lines_, Lines{"fired"});
  EXPECT_FALSE(timer.armed());
}

TEST_F(TimerTest, ArmedWithinATimeItMovesToAnEarlierOneOnly) {
  Timer timer(*loop_, note("fired"));
  timer.armWithin(seconds(5));
  timer.armWithin(seconds(9));
  timer.armWithin(seconds(2));
  timer.armWithin(seconds(3));
  loop_.advance(seconds(2) - Duration(1));
  EXPECT_EQ(lines_, Lines{});
  loop_.advance(Duration(1));
  EXPECT_EQ(lines_, Lines{"fired"});
  timer.armWithin(seconds(9));
  loop_.advance(seconds(9));
  EXPECT_EQ(lines_, (Lines{"fired", "fired"}));
}

TEST_F(TimerTest, ArmingAgainMovesItBothWays) {
  Timer sooner(*loop_, note("sooner"));
  Timer later(*loop_, note("later"));
  sooner.arm(seconds(9));
  later.arm(seconds(1));
  sooner.arm(seconds(2));
  later.arm(seconds(3));
  loop_.advance(seconds(1));
  EXPECT_EQ(lines_, Lines{});
  loop_.advance(seconds(9));
  EXPECT_EQ(lines_, (Lines{"sooner", "later"}));
}

TEST_F(TimerTest, DisarmedOrDroppedNeverFires) {
  Timer disarmed(*loop_, note("disarmed"));
  std::optional<Timer> dropped;
  dropped.emplace(*loop_, note("dropped"));
  disarmed.arm(seconds(1));
  dropped->arm(seconds(1));
  disarmed.disarm();
  dropped.reset();
  loop_.advance(seconds(2));
  EXPECT_EQ(lines_, Lines{});
}

TEST_F(TimerTest, MayCancelAnotherOneThatIsDueInTheSameTurn) {
  Timer second(*loop_, note("second"));
  Timer first(*loop_, [&] { second.disarm(); });
  first.arm(seconds(1));
  second.arm(seconds(2));
  loop_.clock().advance(seconds(5));
  loop_.runUntilIdle();
  EXPECT_EQ(lines_, Lines{});
}

TEST_F(TimerTest, MayDestroyItselfInItsCallback) {
  auto timer = std::make_unique<std::optional<Timer>>();
  timer->emplace(*loop_, [&] {
    lines_.push_back("fired");
    timer->reset();
  });
  (*timer)->arm(seconds(1));
  loop_.advance(seconds(1));
  EXPECT_EQ(lines_, Lines{"fired"});
}

TEST_F(TimerTest, MayArmItselfAnew) {
  Timer again(*loop_, [&] {
    lines_.push_back("fired");
    if (lines_.size() < 3) again.arm(seconds(1));
  });
  again.arm(seconds(1));
  loop_.advance(seconds(10));
  EXPECT_EQ(lines_.size(), 3U);
}

TEST_F(TimerTest, TheLoopKnowsTheNextDeadline) {
  EXPECT_EQ(loop_->nextDeadline(), MonotonicTime::max());
  Timer timer(*loop_, note("fired"));
  timer.arm(seconds(7));
  EXPECT_EQ(loop_->nextDeadline(), loop_->now() + seconds(7));
}

// Arms, moves and cancels at random, against a plain list of deadlines.
TEST_F(TimerTest, ManyTimersKeepTheirOrderWhateverIsDoneToThem) {
  std::mt19937 random(7);
  std::vector<int> fired;
  std::vector<std::unique_ptr<Timer>> timers;
  std::vector<int> due(200, 0);
  for (int i = 0; i < 200; ++i) {
    timers.push_back(
        std::make_unique<Timer>(*loop_, [&fired, &due, i] { fired.push_back(due[i]); }));
  }
  for (int step = 0; step < 5000; ++step) {
    const size_t i = random() % timers.size();
    due[i] = static_cast<int>(1 + random() % 1000);
    random() % 4 == 0 ? timers[i]->disarm() : timers[i]->arm(milliseconds(due[i]));
  }
  const auto armed =
      std::count_if(timers.begin(), timers.end(), [](auto& t) { return t->armed(); });
  loop_.advance(seconds(2));
  EXPECT_EQ(static_cast<long>(fired.size()), armed);
  EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
}

}  // namespace
}  // namespace weir::event
