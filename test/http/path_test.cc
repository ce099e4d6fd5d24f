#include "source/http/path.h"

#include <gtest/gtest.h>

#include "source/base/random.h"

namespace weir::http {
namespace {

using Kind = PathResult::Kind;

// "= same", "> new", "-> redirect", "! reason".
std::string outcome(std::string_view target, const PathSettings& settings = {}) {
  const PathResult result = normalizePath(target, settings);
  switch (result.kind) {
    case Kind::Unchanged: return "=";
    case Kind::Rewritten: return "> " + result.target;
    case Kind::Redirect: return "-> " + result.target;
    case Kind::Reject: return "! " + std::string(result.reason);
  }
  return {};
}

struct Case {
  std::string target;
  std::string outcome;
};
class PathTest : public testing::TestWithParam<Case> {};
TEST_P(PathTest, IsNormalised) { EXPECT_EQ(outcome(GetParam().target), GetParam().outcome); }

INSTANTIATE_TEST_SUITE_P(
    Usual, PathTest,
    testing::Values(Case{"/", "="}, Case{"*", "="}, Case{"/a/b.c/d?e=//../%2F%00%zz\\", "="},
                    Case{"/.well-known/x", "="}, Case{"/...", "="}, Case{"/..a/.b", "="},
                    Case{"/a;b=c/d", "="}, Case{"/%25", "="}, Case{"/%252e%252e/", "="},
                    Case{"/a%20b", "="}, Case{"/\xc3\xa4", "="}, Case{"/%c3%A4", "="},
                    Case{"/a/?", "="}, Case{"/a.", "="}, Case{"/a..", "="}));
INSTANTIATE_TEST_SUITE_P(
    Dots, PathTest,
    testing::Values(Case{"/.", "> /"}, Case{"/..", "> /"}, Case{"/../../a", "> /a"},
                    Case{"/a/./b", "> /a/b"}, Case{"/a/../b", "> /b"}, Case{"/a/b/..", "> /a/"},
                    Case{"/a/b/.", "> /a/b/"}, Case{"/a/b/../", "> /a/"},
                    Case{"/a/%2e%2E/b?c=/../", "> /b?c=/../"}, Case{"/a/.%2e/b", "> /b"},
                    Case{"/a/%2e/b", "> /a/b"}, Case{"/a/..?b", "> /?b"},
                    Case{"/a/..%3bx", "="},  // an escaped semicolon begins no parameters
                    Case{"/a/..;/b", "! path_has_dots_with_parameters"},
                    Case{"/a/.;x=1/b", "! path_has_dots_with_parameters"},
                    Case{"/a/%2e%2e;x", "! path_has_dots_with_parameters"}));
INSTANTIATE_TEST_SUITE_P(Slashes, PathTest,
                         testing::Values(Case{"//", "> /"}, Case{"//a///b//", "> /a/b/"},
                                         Case{"/a//../b", "> /b"}, Case{"/a\\b", "> /a/b"},
                                         Case{"\\a", "> /a"}, Case{"/a\\..\\b", "> /b"},
                                         Case{"/a%2Fb", "-> /a/b"}, Case{"/a%2fb?q", "-> /a/b?q"},
                                         Case{"/a%5Cb", "-> /a/b"}, Case{"/a%2f..%2fb", "-> /b"},
                                         Case{"/%2Fevil.test", "-> /evil.test"},
                                         Case{"/a%2F", "-> /a/"}));
INSTANTIATE_TEST_SUITE_P(
    Escapes, PathTest,
    testing::Values(Case{"/%61%2D%7e%5f", "> /a-~_"}, Case{"/%2", "! path_has_bad_escape"},
                    Case{"/%", "! path_has_bad_escape"}, Case{"/%2?3", "! path_has_bad_escape"},
                    Case{"/%2g", "! path_has_bad_escape"},
                    Case{"/%%32%65", "! path_has_bad_escape"},
                    Case{"/%u002e", "! path_has_bad_escape"}, Case{"/a%00", "! path_has_nul"}));
INSTANTIATE_TEST_SUITE_P(
    Refused, PathTest,
    testing::Values(Case{"", "! path_not_absolute"}, Case{"a/b", "! path_not_absolute"},
                    Case{"?a", "! path_not_absolute"}, Case{"**", "! path_not_absolute"},
                    Case{"http://a/", "! path_not_absolute"}, Case{"%2Fa", "! path_not_absolute"},
                    Case{"/a#b", "! path_has_fragment"}, Case{"/a?b#c", "! path_has_fragment"},
                    Case{"/a b", "! path_has_bad_byte"}, Case{"/a?b c", "! path_has_bad_byte"},
                    Case{"/a\x7f", "! path_has_bad_byte"},
                    Case{std::string("/a\0", 3), "! path_has_bad_byte"},
                    Case{"/a\n", "! path_has_bad_byte"}));

TEST(PathSettingsTest, SayWhatIsDoneWithEscapedSlashes) {
  const auto with = [](EscapedSlashes what) {
    return outcome("/a%2F%2e%2E%5cb", {true, true, what});
  };
  EXPECT_EQ(with(EscapedSlashes::Keep), "> /a%2F..%5cb");
  EXPECT_EQ(with(EscapedSlashes::Reject), "! path_has_escaped_slash");
  EXPECT_EQ(with(EscapedSlashes::UnescapeAndRedirect), "-> /b");
  EXPECT_EQ(with(EscapedSlashes::UnescapeAndForward), "> /b");
}

TEST(PathSettingsTest, SlashesAreLeftIfTheyAreNotToBeMerged) {
  const PathSettings settings{true, false, EscapedSlashes::Keep};
  EXPECT_EQ(outcome("//a///b", settings), "=");
  EXPECT_EQ(outcome("/a//../b", settings), "> /a/b");
}

TEST(PathSettingsTest, WithoutNormalisingOnlyWhatIsAlwaysWrongIsRefused) {
  const PathSettings settings{false, false, EscapedSlashes::Keep};
  EXPECT_EQ(outcome("/a/../%61//\\b/..;", settings), "=");
  EXPECT_EQ(outcome("/%00", settings), "! path_has_nul");
  EXPECT_EQ(outcome("/%zz", settings), "! path_has_bad_escape");
  EXPECT_EQ(outcome("/a#", settings), "! path_has_fragment");
  EXPECT_EQ(outcome("\\a", settings), "! path_not_absolute");
}

// No segment that leads upwards is left, in whatever disguise that is taken out.
bool staysBelowRoot(std::string_view path) {
  path = path.substr(0, path.find('?'));
  for (const char* bad : {"/../", "/./", "//", "\\", "%2e", "%2E", "%2f", "%2F", "%5c", "%5C"}) {
    if (path.find(bad) != std::string_view::npos) return false;
  }
  return path.starts_with('/') && !path.ends_with("/..") && !path.ends_with("/.");
}

TEST(PathRandomTest, TwiceIsAsOnceAndNothingLeadsAboveTheRoot) {
  constexpr std::string_view Pieces[] = {"/",  ".",   "..", "a", "%2e", "%2E", "%2f", "%5C",
                                         "\\", "%25", "2e", ";", "?",   "%61", "//",  "/../"};
  Random random(1);
  size_t changed = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string target = "/";
    for (uint64_t n = random.below(10); n > 0; --n) target += Pieces[random.below(16)];
    const PathResult result = normalizePath(target, {});
    if (result.kind == Kind::Reject) continue;
    const std::string once = result.kind == Kind::Unchanged ? target : result.target;
    changed += result.kind != Kind::Unchanged;
    ASSERT_TRUE(staysBelowRoot(once)) << target << " " << once;
    ASSERT_EQ(normalizePath(once, {}).kind, Kind::Unchanged) << target << " " << once;
    // The query is what it was.
    const size_t mark = target.find('?');
    const std::string query = mark == std::string::npos ? "" : target.substr(mark);
    ASSERT_TRUE(once.ends_with(query)) << target;
  }
  EXPECT_GT(changed, 50'000U);
}

}  // namespace
}  // namespace weir::http
