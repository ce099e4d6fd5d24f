#include "source/upstream/cluster_state.h"

#include <utility>

namespace weir::upstream {

ClusterState::ClusterState(ClusterSettings settings) : settings_(std::move(settings)) {
  auto hosts = std::make_shared<HostList>();
  for (const net::SocketAddress& address : settings_.endpoints) {
    hosts->push_back(std::make_shared<Host>(address));
  }
  hosts_ = std::move(hosts);
}

std::shared_ptr<const HostList> ClusterState::hosts() const {
  const std::lock_guard lock(mutex_);
  return hosts_;
}

void ClusterState::replaceHosts(std::shared_ptr<const HostList> hosts) {
  const std::lock_guard lock(mutex_);
  hosts_ = std::move(hosts);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace weir::upstream
