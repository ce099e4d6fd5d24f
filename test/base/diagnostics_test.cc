#include "source/base/diagnostics.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Diagnostics, IsOkUntilAnErrorIsReported) {
  Diagnostics diagnostics;
  EXPECT_TRUE(diagnostics.ok());
  diagnostics.error("clusters[0]", "no endpoints");
  EXPECT_FALSE(diagnostics.ok());
}

TEST(Diagnostics, KeepsEveryErrorInOrder) {
  Diagnostics diagnostics;
  diagnostics.error("a", "first");
  diagnostics.error("b", "second");
  diagnostics.error("a", "first");
  ASSERT_EQ(diagnostics.errors().size(), 3u);
  EXPECT_EQ(diagnostics.errors()[0].path, "a");
  EXPECT_EQ(diagnostics.errors()[0].message, "first");
  EXPECT_EQ(diagnostics.errors()[1].path, "b");
  EXPECT_EQ(diagnostics.errors()[2].message, "first");
}

TEST(FieldScope, BuildsThePathOfAField) {
  Diagnostics diagnostics;
  const FieldScope root(diagnostics, "");
  const FieldScope name =
      root.field("listeners").index(0).field("filter_chains").index(12).field("name");
  EXPECT_EQ(name.path(), "listeners[0].filter_chains[12].name");
  EXPECT_EQ(root.path(), "") << "going down does not move the scope itself";
}

TEST(FieldScope, ReportsAtItsOwnPath) {
  Diagnostics diagnostics;
  const FieldScope scope(diagnostics, "clusters[1]");
  scope.field("type").error("'STATC' is not a cluster type");
  scope.error("no endpoints");
  ASSERT_EQ(diagnostics.errors().size(), 2u);
  EXPECT_EQ(diagnostics.errors()[0].path, "clusters[1].type");
  EXPECT_EQ(diagnostics.errors()[0].message, "'STATC' is not a cluster type");
  EXPECT_EQ(diagnostics.errors()[1].path, "clusters[1]");
  EXPECT_EQ(&scope.diagnostics(), &diagnostics);
}

}  // namespace
}  // namespace weir
