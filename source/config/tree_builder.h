#pragma once

// Builds a Node tree from the events of a parser, and holds the limits on nesting and size
// (node.h). Order of calls: as a parser sees the file; each value goes where the last key() or the
// open sequence says. After a call has returned false the tree is unusable and error() says why.
// One thread, one file.

#include <string>
#include <string_view>
#include <vector>

#include "source/config/located_error.h"
#include "source/config/node.h"

namespace weir::config {

class TreeBuilder {
 public:
  [[nodiscard]] bool null(Position at);
  [[nodiscard]] bool scalar(Position at, std::string_view text, Node::Style style);
  [[nodiscard]] bool begin(Position at, Node::Kind kind);  // Mapping or Sequence
  // The node that was begun last is complete, and returned; valid until the next call.
  const Node& end();
  // Only inside a mapping, before each value.
  void key(Position at, std::string_view text);
  // Puts in a copy of `node`, which may be a whole tree.
  [[nodiscard]] bool copy(Position at, const Node& node);

  bool insideMapping() const { return !open_.empty() && open_.back()->kind == Node::Kind::Mapping; }
  Node takeRoot() { return std::move(root_); }
  const LocatedError& error() const { return error_; }

 private:
  Node* append(Position at);
  bool fail(Position at, std::string message);

  Node root_;
  std::vector<Node*> open_;  // each is in the one before; stable, since only the last one grows
  size_t nodes_ = 0;
  LocatedError error_;
};

}  // namespace weir::config
