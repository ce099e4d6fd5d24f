#include "source/base/bounded_count.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace weir {
namespace {

TEST(BoundedCountTest, TakesAsManyAsTheLimitSaysNow) {
  BoundedCount count;
  EXPECT_FALSE(count.tryEnter(0));
  EXPECT_TRUE(count.tryEnter(2));
  EXPECT_TRUE(count.tryEnter(2));
  EXPECT_FALSE(count.tryEnter(2));
  EXPECT_FALSE(count.tryEnter(1)) << "a limit that was lowered";
  EXPECT_EQ(count.get(), 2U);
  count.leave();
  EXPECT_TRUE(count.tryEnter(2));
}

TEST(BoundedCountTest, ThreadsTogetherNeverEnterMoreThanTheLimit) {
  BoundedCount open;
  std::atomic<bool> over{false};
  std::atomic<uint64_t> inside{0};
  const auto work = [&] {
    for (int i = 0; i < 20'000; ++i) {
      if (!open.tryEnter(3)) continue;
      if (inside.fetch_add(1) >= 3) over = true;
      inside.fetch_sub(1);
      open.leave();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(over);
  EXPECT_EQ(open.get(), 0U);
}

}  // namespace
}  // namespace weir
