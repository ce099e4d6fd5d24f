#pragma once

// The prefixes that one field of a listener's chains names, IPv4 and IPv6. Filled, then sealed,
// then read only by any number of threads; finding allocates nothing and takes constant expected
// time, log n at worst.
//
// An id is an offset into words(), laid out as TextTable's: words()[id] is the id of the next
// shorter prefix that also contains the address (0: none), words()[id + 1] the specificity.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "source/net/address.h"

namespace weir::match {

// An address as a number, for comparing and counting.
using Bits128 = unsigned __int128;

// Only for V4 (32 bits) and V6 (128 bits).
Bits128 toBits(const net::IpAddress& ip);
net::IpAddress toAddress(Bits128 bits, net::Family family);
// The last address of a prefix.
Bits128 lastOf(const net::IpPrefix& prefix);

// Maps each number to an id: the line of numbers is cut into intervals at sorted starts. Buckets
// over the range between first and last start lead to the interval; a crowded bucket has buckets of
// its own. No step depends on a comparison that a processor would have to guess.
template <class Number>
class IntervalIndex {
 public:
  struct Start {
    Number at;
    uint32_t id;
  };

  // `starts` ascends strictly and is not empty; numbers before the first one have id 0.
  void build(const std::vector<Start>& starts);
  uint32_t find(Number number) const;
  bool empty() const { return ids_.empty(); }

 private:
  // What one bucket may hold, and what is compared without looking for an end.
  static constexpr uint32_t Crowd = 8;
  static constexpr uint32_t DeeperBit = 0x80000000U;
  // Buckets of 2^shift numbers each, from `first` on.
  struct Grid {
    Number first;
    uint32_t shift;
    uint32_t last;     // the number of its last bucket
    uint32_t buckets;  // where they are in buckets_
  };

  uint32_t addGrid(size_t begin, size_t end);

  std::vector<Number> starts_;     // ascending; Crowd of them at the end are filling
  std::vector<uint32_t> ids_;      // ids_[i + 1] is that of starts_[i]; ids_[0] is 0
  std::vector<Grid> grids_;        // the first one is the whole line
  std::vector<uint32_t> buckets_;  // the first start that may lie in it; or DeeperBit and a grid
};

class PrefixTable {
 public:
  PrefixTable() : slots_(16), words_(2) {}

  // The id of `prefix`, which is added if it is new. Requires a family other than None.
  uint32_t intern(const net::IpPrefix& prefix);
  // Once, after the last intern().
  void seal();

  // The longest prefix that contains `ip`; 0 if none does.
  uint32_t find(const net::IpAddress& ip) const;
  const uint32_t* words() const { return words_.data(); }
  const std::vector<net::IpPrefix>& prefixes() const { return prefixes_; }

 private:
  void grow();
  void place(size_t index);
  static size_t hashOf(const net::IpPrefix& prefix);
  static uint32_t idOf(size_t index) { return static_cast<uint32_t>(2 * index + 2); }
  template <class Number>
  void sealFamily(net::Family family, const std::vector<uint32_t>& order,
                  IntervalIndex<Number>& to);

  std::vector<uint32_t> slots_;  // index + 1 into prefixes_; open addressing, at most half full
  std::vector<net::IpPrefix> prefixes_;
  std::vector<uint32_t> words_;
  IntervalIndex<uint32_t> v4_;
  IntervalIndex<Bits128> v6_;
};

template <class Number>
inline uint32_t IntervalIndex<Number>::find(Number number) const {
  uint32_t to = DeeperBit;
  do {
    const Grid& grid = grids_[to & ~DeeperBit];
    // What lies before or after all starts of a grid is found from its first or last bucket.
    const Number past = number < grid.first ? Number{0} : static_cast<Number>(number - grid.first);
    const Number bucket = static_cast<Number>(past >> grid.shift);
    to = buckets_[grid.buckets + (bucket < grid.last ? static_cast<uint32_t>(bucket) : grid.last)];
  } while ((to & DeeperBit) != 0);
  uint32_t at = to;
  for (uint32_t i = 0; i < Crowd; ++i) at += starts_[to + i] <= number;
  return ids_[at];
}

inline uint32_t PrefixTable::find(const net::IpAddress& ip) const {
  if (ip.family == net::Family::V4) {
    if (v4_.empty()) return 0;
    uint32_t number;
    std::memcpy(&number, ip.bytes.data(), sizeof(number));
    if constexpr (std::endian::native == std::endian::little) number = __builtin_bswap32(number);
    return v4_.find(number);
  }
  if (ip.family != net::Family::V6 || v6_.empty()) return 0;
  return v6_.find(toBits(ip));
}

}  // namespace weir::match
