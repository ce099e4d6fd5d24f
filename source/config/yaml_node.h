#pragma once

// A YAML document that is read, changed and written again, such as a Kubernetes manifest: unlike
// the tree of a configuration file (node.h) it keeps tags and what a key is. Aliases and merge keys
// are resolved in it. Plain values, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/config/node.h"

namespace weir::config {

struct YamlEntry;

struct YamlNode {
  enum class Kind : uint8_t { Null, Scalar, Sequence, Mapping };
  // `Quoted` is certainly a string, `Plain` what its text looks like: "010" and 010 differ.
  enum class Style : uint8_t { Plain, Quoted };

  // A string, whatever its text looks like.
  static YamlNode string(std::string_view text);
  // A number, true or false: `text` as it stands.
  static YamlNode plain(std::string_view text);
  static YamlNode sequence(std::vector<YamlNode> items);
  static YamlNode mapping(std::vector<YamlEntry> entries);

  bool isMapping() const { return kind == Kind::Mapping; }
  bool isSequence() const { return kind == Kind::Sequence; }
  // Null, "{}" or "[]".
  bool isEmpty() const;

  // The value of a key of a mapping; null if it is not there, or this is no mapping. Valid until
  // the mapping changes.
  const YamlNode* find(std::string_view key) const;
  YamlNode* find(std::string_view key);
  // The same for "spec.template.metadata", a way through mappings.
  const YamlNode* findPath(std::string_view path) const;
  YamlNode* findPath(std::string_view path);
  // The text of a scalar under this way; "" if there is none.
  std::string_view textAt(std::string_view path) const;

  // Replaces the value where it stands, or puts it at the end. What was null becomes a mapping.
  // Requires: this is null or a mapping. The value is valid until the mapping changes.
  YamlNode& set(std::string_view key, YamlNode value);
  // True if it was there.
  bool erase(std::string_view key);

  Kind kind = Kind::Null;
  Style style = Style::Plain;
  std::string tag;   // as it is written: "!x", "!!str", "!<uri>"; "" for none
  std::string text;  // Scalar: without quotes, escapes undone
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in file order
  Position position;               // where it was read
};

struct YamlEntry {
  YamlNode key;  // a scalar or null
  YamlNode value;
};

// The same in meaning and in writing, wherever they stand.
bool operator==(const YamlNode& left, const YamlNode& right);
bool operator==(const YamlEntry& left, const YamlEntry& right);

}  // namespace weir::config
