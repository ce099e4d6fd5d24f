#pragma once

// What the probes of protocol_names and server_greeting are made of. A probe is a pure function of
// the first bytes of a stream with three answers; more bytes never change a Yes or a No.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace weir::extensions::probe {

using Bytes = std::span<const uint8_t>;

enum class Match : uint8_t {
  No,
  Maybe,  // a proper prefix of what is looked for
  Yes,
};

struct Probe {
  std::string_view name;
  Match (*test)(Bytes bytes);
};

// The first probe in the table that matches. `match` is Maybe while one that stands before it still
// may, or while none matches and one may; `name` is then what matches so far, or empty.
struct Naming {
  Match match = Match::No;
  std::string_view name;
};
Naming firstMatch(std::span<const Probe> table, Bytes bytes);

// Whether the bytes begin with `text`.
inline Match startsWith(Bytes bytes, std::string_view text) {
  const size_t size = std::min(bytes.size(), text.size());
  for (size_t i = 0; i < size; ++i) {
    if (bytes[i] != static_cast<uint8_t>(text[i])) return Match::No;
  }
  return size == text.size() ? Match::Yes : Match::Maybe;
}

// Whether the bytes begin with one of `texts`, none of which may begin with another.
inline Match startsWithAny(Bytes bytes, std::span<const std::string_view> texts) {
  Match best = Match::No;
  for (const std::string_view text : texts) best = std::max(best, startsWith(bytes, text));
  return best;
}

// Whether the bytes begin with `lower`, in letters of either case.
inline Match startsWithFolded(Bytes bytes, std::string_view lower) {
  const size_t size = std::min(bytes.size(), lower.size());
  for (size_t i = 0; i < size; ++i) {
    const uint8_t folded = bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] | 0x20 : bytes[i];
    if (folded != static_cast<uint8_t>(lower[i])) return Match::No;
  }
  return size == lower.size() ? Match::Yes : Match::Maybe;
}

// Checks fields at fixed places, of which any number may not have arrived. Each check is made as
// soon as its bytes are there; a failed one rules the protocol out, a missing one leaves it open.
//   Layout l(bytes);
//   l.is(0, 0x10).number(2, 2, 4, 6);
//   return l.match();
class Layout {
 public:
  explicit Layout(Bytes bytes) : bytes_(bytes) {}

  // The byte at `at` lies in [least, most].
  Layout& in(size_t at, uint8_t least, uint8_t most) {
    if (at >= bytes_.size()) return missing();
    return check(bytes_[at] >= least && bytes_[at] <= most);
  }
  Layout& is(size_t at, uint8_t value) { return in(at, value, value); }

  // The big-endian number of `width` bytes at `at` lies in [least, most]. Judged with what is there
  // of it: it fails once no value that the missing bytes could give would do.
  Layout& number(size_t at, size_t width, uint32_t least, uint32_t most) {
    uint64_t low = 0;
    uint64_t high = 0;
    for (size_t i = 0; i < width; ++i) {
      const bool here = at + i < bytes_.size();
      low = low << 8 | (here ? bytes_[at + i] : 0U);
      high = high << 8 | (here ? bytes_[at + i] : 0xffU);
      if (!here) missing();
    }
    return check(low <= most && high >= least);
  }
  // The same for a number with its least significant byte first.
  Layout& littleEndian(size_t at, size_t width, uint32_t least, uint32_t most);

  // `text` stands at `at`.
  Layout& text(size_t at, std::string_view text) {
    const Match found = startsWith(bytes_.subspan(std::min(at, bytes_.size())), text);
    if (found == Match::Maybe) return missing();
    return check(found == Match::Yes);
  }

  Layout& check(bool holds) {
    possible_ = possible_ && holds;
    return *this;
  }
  // What the caller needs next is not there yet.
  Layout& missing() {
    complete_ = false;
    return *this;
  }

  bool has(size_t size) const { return bytes_.size() >= size; }
  Match match() const {
    if (!possible_) return Match::No;
    return complete_ ? Match::Yes : Match::Maybe;
  }

 private:
  Bytes bytes_;
  bool possible_ = true;
  bool complete_ = true;
};

}  // namespace weir::extensions::probe
