#pragma once

// Makes the states of the clusters of a configuration, and keeps them over a reload.
//
// Main loop, but for report(), which any thread may call. Outlives no ClusterState necessarily:
// states are shared with the workers.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "source/event/loop.h"
#include "source/upstream/cluster_state.h"

namespace weir::upstream {

// What /clusters shows.
struct HostReport {
  std::string address;
  uint32_t weight = 1;
  uint64_t active_connections = 0;
  uint64_t connects = 0;
  uint64_t connect_failures = 0;
};

struct ClusterReport {
  std::string name;
  std::string_view type;  // these two as in the configuration
  std::string_view lb_policy;
  uint64_t active_connections = 0;
  std::vector<HostReport> hosts;
};

class ClusterManager {
 public:
  using Ready = std::function<void(ClusterStates)>;

  // `loop` outlives it.
  explicit ClusterManager(event::Loop& loop);
  ~ClusterManager();

  // Calls `ready` in a later turn with the states of these clusters; not if the manager is gone by
  // then. A cluster whose settings are equal to those of one that is in use keeps its state. May be
  // called again before it has answered.
  void prepare(const std::vector<ClusterSettings>& settings, Ready ready);

  // Of the clusters that are in use, in the order of their names.
  std::vector<ClusterReport> report() const;

 private:
  struct Pending;

  std::shared_ptr<ClusterState> stateFor(const ClusterSettings& settings);
  void finish(Pending& pending);

  event::Loop& loop_;
  std::vector<std::unique_ptr<Pending>> pending_;
  mutable std::mutex mutex_;  // guards states_
  std::vector<std::weak_ptr<ClusterState>> states_;
};

}  // namespace weir::upstream
