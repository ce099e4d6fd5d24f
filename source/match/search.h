#pragma once

// Walks a trie for one connection. Both walks live on the stack for one question and allocate
// nothing.

#include <array>
#include <cstdint>

#include "source/match/level.h"
#include "source/match/query.h"
#include "source/match/trie.h"
#include "source/match/value_tables.h"

namespace weir::match {

// Parts of a trie that hang on unknown facts, with the rank that known facts give to what is in
// them. If there are too many to keep, `overflow` stands for the whole trie.
struct OpenParts {
  struct Part {
    TrieRef ref;
    Rank rank;
  };

  void add(TrieRef ref, Rank rank) {
    if (count == parts.size()) {
      overflow = true;
    } else {
      parts[count++] = {ref, rank};
    }
  }

  std::array<Part, 16> parts;
  uint8_t count = 0;
  bool overflow = false;
};

// The best chain that holds for certain: all its predicates are on known facts.
class BestChain {
 public:
  BestChain(const Trie& trie, const ValueTables& tables, Query& query)
      : trie_(trie), tables_(tables), query_(query) {
    if (trie.root() != Nowhere) visit(trie.root(), 0);
  }

  bool found() const { return rank_ != NoRank; }
  uint32_t chain() const { return chain_; }
  // NoRank if none was found.
  Rank rank() const { return rank_; }
  // Every chain that may outrank the best, and is not ruled out by a known fact, is in one of
  // these.
  const OpenParts& open() const { return open_; }

 private:
  void visit(TrieRef ref, Rank rank);
  // The edges of `node` for `id` and for what is less specific.
  void visitValues(const Trie::Node& node, uint32_t id, Rank rank);
  void visitProtocols(const Trie::Node& node, Rank rank);
  void visitEdge(const Trie::Node& node, uint32_t id, Rank rank);

  const Trie& trie_;
  const ValueTables& tables_;
  Query& query_;
  Rank rank_ = NoRank;
  uint32_t chain_ = 0;
  OpenParts open_;
};

// The unknown levels on which some chain depends that no known fact rules out, and that would
// outrank `best`.
class NeededLevels {
 public:
  NeededLevels(const Trie& trie, const ValueTables& tables, Query& query, const BestChain& best)
      : trie_(trie),
        tables_(tables),
        query_(query),
        best_(best.rank()),
        goal_(query.unknown() == 0 ? LevelMask{0} : LevelMask(trie.used() & query.unknown())) {
    if (best.open().overflow) {
      visit(trie.root(), 0, 0);
      return;
    }
    for (uint8_t i = 0; i < best.open().count && !done(); ++i) {
      visit(best.open().parts[i].ref, best.open().parts[i].rank, 0);
    }
  }

  LevelMask levels() const { return levels_; }

 private:
  // `path` has the unknown levels at which the path to `ref` has predicates.
  void visit(TrieRef ref, Rank rank, LevelMask path);
  void visitUnknown(const Trie::Node& node, Rank rank, LevelMask path);
  void visitKnown(const Trie::Node& node, Rank rank, LevelMask path);
  void visitEdge(const Trie::Node& node, uint32_t id, Rank rank, LevelMask path);
  bool settledBelow(const Trie::Node& node, Rank rank) const;
  void need(LevelMask levels) { levels_ |= query_.withSameFacts(levels_ | levels); }
  bool done() const { return (goal_ & ~levels_) == 0; }

  const Trie& trie_;
  const ValueTables& tables_;
  Query& query_;
  const Rank best_;
  const LevelMask goal_;
  LevelMask levels_ = 0;
};

}  // namespace weir::match
