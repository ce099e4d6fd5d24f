#include "source/event/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/manual_clock.h"
#include "test/support/test_loop.h"

namespace weir::event {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::TestLoop;
using Lines = std::vector<std::string>;

class LoopTest : public testing::Test {
 protected:
  LoopTest() { loop_.runUntilIdle(); }

  // A callback that writes `line` down.
  std::function<void()> note(std::string line) {
    return [this, line] { lines_.push_back(line); };
  }

  TestLoop loop_;
  Lines lines_;
};

using TimerTest = LoopTest;
using TaskTest = LoopTest;
using PostTest = LoopTest;
using RetireTest = LoopTest;
using IoWatchTest = LoopTest;

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

TEST_F(TaskTest, NeverRunsInsideScheduleAndTwiceIsOnce) {
  Task task(*loop_, note("ran"));
  task.schedule();
  task.schedule();
  EXPECT_TRUE(task.scheduled());
  EXPECT_EQ(lines_, Lines{});
  loop_->runOnce(false);
  EXPECT_EQ(lines_, Lines{"ran"});
  EXPECT_FALSE(task.scheduled());
}

TEST_F(TaskTest, RunInTheOrderInWhichTheyWereScheduled) {
  Task b(*loop_, note("b"));
  Task a(*loop_, note("a"));
  a.schedule();
  b.schedule();
  loop_.runUntilIdle();
  EXPECT_EQ(lines_, (Lines{"a", "b"}));
}

TEST_F(TaskTest, ScheduledByATaskItRunsInTheNextTurn) {
  Task again(*loop_, [&] {
    lines_.push_back("ran");
    again.schedule();
  });
  again.schedule();
  loop_->runOnce(false);
  EXPECT_EQ(lines_, Lines{"ran"});
  loop_->runOnce(false);
  EXPECT_EQ(lines_, (Lines{"ran", "ran"}));
}

TEST_F(TaskTest, ScheduledByATimerItRunsInTheSameTurn) {
  Task task(*loop_, note("task"));
  Timer timer(*loop_, [&] { task.schedule(); });
  timer.arm(seconds(1));
  loop_.clock().advance(seconds(1));
  loop_->runOnce(false);
  EXPECT_EQ(lines_, Lines{"task"});
}

TEST_F(TaskTest, CancelledOrDroppedNeverRuns) {
  Task cancelled(*loop_, note("cancelled"));
  std::optional<Task> dropped;
  dropped.emplace(*loop_, note("dropped"));
  cancelled.schedule();
  dropped->schedule();
  cancelled.cancel();
  dropped.reset();
  loop_.runUntilIdle();
  EXPECT_EQ(lines_, Lines{});
}

TEST_F(TaskTest, MayCancelOneBehindIt) {
  Task second(*loop_, note("second"));
  Task first(*loop_, [&] { second.cancel(); });
  first.schedule();
  second.schedule();
  loop_.runUntilIdle();
  EXPECT_EQ(lines_, Lines{});
}

TEST_F(TaskTest, CancellingOneThatWasMovedToTheNextTurnLeavesOthersAlone) {
  Task other(*loop_, note("other"));
  Task self(*loop_, [&] {
    self.schedule();  // index 0 of the next turn's list, as it is of this turn's
    self.cancel();
    other.schedule();
  });
  self.schedule();
  loop_.runUntilIdle();
  EXPECT_EQ(lines_, Lines{"other"});
}

TEST_F(TaskTest, MayDestroyItself) {
  auto task = std::make_unique<std::optional<Task>>();
  task->emplace(*loop_, [&] { task->reset(); });
  (*task)->schedule();
  loop_.runUntilIdle();
  EXPECT_FALSE(task->has_value());
}

TEST_F(TaskTest, ATurnOfCancelledTasksCallsNothing) {
  Task task(*loop_, note("ran"));
  task.schedule();
  task.cancel();
  EXPECT_FALSE(loop_->runOnce(false));
}

TEST_F(PostTest, WorkRunsInALaterTurnInTheOrderOfTheCalls) {
  loop_->post(note("a"));
  loop_->post([this] {
    lines_.push_back("b");
    loop_->post(note("d"));
  });
  loop_->post(note("c"));
  EXPECT_EQ(lines_, Lines{});
  loop_->runOnce(false);
  EXPECT_EQ(lines_, (Lines{"a", "b", "c"}));
  loop_->runOnce(false);
  EXPECT_EQ(lines_, (Lines{"a", "b", "c", "d"}));
}

TEST_F(PostTest, WorkOfAnotherThreadWakesTheLoop) {
  constexpr int Each = 1000;
  int ran = 0;
  const auto worker = [&] {
    for (int i = 0; i < Each; ++i) loop_->post([&] { ++ran; });
  };
  std::thread one(worker);
  std::thread two(worker);
  while (ran < 2 * Each) loop_->runOnce(true);
  one.join();
  two.join();
  EXPECT_EQ(ran, 2 * Each);
}

TEST_F(PostTest, StopEndsRunAfterTheTurnAndRunMayBeCalledAgain) {
  for (int i = 0; i < 2; ++i) {
    std::thread other([&] { loop_->post([&] { loop_->stop(); }); });
    loop_->run();
    other.join();
  }
}

TEST_F(PostTest, KnowsItsThread) {
  EXPECT_TRUE(loop_->inLoop());
  std::atomic<bool> inside{true};
  std::thread other([&] { inside = loop_->inLoop(); });
  other.join();
  EXPECT_FALSE(inside);
}

// Says when it goes.
struct Retired final : Retirable {
  Retired(Lines& lines, std::string name) : out(lines), line(std::move(name)) {}
  ~Retired() override {
    out.push_back(line);
    if (and_then) and_then();
  }
  Lines& out;
  std::string line;
  std::function<void()> and_then;
};

TEST_F(RetireTest, FreesInOrderAtTheEndOfTheTurn) {
  Task task(*loop_, [&] {
    loop_->retire(std::make_unique<Retired>(lines_, "first"));
    loop_->retire(std::make_unique<Retired>(lines_, "second"));
    lines_.push_back("task");
  });
  Task after(*loop_, note("after"));
  task.schedule();
  after.schedule();
  loop_->runOnce(false);
  EXPECT_EQ(lines_, (Lines{"task", "after", "first", "second"}));
}

TEST_F(RetireTest, ADestructorMayRetireMore) {
  auto outer = std::make_unique<Retired>(lines_, "outer");
  outer->and_then = [this] { loop_->retire(std::make_unique<Retired>(lines_, "inner")); };
  loop_->retire(std::move(outer));
  loop_->runOnce(false);
  EXPECT_EQ(lines_, (Lines{"outer", "inner"}));
}

TEST_F(RetireTest, WhatIsLeftGoesWithTheLoop) {
  const test::ManualClock clock;
  {
    Loop loop(clock);
    loop.retire(std::make_unique<Retired>(lines_, "left"));
  }
  EXPECT_EQ(lines_, Lines{"left"});
}

TEST_F(LoopTest, NowIsConstantWithinATurn) {
  std::vector<MonotonicTime> seen;
  Task task(*loop_, [&] { seen.push_back(loop_->now()); });
  Timer timer(*loop_, [&] {
    seen.push_back(loop_->now());
    loop_.clock().advance(seconds(5));  // a slow callback
    task.schedule();
  });
  timer.arm(seconds(1));
  loop_.clock().advance(seconds(1));
  loop_->runOnce(false);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0], seen[1]);
  loop_->runOnce(false);
  EXPECT_EQ(loop_->now(), seen[0] + seconds(5));
}

