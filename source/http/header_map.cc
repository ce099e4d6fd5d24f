#include "source/http/header_map.h"

#include <algorithm>
#include <cstring>

namespace weir::http {

std::string_view HeaderMap::copy(std::string_view text) {
  if (text.empty()) return {};
  char* bytes = arena_.take(text.size());
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

const HeaderEntry* HeaderMap::find(HeaderId id) const {
  if (!has(id)) return nullptr;
  for (const HeaderEntry& entry : entries_) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

const HeaderEntry* HeaderMap::find(std::string_view name) const {
  const HeaderId id = headerId(name);
  if (id != HeaderId::Other) return find(id);
  if (!has(HeaderId::Other)) return nullptr;
  for (const HeaderEntry& entry : entries_) {
    if (entry.id == HeaderId::Other && entry.name == name) return &entry;
  }
  return nullptr;
}

std::string_view HeaderMap::get(HeaderId id) const {
  const HeaderEntry* found = find(id);
  return found == nullptr ? std::string_view{} : found->value;
}

std::string_view HeaderMap::get(std::string_view name) const {
  const HeaderEntry* found = find(name);
  return found == nullptr ? std::string_view{} : found->value;
}

std::string HeaderMap::joined(std::string_view name) const {
  std::string all;
  bool any = false;
  for (const HeaderEntry& entry : entries_) {
    if (entry.name != name) continue;
    if (any) all += entry.id == HeaderId::Cookie ? "; " : ", ";
    all += entry.value;
    any = true;
  }
  return all;
}

size_t HeaderMap::count(HeaderId id) const {
  if (!has(id)) return 0;
  return static_cast<size_t>(std::count_if(entries_.begin(), entries_.end(),
                                           [id](const HeaderEntry& e) { return e.id == id; }));
}

size_t HeaderMap::bytes() const {
  size_t sum = 0;
  for (const HeaderEntry& entry : entries_) sum += entry.name.size() + entry.value.size();
  return sum;
}

void HeaderMap::add(HeaderId id, std::string_view value) { addView(id, nameOf(id), copy(value)); }

void HeaderMap::add(std::string_view name, std::string_view value) {
  const HeaderId id = headerId(name);
  addView(id, id == HeaderId::Other ? copy(name) : nameOf(id), copy(value));
}

void HeaderMap::set(HeaderId id, std::string_view value) { set(nameOf(id), value); }

void HeaderMap::set(std::string_view name, std::string_view value) {
  const auto same = [name](const HeaderEntry& entry) { return entry.name == name; };
  const auto first = std::find_if(entries_.begin(), entries_.end(), same);
  if (first == entries_.end()) return add(name, value);
  first->value = copy(value);
  entries_.erase(std::remove_if(first + 1, entries_.end(), same), entries_.end());
}

size_t HeaderMap::remove(HeaderId id) {
  if (!has(id)) return 0;
  return removeIf([id](const HeaderEntry& entry) { return entry.id == id; });
}

size_t HeaderMap::remove(std::string_view name) {
  const HeaderId id = headerId(name);
  if (id != HeaderId::Other) return remove(id);
  return removeIf([name](const HeaderEntry& entry) { return entry.name == name; });
}

void HeaderMap::clear() {
  entries_.clear();
  if (entries_.capacity() > KeptEntries) std::vector<HeaderEntry>().swap(entries_);
  arena_.clear();
  present_ = 0;
}

void HeaderMap::copyFrom(const HeaderMap& other) {
  clear();
  for (const HeaderEntry& entry : other.entries_) add(entry.name, entry.value);
}

void HeaderMap::setView(HeaderId id, std::string_view value) {
  const auto same = [id](const HeaderEntry& entry) { return entry.id == id; };
  const auto found = std::find_if(entries_.begin(), entries_.end(), same);
  if (found == entries_.end()) return addView(id, nameOf(id), value);
  found->value = value;
}

void HeaderMap::recount() {
  present_ = 0;
  for (const HeaderEntry& entry : entries_) present_ |= bit(entry.id);
}

size_t HeaderMap::capacity() const {
  return arena_.capacity() + entries_.capacity() * sizeof(HeaderEntry);
}

unsigned statusOf(const HeaderMap& headers) {
  const std::string_view text = headers.get(HeaderId::Status);
  if (text.size() != 3) return 0;
  return static_cast<unsigned>((text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0'));
}

void setStatus(HeaderMap& headers, unsigned status) {
  const char text[3] = {static_cast<char>('0' + status / 100 % 10),
                        static_cast<char>('0' + status / 10 % 10),
                        static_cast<char>('0' + status % 10)};
  headers.set(HeaderId::Status, {text, 3});
}

}  // namespace weir::http
