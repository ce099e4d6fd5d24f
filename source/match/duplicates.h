#pragma once

// Chains of which neither ranks higher: in every field both name a common value, or neither names
// any.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "source/match/entry.h"
#include "source/match/trie.h"
#include "source/match/value_tables.h"

namespace weir::match {

// Indices of two chains, the lower one first.
using ChainPair = std::pair<uint32_t, uint32_t>;

// Every such pair that shows: of many chains with one common entry, each is paired with the first.
// Ascending.
std::vector<ChainPair> findDuplicates(const Trie& trie, const ValueTables& tables,
                                      const std::vector<Entry>& entries);

// The values that `a` and `b` have in common, for people: "destination_ports 443, server_names
// a.com"; nothing if neither has a predicate.
std::string commonValues(const ChainMatch& a, const ChainMatch& b);

}  // namespace weir::match
