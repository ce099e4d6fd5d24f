#pragma once

// The running proxy: binds all listeners, starts the workers, serves the admin port, takes new
// configurations, and drains. Lives on the main thread; used once: start(), then run() until
// drain() or quit() ends it, then destroy.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/config/settings.h"
#include "source/event/loop.h"
#include "source/server/access_logs.h"
#include "source/server/bound_listeners.h"
#include "source/server/config_history.h"
#include "source/server/overload_monitor.h"
#include "source/server/series_owners.h"
#include "source/server/worker.h"
#include "source/upstream/cluster_manager.h"

namespace weir::server {

class Admin;

class Server {
 public:
  // `clock` outlives it. `workers`: how many, at least 1.
  Server(std::shared_ptr<const config::BootstrapSettings> settings, const Clock& clock,
         unsigned workers);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before start(): sockets that the process was started with. A listener with the address of one
  // of them uses it in place of one of its own, as does the admin port.
  void inherit(std::vector<InheritedSocket> sockets) { bound_.inherit(std::move(sockets)); }
  // Binds everything, then starts the workers; on an error nothing is bound and nothing runs.
  Result<void> start();
  // Until all is drained, or quit(). Requires: start() succeeded.
  void run() { loop_.run(); }
  // Ends run() after the current turn; connections are reset when the server is destroyed. Any
  // thread.
  // Also while start() waits for names, which then fails.
  void quit();
  bool quitting() const { return quitting_; }
  // Stops accepting once the queues are empty, lets connections end for drain_timeout, resets those
  // that are left, and ends run(). From now on /ready answers 503. Twice is once.
  void drain();
  bool draining() const { return draining_; }
  // start() has succeeded.
  bool running() const { return running_; }

  // Connections from now on get these settings; those that are open go on under theirs. An address
  // that both configurations have never stops accepting. `done` is called in a later turn: once all
  // workers have switched, or with the error for which nothing was changed. One at a time: while
  // one is under way, another one is refused.
  void reload(std::shared_ptr<const config::BootstrapSettings> settings,
              std::function<void(const Result<void>&)> done);

  // Opens the files of the access log anew, after they were moved away; what goes wrong is logged,
  // and the old one stays.
  void reopenLogs() { logs_.reopen(); }

  event::Loop& loop() { return loop_; }
  // For counters of the main thread; shown with those of the workers.
  stats::Registry& mainStats() { return stats_; }
  // Has `work` done on the thread of one worker. While it runs; any thread.
  void postToWorker(size_t index, std::function<void(Worker&)> work) {
    workers_[index]->post(std::move(work));
  }
  // Written by whoever reads the files.
  ConfigHistory& configHistory() { return config_history_; }
  unsigned workerCount() const { return worker_count_; }
  const config::BootstrapSettings& settings() const { return *snapshot_.settings; }
  // Where listener `i` is bound, with the port that the kernel chose if it was 0.
  const net::SocketAddress& listenerAddress(size_t i) const { return bound_.current()[i].bound; }
  // Empty if there is no admin port.
  const std::optional<net::SocketAddress>& adminAddress() const { return admin_bound_; }
  std::vector<upstream::ClusterReport> clusterReports() const { return clusters_.report(); }
  // All counters, as /metrics shows them. Another thread may ask, but not while a reload is under
  // way.
  std::string metrics() const;

 private:
  using Done = std::function<void(const Result<void>&)>;

  Result<void> bindAdmin();
  void commit(const ListenerChange& change);
  void warnOfUnusedSockets() const;
  void applyLimits();
  upstream::ClusterStates prepareClusters();
  Result<void> take(std::shared_ptr<const config::BootstrapSettings> settings,
                    upstream::ClusterStates clusters);
  std::vector<WorkerUpdate> updatesFrom(ListenerChange change) const;
  void dispose(Snapshot old);
  void dropSeries();
  void onWorkerSwitched();
  void finishReload(const Result<void>& result);
  void removeAdminFile();
  void resetTheRest();
  void onWorkerDrained();
  void broadcast(size_t from, const LearnedNews& news);

  const Clock& clock_;
  const unsigned worker_count_;
  stats::Registry stats_;
  event::Loop loop_;
  upstream::ClusterManager clusters_;
  AccessLogs logs_;
  SeriesOwners series_owners_;
  Snapshot snapshot_;  // of the last configuration that was taken
  ConfigHistory config_history_;
  BoundListeners bound_;
  std::optional<net::SocketAddress> admin_bound_;
  ProcessShared shared_;
  stats::Value& max_connections_;
  OverloadMonitor overload_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Admin> admin_;
  Done reload_done_;  // while one is under way
  size_t workers_to_switch_ = 0;
  event::Timer drain_timer_;
  event::Timer series_timer_;
  size_t workers_to_drain_ = 0;
  bool admin_file_removed_ = false;
  bool draining_ = false;
  bool running_ = false;
  std::atomic<bool> quitting_{false};
};

// Why `next` cannot take the place of `now` without a restart; an OK if it can.
Result<void> checkReloadable(const config::BootstrapSettings& now,
                             const config::BootstrapSettings& next);

}  // namespace weir::server
