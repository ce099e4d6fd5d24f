#pragma once

// One address of a cluster, and what the whole process knows of it. Any thread; shared by the lists
// that it is in and by its connections, since it may leave the list before they end.

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "source/net/address.h"

namespace weir::upstream {

class Host {
 public:
  explicit Host(net::SocketAddress address) : address_(std::move(address)) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const net::SocketAddress& address() const { return address_; }

  // Connections to it, those that are being made included. One leave() for each enter().
  void enter() { active_.fetch_add(1, std::memory_order_relaxed); }
  void leave() { active_.fetch_sub(1, std::memory_order_relaxed); }
  uint64_t active() const { return active_.load(std::memory_order_relaxed); }

  // How attempts to connect ended.
  void countConnected() { connected_.fetch_add(1, std::memory_order_relaxed); }
  void countFailed() { failed_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t connected() const { return connected_.load(std::memory_order_relaxed); }
  uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  const net::SocketAddress address_;
  std::atomic<uint64_t> active_{0};
  std::atomic<uint64_t> connected_{0};
  std::atomic<uint64_t> failed_{0};
};

// The hosts of a cluster at one time. Immutable.
using HostList = std::vector<std::shared_ptr<Host>>;

}  // namespace weir::upstream
