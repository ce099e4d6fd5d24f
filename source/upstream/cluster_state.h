#pragma once

// What the whole process knows of one cluster: its settings, its hosts, its connections and
// requests. Made by the ClusterManager; every worker's Cluster refers to it, and it lives as long
// as one of them does. Any thread.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "source/base/bounded_count.h"
#include "source/upstream/cluster_settings.h"
#include "source/upstream/host.h"
#include "source/upstream/host_fitness.h"
#include "source/upstream/host_list.h"
#include "source/upstream/host_picker.h"
#include "source/upstream/place_exchange.h"

namespace weir::upstream {

// How a name of a STRICT_DNS cluster stands.
struct DnsStatus {
  std::string name;
  bool stale = false;  // the last question failed: what was answered before stays in use
  std::string error;   // why it did
  std::optional<MonotonicTime> last_good;
  MonotonicTime since{};  // it is asked for since then
};

class ClusterState {
 public:
  // `seed`: for what its workers pick at random.
  ClusterState(ClusterSettings settings, uint64_t seed);
  ClusterState(const ClusterState&) = delete;
  ClusterState& operator=(const ClusterState&) = delete;

  const ClusterSettings& settings() const { return settings_; }

  // Changes whenever hosts() does, so that a worker asks for the list only then.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Never null.
  std::shared_ptr<const HostList> hosts() const;
  void replaceHosts(HostList::Hosts hosts);

  // Of each name, in the order of the endpoints.
  std::vector<DnsStatus> dns() const;
  void setDns(std::vector<DnsStatus> dns);

  HostFitness& fitness() { return fitness_; }
  const HostFitness& fitness() const { return fitness_; }

  // Connections of the cluster, those that are being made included. False if there are
  // max_connections already. One leave() for each that was true.
  bool tryEnter() { return active_.tryEnter(settings_.max_connections); }
  void leave() { active_.leave(); }
  uint64_t active() const { return active_.get(); }
  PlaceExchange& places() { return places_; }

  // The same for requests, from being picked a host to their end, by max_requests; for those of
  // them that wait for a connection, by max_pending_requests; for those that are retries, by
  // retryLimit().
  bool tryStartRequest() { return requests_.tryEnter(settings_.max_requests); }
  void endRequest() { requests_.leave(); }
  uint64_t activeRequests() const { return requests_.get(); }
  bool tryPending() { return pending_.tryEnter(settings_.max_pending_requests); }
  void leavePending() { pending_.leave(); }
  uint64_t pendingRequests() const { return pending_.get(); }
  bool tryRetry() { return retries_.tryEnter(retryLimit()); }
  void leaveRetry() { retries_.leave(); }
  uint64_t activeRetries() const { return retries_.get(); }
  // max_retries; or as the retry_budget has it for the requests that are active now.
  uint64_t retryLimit() const;

  // For one worker.
  HostPicker makePicker();

 private:
  const ClusterSettings settings_;
  const uint64_t seed_;
  HostFitness fitness_;
  std::atomic<uint64_t> version_{1};
  BoundedCount active_;
  PlaceExchange places_;
  BoundedCount requests_;
  BoundedCount pending_;
  BoundedCount retries_;
  std::atomic<uint32_t> workers_{0};
  mutable std::mutex mutex_;  // for what follows
  std::shared_ptr<const HostList> hosts_;
  std::vector<DnsStatus> dns_;
};

// The clusters of one configuration, by name, with the built-in one (bypassSettings()) among them.
using ClusterStateMap = std::map<std::string, std::shared_ptr<ClusterState>, std::less<>>;
using ClusterStates = std::shared_ptr<const ClusterStateMap>;

}  // namespace weir::upstream
