#pragma once

// Maglev hashing (Eisenbud and others, NSDI 2016): a table in which each member has as many places
// as its weight asks for, and a key belongs to the owner of the place it falls on. One step to find
// it, and shares that are very even; a member that comes or goes moves a few keys more than its own
// share. Immutable; any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "source/upstream/hash_ring.h"

namespace weir::upstream {

class MaglevTable {
 public:
  // Places. A prime, so that the order in which a member asks for them meets each.
  static constexpr size_t Size = 65'537;

  // The names alone say which places a member gets, not its place in `members`.
  explicit MaglevTable(std::span<const HashRing::Member> members);

  // Size, or 0 if no member has a weight.
  size_t size() const { return places_.size(); }
  // Requires: size() > 0.
  size_t placeOf(uint64_t key) const { return key % Size; }
  size_t memberAt(size_t place) const { return places_[place]; }

 private:
  std::vector<uint32_t> places_;
};

}  // namespace weir::upstream
