#include "source/upstream/host_list.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace weir::upstream {
namespace {

std::vector<HashRing::Member> membersOf(const HostList::Hosts& hosts) {
  std::vector<HashRing::Member> members;
  for (const auto& host : hosts) members.push_back({host->address().toString(), host->weight()});
  return members;
}

// Near the golden section, which spreads best, and without a factor in common with the total.
uint64_t strideFor(uint64_t total) {
  uint64_t stride = static_cast<uint64_t>(static_cast<double>(total) * 0.6180339887);
  while (std::gcd(stride, total) != 1) ++stride;
  return stride;
}

}  // namespace

HostList::HostList(Hosts hosts, const ClusterSettings& settings) : hosts_(std::move(hosts)) {
  uint64_t factor = 0;
  bool equal = true;
  for (const auto& host : hosts_) {
    factor = std::gcd(factor, uint64_t{host->weight()});
    usable_ += host->weight() > 0 ? 1 : 0;
    equal = equal && host->weight() == hosts_.front()->weight();
  }
  if (factor == 0) return;
  if (equal) {
    total_weight_ = hosts_.size();
  } else {
    for (const auto& host : hosts_) ends_.push_back(total_weight_ += host->weight() / factor);
    stride_ = strideFor(total_weight_);
  }
  if (settings.lb_policy == LbPolicy::RingHash) ring_.emplace(membersOf(hosts_), settings.ring);
  if (settings.lb_policy == LbPolicy::Maglev) maglev_.emplace(membersOf(hosts_));
}

size_t HostList::at(uint64_t position) const {
  if (ends_.empty()) return position;
  return static_cast<size_t>(std::upper_bound(ends_.begin(), ends_.end(), position) -
                             ends_.begin());
}

}  // namespace weir::upstream
