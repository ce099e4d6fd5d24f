#include "source/event/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/event/loop_fixture.h"
#include "test/support/manual_clock.h"
#include "test/support/test_loop.h"

namespace weir::event {
namespace {

using std::chrono::seconds;

using TaskTest = LoopTest;
using PostTest = LoopTest;
using RetireTest = LoopTest;
using IoWatchTest = LoopTest;

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
  explicit Watched(Loop& loop, Trigger trigger = Trigger::Edge) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()), 0);
    watch_.emplace(loop, fds_[0], *this, trigger);
  }
  ~Watched() override {
    watch_.reset();
    for (const int fd : fds_) ::close(fd);
  }
  void onIoReady(IoReady ready) noexcept override {
    told_ += std::string(ready.readable ? "r" : "") + (ready.writable ? "w" : "") +
             (ready.hangup ? "h" : "") + (ready.error ? "e" : "") + ";";
    if (hook_) hook_();
  }
  void onTold(std::function<void()> hook) { hook_ = std::move(hook); }
  std::string take() { return std::exchange(told_, {}); }
  void peerSays(std::string_view text) {
    EXPECT_EQ(::write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // Takes up to `count` bytes.
  std::string read(size_t count) {
    std::string text(count, '\0');
    const ssize_t n = ::read(fds_[0], text.data(), text.size());
    text.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return text;
  }
  void peerEnds() { ::shutdown(fds_[1], SHUT_WR); }
  void drop() { watch_.reset(); }
  IoWatch& watch() { return *watch_; }

 private:
  std::array<int, 2> fds_{};
  std::optional<IoWatch> watch_;
  std::string told_;
  std::function<void()> hook_;
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

TEST_F(IoWatchTest, ALevelForReadingIsToldInEachTurnUntilAllIsRead) {
  Watched socket(*loop_, Trigger::LevelRead);
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "");  // writable, which nobody asked for
  socket.peerSays("abc");
  for (const std::string_view rest : {"a", "b", "c"}) {
    loop_->runOnce(false);
    EXPECT_EQ(socket.take(), "r;");
    EXPECT_EQ(socket.read(1), rest);
  }
  loop_.runUntilIdle();
  EXPECT_EQ(socket.take(), "");
  socket.peerEnds();
  loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "rh;");
}

TEST_F(IoWatchTest, ALevelForReadingAndWritingIsToldInEachTurn) {
  Watched socket(*loop_, Trigger::LevelReadWrite);
  loop_->runOnce(false);
  loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "w;w;");
  socket.peerSays("abc");
  loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "rw;");
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

// Two are found ready at once, and the first one's callback drops the other.
TEST_F(IoWatchTest, DroppedInsideAnothersCallbackItTellsNothing) {
  Watched first(*loop_);
  Watched second(*loop_);
  loop_.runUntilIdle();
  first.take();
  second.take();
  first.onTold([&] { second.drop(); });
  second.onTold([&] { first.drop(); });
  first.peerSays("abc");
  second.peerSays("abc");
  loop_.runUntilIdle();
  EXPECT_EQ(first.take() + second.take(), "rw;");
}

TEST_F(IoWatchTest, HeldItTellsNothingForSoManyTurns) {
  Watched socket(*loop_);
  socket.watch().hold();
  socket.peerSays("abc");
  for (uint32_t i = 1; i < Loop::MaxTurnsHeld; ++i) loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "");
  loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "rw;");
}

TEST_F(IoWatchTest, ReleasedItTellsInTheNextTurn) {
  Watched socket(*loop_);
  socket.watch().hold();
  socket.watch().release();
  loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "w;");
}

// Real time: the loop has nothing else to wait for, and so it does not wait long.
TEST_F(IoWatchTest, HeldItIsToldToALoopThatOnlyWaits) {
  Watched socket(*loop_);
  socket.watch().hold();
  while (!loop_->runOnce(true)) {
  }
  EXPECT_EQ(socket.take(), "w;");
}

TEST_F(IoWatchTest, OnceItIsAddedItCannotBeHeld) {
  Watched socket(*loop_);
  loop_.runUntilIdle();
  socket.take();
  socket.watch().hold();
  socket.peerSays("abc");
  loop_->runOnce(false);
  EXPECT_EQ(socket.take(), "rw;");
}

// In each order, so that the places of those that are left stay right.
TEST_F(IoWatchTest, DroppedWhileHeldOrNewOthersAreStillTold) {
  for (const size_t gone : {0U, 1U, 2U, 3U}) {
    std::array<std::optional<Watched>, 4> sockets;
    for (auto& socket : sockets) socket.emplace(*loop_);
    sockets[0]->watch().hold();
    sockets[1]->watch().hold();
    sockets[gone]->drop();
    for (uint32_t i = 0; i <= Loop::MaxTurnsHeld; ++i) loop_->runOnce(false);
    for (size_t i = 0; i < sockets.size(); ++i) {
      EXPECT_EQ(sockets[i]->take(), i == gone ? "" : "w;") << gone << " " << i;
    }
  }
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
