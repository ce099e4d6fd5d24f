#pragma once

// One address of a cluster, and what the whole process knows of it. Any thread; shared by the lists
// that it is in and by its connections, since it may leave the list before they end.

#include <atomic>
#include <cstdint>
#include <utility>

#include "source/net/address.h"

namespace weir::upstream {

class Host {
 public:
  // `weight`: its share among those of its cluster; 0: it is not used.
  Host(net::SocketAddress address, uint32_t weight)
      : address_(std::move(address)), weight_(weight) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const net::SocketAddress& address() const { return address_; }
  uint32_t weight() const { return weight_; }

  // Connections to it, those that are being made included. False if there are `limit` already. One
  // leave() for each that was true.
  bool tryEnter(uint64_t limit);
  void leave() { active_.fetch_sub(1, std::memory_order_relaxed); }
  uint64_t active() const { return active_.load(std::memory_order_relaxed); }

  // How attempts to connect ended.
  void countConnected() { connected_.fetch_add(1, std::memory_order_relaxed); }
  void countFailed() { failed_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t connected() const { return connected_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  const net::SocketAddress address_;
  const uint32_t weight_;
  std::atomic<uint64_t> active_{0};
  std::atomic<uint64_t> connected_{0};
  std::atomic<uint64_t> failed_{0};
};

// A count that several threads move and that never passes a limit, not even for a moment. False: it
// is there already.
inline bool tryCountUp(std::atomic<uint64_t>& count, uint64_t limit) {
  uint64_t now = count.load(std::memory_order_relaxed);
  do {
    if (now >= limit) return false;
  } while (!count.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

inline bool Host::tryEnter(uint64_t limit) { return tryCountUp(active_, limit); }

}  // namespace weir::upstream
