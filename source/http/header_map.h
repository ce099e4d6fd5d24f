#pragma once

// The fields of a message: pseudo-header fields (RFC 9113 8.3), header fields, or trailer fields,
// in their order; of HTTP/1, too, whose request line and Host, and whose status line, are the
// pseudo-header fields. Names are in lower case. A field that came several times is there several
// times.
//
// It owns the bytes. What get() and entries() show stays valid until clear(), whatever is added or
// removed: removing gives no memory back before. clear() keeps one block for the next message, so
// that a map that is used again allocates nothing for messages of the usual size.
//
// Any thread, one at a time.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/arena.h"
#include "source/http/header_id.h"

namespace weir::http {

struct HeaderEntry {
  std::string_view name;
  std::string_view value;
  HeaderId id;
};

class HeaderMap {
 public:
  HeaderMap() = default;
  HeaderMap(const HeaderMap&) = delete;
  HeaderMap& operator=(const HeaderMap&) = delete;

  // The value of the first field of that name; empty if there is none (see has()).
  std::string_view get(HeaderId id) const;
  std::string_view get(std::string_view name) const;
  bool has(HeaderId id) const { return (present_ & bit(id)) != 0; }
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // Null if there is none.
  const HeaderEntry* find(HeaderId id) const;
  const HeaderEntry* find(std::string_view name) const;
  // The values of all fields of that name, joined by ", " (RFC 9110 5.3; of cookies by "; ").
  std::string joined(std::string_view name) const;
  size_t count(HeaderId id) const;

  std::span<const HeaderEntry> entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // Names and values of all that is there.
  size_t bytes() const;

  // Copies. `name` is in lower case, and both are what a field may consist of: what writes them out
  // checks it again.
  void add(HeaderId id, std::string_view value);
  void add(std::string_view name, std::string_view value);
  // In the place of all fields of that name; the first one keeps its place.
  void set(HeaderId id, std::string_view value);
  void set(std::string_view name, std::string_view value);
  // Returns how many there were.
  size_t remove(HeaderId id);
  size_t remove(std::string_view name);
  template <class Predicate>
  size_t removeIf(Predicate matches) {
    const size_t removed = std::erase_if(entries_, matches);
    if (removed > 0) recount();
    return removed;
  }
  void clear();
  // A copy of all fields of another one, in place of those that are here.
  void copyFrom(const HeaderMap& other);

  // For those who parse: `bytes` of memory that is the map's until clear(), to which fields may
  // refer.
  char* room(size_t bytes) { return arena_.take(bytes); }
  // Does not copy: both lie in room(), or have static storage.
  void addView(HeaderId id, std::string_view name, std::string_view value) {
    entries_.push_back({name, value, id});
    present_ |= bit(id);
  }

  // Gives the first field of that name, which is there, another value that lies in room(), or has
  // static storage.
  void setView(HeaderId id, std::string_view value);

  // How many bytes of memory it holds.
  size_t capacity() const;

 private:
  static constexpr size_t KeptEntries = 128;
  static constexpr uint64_t bit(HeaderId id) { return uint64_t{1} << static_cast<unsigned>(id); }
  std::string_view copy(std::string_view text);
  void recount();

  Arena arena_;
  std::vector<HeaderEntry> entries_;
  uint64_t present_ = 0;  // a bit for each HeaderId
};

// The status of a response; 0 if it has none. Requires: three digits, or nothing.
unsigned statusOf(const HeaderMap& headers);
void setStatus(HeaderMap& headers, unsigned status);

}  // namespace weir::http
