#pragma once

// The running proxy: binds all listeners, starts the workers, serves the admin port, and ends on a
// signal. Lives on the main thread; used once: start(), then run() until it is told to stop, then
// destroy.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/config/settings.h"
#include "source/event/http_endpoint.h"
#include "source/event/loop.h"
#include "source/server/access_log.h"
#include "source/server/worker.h"
#include "source/upstream/cluster_manager.h"

namespace weir::server {

class Server {
 public:
  // Both outlive it. `workers`: how many, at least 1.
  Server(const config::BootstrapSettings& settings, const Clock& clock, unsigned workers);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds everything, then starts the workers; on an error nothing is bound and nothing runs.
  Result<void> start();
  // Until stop(). Requires: start() succeeded.
  void run() { loop_.run(); }
  // Any thread.
  void stop() { loop_.stop(); }

  event::Loop& loop() { return loop_; }
  // Where listener `i` is bound, with the port that the kernel chose if it was 0.
  const net::SocketAddress& listenerAddress(size_t i) const { return bound_[i]; }
  // Empty if there is no admin port.
  const std::optional<net::SocketAddress>& adminAddress() const { return admin_bound_; }
  // All counters, as /metrics shows them.
  std::string metrics() const;

 private:
  Result<void> bind();
  upstream::ClusterStates prepareClusters();
  Result<void> bindListener(const config::ListenerSettings& listener);
  Result<void> bindAdmin();
  void broadcast(size_t from, const LearnedNews& news);
  event::HttpReply answer(const event::HttpQuestion& question);

  const config::BootstrapSettings& settings_;
  const Clock& clock_;
  const unsigned worker_count_;
  event::Loop loop_;
  std::unique_ptr<AccessLog> log_;
  std::vector<std::vector<net::ListenSocket>> sockets_;  // for each worker, until it starts
  std::vector<net::SocketAddress> bound_;
  std::vector<std::string> unix_paths_;
  std::optional<net::SocketAddress> admin_bound_;
  upstream::ClusterManager clusters_;
  ProcessShared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<event::HttpEndpoint> admin_;
  bool running_ = false;
};

}  // namespace weir::server
