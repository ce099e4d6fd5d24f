#include "source/config/source_map.h"

#include <gtest/gtest.h>

#include "source/config/readers.h"

namespace weir::config {
namespace {

constexpr std::string_view Yaml = R"(listeners:
- name: a
  filterChains:
  - name: c
  - filters:
    - typed_config:
        "@type": x
        cluster: db
)";

constexpr std::string_view Text = R"(listeners { name: "a" }
listeners {
  ports: [1, 2] ports: 3
  typed_config { [type.googleapis.com/x.Y] { cluster: "db" } }
}
)";

SourceMap mapOf(ReadResult tree) { return SourceMap(std::get<Node>(std::move(tree))); }

TEST(SourceMapTest, FindsValuesByFieldPath) {
  const SourceMap map = mapOf(readYaml(Yaml));
  EXPECT_EQ(map.nearest("listeners[0].name"), (Position{2, 9}));
  EXPECT_EQ(map.nearest("listeners[0].filter_chains[0]"), (Position{4, 5}));
  EXPECT_EQ(map.nearest("listeners[0].filter_chains[1].filters[0].typed_config.cluster"),
            (Position{8, 18}));
}

TEST(SourceMapTest, TakesTheNearestEnclosingValueForWhatIsMissing) {
  const SourceMap map = mapOf(readYaml(Yaml));
  EXPECT_EQ(map.nearest("listeners[0].address"), (Position{2, 3}));
  EXPECT_EQ(map.nearest("listeners[0].filter_chains[1].match.server_names[3]"), (Position{5, 5}));
  EXPECT_EQ(map.nearest("listeners[7].name"), (Position{2, 1}));
  EXPECT_EQ(map.nearest("clusters"), (Position{1, 1}));
  EXPECT_EQ(map.nearest(""), (Position{1, 1}));
}

TEST(SourceMapTest, TellsWhatIsThereFromWhatIsNot) {
  const SourceMap map = mapOf(readYaml(Yaml));
  EXPECT_EQ(map.exact("listeners[0].name"), (Position{2, 9}));
  EXPECT_EQ(map.exact("listeners[0].address"), std::nullopt);
  EXPECT_EQ(map.exact("listeners[1]"), std::nullopt);
  EXPECT_EQ(SourceMap().exact(""), std::nullopt);
}

TEST(SourceMapTest, CountsRepetitionsAndLooksThroughTypesInTextFormat) {
  const SourceMap map = mapOf(readText(Text));
  EXPECT_EQ(map.nearest("listeners[0].name"), (Position{1, 19}));
  EXPECT_EQ(map.nearest("listeners[1].ports[1]"), (Position{3, 14}));
  EXPECT_EQ(map.nearest("listeners[1].ports[2]"), (Position{3, 24}));
  EXPECT_EQ(map.nearest("listeners[1].typed_config.cluster"), (Position{4, 55}));
}

TEST(KeyNamesFieldTest, TakesSnakeCaseAndLowerCamelCase) {
  EXPECT_TRUE(keyNamesField("filter_chains", "filter_chains"));
  EXPECT_TRUE(keyNamesField("filterChains", "filter_chains"));
  EXPECT_TRUE(keyNamesField("perConnectionBufferLimitBytes", "per_connection_buffer_limit_bytes"));
  for (const char* key :
       {"FilterChains", "filterchains", "filterChain", "filterChainss", "filter-chains", ""}) {
    EXPECT_FALSE(keyNamesField(key, "filter_chains")) << key;
  }
}

}  // namespace
}  // namespace weir::config
