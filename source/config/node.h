#pragma once

// A configuration file as a tree, whatever its format was: mappings, sequences and scalars, each
// with the line and column where it stands. The readers make it, tree_to_proto turns it into a
// message, and it stays as the source map (source_map.h). Plain values, any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

// Line and column count from 1, the column in bytes. Line 0 means "nowhere in particular".
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

struct NodeEntry;

struct Node {
  enum class Kind : uint8_t { Null, Scalar, Sequence, Mapping };
  // How a scalar was written: `Quoted` is certainly a string; `Plain` is whatever its field wants.
  enum class Style : uint8_t { Plain, Quoted };

  static Node null(Position at);
  static Node scalar(Position at, std::string_view text, Style style);

  Kind kind = Kind::Null;
  Style style = Style::Plain;
  Position position;
  std::string text;                // Scalar: without quotes, escapes undone
  std::vector<Node> items;         // Sequence
  std::vector<NodeEntry> entries;  // Mapping, in file order; keys may repeat in text format
};

struct NodeEntry {
  std::string key;  // in text format, an Any's is its type URL in brackets
  Position key_position;
  Node value;
};

// What a reader must not let through: the parsers behind it and the recursion after it rely on
// this.
inline constexpr size_t MaxConfigBytes = size_t{64} << 20;
inline constexpr int MaxNesting = 64;
inline constexpr size_t MaxNodes = 2'000'000;

// A mapping, a list, "text", 12 ...: what a node is, for messages.
std::string describe(const Node& node);

// `text` in double quotes, with control characters escaped, and cut after 80 bytes: for messages.
std::string quote(std::string_view text);

}  // namespace weir::config
