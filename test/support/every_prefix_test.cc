#include "test/support/every_prefix.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

TEST(EveryPrefixTest, ShowsEachPrefixOnceFromNothingToAll) {
  const auto sizes = feedEveryPrefix(bytesOf("abc"),
                                     [](std::span<const uint8_t> prefix) { return prefix.size(); });
  EXPECT_EQ(sizes, (std::vector<size_t>{0, 1, 2, 3}));
}

TEST(EveryPrefixTest, EachSplitGoesToAParserOfItsOwn) {
  const auto make = [] {
    return [calls = std::vector<size_t>()](std::span<const uint8_t> prefix) mutable {
      calls.push_back(prefix.size());
      return calls;
    };
  };
  const auto calls = feedEverySplit(bytesOf("ab"), make);
  EXPECT_EQ(calls, (std::vector<std::vector<size_t>>{{0, 2}, {1, 2}, {2, 2}}));
}

}  // namespace
}  // namespace weir::test
