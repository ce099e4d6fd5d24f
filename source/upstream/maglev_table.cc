#include "source/upstream/maglev_table.h"

#include <algorithm>
#include <limits>

#include "source/base/random.h"

namespace weir::upstream {
namespace {

constexpr uint32_t Free = std::numeric_limits<uint32_t>::max();

// A member while the table is filled: it asks for one place after the other, each once.
struct Asking {
  uint32_t member;
  uint64_t weight;
  uint64_t next;  // the place
  uint64_t step;
  uint64_t credit = 0;
};

std::vector<Asking> inOrderOfNames(std::span<const HashRing::Member> members) {
  std::vector<Asking> all;
  for (uint32_t i = 0; i < members.size(); ++i) {
    if (members[i].weight == 0) continue;
    const std::string& name = members[i].name;
    Random bits(hashBytes({reinterpret_cast<const uint8_t*>(name.data()), name.size()}));
    const uint64_t first = bits.below(MaglevTable::Size);
    all.push_back({i, members[i].weight, first, 1 + bits.below(MaglevTable::Size - 1)});
  }
  std::sort(all.begin(), all.end(), [&](const Asking& a, const Asking& b) {
    return members[a.member].name < members[b.member].name;
  });
  return all;
}

}  // namespace

// In each round the heaviest members take a place, and the others as often as their weight says.
MaglevTable::MaglevTable(std::span<const HashRing::Member> members) {
  std::vector<Asking> asking = inOrderOfNames(members);
  if (asking.empty()) return;
  uint64_t heaviest = 0;
  for (const Asking& one : asking) heaviest = std::max(heaviest, one.weight);
  places_.assign(Size, Free);
  for (size_t taken = 0; taken < Size;) {
    for (Asking& one : asking) {
      one.credit += one.weight;
      if (one.credit < heaviest) continue;
      one.credit -= heaviest;
      while (places_[one.next] != Free) one.next = (one.next + one.step) % Size;
      places_[one.next] = one.member;
      if (++taken == Size) return;
    }
  }
}

}  // namespace weir::upstream
