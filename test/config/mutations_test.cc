// Example configurations, each with one value left out or replaced: whatever comes of it, reading
// ends with settings or with errors.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "source/base/json.h"
#include "source/config/load_settings.h"
#include "source/config/readers.h"
#include "source/main/extensions.h"

namespace weir::config {
namespace {

void write(const Node& node, JsonWriter& json) {
  switch (node.kind) {
    case Node::Kind::Null: return json.null();
    case Node::Kind::Scalar:
      if (node.style == Node::Style::Quoted) return json.value(node.text);
      return json.raw(node.text);
    case Node::Kind::Sequence:
      return json.array([&] {
        for (const Node& item : node.items) write(item, json);
      });
    case Node::Kind::Mapping:
      return json.object([&] {
        for (const NodeEntry& entry : node.entries) {
          json.key(entry.key);
          write(entry.value, json);
        }
      });
  }
}

class Mutations {
 public:
  Mutations(Node root, const Registry& registry) : root_(std::move(root)), registry_(registry) {}

  size_t tryAll() {
    inside(root_);
    return tried_;
  }

 private:
  void inside(Node& node) {
    for (size_t i = 0; i < node.items.size(); ++i) {
      replaceEach(node.items[i]);
      inside(node.items[i]);
      without(node.items, i);
    }
    for (size_t i = 0; i < node.entries.size(); ++i) {
      replaceEach(node.entries[i].value);
      inside(node.entries[i].value);
      without(node.entries, i);
    }
  }

  void replaceEach(Node& node) {
    Node original = std::move(node);
    for (const std::string_view text : {"null", "-1", "\"\"", "\"x\"", "[]", "{}", "[null]"}) {
      node = std::get<Node>(readJson(text));
      load();
    }
    node = std::move(original);
  }

  template <class List>
  void without(List& list, size_t index) {
    const auto at = static_cast<std::ptrdiff_t>(index);
    auto left_out = std::move(list[index]);
    list.erase(list.begin() + at);
    load();
    list.insert(list.begin() + at, std::move(left_out));
  }

  void load() {
    std::string text;
    JsonWriter json(text);
    write(root_, json);
    const LoadedSettings loaded = parseSettings(text, Format::Json, registry_);
    EXPECT_NE(loaded.settings.has_value(), !loaded.errors.empty()) << text;
    ++tried_;
  }

  Node root_;
  const Registry& registry_;
  size_t tried_ = 0;
};

class MutationsTest : public testing::TestWithParam<const char*> {};

TEST_P(MutationsTest, EndInSettingsOrErrors) {
  Registry registry;
  registerBuiltins(registry);
  const std::string json =
      loadSettings("examples/" + std::string(GetParam()) + "/weir.yaml", registry).json;
  const ReadResult read = readJson(json);
  ASSERT_TRUE(std::holds_alternative<Node>(read));
  EXPECT_GT(Mutations(std::get<Node>(read), registry).tryAll(), 100U);
}

INSTANTIATE_TEST_SUITE_P(Examples, MutationsTest,
                         testing::Values("admission", "detect", "http_edge", "http_filters"));

}  // namespace
}  // namespace weir::config
