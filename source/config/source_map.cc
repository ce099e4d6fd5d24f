#include "source/config/source_map.h"

#include <charconv>
#include <vector>

namespace weir::config {
namespace {

// `filter_chains[1]` -> the field and the index. `rest` is what follows the dot.
struct Segment {
  std::string_view field;
  std::optional<size_t> index;
  std::string_view rest;
};

Segment takeSegment(std::string_view path) {
  Segment segment;
  const size_t dot = path.find('.');
  segment.rest = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  const std::string_view head = path.substr(0, dot);
  const size_t bracket = head.find('[');
  segment.field = head.substr(0, bracket);
  if (bracket != std::string_view::npos) {
    size_t index = 0;
    std::from_chars(head.data() + bracket + 1, head.data() + head.size(), index);
    segment.index = index;
  }
  return segment;
}

// The values that a field has in a mapping: one, or in text format one per repetition.
std::vector<const Node*> valuesOf(const Node& mapping, std::string_view field) {
  std::vector<const Node*> values;
  for (const NodeEntry& entry : mapping.entries) {
    if (keyNamesField(entry.key, field)) values.push_back(&entry.value);
  }
  return values;
}

// Lists are spread out: in text format `a: [1, 2] a: 3` is one list of three.
const Node* elementAt(const std::vector<const Node*>& values, size_t index) {
  for (const Node* value : values) {
    if (value->kind != Node::Kind::Sequence) {
      if (index-- == 0) return value;
    } else if (index < value->items.size()) {
      return &value->items[index];
    } else {
      index -= value->items.size();
    }
  }
  return nullptr;
}

// In text format the settings of an Any are one level further down, behind its type.
const Node& insideAny(const Node& node) {
  const bool any = node.kind == Node::Kind::Mapping && node.entries.size() == 1 &&
                   node.entries[0].key.starts_with('[');
  return any ? node.entries[0].value : node;
}

}  // namespace

bool keyNamesField(std::string_view key, std::string_view field_name) {
  if (key == field_name) return true;
  size_t i = 0;
  for (size_t j = 0; j < field_name.size(); ++j) {
    char expected = field_name[j];
    if (expected == '_') {
      if (++j == field_name.size()) return false;
      expected = field_name[j];
      if (expected >= 'a' && expected <= 'z') expected = static_cast<char>(expected - 'a' + 'A');
    }
    if (i == key.size() || key[i++] != expected) return false;
  }
  return i == key.size();
}

SourceMap::Found SourceMap::walk(std::string_view path) const {
  const Node* node = &root_;
  while (!path.empty()) {
    const Segment segment = takeSegment(path);
    const std::vector<const Node*> values = valuesOf(insideAny(*node), segment.field);
    if (values.empty()) return {node->position, false};
    if (segment.index) {
      const Node* element = elementAt(values, *segment.index);
      if (element == nullptr) return {values.front()->position, false};
      node = element;
    } else {
      node = values.front();
    }
    path = segment.rest;
  }
  return {node->position, true};
}

Position SourceMap::nearest(std::string_view path) const { return walk(path).position; }

std::optional<Position> SourceMap::exact(std::string_view path) const {
  const Found found = walk(path);
  if (!found.complete || found.position.line == 0) return std::nullopt;
  return found.position;
}

}  // namespace weir::config
