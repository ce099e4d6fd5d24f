#pragma once

// Consistent hashing: each member owns places on a ring, as many as its weight asks for, and a key
// belongs to the owner of the next place. A member that comes or goes moves its own share of the
// keys and hardly any other. Immutable; any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "source/upstream/cluster_settings.h"

namespace weir::upstream {

// Of bytes; the same in every process and on every machine.
uint64_t hashBytes(std::span<const uint8_t> bytes);

class HashRing {
 public:
  struct Member {
    std::string name;  // its places follow from it
    uint32_t weight;   // 0: it has no place
  };
  HashRing(std::span<const Member> members, const RingSettings& settings);

  // Places; 0 if no member has one.
  size_t size() const { return places_.size(); }
  // The place that a key belongs to. Requires: size() > 0.
  size_t placeOf(uint64_t key) const;
  // The index of the member at a place.
  size_t memberAt(size_t place) const { return places_[place].member; }

 private:
  struct Place {
    uint64_t hash;
    uint32_t member;
  };
  std::vector<Place> places_;  // by hash
};

}  // namespace weir::upstream
