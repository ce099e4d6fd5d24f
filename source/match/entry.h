#pragma once

// Chains as entries: one value for each level, the form that the trie is built from.

#include <array>
#include <cstdint>
#include <vector>

#include "source/match/level.h"
#include "source/match/matcher.h"
#include "source/match/value_tables.h"

namespace weir::match {

// All predicates of one chain, with one value (or one group of values) in each level; 0 where it
// has none.
struct Entry {
  std::array<uint32_t, LevelCount> ids{};
  uint32_t chain = 0;
};

// The entries of all chains; their values go into `tables`, which this links. Where the product of
// a chain's lists would be much larger than the lists themselves, the longest lists become groups:
// the entries never take more than a fixed multiple of the memory that the lists take.
std::vector<Entry> expand(const std::vector<ChainSpec>& chains, ValueTables& tables);

}  // namespace weir::match
