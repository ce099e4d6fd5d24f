#include "source/upstream/destination_hosts.h"

#include <algorithm>

namespace weir::upstream {

std::shared_ptr<Host> DestinationHosts::hostOf(const net::IpPort& address) {
  const auto known = hosts_.find(address);
  if (known != hosts_.end()) {
    if (auto host = known->second.lock()) return host;
  }
  auto host = std::make_shared<Host>(net::SocketAddress{address, {}}, 1, std::string(), transport_);
  if (known != hosts_.end()) {
    known->second = host;
    return host;
  }
  if (hosts_.size() >= next_cleaning_) forgetUnheld();
  hosts_.emplace(address, host);
  return host;
}

// Next when as many as are left have been added: a few steps for each host that is made, however
// many there are.
void DestinationHosts::forgetUnheld() {
  std::erase_if(hosts_, [](const auto& entry) { return entry.second.expired(); });
  next_cleaning_ = std::max(Few, 2 * hosts_.size());
}

}  // namespace weir::upstream
