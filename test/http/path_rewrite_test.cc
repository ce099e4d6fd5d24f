#include "source/http/path_rewrite.h"

#include <gtest/gtest.h>

#include "source/http/regex.h"

namespace weir::http {
namespace {

struct PrefixCase {
  std::string target;
  size_t matched;
  std::string rewrite;
  std::string result;
};
class RewritePrefixTest : public testing::TestWithParam<PrefixCase> {};
TEST_P(RewritePrefixTest, ReplacesWhatWasMatchedAndKeepsTheQuery) {
  const auto& [target, matched, rewrite, result] = GetParam();
  EXPECT_EQ(rewritePrefix(target, matched, rewrite), result);
}
INSTANTIATE_TEST_SUITE_P(
    Prefixes, RewritePrefixTest,
    testing::Values(PrefixCase{"/a/b?c", 2, "/x", "/x/b?c"}, PrefixCase{"/a/b", 2, "/", "/b"},
                    PrefixCase{"/a/b", 3, "/", "/b"}, PrefixCase{"/a/b", 2, "/x/", "/x/b"},
                    PrefixCase{"/a", 2, "", "/"}, PrefixCase{"/a/b", 2, "", "/b"},
                    PrefixCase{"/a/b", 3, "", "/b"}, PrefixCase{"/a?b=/a", 2, "", "/?b=/a"},
                    PrefixCase{"/a?b", 2, "/x", "/x?b"}, PrefixCase{"/ab", 2, "/x", "/xb"},
                    PrefixCase{"/", 1, "/x/", "/x/"}, PrefixCase{"/a", 9, "/x", "/x"}));

std::optional<std::string> byRegex(std::string_view pattern, std::string substitution,
                                   std::string_view target) {
  Forward forward;
  forward.regex_rewrite = RegexRewrite{Regex::compile(pattern).value(), std::move(substitution)};
  return rewritePath(forward, 0, target);
}

TEST(RewritePathTest, ARegexReplacesAllItsMatchesInThePath) {
  EXPECT_EQ(byRegex("/v([0-9])/(.*)", "/\\2/\\1", "/v1/users?v=/v2/"), "/users/1?v=/v2/");
  EXPECT_EQ(byRegex("a", "b", "/aa?a"), "/bb?a");
  EXPECT_EQ(byRegex("^/a", "", "/a"), "/");
}

TEST(RewritePathTest, SaysNothingWhereNothingChanges) {
  EXPECT_EQ(rewritePath(Forward{}, 1, "/a"), std::nullopt);
  EXPECT_EQ(byRegex("x", "y", "/a"), std::nullopt);
  EXPECT_EQ(byRegex("^/+", "", "/a?q"), std::nullopt);
  Forward forward;
  forward.prefix_rewrite = "/a";
  EXPECT_EQ(rewritePath(forward, 2, "/a/b"), std::nullopt);
  EXPECT_EQ(rewritePath(forward, 2, "/c/b"), "/a/b");
}

}  // namespace
}  // namespace weir::http
