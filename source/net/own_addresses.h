#pragma once

// Where this process stands in the network: the addresses on which its listeners accept, and the
// connections that it has made to original destinations, each by its local address
// and by where it goes. A redirected connection with the same two was caught by the rule that it
// should have been exempt from, and relaying it would go round for ever. (The local address alone
// says nothing: the kernel uses one port for several destinations.) Shared by all workers; any
// thread.

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "source/net/address.h"

namespace weir::net {

// Whether a connection to `to` would come to a listener that is bound to `bound`: at its own
// address, or at any address of this machine if it is bound to all. Asks the kernel only where the
// ports are the same.
bool leadsTo(const IpPort& bound, const IpPort& to);

class OwnAddresses {
  struct Pair {
    IpPort local;
    IpPort remote;
    bool operator==(const Pair&) const = default;
  };

 public:
  // Dropping it takes the connection out. The OwnAddresses outlives it.
  class Entry {
   public:
    Entry(OwnAddresses& own, const Pair& pair) : own_(own), pair_(pair) {}
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    OwnAddresses& own_;
    const Pair pair_;
  };

  std::unique_ptr<Entry> add(const IpPort& local, const IpPort& remote);
  bool has(const IpPort& local, const IpPort& remote) const;

  // The addresses of all listeners, in the place of those from before; those of Unix sockets are
  // left out.
  void setListeners(const std::vector<SocketAddress>& addresses);
  // Whether a connection to it would come to one of them, as leadsTo() says.
  bool isListener(const IpPort& to) const;

 private:
  struct Hash {
    size_t operator()(const Pair& pair) const;
  };
  mutable std::mutex mutex_;
  // How many have it: one that is closed may not be gone yet when the next one has its place.
  std::unordered_map<Pair, size_t, Hash> pairs_;
  std::vector<IpPort> listeners_;
};

}  // namespace weir::net
