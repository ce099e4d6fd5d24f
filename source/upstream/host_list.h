#pragma once

// The hosts of a cluster at one time, with what picking one of them needs. Immutable; shared by all
// workers.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "source/upstream/cluster_settings.h"
#include "source/upstream/hash_ring.h"
#include "source/upstream/host.h"
#include "source/upstream/maglev_table.h"

namespace weir::upstream {

class HostList {
 public:
  using Hosts = std::vector<std::shared_ptr<Host>>;

  // A ring or a table is made only if `settings` asks for picking by one.
  HostList(Hosts hosts, const ClusterSettings& settings);

  const Hosts& hosts() const { return hosts_; }
  size_t size() const { return hosts_.size(); }
  const std::shared_ptr<Host>& operator[](size_t i) const { return hosts_[i]; }

  // How many have a weight above 0.
  size_t usable() const { return usable_; }
  // The sum of the weights, without their common factor; 0 if none is usable.
  uint64_t totalWeight() const { return total_weight_; }
  // The host to whose share of the weights `position` belongs, each share being as long as its
  // weight. Requires: position < totalWeight().
  size_t at(uint64_t position) const;
  // The same among the hosts but `not_this`. Requires: position < totalWeight() - share(not_this).
  size_t atBut(size_t not_this, uint64_t position) const {
    return at(position < start(not_this) ? position : position + share(not_this));
  }
  // How long a host's share is.
  uint64_t share(size_t i) const { return ends_.empty() ? 1 : ends_[i] - start(i); }
  // Going on by it from one position to the next meets every position once in totalWeight() steps,
  // and neighbours in time are far from each other, so that a heavy host is not picked many times
  // in a row. Equal weights: 1, the order of the list.
  uint64_t stride() const { return stride_; }

  // By the table of the cluster's policy: where a key belongs, and the host there. Places go on
  // behind the last one with the first. Requires: a policy that hashes; usable() > 0.
  bool hashes() const { return ring_.has_value() || maglev_.has_value(); }
  size_t placeOf(uint64_t key) const { return ring_ ? ring_->placeOf(key) : maglev_->placeOf(key); }
  size_t atPlace(size_t place) const {
    return ring_ ? ring_->memberAt(place % ring_->size())
                 : maglev_->memberAt(place % maglev_->size());
  }

 private:
  uint64_t start(size_t i) const { return ends_.empty() ? i : i == 0 ? 0 : ends_[i - 1]; }

  const Hosts hosts_;
  size_t usable_ = 0;
  uint64_t total_weight_ = 0;
  uint64_t stride_ = 1;
  std::vector<uint64_t> ends_;  // where each host's share ends; empty if all weights are equal
  std::optional<HashRing> ring_;
  std::optional<MaglevTable> maglev_;
};

}  // namespace weir::upstream
