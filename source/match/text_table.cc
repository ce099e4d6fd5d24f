#include "source/match/text_table.h"

#include <algorithm>

namespace weir::match {

uint32_t TextTable::intern(std::string_view text, uint32_t specificity) {
  if (const uint32_t known = find(text, specificity); known != 0) return known;
  if (++count_ * 2 > slots_.size()) grow();
  const uint32_t id = static_cast<uint32_t>(words_.size());
  words_.resize(words_.size() + recordWords(text.size()));
  words_[id + 1] = specificity;
  words_[id + 2] = static_cast<uint32_t>(text.size());
  // memcpy must not be given the null pointer of an empty view.
  if (!text.empty()) std::memcpy(&words_[id + HeaderWords], text.data(), text.size());
  max_length_ = std::max(max_length_, text.size());
  place(keyHash(text, specificity), id);
  return id;
}

void TextTable::grow() {
  std::vector<Slot>(slots_.size() * 2).swap(slots_);
  forEach([this](uint32_t id) { place(keyHash(text(id), specificity(id)), id); });
}

void TextTable::place(uint64_t hash, uint32_t id) {
  const size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  while (slots_[i].id != 0) i = (i + 1) & mask;
  slots_[i] = {static_cast<uint32_t>(hash >> 32), id};
}

}  // namespace weir::match
