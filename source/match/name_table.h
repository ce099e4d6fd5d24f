#pragma once

// The server names of a listener's chains, exact and wildcard. Filled, then linked, then read only
// by any number of threads; finding allocates nothing.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>

#include "source/match/level.h"
#include "source/match/text_table.h"

namespace weir::match {

class NameTable {
 public:
  // "example.com" or "*.example.com", lower case. Ids and words() are those of TextTable.
  uint32_t intern(std::string_view server_name);
  // Once, after the last intern(): sets each name's parent, the longest wildcard that covers it.
  void link();

  // The most specific name that holds for `sni` (lower case): exact, else the longest wildcard,
  // else 0. The less specific ones follow by words().
  uint32_t find(std::string_view sni) const;

  const uint32_t* words() const { return texts_.words(); }
  // Longer than any name in the table: a label of this length is in none of them.
  size_t lengthOfNewLabel() const { return texts_.maxLength() + 1; }

 private:
  // The longest wildcard that covers `name`, apart from those of `skip` or more bytes; 0 if there
  // is none.
  uint32_t findWildcard(std::string_view name, size_t skip) const;

  static constexpr int DeepestBit = 63;

  TextTable texts_;  // exact names, and the suffixes of wildcards
  size_t max_exact_ = 0;
  size_t max_suffix_ = 0;
  uint64_t depths_ =
      0;  // bit n: there is a suffix with n dots; the last one: with that many or more
};

// The highest bit of each of the first `count` bytes, at most eight, that is a dot; the first byte
// is the lowest one. `readable`: eight bytes may be read.
inline uint64_t dotsIn(const char* at, size_t count, bool readable) {
  if (readable && std::endian::native == std::endian::little) {
    const uint64_t other = load64(at) ^ 0x2E2E2E2E2E2E2E2EULL;
    constexpr uint64_t Low = 0x7F7F7F7F7F7F7F7FULL;
    const uint64_t dots = ~(((other & Low) + Low) | other | Low);
    return dots & (~uint64_t{0} >> (64 - 8 * count));
  }
  uint64_t dots = 0;
  for (size_t i = 0; i < count; ++i) dots |= static_cast<uint64_t>(at[i] == '.') << (8 * i + 7);
  return dots;
}

inline uint32_t NameTable::findWildcard(std::string_view name, size_t skip) const {
  uint32_t found = 0;
  int depth = 0;
  const size_t longest = std::min({max_suffix_, skip - 1, name.size()});
  // From the right, eight bytes at a time, so that only as much of a long name is read as could
  // matter.
  for (size_t done = 0; done < longest; done += 8) {
    const size_t count = std::min<size_t>(8, name.size() - done);
    const char* chunk = name.data() + name.size() - done - count;
    for (uint64_t dots = dotsIn(chunk, count, name.size() >= 8); dots != 0;) {
      const int top = 63 - std::countl_zero(dots);
      dots &= ~(1ULL << top);
      const char* at = chunk + top / 8;
      const size_t length = static_cast<size_t>(name.data() + name.size() - at);
      if (length > longest) return found;
      depth = std::min(depth + 1, DeepestBit);
      if ((depths_ >> depth & 1) == 0) continue;
      const uint32_t id = texts_.find({at, length}, specificityOfWildcard(length));
      if (id != 0) found = id;
    }
    if (depths_ >> depth == 0) return found;
  }
  return found;
}

inline uint32_t NameTable::find(std::string_view sni) const {
  if (sni.empty()) return 0;
  if (sni.size() <= max_exact_) {
    if (const uint32_t id = texts_.find(sni, ExactName); id != 0) return id;
  }
  return depths_ == 0 ? 0 : findWildcard(sni, sni.size() + 1);
}

}  // namespace weir::match
