#include "source/upstream/hash_ring.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "source/base/random.h"

namespace weir::upstream {
namespace {

// How many places a unit of weight has: the least power of two (or its inverse) with which the ring
// has its least size and the lightest member has a place, as far as the ring's greatest size
// allows. A power of two, so that it stays the same while members come and go: only where it
// changes do others than the one that came or went move.
double placesPerWeight(uint64_t total_weight, uint64_t least_weight, const RingSettings& settings) {
  const double total = static_cast<double>(total_weight);
  const double least = static_cast<double>(least_weight);
  const double minimum = static_cast<double>(settings.minimum_size);
  double places = 1;
  while (places * total < minimum) places *= 2;
  while (places / 2 * total >= minimum && places / 2 * least >= 1) places /= 2;
  while (places * total > static_cast<double>(settings.maximum_size)) places /= 2;
  return places;
}

}  // namespace

uint64_t hashBytes(std::span<const uint8_t> bytes) {
  uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, whose low bits are then spread
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3U;
  return mixBits(hash);
}

HashRing::HashRing(std::span<const Member> members, const RingSettings& settings) {
  uint64_t total = 0;
  uint64_t least = std::numeric_limits<uint64_t>::max();
  for (const Member& member : members) {
    if (member.weight == 0) continue;
    total += member.weight;
    least = std::min<uint64_t>(least, member.weight);
  }
  if (total == 0) return;
  const double per_weight = placesPerWeight(total, least, settings);
  for (size_t i = 0; i < members.size(); ++i) {
    if (members[i].weight == 0) continue;
    const std::string& name = members[i].name;
    const uint64_t base = hashBytes({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
    Random places(base);
    const double wanted = per_weight * members[i].weight;
    for (double n = 0; n < std::max(1.0, std::round(wanted)); ++n) {
      places_.push_back({places.next(), static_cast<uint32_t>(i)});
    }
  }
  std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.member < b.member;
  });
}

size_t HashRing::placeOf(uint64_t key) const {
  const auto it = std::lower_bound(places_.begin(), places_.end(), key,
                                   [](const Place& place, uint64_t k) { return place.hash < k; });
  return it == places_.end() ? 0 : static_cast<size_t>(it - places_.begin());
}

}  // namespace weir::upstream
