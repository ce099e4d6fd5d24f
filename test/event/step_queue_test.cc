#include "source/event/step_queue.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "test/support/test_loop.h"

namespace weir::event {
namespace {

class Numbered final : public StepQueue::Step {
 public:
  Numbered(int number, std::vector<int>& done) : number_(number), done_(done) {}
  void runStep() override { done_.push_back(number_); }

 private:
  const int number_;
  std::vector<int>& done_;
};

class StepQueueTest : public testing::Test {
 protected:
  void add(int count) {
    for (int i = 0; i < count; ++i)
      steps.emplace_back(std::make_unique<Numbered>(static_cast<int>(steps.size()), done));
  }

  test::TestLoop loop;
  StepQueue queue{*loop};
  std::vector<int> done;
  std::deque<std::unique_ptr<Numbered>> steps;
};

TEST_F(StepQueueTest, ATurnRunsAFewInTheirOrder) {
  add(10);
  for (auto& step : steps) queue.run(*step);
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(queue.waiting(), 6U);
  loop->runOnce(false);
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  loop->runOnce(false);
  EXPECT_EQ(done.size(), 10U);
  EXPECT_EQ(done.back(), 9);
}

TEST_F(StepQueueTest, ThoseThatWaitComeFirst) {
  add(9);
  for (int i = 0; i < 8; ++i) queue.run(*steps[static_cast<size_t>(i)]);
  loop->runOnce(false);  // 4 to 7 ran for the turn that begins
  queue.run(*steps[8]);
  EXPECT_EQ(done.size(), 8U);
  loop->runOnce(false);
  EXPECT_EQ(done.back(), 8);
}

TEST_F(StepQueueTest, AskingTwiceIsOnce) {
  add(5);
  for (auto& step : steps) queue.run(*step);
  queue.run(*steps[4]);
  queue.runLater(*steps[4]);
  EXPECT_EQ(queue.waiting(), 1U);
  loop.runUntilIdle();
  EXPECT_EQ(done.size(), 5U);
}

TEST_F(StepQueueTest, OneThatIsDroppedDoesNotRun) {
  add(7);
  for (auto& step : steps) queue.run(*step);
  steps.erase(steps.begin() + 5);
  EXPECT_EQ(queue.waiting(), 2U);
  loop.runUntilIdle();
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2, 3, 4, 6}));
}

TEST_F(StepQueueTest, OneThatWithdrawsMayOutliveTheQueue) {
  add(1);
  {
    StepQueue other(*loop);
    other.runLater(*steps[0]);
    steps[0]->withdraw();
    EXPECT_EQ(other.waiting(), 0U);
  }
  loop.runUntilIdle();
  EXPECT_TRUE(done.empty());
}

TEST_F(StepQueueTest, IsIdleWhenNothingWaits) {
  add(1);
  queue.run(*steps[0]);
  loop.runUntilIdle();
  EXPECT_FALSE(loop->runOnce(false));
}

}  // namespace
}  // namespace weir::event
