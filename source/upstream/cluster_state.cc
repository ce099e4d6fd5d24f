#include "source/upstream/cluster_state.h"

#include <algorithm>
#include <utility>

namespace weir::upstream {

ClusterState::ClusterState(ClusterSettings settings, uint64_t seed)
    : settings_(std::move(settings)), seed_(seed), fitness_(settings_, seed) {
  HostList::Hosts hosts;
  for (const EndpointSettings& endpoint : settings_.endpoints) {
    if (!endpoint.name.empty()) continue;
    hosts.push_back(std::make_shared<Host>(endpoint.address, endpoint.weight, std::string(),
                                           endpoint.transport));
  }
  replaceHosts(std::move(hosts));
}

std::vector<DnsStatus> ClusterState::dns() const {
  const std::lock_guard lock(mutex_);
  return dns_;
}

void ClusterState::setDns(std::vector<DnsStatus> dns) {
  const std::lock_guard lock(mutex_);
  dns_ = std::move(dns);
}

uint64_t ClusterState::retryLimit() const {
  if (settings_.max_retries) return *settings_.max_retries;
  const RetryBudget& budget = settings_.retry_budget;
  return std::max<uint64_t>(budget.min_retry_concurrency,
                            activeRequests() * budget.budget_percent / 100);
}

HostPicker ClusterState::makePicker() {
  const uint32_t worker = workers_.fetch_add(1, std::memory_order_relaxed);
  return {settings_, mixBits(seed_ + worker), worker};
}

std::shared_ptr<const HostList> ClusterState::hosts() const {
  const std::lock_guard lock(mutex_);
  return hosts_;
}

void ClusterState::replaceHosts(HostList::Hosts hosts) {
  auto list = std::make_shared<const HostList>(std::move(hosts), settings_);
  fitness_.setHosts(list);
  const std::lock_guard lock(mutex_);
  hosts_ = std::move(list);
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace weir::upstream
