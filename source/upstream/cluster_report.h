#pragma once

// What /clusters shows, as plain values: a copy of how things stood when it was made.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/time.h"
#include "source/upstream/cluster_state.h"

namespace weir::upstream {

struct HostReport {
  std::string address;
  uint32_t weight = 1;
  // Of active checks: "healthy", "unhealthy", or "unknown" before the first check has ended or
  // where there are none; an unknown host is used.
  std::string_view health = "unknown";
  std::optional<Duration> ejected_for;  // the time that is left, if it is ejected
  std::string_view ejection_reason;     // if it is; as in weir_upstream_ejections_total
  std::optional<double> success_rate;   // percent of good answers in the last interval, if known
  uint64_t active_connections = 0;
  uint64_t active_requests = 0;
  // Since the host is known.
  uint64_t connects = 0;  // that succeeded
  uint64_t connect_failures = 0;
  uint64_t requests = 0;        // each attempt for itself
  uint64_t request_errors = 0;  // of them: answered with 5xx, or not at all
};

struct DnsReport {
  std::string name;
  bool stale = false;           // the last question failed; the addresses are those from before
  std::string error;            // why it did
  std::optional<Duration> age;  // since the last good answer; nothing if there was none
};

struct ClusterReport {
  std::string name;
  std::string_view type;  // these two as in the configuration
  std::string_view lb_policy;
  uint64_t active_connections = 0;
  uint64_t active_requests = 0;
  bool panic = false;  // too few hosts are healthy: all are used
  HostFitness::Counts counts;
  std::vector<HostReport> hosts;
  std::vector<DnsReport> dns;
};

// Any thread. Ends the ejections whose time has come.
ClusterReport reportOf(ClusterState& state, MonotonicTime now);

}  // namespace weir::upstream
