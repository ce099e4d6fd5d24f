#pragma once

// The nine predicates of a chain as levels, and the rank that a match has, packed into one integer.
// Plain values; any thread.
//
// Two orders matter. Chains *rank* by the documented field order, destination port first. The
// compiled structure *evaluates* in the order of Level: what is always known comes first, what
// needs the client's bytes last, so that the facts still unknown are a suffix of the levels, and
// what hangs on them can be read off one node.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/match/chain_match.h"
#include "source/net/address.h"

namespace weir::match {

enum class Level : uint8_t {
  DirectSource,
  SourcePrefix,
  SourcePort,
  SourceType,
  // From here on the order of evaluation is the order of rank: the first hit is the best.
  DestinationPort,
  DestinationPrefix,
  ServerName,
  Transport,
  ApplicationProtocol,
};
inline constexpr int LevelCount = 9;
inline constexpr Level FirstLevelInRankOrder = Level::DestinationPort;

// A set of levels, one bit each.
using LevelMask = uint16_t;
constexpr int indexOf(Level level) { return static_cast<int>(level); }
constexpr LevelMask bitOf(Level level) { return static_cast<LevelMask>(1U << indexOf(level)); }

// A rank: a field for each level, most significant first in the documented order; 0 in a field
// means that the chain has no predicate there. Comparing two ranks compares two chains that both
// match. Never negative.
//
//   field               bits     value
//   destination port    59       1
//   destination prefix  51..58   prefix length + 1
//   server name         35..50   exact 65535, else the length of the wildcard's suffix
//   transport           34       1
//   application         18..33   65535 less the protocol's place in the client's list
//   direct source       10..17   prefix length + 1
//   source type         9        1
//   source prefix       1..8     prefix length + 1
//   source port         0        1
using Rank = int64_t;
inline constexpr Rank NoRank = -1;

inline constexpr std::array<uint8_t, LevelCount> RankShifts{10, 1, 0, 9, 59, 51, 35, 34, 18};
constexpr int shiftOf(Level level) { return RankShifts[static_cast<size_t>(level)]; }

// `specificity` (the value column above) as part of a rank.
constexpr Rank rankOf(Level level, uint32_t specificity) {
  return static_cast<Rank>(specificity) << shiftOf(level);
}

inline constexpr uint32_t ExactName = 65535;
inline constexpr uint32_t FirstProtocol = 65535;

constexpr uint32_t specificityOfPrefix(const net::IpPrefix& prefix) { return prefix.length + 1U; }
// `suffix` is what follows the star: ".example.com".
constexpr uint32_t specificityOfWildcard(size_t suffix_length) {
  return static_cast<uint32_t>(std::min<size_t>(suffix_length, ExactName - 1));
}
// `place` counts from 0.
constexpr uint32_t specificityOfProtocol(size_t place) {
  return FirstProtocol - static_cast<uint32_t>(std::min<size_t>(place, FirstProtocol - 1));
}

// "*.example.com" as opposed to "example.com".
constexpr bool isWildcard(std::string_view server_name) { return server_name.starts_with("*."); }
// The ".example.com" of "*.example.com".
constexpr std::string_view suffixOf(std::string_view wildcard) { return wildcard.substr(1); }

// Whether a connection from `source` to `destination` is SAME_IP_OR_LOOPBACK.
inline bool isSameIpOrLoopback(const net::IpAddress& source, const net::IpAddress& destination) {
  return source.family == net::Family::None || source.isLoopback() || source == destination;
}

}  // namespace weir::match
