#pragma once

// How much memory connections hold whose protocol is being found out, all of them together, so that
// silent or slow clients cannot fill it. Any thread; written when such a connection begins, gets
// bytes, or ends.

#include <atomic>
#include <cstdint>

namespace weir::server {

class DetectionBudget {
 public:
  // What one holds before its first byte.
  static constexpr uint64_t BytesOfEach = 1024;

  void setLimit(uint64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
  // One holds `now` in place of `before`. False if that is more than there is to be, for all
  // together; it is counted all the same.
  bool change(uint64_t before, uint64_t now) {
    const uint64_t delta = now - before;  // modulo 2^64
    const uint64_t held = held_.fetch_add(delta, std::memory_order_relaxed) + delta;
    return now <= before || held <= limit_.load(std::memory_order_relaxed);
  }
  uint64_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> held_{0};
  std::atomic<uint64_t> limit_{UINT64_MAX};
};

}  // namespace weir::server
