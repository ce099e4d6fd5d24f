// Choosing allocates nothing: every allocation of this program is counted.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/random_cases.h"

namespace {

size_t allocations = 0;

void* allocate(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return allocate(size); }
void* operator new[](size_t size) { return allocate(size); }
// The library's own temporary buffers: what is given back below is taken here.
void* operator new(size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }

namespace weir::match::test {
namespace {

TEST(AllocationTest, TheCounterCounts) {
  const size_t before = allocations;
  const std::vector<std::string> some(3, std::string(100, 'x'));
  EXPECT_EQ(allocations - before, 5U) << some.size();
}

TEST(AllocationTest, ChoosingAllocatesNothing) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    RandomCases cases(seed);
    Diagnostics unreachable;
    const auto matcher = Matcher::compile(cases.chains(), {}, unreachable);
    for (int i = 0; i < 50; ++i) {
      const filter::Facts facts = cases.facts();
      const size_t before = allocations;
      matcher->choose(facts);
      matcher->chooseIfRestEmpty(facts);
      ASSERT_EQ(allocations, before) << "seed " << seed << ", case " << i;
    }
  }
}

}  // namespace
}  // namespace weir::match::test
