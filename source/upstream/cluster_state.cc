#include "source/upstream/cluster_state.h"

#include <utility>

namespace weir::upstream {

ClusterState::ClusterState(ClusterSettings settings, uint64_t seed)
    : settings_(std::move(settings)), seed_(seed) {
  HostList::Hosts hosts;
  for (const EndpointSettings& endpoint : settings_.endpoints) {
    hosts.push_back(std::make_shared<Host>(endpoint.address, endpoint.weight));
  }
  hosts_ = std::make_shared<HostList>(std::move(hosts), settings_);
}

HostPicker ClusterState::makePicker() {
  const uint32_t worker = workers_.fetch_add(1, std::memory_order_relaxed);
  return {settings_.lb_policy, mixBits(seed_ + worker), worker};
}

std::shared_ptr<const HostList> ClusterState::hosts() const {
  const std::lock_guard lock(mutex_);
  return hosts_;
}

void ClusterState::replaceHosts(HostList::Hosts hosts) {
  auto list = std::make_shared<const HostList>(std::move(hosts), settings_);
  const std::lock_guard lock(mutex_);
  hosts_ = std::move(list);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace weir::upstream
