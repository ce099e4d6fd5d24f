#include "source/match/value_tables.h"

#include <algorithm>

namespace weir::match {

uint32_t ValueGroups::intern(const std::vector<uint32_t>& values, uint32_t specificity) {
  const auto [at, is_new] = by_list_.try_emplace(values, static_cast<uint32_t>(lists_.size()));
  if (is_new) {
    lists_.push_back(values);
    specificities_.push_back(specificity);
    for (const uint32_t value : values) members_.push_back({value, GroupBit | at->second});
  }
  return GroupBit | at->second;
}

void ValueGroups::seal() {
  by_list_.clear();
  std::sort(members_.begin(), members_.end());
}

std::span<const ValueGroups::Member> ValueGroups::of(uint32_t value) const {
  const auto begin = std::lower_bound(members_.begin(), members_.end(), Member{value, 0});
  const auto end = std::lower_bound(begin, members_.end(), Member{value + 1, 0});
  return {begin, end};
}

void ValueTables::link() {
  direct_sources.seal();
  sources.seal();
  destinations.seal();
  names.link();
  for (int level = 0; level < LevelCount; ++level) {
    groups[level].seal();
    if (!groups[level].empty()) grouped |= bitOf(static_cast<Level>(level));
  }
  words[indexOf(Level::DirectSource)] = direct_sources.words();
  words[indexOf(Level::SourcePrefix)] = sources.words();
  words[indexOf(Level::DestinationPrefix)] = destinations.words();
  words[indexOf(Level::ServerName)] = names.words();
}

Rank ValueTables::highestRank(Level level, uint32_t id) const {
  if (level == Level::ApplicationProtocol) return rankOf(level, FirstProtocol);
  if ((id & GroupBit) != 0) return rankOf(level, groups[indexOf(level)].specificity(id));
  return rankOf(level, specificity(level, id));
}

}  // namespace weir::match
