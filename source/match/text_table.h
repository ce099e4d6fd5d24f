#pragma once

// A set of texts, each with a small integer id: server names, wildcards' suffixes, application
// protocols. Filled while a matcher is compiled, then read only, by any number of threads; looking
// up allocates nothing.
//
// An id is an offset into words(): words()[id] is the id of the next less specific value that also
// holds wherever this one does (0: none), words()[id + 1] its specificity (level.h). 0 is no id.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "source/match/hash.h"

namespace weir::match {

class TextTable {
 public:
  TextTable() : slots_(16), words_(2) {}

  // The id of `text`, which is added if it is new. `specificity` tells texts of the same bytes but
  // different meaning apart, so it is part of the key.
  uint32_t intern(std::string_view text, uint32_t specificity);
  // 0 if it is not there.
  uint32_t find(std::string_view text, uint32_t specificity) const;
  void setParent(uint32_t id, uint32_t parent) { words_[id] = parent; }

  std::string_view text(uint32_t id) const {
    return {reinterpret_cast<const char*>(&words_[id + HeaderWords]), words_[id + 2]};
  }
  uint32_t specificity(uint32_t id) const { return words_[id + 1]; }
  const uint32_t* words() const { return words_.data(); }
  size_t maxLength() const { return max_length_; }

  // Every id, in the order in which they were added.
  template <class Visit>
  void forEach(Visit visit) const {
    for (uint32_t id = FirstId; id < words_.size(); id += recordWords(words_[id + 2])) visit(id);
  }

 private:
  // A record: parent, specificity, length in bytes, then the bytes, in whole words.
  static constexpr uint32_t HeaderWords = 3;
  static constexpr uint32_t FirstId = 2;
  struct Slot {
    uint32_t tag = 0;
    uint32_t id = 0;
  };

  static uint32_t recordWords(size_t length) {
    return HeaderWords + static_cast<uint32_t>((length + 3) / 4);
  }
  static uint64_t keyHash(std::string_view text, uint32_t specificity) {
    return hashOf(text) + specificity * 0x9E3779B97F4A7C15ULL;
  }
  void grow();
  void place(uint64_t hash, uint32_t id);

  std::vector<Slot> slots_;  // open addressing, at most half full; the size is a power of two
  std::vector<uint32_t> words_;
  size_t count_ = 0;
  size_t max_length_ = 0;
};

// Whether text.size() bytes are the same. Names are short: this is done before a call of memcmp
// would be.
inline bool sameBytes(const char* at, std::string_view text) {
  const char* other = text.data();
  size_t left = text.size();
  if (left < 8) return loadShort(at, left) == loadShort(other, left);
  for (; left > 8; left -= 8, at += 8, other += 8) {
    if (load64(at) != load64(other)) return false;
  }
  return load64(at + left - 8) == load64(other + left - 8);
}

inline uint32_t TextTable::find(std::string_view text, uint32_t specificity) const {
  const uint64_t hash = keyHash(text, specificity);
  const size_t mask = slots_.size() - 1;
  const uint32_t tag = static_cast<uint32_t>(hash >> 32);
  for (size_t i = hash & mask; slots_[i].id != 0; i = (i + 1) & mask) {
    if (slots_[i].tag != tag) continue;
    const uint32_t* record = &words_[slots_[i].id];
    if (record[1] != specificity || record[2] != text.size()) continue;
    if (sameBytes(reinterpret_cast<const char*>(record + HeaderWords), text)) return slots_[i].id;
  }
  return 0;
}

}  // namespace weir::match
