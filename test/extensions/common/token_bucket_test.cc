#include "source/extensions/common/token_bucket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

namespace weir::extensions {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime Start{std::chrono::hours(1000)};

int takeAll(TokenBucket& bucket, MonotonicTime now) {
  int taken = 0;
  while (taken < 1'000'000 && bucket.take(now)) ++taken;
  return taken;
}

TEST(TokenBucketTest, IsFullAtFirst) {
  TokenBucket bucket({5, 1, seconds(1)});
  EXPECT_TRUE(bucket.has(Start));
  EXPECT_EQ(takeAll(bucket, Start), 5);
  EXPECT_FALSE(bucket.has(Start));
}

TEST(TokenBucketTest, IsFilledInStepsFromTheFirstTokenOn) {
  TokenBucket bucket({5, 2, seconds(1)});
  takeAll(bucket, Start);
  EXPECT_EQ(takeAll(bucket, Start + seconds(1) - milliseconds(1)), 0);
  EXPECT_EQ(takeAll(bucket, Start + seconds(1)), 2);
  EXPECT_EQ(takeAll(bucket, Start + seconds(2) - milliseconds(1)), 0);
  EXPECT_TRUE(bucket.has(Start + seconds(2)));
  EXPECT_EQ(takeAll(bucket, Start + seconds(2)), 2);
}

TEST(TokenBucketTest, NeverHoldsMoreThanItsMost) {
  TokenBucket bucket({5, 2, seconds(1)});
  takeAll(bucket, Start);
  EXPECT_EQ(takeAll(bucket, Start + hours(100)), 5);
  TokenBucket large({std::numeric_limits<uint32_t>::max(), std::numeric_limits<uint32_t>::max(),
                     milliseconds(50)});
  EXPECT_TRUE(large.take(Start));
  EXPECT_TRUE(large.take(Start + hours(24 * 365)));
}

TEST(TokenBucketTest, MissedStepsAreAddedUp) {
  TokenBucket bucket({100, 3, seconds(1)});
  takeAll(bucket, Start);
  EXPECT_EQ(takeAll(bucket, Start + seconds(4)), 12);
}

TEST(TokenBucketTest, SaysWhatIsLeftAndWhenItIsFilled) {
  TokenBucket bucket({5, 2, seconds(10)});
  EXPECT_EQ(bucket.maxTokens(), 5U);
  EXPECT_EQ(bucket.left(Start), 5U);
  EXPECT_EQ(bucket.untilFill(Start), seconds(10));
  takeAll(bucket, Start);
  EXPECT_EQ(bucket.left(Start + seconds(9)), 0U);
  EXPECT_EQ(bucket.untilFill(Start + seconds(9)), seconds(1));
  EXPECT_EQ(bucket.left(Start + seconds(10)), 2U);
  EXPECT_EQ(bucket.untilFill(Start + seconds(10)), seconds(10));
  EXPECT_EQ(bucket.untilFill(Start - seconds(1)), seconds(10));
}

TEST(TokenBucketTest, ATimeBeforeAnotherThreadsTakesNothingBack) {
  TokenBucket bucket({5, 1, seconds(1)});
  takeAll(bucket, Start);
  EXPECT_TRUE(bucket.take(Start + seconds(2)));
  EXPECT_TRUE(bucket.take(Start + seconds(1)));
  EXPECT_FALSE(bucket.take(Start - seconds(1)));
  EXPECT_EQ(takeAll(bucket, Start + seconds(3)), 1);
}

TEST(TokenBucketTest, ThreadsTogetherGetEachTokenOnce) {
  TokenBucket bucket({1000, 10, seconds(1)});
  std::atomic<int> taken{0};
  const auto work = [&] {
    for (int step = 0; step <= 100; ++step) {
      for (int i = 0; i < 500; ++i) taken += bucket.take(Start + seconds(step)) ? 1 : 0;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  // Nobody takes before the first step is over, but no thread is ahead of all fills.
  EXPECT_EQ(taken + takeAll(bucket, Start + seconds(100)), 1000 + 100 * 10);
}

}  // namespace
}  // namespace weir::extensions
