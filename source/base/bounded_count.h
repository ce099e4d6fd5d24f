#pragma once

// How many are inside something that has room for so many: connections of a host, a cluster, a
// listener, the process. Any thread; exact: it never passes the limit, not even for a moment, and
// whoever is refused was refused for those that are inside.

#include <atomic>
#include <cstdint>

namespace weir {

class BoundedCount {
 public:
  // False if there are `limit` already, or more since the limit was lowered. One leave() for each
  // that was true.
  bool tryEnter(uint64_t limit) {
    uint64_t inside = inside_.load(std::memory_order_relaxed);
    do {
      if (inside >= limit) return false;
    } while (!inside_.compare_exchange_weak(inside, inside + 1, std::memory_order_relaxed));
    return true;
  }
  void leave() { inside_.fetch_sub(1, std::memory_order_relaxed); }
  uint64_t get() const { return inside_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> inside_{0};
};

}  // namespace weir
