#pragma once

// Finds, among many texts, all with which a path begins: a tree of their common beginnings, walked
// once along the path. Built once, then immutable; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/http/text_match.h"

namespace weir::http {

class PathIndex {
 public:
  struct Entry {
    std::string text;
    uint32_t value;
  };
  // Values of one text are visited in the order in which they are here. With `ignore_case`, upper
  // and lower case are one.
  explicit PathIndex(std::vector<Entry> entries, bool ignore_case = false);

  // visit(values, size) for each text with which `path` begins, the shortest first, `size` being
  // its length. Allocates nothing.
  template <class Visit>
  void eachPrefixOf(std::string_view path, Visit visit) const {
    size_t at = 0;
    for (const Node* node = nodes_.data(); node != nullptr; node = child(*node, path[at])) {
      if (!follow(*node, path.substr(at))) return;
      at += node->label_size;
      if (node->value_count > 0) {
        visit(std::span(values_).subspan(node->first_value, node->value_count), at);
      }
      if (at == path.size()) return;
    }
  }

 private:
  struct Node {
    uint32_t label = 0;  // in labels_
    uint32_t label_size = 0;
    uint32_t first_value = 0;
    uint32_t value_count = 0;
    uint32_t first_child = 0;  // they are neighbours
    uint32_t child_count = 0;
  };
  // A node that is yet to be filled: of entries that are equal up to `depth`.
  struct Pending {
    size_t node, begin, end, depth;
  };

  void fill(const std::vector<Entry>& entries, const Pending& pending, std::vector<Pending>& more);
  char fold(char c) const { return ignore_case_ ? lowerCase(c) : c; }
  bool follow(const Node& node, std::string_view rest) const;
  const Node* child(const Node& node, char first) const;

  bool ignore_case_;
  std::vector<Node> nodes_;  // the first one is the root
  std::vector<char> first_;  // of each node: the first byte of its label
  std::string labels_;
  std::vector<uint32_t> values_;
};

}  // namespace weir::http
