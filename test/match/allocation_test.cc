// Choosing allocates nothing: every allocation of this program is counted.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/random_cases.h"
#include "test/support/allocation_counter.h"

namespace weir::match::test {
namespace {

TEST(AllocationTest, TheCounterCounts) {
  const uint64_t before = weir::test::allocations();
  const std::vector<std::string> some(3, std::string(100, 'x'));
  EXPECT_EQ(weir::test::allocations() - before, 5U) << some.size();
}

TEST(AllocationTest, ChoosingAllocatesNothing) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    RandomCases cases(seed);
    Diagnostics unreachable;
    const auto matcher = Matcher::compile(cases.chains(), {}, unreachable);
    for (int i = 0; i < 50; ++i) {
      const filter::Facts facts = cases.facts();
      const uint64_t before = weir::test::allocations();
      matcher->choose(facts);
      matcher->chooseIfRestEmpty(facts);
      ASSERT_EQ(weir::test::allocations(), before) << "seed " << seed << ", case " << i;
    }
  }
}

}  // namespace
}  // namespace weir::match::test
