#include "source/http/header_changes.h"

#include <gtest/gtest.h>

#include "source/base/random.h"

namespace weir::http {
namespace {

using Action = HeaderToAdd::Action;

std::string shown(const HeaderMap& headers) {
  std::string text;
  for (const HeaderEntry& entry : headers.entries()) {
    text += std::string(entry.name) + "=" + std::string(entry.value) + " ";
  }
  return text;
}

struct Case {
  HeaderChanges changes;
  std::string result;  // of "a=1 b=1 a=2 "
};
class HeaderChangesTest : public testing::TestWithParam<Case> {};
TEST_P(HeaderChangesTest, AreMade) {
  HeaderMap headers;
  headers.add("a", "1");
  headers.add("b", "1");
  headers.add("a", "2");
  apply(GetParam().changes, headers);
  EXPECT_EQ(shown(headers), GetParam().result);
}
INSTANTIATE_TEST_SUITE_P(
    Actions, HeaderChangesTest,
    testing::Values(Case{{}, "a=1 b=1 a=2 "}, Case{{{{"a", "x"}}, {}}, "a=1 b=1 a=2 a=x "},
                    Case{{{{"a", "x", Action::AddIfAbsent}}, {}}, "a=1 b=1 a=2 "},
                    Case{{{{"c", "x", Action::AddIfAbsent}}, {}}, "a=1 b=1 a=2 c=x "},
                    Case{{{{"a", "x", Action::Overwrite}}, {}}, "a=x b=1 "},
                    Case{{{{"c", "x", Action::Overwrite}}, {}}, "a=1 b=1 a=2 c=x "},
                    Case{{{{"a", "x", Action::OverwriteIfPresent}}, {}}, "a=x b=1 "},
                    Case{{{{"c", "x", Action::OverwriteIfPresent}}, {}}, "a=1 b=1 a=2 "},
                    Case{{{}, {"a", "c"}}, "b=1 "},
                    Case{{{{"a", "x", Action::AddIfAbsent}}, {"a"}}, "b=1 a=x "},
                    Case{{{{"c", "x"}, {"c", "y"}}, {}}, "a=1 b=1 a=2 c=x c=y "}));

// A few changes of few names.
HeaderChanges randomChanges(Random& random) {
  HeaderChanges changes;
  for (uint64_t n = random.below(3); n > 0; --n) {
    changes.add.push_back({std::string(1, "abc"[random.below(3)]), std::to_string(random.below(9)),
                           static_cast<Action>(random.below(4))});
  }
  if (random.below(2) == 0) changes.remove.emplace_back(1, "abc"[random.below(3)]);
  return changes;
}

TEST(HeaderChangesCombineTest, HasTheEffectOfOneAfterTheOther) {
  for (uint64_t seed = 1; seed <= 5000; ++seed) {
    Random random(seed);
    const HeaderChanges first = randomChanges(random);
    const HeaderChanges second = randomChanges(random);
    HeaderMap one_by_one;
    if (random.below(2) == 0) one_by_one.add("a", "0");
    if (random.below(2) == 0) one_by_one.add("b", "0");
    HeaderMap together;
    together.copyFrom(one_by_one);
    apply(first, one_by_one);
    apply(second, one_by_one);
    apply(combine(first, second), together);
    for (const char* name : {"a", "b", "c"}) {
      ASSERT_EQ(one_by_one.joined(name), together.joined(name)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace weir::http
