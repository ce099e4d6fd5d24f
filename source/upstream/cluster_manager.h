#pragma once

// Makes the states of the clusters of a configuration, keeps them over a reload, and does for them
// what is done once for the whole process: resolving names, and checking hosts.
//
// Main loop, but for report() and stats(), which any thread may call. The states that it made may
// outlive it; they then change no more.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster_report.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/dns_resolver.h"
#include "source/upstream/health_checks.h"
#include "source/upstream/strict_dns.h"

namespace weir::upstream {

class ClusterManager {
 public:
  using Ready = std::function<void(ClusterStates)>;

  // How long prepare() waits for the first answers to names.
  static constexpr Duration WarmUp = std::chrono::seconds(5);
  // How long it waits without a word in the log.
  static constexpr Duration Patience = std::chrono::milliseconds(500);

  // `loop` outlives it. `dns`: whom to ask, and how. `make_http`: makes the checkers of clusters
  // whose health_check is by HTTP, of which there are none without it.
  explicit ClusterManager(event::Loop& loop, DnsOptions dns = {},
                          HealthCheckerMaker make_http = {});
  ~ClusterManager();

  // Calls `ready` in a later turn with the states of these clusters, once each of their names was
  // answered or failed, or after WarmUp; not if the manager is gone by then. A cluster whose
  // settings are equal to those of one that is in use keeps its state. May be called again before
  // it has answered. A state that nobody holds any more is forgotten, and its names and hosts are
  // left alone.
  void prepare(const std::vector<ClusterSettings>& settings, Ready ready);

  // Lets go of states that nobody holds any more, now and not in its own time; those of a name that
  // is left by all are no longer in stats().
  void forgetUnused();

  // Of the clusters that are in use, in the order of their names.
  std::vector<ClusterReport> report() const;
  // What is counted once for the process, as it stands now.
  const stats::Registry& stats() const;

 private:
  struct Entry;
  struct Pending;
  struct Gauges;

  std::shared_ptr<ClusterState> stateFor(const ClusterSettings& settings);
  std::shared_ptr<ClusterState> make(const ClusterSettings& settings);
  void manage(Entry& entry, const std::shared_ptr<ClusterState>& state);
  std::vector<Entry*> coldOf(const ClusterStateMap& states) const;
  void tellWaiting(const ClusterStateMap& states) const;
  void answerThoseReady();
  void finish(Pending& pending);
  std::vector<std::shared_ptr<ClusterState>> statesInUse() const;

  event::Loop& loop_;
  DnsResolver resolver_;
  const HealthCheckerMaker make_http_;
  buffer::SlicePool slices_;
  mutable stats::Registry stats_;  // the gauges in it are brought up to date when it is asked for
  event::Task forget_;
  std::vector<std::unique_ptr<Pending>> pending_;
  mutable std::mutex mutex_;  // for what follows
  std::vector<std::unique_ptr<Entry>> entries_;
  mutable std::map<std::string, Gauges> gauges_;  // by the cluster's name
};

}  // namespace weir::upstream
