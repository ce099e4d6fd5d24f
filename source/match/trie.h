#pragma once

// The compiled form of a listener's chains: a tree in flat arrays. A node stands for one level and
// has an edge for each value (or group) that some chain under it names there, and one edge for the
// chains that name none; levels at which no chain under a node names anything are left out. A path
// from the root to a leaf is one entry. Built once, then read only, by any number of threads.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "source/match/entry.h"
#include "source/match/hash.h"
#include "source/match/level.h"
#include "source/match/value_tables.h"

namespace weir::match {

// Where an edge leads: to a node, to a leaf (LeafBit and the chain's index), or nowhere. A node's
// reference also says which of the last levels every chain under it has a predicate at, so that it
// need not be loaded in vain.
using TrieRef = uint32_t;
inline constexpr TrieRef LeafBit = 0x80000000U;
inline constexpr TrieRef Nowhere = 0xFFFFFFFFU;
inline constexpr int RequiredShift = 28;
inline constexpr TrieRef IndexMask = (1U << RequiredShift) - 1;
inline constexpr Level FirstRequiredLevel = Level::ServerName;

constexpr bool isLeaf(TrieRef ref) { return (ref & LeafBit) != 0; }
constexpr uint32_t chainOf(TrieRef leaf) { return leaf & IndexMask; }
constexpr TrieRef nodeRef(size_t index, LevelMask always) {
  const TrieRef required = static_cast<TrieRef>(always) >> indexOf(FirstRequiredLevel);
  return required << RequiredShift | static_cast<TrieRef>(index);
}
// The levels, out of the last ones, at which every chain under `ref`, which is not a leaf, has a
// predicate.
constexpr LevelMask requiredLevels(TrieRef ref) {
  return static_cast<LevelMask>(ref >> RequiredShift << indexOf(FirstRequiredLevel));
}

class Trie {
 public:
  struct Edge {
    uint32_t id = 0;  // 0: an empty slot
    TrieRef to = Nowhere;
  };

  struct alignas(32) Node {
    Rank highest = 0;        // the most that the levels from here down can add to a rank
    TrieRef none = Nowhere;  // where chains without a predicate at this level are
    Edge only;  // the edge, if slots_log2 is 0; else `only.id` is where this node's slots begin
    LevelMask used = 0;  // levels at which some chain under this node has a predicate
    Level level = Level::DirectSource;
    uint8_t slots_log2 = 0;
  };

  // Takes the entries' order apart. Two entries with the same values: the one whose chain comes
  // first stays.
  Trie(std::vector<Entry>& entries, const ValueTables& tables);

  TrieRef root() const { return root_; }
  const Node& node(TrieRef ref) const { return nodes_[ref & IndexMask]; }
  // Levels at which some chain has a predicate.
  LevelMask used() const { return isLeaf(root_) ? LevelMask{0} : node(root_).used; }

  // The edge for the value or group `id`, which is not 0.
  TrieRef find(const Node& node, uint32_t id) const;
  // All edges but `none`; skip those whose id is 0.
  std::span<const Edge> edges(const Node& node) const;

  // Chains with an entry in common, the earlier one first, without repeats.
  const std::vector<std::pair<uint32_t, uint32_t>>& collisions() const { return collisions_; }

 private:
  TrieRef build(const ValueTables& tables, std::span<const Entry> entries, int level);
  TrieRef leaf(std::span<const Entry> entries);
  // Adds the edges of node `at`; returns the levels at which every chain under them has a
  // predicate.
  LevelMask addEdges(const ValueTables& tables, std::span<const Entry> entries, size_t at);
  // Takes account of a child whose edge adds at most `rank`.
  void summarize(size_t at, TrieRef child, Rank rank);

  std::vector<Node> nodes_;
  std::vector<Edge>
      slots_;  // each node's own open-addressing table, a power of two, at most half full
  TrieRef root_ = Nowhere;
  std::vector<std::pair<uint32_t, uint32_t>> collisions_;
};
static_assert(sizeof(Trie::Node) == 32, "two nodes to a cache line");

inline TrieRef Trie::find(const Node& node, uint32_t id) const {
  if (node.slots_log2 == 0) return node.only.id == id ? node.only.to : Nowhere;
  const Edge* slots = &slots_[node.only.id];
  const uint32_t mask = (1U << node.slots_log2) - 1;
  for (uint32_t i = spread(id) >> (32 - node.slots_log2);; i = (i + 1) & mask) {
    if (slots[i].id == id) return slots[i].to;
    if (slots[i].id == 0) return Nowhere;
  }
}

inline std::span<const Trie::Edge> Trie::edges(const Node& node) const {
  if (node.slots_log2 == 0) return {&node.only, 1};
  return {&slots_[node.only.id], size_t{1} << node.slots_log2};
}

}  // namespace weir::match
