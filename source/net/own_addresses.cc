#include "source/net/own_addresses.h"

#include <functional>
#include <string_view>

namespace weir::net {

size_t OwnAddresses::Hash::operator()(const IpPort& address) const {
  const auto& bytes = address.ip.bytes;
  const std::string_view ip(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::hash<std::string_view>{}(ip)*31 + address.port;
}

OwnAddresses::Entry::~Entry() {
  const std::lock_guard lock(own_.mutex_);
  const auto it = own_.addresses_.find(address_);
  if (--it->second == 0) own_.addresses_.erase(it);
}

std::unique_ptr<OwnAddresses::Entry> OwnAddresses::add(const IpPort& address) {
  const std::lock_guard lock(mutex_);
  ++addresses_[address];
  return std::make_unique<Entry>(*this, address);
}

bool OwnAddresses::has(const IpPort& address) const {
  const std::lock_guard lock(mutex_);
  return addresses_.contains(address);
}

}  // namespace weir::net
