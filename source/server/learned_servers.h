#pragma once

// Remembers, per destination, that the server there speaks first. The memory only takes the wait
// away before the early connection; it never decides anything, so a stale entry costs an early
// connection and no wrong answer. Bounded and expiring. One loop; the listeners of other workers
// are told by what owns it.

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "source/base/time.h"
#include "source/net/address.h"

namespace weir::server {

class LearnedServers {
 public:
  // At most `max_entries` (the least recently confirmed is forgotten); an entry ends `ttl` after it
  // last held.
  LearnedServers(size_t max_entries, Duration ttl) : max_entries_(max_entries), ttl_(ttl) {}

  // From now on. Entries that are too many are forgotten; those that stay keep their end.
  void setLimits(size_t max_entries, Duration ttl);

  bool expects(const net::IpPort& destination, MonotonicTime now);
  // The server spoke first. True if that is news, for telling other workers.
  bool learn(const net::IpPort& destination, MonotonicTime now);
  // A client spoke first where the server was expected to: clients of both kinds go there. It is
  // not expected, and not learned again, for a ttl. True if that is news.
  bool contradict(const net::IpPort& destination, MonotonicTime now);
  size_t size() const { return by_destination_.size(); }

  // What is remembered of one destination.
  struct Known {
    net::IpPort destination;
    Duration left;  // until it is forgotten
    bool mixed;     // clients of both kinds go there; else its server speaks first
  };
  // Of those that have not expired, the most recently confirmed first.
  void forEach(MonotonicTime now, const std::function<void(const Known&)>& visit) const;
  // How many had not expired.
  size_t forgetAll(MonotonicTime now);

 private:
  struct Entry {
    net::IpPort destination;
    MonotonicTime expires;
    bool mixed = false;  // contradicted
  };
  std::list<Entry>::iterator find(const net::IpPort& destination, MonotonicTime now);
  void forgetDownTo(size_t entries);
  size_t max_entries_;
  Duration ttl_;
  std::list<Entry> entries_;  // the most recently confirmed first
  std::unordered_map<net::IpPort, std::list<Entry>::iterator, net::AddressHash> by_destination_;
};

}  // namespace weir::server
