#pragma once

// One worker: a thread with its own loop, memory, clusters, counters and listening sockets. Made on
// the main thread, started once, stopped once.

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "source/config/settings.h"
#include "source/net/splice.h"
#include "source/server/access_log.h"
#include "source/server/worker_listener.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster.h"

namespace weir::server {

class Worker {
 public:
  // All outlive it. `tell_others` is called on the worker's thread.
  Worker(const config::BootstrapSettings& settings, upstream::ClusterStates clusters,
         ProcessShared& shared, const Clock& clock, AccessLog* log,
         std::function<void(const LearnedNews&)> tell_others);
  // Requires: join() was called if start() was.
  ~Worker();

  // `sockets`: one for each listener, in the order of the settings.
  void start(std::vector<net::ListenSocket> sockets);
  // It stops accepting and ends all connections; join() waits for that. Each once, in this order.
  void requestStop();
  void join();
  // Any thread, between start() and join().
  void post(std::function<void(Worker&)> work);
  // On the worker's thread.
  void onNews(const LearnedNews& news);

  const stats::Registry& stats() const { return stats_; }

 private:
  void run();

  const config::BootstrapSettings& settings_;
  ProcessShared& shared_;
  AccessLog* const log_;
  const std::function<void(const LearnedNews&)> tell_others_;
  // In this order: each uses those above it.
  stats::Registry stats_;
  event::Loop loop_;
  buffer::SlicePool slices_;
  net::PipePool pipes_;
  upstream::ClusterSet clusters_;
  filter::Worker filter_worker_;
  std::vector<net::ListenSocket> sockets_;  // until the thread takes them
  std::vector<std::unique_ptr<WorkerListener>> listeners_;
  std::thread thread_;
};

}  // namespace weir::server
