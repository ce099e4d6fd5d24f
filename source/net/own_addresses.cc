#include "source/net/own_addresses.h"

namespace weir::net {

size_t OwnAddresses::Hash::operator()(const Pair& pair) const {
  constexpr AddressHash HashOf;
  return HashOf(pair.local) * 1'000'003 + HashOf(pair.remote);
}

OwnAddresses::Entry::~Entry() {
  const std::lock_guard lock(own_.mutex_);
  const auto it = own_.pairs_.find(pair_);
  if (--it->second == 0) own_.pairs_.erase(it);
}

std::unique_ptr<OwnAddresses::Entry> OwnAddresses::add(const IpPort& local, const IpPort& remote) {
  const std::lock_guard lock(mutex_);
  const Pair pair{local, remote};
  ++pairs_[pair];
  return std::make_unique<Entry>(*this, pair);
}

bool OwnAddresses::has(const IpPort& local, const IpPort& remote) const {
  const std::lock_guard lock(mutex_);
  return pairs_.contains(Pair{local, remote});
}

}  // namespace weir::net
