#include "source/match/search.h"

#include <bit>

namespace weir::match {
namespace {

// The levels whose fields in a rank are above bit `bit`.
LevelMask levelsAbove(int bit) {
  LevelMask levels = 0;
  for (int i = 0; i < LevelCount; ++i) {
    const Level level = static_cast<Level>(i);
    if (shiftOf(level) > bit) levels |= bitOf(level);
  }
  return levels;
}

}  // namespace

void BestChain::visit(TrieRef ref, Rank rank) {
  while (!isLeaf(ref)) {
    if ((requiredLevels(ref) & query_.empty()) != 0) return;
    // A predicate on something unknown does not hold for certain.
    if ((requiredLevels(ref) & query_.unknown()) != 0) return open_.add(ref, rank);
    const Trie::Node& node = trie_.node(ref);
    if (rank + node.highest <= rank_) return;
    if (query_.isUnknown(node.level)) {
      open_.add(ref, rank);
    } else {
      const Rank before = rank_;
      if (node.level == Level::ApplicationProtocol) {
        visitProtocols(node, rank);
      } else if (const uint32_t id = query_.id(node.level); id != 0) {
        visitValues(node, id, rank);
      }
      // Below this level only less significant ones are left, so a hit with a predicate here beats
      // all without.
      if (node.level >= FirstLevelInRankOrder && rank_ != before) return;
    }
    ref = node.none;
  }
  if (ref == Nowhere || rank <= rank_) return;
  rank_ = rank;
  chain_ = chainOf(ref);
}

void BestChain::visitValues(const Trie::Node& node, uint32_t id, Rank rank) {
  const bool first_hit_is_best = node.level >= FirstLevelInRankOrder;
  const Rank before = rank_;
  do {
    visitEdge(node, id, rank + rankOf(node.level, tables_.specificity(node.level, id)));
    if (first_hit_is_best && rank_ != before) return;
    id = tables_.parent(node.level, id);
  } while (id != 0);
}

void BestChain::visitProtocols(const Trie::Node& node, Rank rank) {
  const Rank before = rank_;
  query_.untilProtocol([&](uint32_t id, uint32_t specificity) {
    visitEdge(node, id, rank + rankOf(Level::ApplicationProtocol, specificity));
    return rank_ != before;
  });
}

inline void BestChain::visitEdge(const Trie::Node& node, uint32_t id, Rank rank) {
  const TrieRef to = trie_.find(node, id);
  if (to != Nowhere) visit(to, rank);
  if (!tables_.hasGroups(node.level)) return;
  for (const ValueGroups::Member& member : tables_.groupsOf(node.level, id)) {
    visit(trie_.find(node, member.group), rank);
  }
}

void NeededLevels::visit(TrieRef ref, Rank rank, LevelMask path) {
  if (ref == Nowhere) return;
  if (isLeaf(ref)) {
    if (rank > best_) need(path);
    return;
  }
  if ((requiredLevels(ref) & query_.empty()) != 0) return;
  const Trie::Node& node = trie_.node(ref);
  const LevelMask news = static_cast<LevelMask>((path | (node.used & query_.unknown())) & ~levels_);
  if (news == 0 || rank + node.highest <= best_) return;
  if (settledBelow(node, rank)) {
    need(news);
  } else if (query_.isUnknown(node.level)) {
    visitUnknown(node, rank, path);
  } else {
    visitKnown(node, rank, path);
  }
}

// Whether all entries under `node` that have predicates are open, and would outrank the best.
bool NeededLevels::settledBelow(const Trie::Node& node, Rank rank) const {
  if ((node.used & ~query_.unknown()) != 0) return false;
  // Equal so far: the best has nothing at the unknown levels, so any predicate there outranks it.
  // An entry without one would be certain, and is the best itself.
  if (rank >= best_) return true;
  // Where the best is ahead, only a predicate at a more significant level makes up for it.
  const int ahead = 63 - std::countl_zero(static_cast<uint64_t>(rank ^ best_));
  return (node.used & ~levelsAbove(ahead)) == 0;
}

void NeededLevels::visitUnknown(const Trie::Node& node, Rank rank, LevelMask path) {
  // How specific it is does not matter: the best has nothing here.
  const Rank with = rank + rankOf(node.level, 1);
  const LevelMask longer = path | bitOf(node.level);
  for (const Trie::Edge& edge : trie_.edges(node)) {
    if (edge.id != 0) visit(edge.to, with, longer);
    if (done()) return;
  }
  visit(node.none, rank, path);
}

void NeededLevels::visitKnown(const Trie::Node& node, Rank rank, LevelMask path) {
  if (node.level == Level::ApplicationProtocol) {
    query_.untilProtocol([&](uint32_t id, uint32_t specificity) {
      visitEdge(node, id, rank + rankOf(node.level, specificity), path);
      return done();
    });
  } else {
    for (uint32_t id = query_.id(node.level); id != 0; id = tables_.parent(node.level, id)) {
      visitEdge(node, id, rank + rankOf(node.level, tables_.specificity(node.level, id)), path);
      if (done()) return;
    }
  }
  visit(node.none, rank, path);
}

void NeededLevels::visitEdge(const Trie::Node& node, uint32_t id, Rank rank, LevelMask path) {
  visit(trie_.find(node, id), rank, path);
  if (!tables_.hasGroups(node.level)) return;
  for (const ValueGroups::Member& member : tables_.groupsOf(node.level, id)) {
    visit(trie_.find(node, member.group), rank, path);
  }
}

}  // namespace weir::match