TEST_F(LoopTest, ATurnWithNothingToDoSaysSo) {
  EXPECT_FALSE(loop_->runOnce(false));
  Timer timer(*loop_, note("fired"));
  timer.arm(seconds(1));
  EXPECT_FALSE(loop_->runOnce(false));
}

// A pair of sockets, one end of which is watched.
class Watched final : public IoHandler {
 public:
  explicit Watched(Loop& loop) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()), 0);
    watch_.emplace(loop, fds_[0], *this);
  }
  ~Watched() override {
    watch_.reset();
    for (const int fd : fds_) ::close(fd);
  }
  void onIoReady(IoReady ready) noexcept override {
    told_ += std::string(ready.readable ? "r" : "") + (ready.writable ? "w" : "") +
             (ready.hangup ? "h" : "") + (ready.error ? "e" : "") + ";";
  }
  std::string take() { return std::exchange(told_, {}); }
  void peerSays(std::string_view text) {
    EXPECT_EQ(::write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void peerEnds() { ::shutdown(fds_[1], SHUT_WR); }
  void drop() { watch_.reset(); }

 private:
  std::array<int, 2> fds_{};
  std::optional<IoWatch> watch_;
  std::string told_;
};

TEST_F(IoWatchTest, TellsAnEdgeOnce) {
  Watched socket(*loop_);
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "w;");
  socket.peerSays("abc");
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "rw;");
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "");  // unread, and not told again
}

TEST_F(IoWatchTest, TheEndComesAsHangupWithReadable) {
  Watched socket(*loop_);
  loop_.runUntilIdle();
  socket.take();
  socket.peerSays("last");
  socket.peerEnds();
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "rwh;");
}

TEST_F(IoWatchTest, DroppedItTellsNothing) {
  Watched socket(*loop_);
  socket.drop();
  socket.peerSays("abc");
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "");
}

TEST_F(IoWatchTest, AWaitingLoopWakesForIt) {
  Watched socket(*loop_);
  loop_.runUntilIdle();
  socket.take();
  std::thread peer([&] { socket.peerSays("abc"); });
  while (!loop_->runOnce(true)) {
  }
  peer.join();
  EXPECT_EQ(socket.take(), "rw;");
}

using LoopDeathTest = LoopTest;

TEST_F(LoopDeathTest, ATimerLeftBehindIsAFault) {
  const auto leave_one = [] {
    const test::ManualClock clock;
    auto loop = std::make_unique<Loop>(clock);
    Timer timer(*loop, [] {});
    timer.arm(seconds(1));
    loop.reset();
  };
  EXPECT_DEATH(leave_one(), "check failed");
}

}  // namespace
}  // namespace weir::event
