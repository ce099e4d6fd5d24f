#pragma once

// The local addresses of connections that this process has made to original destinations. A
// redirected connection that comes from one of them was caught by the rule that it should have been
// exempt from, and relaying it would go round for ever. Shared by all workers; any thread.

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "source/net/address.h"

namespace weir::net {

class OwnAddresses {
 public:
  // Dropping it takes the address out. The OwnAddresses outlives it.
  class Entry {
   public:
    Entry(OwnAddresses& own, const IpPort& address) : own_(own), address_(address) {}
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    OwnAddresses& own_;
    const IpPort address_;
  };

  std::unique_ptr<Entry> add(const IpPort& address);
  bool has(const IpPort& address) const;

 private:
  struct Hash {
    size_t operator()(const IpPort& address) const;
  };
  mutable std::mutex mutex_;
  // How many have it: one local address may serve connections to several places.
  std::unordered_map<IpPort, size_t, Hash> addresses_;
};

}  // namespace weir::net
