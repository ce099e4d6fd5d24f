#pragma once

// One configuration on one worker: the settings, and what the worker makes from them. A connection
// belongs to the generation under which it was accepted, and finishes under it; a reload makes a
// new one for those that come after. The worker lets go of a generation that is not the current one
// once its last connection is gone.
//
// On its worker's loop. Order of use: the listeners enter theirs with addListener(); connections
// enter and leave by a Membership.

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "source/config/settings.h"
#include "source/filter/worker.h"
#include "source/net/own_addresses.h"
#include "source/server/access_logs.h"
#include "source/server/detection.h"
#include "source/server/listener_stats.h"
#include "source/upstream/cluster.h"

namespace weir::server {

class Generation;
class WorkerListener;

// What a configuration comes to outside the workers: shared by their generations, and freed on the
// main thread, as that may take long.
struct Snapshot {
  std::shared_ptr<const config::BootstrapSettings> settings;
  upstream::ClusterStates clusters;
  LogSet logs;
};

// A listener in one generation: its settings, and what hangs on them.
struct ListenerGeneration {
  ListenerGeneration(Generation& its_generation, WorkerListener& its_listener,
                     DetectionShared its_detection);
  Generation& generation;
  WorkerListener& listener;
  const config::ListenerSettings& settings;
  DetectionShared detection;
  ListenerStats stats;
};

class Generation {
 public:
  // What a worker lends to its generations.
  struct Parts {
    event::Loop& loop;
    buffer::SlicePool& slices;
    net::PipePool& pipes;
    stats::Registry& stats;
    net::OwnAddresses& own_addresses;
  };

  // `on_empty` is called when the last connection has left, which may be on its own stack.
  Generation(Snapshot snapshot, const Parts& parts, std::function<void()> on_empty);

  ListenerGeneration& addListener(WorkerListener& listener, DetectionShared detection);

  filter::Worker& worker() { return worker_; }
  const config::BootstrapSettings& settings() const { return *snapshot_.settings; }
  AccessLog* log() const { return snapshot_.logs.connections.get(); }
  bool empty() const { return connections_ == 0; }
  const Snapshot& snapshot() const { return snapshot_; }

 private:
  friend class Membership;
  Snapshot snapshot_;
  upstream::ClusterSet clusters_;
  filter::Worker worker_;
  std::vector<std::unique_ptr<ListenerGeneration>> listeners_;
  size_t connections_ = 0;
  const std::function<void()> on_empty_;
};

// Holds a generation and a listener for one connection: the first member of its record, so that it
// outlives all others.
class Membership {
 public:
  explicit Membership(ListenerGeneration& listener);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  ListenerGeneration& operator*() const { return listener_; }
  ListenerGeneration* operator->() const { return &listener_; }

 private:
  ListenerGeneration& listener_;
};

}  // namespace weir::server
