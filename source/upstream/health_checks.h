#pragma once

// Checks every host of one cluster, as its list changes, and tells the cluster's fitness.
//
// Main loop, which outlives it. It does not hold the state: once nobody else does, `on_gone` says
// so at the next check that ends.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/health_checker.h"

namespace weir::upstream {

class HealthChecks {
 public:
  // All but `state` outlive it. Requires: the cluster's settings have a health_check. `make_http`:
  // if that has an http part. It may not be dropped from inside `on_gone`.
  HealthChecks(event::Loop& loop, buffer::SlicePool& slices, stats::Registry& stats,
               const std::shared_ptr<ClusterState>& state, HealthCheckerMaker make_http,
               std::function<void()> on_gone);

  // Checks the hosts that are new, and no longer those that are gone.
  void follow(const HostList& hosts);

 private:
  std::unique_ptr<HealthChecker> check(const std::shared_ptr<Host>& host);

  event::Loop& loop_;
  buffer::SlicePool& slices_;
  const std::weak_ptr<ClusterState> state_;
  event::StepQueue costly_{loop_};  // of TLS
  const HealthCheckSettings settings_;
  const std::string proxy_header_;  // empty: the cluster sends none
  const HealthCheckerMaker make_http_;
  const std::function<void()> on_gone_;
  stats::Value& passed_;
  stats::Value& failed_;
  std::unordered_map<std::shared_ptr<Host>, std::unique_ptr<HealthChecker>> checkers_;
};

}  // namespace weir::upstream
