#include "source/match/trie.h"

#include <algorithm>
#include <bit>

namespace weir::match {
namespace {

// The first of `entries` whose value at `level` differs from the first one's. They are sorted.
size_t endOfRun(std::span<const Entry> entries, int level) {
  const uint32_t id = entries.front().ids[level];
  if (entries.back().ids[level] == id) return entries.size();
  size_t end = 1;
  while (entries[end].ids[level] == id) ++end;
  return end;
}

size_t countRuns(std::span<const Entry> entries, int level) {
  size_t count = 1;
  for (size_t i = 1; i < entries.size(); ++i) {
    count += entries[i].ids[level] != entries[i - 1].ids[level];
  }
  return count;
}

}  // namespace

Trie::Trie(std::vector<Entry>& entries, const ValueTables& tables) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.ids != b.ids ? a.ids < b.ids : a.chain < b.chain;
  });
  nodes_.reserve(entries.size());
  if (!entries.empty()) root_ = build(tables, entries, 0);
  std::sort(collisions_.begin(), collisions_.end());
  collisions_.erase(std::unique(collisions_.begin(), collisions_.end()), collisions_.end());
}

// `entries` agree on all levels before `level`.
TrieRef Trie::build(const ValueTables& tables, std::span<const Entry> entries, int level) {
  // Where the greatest value is 0, all are.
  while (level < LevelCount && entries.back().ids[level] == 0) ++level;
  if (level == LevelCount) return leaf(entries);
  const size_t at = nodes_.size();
  nodes_.emplace_back();
  nodes_[at].level = static_cast<Level>(level);
  const bool some_have_none = entries.front().ids[level] == 0;
  const size_t with_none = some_have_none ? endOfRun(entries, level) : 0;
  TrieRef none = Nowhere;
  if (some_have_none) {
    none = build(tables, entries.first(with_none), level + 1);
    nodes_[at].none = none;
    summarize(at, none, 0);
  }
  LevelMask always = addEdges(tables, entries.subspan(with_none), at);
  if (some_have_none) always &= isLeaf(none) ? LevelMask{0} : requiredLevels(none);
  return nodeRef(at, always);
}

TrieRef Trie::leaf(std::span<const Entry> entries) {
  for (const Entry& other : entries) {
    if (other.chain != entries.front().chain) {
      collisions_.emplace_back(entries.front().chain, other.chain);
    }
  }
  return LeafBit | entries.front().chain;
}

LevelMask Trie::addEdges(const ValueTables& tables, std::span<const Entry> entries, size_t at) {
  const Level level = nodes_[at].level;
  const size_t count = countRuns(entries, indexOf(level));
  const int log2 = count == 1 ? 0 : std::countr_zero(std::bit_ceil(2 * count));
  const uint32_t first = static_cast<uint32_t>(slots_.size());
  if (log2 != 0) slots_.resize(slots_.size() + (size_t{1} << log2));
  const uint32_t mask = (1U << log2) - 1;
  LevelMask always = static_cast<LevelMask>(~0U);
  while (!entries.empty()) {
    const uint32_t id = entries.front().ids[indexOf(level)];
    const size_t end = endOfRun(entries, indexOf(level));
    const TrieRef child = build(tables, entries.first(end), indexOf(level) + 1);
    summarize(at, child, tables.highestRank(level, id));
    always &= isLeaf(child) ? LevelMask{0} : requiredLevels(child);
    if (log2 == 0) {
      nodes_[at].only = {id, child};
    } else {
      uint32_t i = spread(id) >> (32 - log2);
      while (slots_[first + i].id != 0) i = (i + 1) & mask;
      slots_[first + i] = {id, child};
    }
    entries = entries.subspan(end);
  }
  nodes_[at].slots_log2 = static_cast<uint8_t>(log2);
  if (log2 != 0) nodes_[at].only = {first, Nowhere};
  nodes_[at].used |= bitOf(level);
  return always | bitOf(level);
}

void Trie::summarize(size_t at, TrieRef child, Rank rank) {
  Node& parent = nodes_[at];
  if (!isLeaf(child)) {
    rank += node(child).highest;
    parent.used |= node(child).used;
  }
  parent.highest = std::max(parent.highest, rank);
}

}  // namespace weir::match
