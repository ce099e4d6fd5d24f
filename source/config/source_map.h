#pragma once

// From field paths to places in the file. Keeps the tree that the file was read into and walks it
// when asked, so it costs nothing until something is wrong. Immutable once made; any thread.

#include <optional>
#include <string>
#include <string_view>

#include "source/config/node.h"

namespace weir::config {

class SourceMap {
 public:
  SourceMap() = default;
  explicit SourceMap(Node root) : root_(std::move(root)) {}

  // Where the value of a field stands, such as
  // `listeners[0].filter_chains[1].filters[0].typed_config.cluster`; the inside of an Any counts as
  // part of it. If the file does not have it: where the nearest enclosing value stands.
  Position nearest(std::string_view path) const;

  // The same, but nothing if the file does not have exactly this.
  std::optional<Position> exact(std::string_view path) const;

 private:
  struct Found {
    Position position;
    bool complete;
  };
  Found walk(std::string_view path) const;

  Node root_;
};

// Is `key`, as written in a file, this field? Files may use its name (snake_case) or its JSON name
// (lowerCamelCase).
bool keyNamesField(std::string_view key, std::string_view field_name);

}  // namespace weir::config
