#include "source/filter/worker_local.h"

#include <gtest/gtest.h>

namespace weir::filter {
namespace {

struct Counter {
  explicit Counter(int& destroyed) : destroyed_(destroyed) {}
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;
  ~Counter() { ++destroyed_; }
  int value = 0;
  int& destroyed_;
};

TEST(WorkerLocalTest, MakesOneForEachFactoryWhenItIsFirstAskedFor) {
  int made = 0;
  int destroyed = 0;
  const int first_factory = 0;
  const int second_factory = 0;
  {
    WorkerLocal local;
    const auto counterOf = [&](const int& factory) -> Counter& {
      return local.get<Counter>(&factory, [&] {
        ++made;
        return Counter(destroyed);
      });
    };
    Counter& first = counterOf(first_factory);
    first.value = 7;
    counterOf(second_factory).value = 8;
    EXPECT_EQ(&counterOf(first_factory), &first);
    EXPECT_EQ(first.value, 7);
    EXPECT_EQ(made, 2);
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, 2);
}

}  // namespace
}  // namespace weir::filter
