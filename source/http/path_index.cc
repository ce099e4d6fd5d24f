#include "source/http/path_index.h"

#include <algorithm>
#include <cstring>

namespace weir::http {

PathIndex::PathIndex(std::vector<Entry> entries, bool ignore_case) : ignore_case_(ignore_case) {
  if (ignore_case) {
    for (Entry& entry : entries) entry.text = lowerCase(entry.text);
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.text < b.text; });
  nodes_.emplace_back();
  first_.push_back(0);
  if (entries.empty()) return;
  std::vector<Pending> pending{{0, 0, entries.size(), 0}};
  while (!pending.empty()) {
    const Pending next = pending.back();
    pending.pop_back();
    fill(entries, next, pending);
  }
}

void PathIndex::fill(const std::vector<Entry>& entries, const Pending& pending,
                     std::vector<Pending>& more) {
  const std::string& least = entries[pending.begin].text;
  const std::string& most = entries[pending.end - 1].text;
  const auto differ = std::mismatch(least.begin(), least.end(), most.begin(), most.end());
  const auto depth = static_cast<size_t>(differ.first - least.begin());
  Node node;
  node.label = static_cast<uint32_t>(labels_.size());
  node.label_size = static_cast<uint32_t>(depth - pending.depth);
  labels_.append(least, pending.depth, node.label_size);
  node.first_value = static_cast<uint32_t>(values_.size());
  size_t at = pending.begin;
  for (; at < pending.end && entries[at].text.size() == depth; ++at) {
    values_.push_back(entries[at].value);
    ++node.value_count;
  }
  node.first_child = static_cast<uint32_t>(nodes_.size());
  while (at < pending.end) {
    const char first = entries[at].text[depth];
    const size_t begin = at;
    while (at < pending.end && entries[at].text[depth] == first) ++at;
    more.push_back({nodes_.size(), begin, at, depth});
    nodes_.emplace_back();
    first_.push_back(first);
    ++node.child_count;
  }
  nodes_[pending.node] = node;
}

bool PathIndex::follow(const Node& node, std::string_view rest) const {
  if (rest.size() < node.label_size) return false;
  const std::string_view label = std::string_view(labels_).substr(node.label, node.label_size);
  rest = rest.substr(0, node.label_size);
  return ignore_case_ ? equalIgnoringCase(label, rest) : label == rest;
}

const PathIndex::Node* PathIndex::child(const Node& node, char first) const {
  if (node.child_count == 0) return nullptr;
  const char* begin = first_.data() + node.first_child;
  const void* at = std::memchr(begin, fold(first), node.child_count);
  if (at == nullptr) return nullptr;
  return &nodes_[node.first_child + static_cast<size_t>(static_cast<const char*>(at) - begin)];
}

}  // namespace weir::http
