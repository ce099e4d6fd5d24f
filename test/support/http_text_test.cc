#include "test/support/http_text.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

TEST(HttpText, CountsWhatOccurs) {
  EXPECT_EQ(countOf("aa", ""), 0U);
  EXPECT_EQ(countOf("aa", "a"), 0U);
  EXPECT_EQ(countOf("aa", "aaa"), 1U);
  EXPECT_EQ(countOf("aa", "aa-aaaa"), 3U);
}

}  // namespace
}  // namespace weir::test
