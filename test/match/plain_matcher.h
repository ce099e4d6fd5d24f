#pragma once

// The meaning of filter chain matching, written as plainly as possible: try every chain. What the
// compiled matcher is held against; shares no code with it.

#include <string_view>
#include <vector>

#include "source/filter/facts.h"
#include "source/match/matcher.h"

namespace weir::match::test {

Choice plainChoose(const std::vector<ChainSpec>& chains, const filter::Facts& facts);
Choice plainChooseIfRestEmpty(const std::vector<ChainSpec>& chains, const filter::Facts& facts);

// Whether one connection could give both chains the same rank: in every field both name a common
// value, or neither names any.
bool plainDuplicates(const ChainMatch& a, const ChainMatch& b);

}  // namespace weir::match::test
