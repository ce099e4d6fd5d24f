#pragma once

// The three readers: text in one format -> a tree with positions, or the first syntax error. Pure
// functions, any thread. `text` is UTF-8 without NUL bytes, at most MaxConfigBytes long (load.cc
// sees to it).

#include <string_view>
#include <variant>

#include "source/config/located_error.h"
#include "source/config/node.h"

namespace weir::config {

using ReadResult = std::variant<Node, LocatedError>;

// YAML 1.2, one document; anchors and aliases, but no merge keys. Keys must be scalars. Tags other
// than the core schema's are errors.
ReadResult readYaml(std::string_view text);

// RFC 8259, no comments.
ReadResult readJson(std::string_view text);

// Protobuf text format: `field: value`, `field { }`, `field < >`, lists, concatenated strings, #
// comments, and
// `[type.googleapis.com/pkg.Message] { }` for an Any, which becomes a key with its brackets.
ReadResult readText(std::string_view text);

}  // namespace weir::config
