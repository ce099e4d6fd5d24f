#pragma once

// One worker: a thread with its own loop, memory, clusters, counters and listening sockets. Made on
// the main thread, started once, given new configurations any number of times, stopped once.

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "source/net/splice.h"
#include "source/server/generation.h"
#include "source/server/worker_listener.h"
#include "source/stats/stats.h"

namespace weir::server {

// A configuration for one worker.
struct WorkerUpdate {
  struct Listener {
    std::shared_ptr<ListenerShared> shared;
    std::optional<net::ListenSocket> socket;  // of a new listener; else the worker has it
  };
  Snapshot snapshot;
  std::vector<Listener> listeners;  // in the order of the settings
};

class Worker {
 public:
  // How it reaches the others; called on its thread.
  struct Outside {
    std::function<void(const LearnedNews&)> tell_others;
    std::function<void(Snapshot)> dispose;  // frees it elsewhere; nothing of it is in use here
  };

  // Both outlive it.
  Worker(ProcessShared& shared, const Clock& clock, Outside outside);
  // Requires: join() was called if start() was.
  ~Worker();

  // Every listener of the first update has a socket.
  void start(WorkerUpdate first);
  // It stops accepting and ends all connections; join() waits for that. Each once, in this order.
  void requestStop();
  void join();
  // Any thread, between start() and join().
  void post(std::function<void(Worker&)> work);

  // On the worker's thread.
  // New connections get this configuration; those that are open keep theirs. Listeners that are not
  // in it take what waits in their queue, and close their sockets.
  void apply(WorkerUpdate update);
  // Stops accepting once the queues are empty; `on_drained` is called when no connection is left.
  // Once; nothing is applied after it.
  void drain(std::function<void()> on_drained);
  // Resets all connections; `reason` has static storage.
  void closeAll(std::string_view reason);
  void onNews(const LearnedNews& news);
  // Those that are configured, and those whose connections are not all gone.
  void forEachListener(const std::function<void(WorkerListener&)>& visit) const;

  // The current configuration, and older ones that have connections left.
  size_t generations() const { return generations_.size(); }

  // Any thread.
  const stats::Registry& stats() const { return stats_; }
  // These have no connections left, and are in no configuration that it has.
  void dropSeries(const stats::Registry::Owners& owners) { stats_.drop(owners); }

 private:
  using Listeners = std::vector<std::unique_ptr<WorkerListener>>;

  void run();
  std::unique_ptr<WorkerListener> takeListener(uint64_t id);
  std::unique_ptr<WorkerListener> makeListener(const std::shared_ptr<ListenerShared>& shared);
  void sweep();

  ProcessShared& shared_;
  const Outside outside_;
  // In this order: each uses those above it.
  stats::Registry stats_;
  event::Loop loop_;
  buffer::SlicePool slices_;
  net::PipePool pipes_;
  event::Task sweep_;
  std::optional<WorkerUpdate> first_;                     // until the thread takes it
  std::vector<std::unique_ptr<Generation>> generations_;  // the last one is current
  Listeners listeners_;                                   // those of the current generation
  Listeners leaving_;
  std::function<void()> on_drained_;
  bool stopped_ = false;  // only on its thread
  std::thread thread_;
};

}  // namespace weir::server
