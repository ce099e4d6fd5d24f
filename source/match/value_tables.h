#pragma once

// The values that a listener's chains name, as small integers, level by level: what a compiled
// matcher works with in place of addresses and texts. Filled, then linked, then read only by any
// number of threads. Not copied or moved once linked.
//
// Ports, the source type and the transport are their own ids (never 0); prefixes, names and
// protocols have those of their tables. Id 0 means "no predicate". An id with GroupBit is a whole
// list of values (ValueGroups).

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "source/match/level.h"
#include "source/match/name_table.h"
#include "source/match/prefix_table.h"
#include "source/match/text_table.h"

namespace weir::match {

inline constexpr uint32_t GroupBit = 0x80000000U;

// Ids of Level::SourceType and Level::Transport.
inline constexpr uint32_t SameIpOrLoopbackId = 1;
inline constexpr uint32_t ExternalId = 2;
inline constexpr uint32_t RawBufferId = 1;
inline constexpr uint32_t TlsId = 2;

// Lists of one level that stay whole, so that a chain with long lists in several fields does not
// become the product of their lengths. Two equal lists are one group.
class ValueGroups {
 public:
  struct Member {
    uint32_t value;
    uint32_t group;
    auto operator<=>(const Member&) const = default;
  };

  // `values` ascends; `specificity` is the highest among them. Returns an id with GroupBit.
  uint32_t intern(const std::vector<uint32_t>& values, uint32_t specificity);
  // Once, after the last intern().
  void seal();

  bool empty() const { return members_.empty(); }
  // The groups that contain `value`.
  std::span<const Member> of(uint32_t value) const;
  const std::vector<uint32_t>& values(uint32_t group) const { return lists_[group & ~GroupBit]; }
  uint32_t specificity(uint32_t group) const { return specificities_[group & ~GroupBit]; }

 private:
  std::map<std::vector<uint32_t>, uint32_t> by_list_;  // until seal()
  std::vector<std::vector<uint32_t>> lists_;
  std::vector<uint32_t> specificities_;
  std::vector<Member> members_;
};

struct ValueTables {
  PrefixTable direct_sources;
  PrefixTable sources;
  PrefixTable destinations;
  NameTable names;
  TextTable protocols;
  std::array<ValueGroups, LevelCount> groups;
  // For levels whose values nest: parent and specificity of an id, as the tables lay them out. Else
  // null: nothing is less specific than a value but its absence. Set by link().
  std::array<const uint32_t*, LevelCount> words{};
  // Levels that have groups. Set by link().
  LevelMask grouped = 0;

  ValueTables() = default;
  ValueTables(const ValueTables&) = delete;
  ValueTables& operator=(const ValueTables&) = delete;

  // Once, when every chain's values are in.
  void link();

  // The next less specific value that holds wherever `id` does; 0 if there is none.
  uint32_t parent(Level level, uint32_t id) const {
    const uint32_t* w = words[indexOf(level)];
    return w == nullptr ? 0 : w[id];
  }
  // The specificity of a value that is not a group.
  uint32_t specificity(Level level, uint32_t id) const {
    const uint32_t* w = words[indexOf(level)];
    return w == nullptr ? 1 : w[id + 1];
  }
  bool hasGroups(Level level) const { return (grouped & bitOf(level)) != 0; }
  // The groups that contain the value `id`.
  std::span<const ValueGroups::Member> groupsOf(Level level, uint32_t id) const {
    return groups[indexOf(level)].of(id);
  }
  // The highest rank that `id`, group or not, can add.
  Rank highestRank(Level level, uint32_t id) const;
};

}  // namespace weir::match
