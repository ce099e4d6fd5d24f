#pragma once

// Files of several YAML documents, each of which is kept as text until somebody changes it, and the
// way back to text. Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/result.h"
#include "source/config/located_error.h"
#include "source/config/yaml_node.h"

namespace weir::config {

inline constexpr int MaxYamlNesting = 200;

struct YamlDocument {
  // As it stands in the file, without a "---" line that holds nothing else; its last line is ended.
  std::string text;
  YamlNode root;
  // Why `root` must not be written: what it lost, or what no manifest has. Passing on `text` is
  // right all the same.
  std::optional<LocatedError> not_writable;
};

// YAML 1.2, and JSON. Documents that hold nothing but comments are left out. Directives are errors.
std::variant<std::vector<YamlDocument>, LocatedError> readYamlStream(std::string_view text);

// The documents with "---" between them. Requires: each ends its last line.
std::string joinYamlDocuments(const std::vector<std::string>& documents);

// In block style, sequences not indented under their key, as kubectl writes. Reads back what it has
// written: an error if that is not the same, which only a fault of the parser or of this code can
// cause.
Result<std::string> writeYaml(const YamlNode& root);

}  // namespace weir::config
