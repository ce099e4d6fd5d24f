#pragma once

// One listener on one worker: accepts, owns the connections, counts them, and writes their log
// lines. Made and used on the worker's loop; the settings outlive it.

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "source/config/settings.h"
#include "source/filter/worker.h"
#include "source/net/listen_socket.h"
#include "source/net/own_addresses.h"
#include "source/server/access_log.h"
#include "source/server/detection.h"
#include "source/server/learned_servers.h"
#include "source/stats/stats.h"

namespace weir::server {

class ActiveConnection;

// What workers tell each other about a listener's destinations.
struct LearnedNews {
  size_t listener;  // index in the settings
  net::IpPort destination;
  bool speaks_first;
};

// What the workers of one listener share: written once for each connection, never for its bytes.
struct ListenerShared {
  std::atomic<uint64_t> open{0};
};

// What all workers and listeners share.
struct ProcessShared {
  std::deque<ListenerShared> listeners;  // in the order of the settings
  net::OwnAddresses own_addresses;
};

class WorkerListener final : private net::Acceptor::Events {
 public:
  // `shared` and `own` outlive it. `log` may be null. `tell_others` is called on this loop.
  WorkerListener(const config::ListenerSettings& settings, ListenerShared& shared,
                 const net::OwnAddresses& own, net::ListenSocket socket, filter::Worker& worker,
                 AccessLog* log, std::function<void(const net::IpPort&, bool)> tell_others);
  ~WorkerListener() override;

  // Stops accepting, and ends all connections; they are gone within a few turns of the loop.
  void closeAll();
  void onNews(const LearnedNews& news);
  size_t openConnections() const { return connections_.size(); }

  // For its connections.
  const config::ListenerSettings& settings() const { return settings_; }
  filter::Worker& worker() { return worker_; }
  DetectionShared& detection() { return detection_; }
  // Where a connection without a redirect arrives: with the port that the kernel chose if that was
  // 0; the IP may be a wildcard.
  const net::IpPort& boundAddress() const { return bound_; }
  // Connections from these that were redirected are going round.
  const net::OwnAddresses& ownAddresses() const { return own_; }
  void countChoice(const filter::ConnectionInfo& info);
  // Takes its leave: log line, counters, and its memory at the end of the turn.
  void onConnectionEnded(ActiveConnection& connection);

 private:
  void onAccept(net::AcceptedFd accepted) override;
  void onAcceptError(int error) override;
  struct ByteCounters {
    stats::Value* rx = nullptr;
    stats::Value* tx = nullptr;
  };
  void countHeader(std::string_view header);
  stats::Value& choiceCounter(const filter::ConnectionInfo& info);
  ByteCounters& bytesOf(std::string_view chain);
  void countEnd(const filter::ConnectionInfo& info);

  const config::ListenerSettings& settings_;
  ListenerShared& shared_;
  const net::OwnAddresses& own_;
  filter::Worker& worker_;
  AccessLog* const log_;
  std::string log_line_;
  LearnedServers learned_;
  DetectionShared detection_;
  stats::Value& accepted_;
  stats::Value& open_;
  stats::Value& overflow_;
  stats::Histogram& detection_seconds_;
  std::unordered_map<std::string, stats::Value*> choices_;  // chain, protocol, reason
  std::unordered_map<std::string_view, stats::Value*> headers_;
  std::unordered_map<std::string_view, ByteCounters> bytes_;  // by chain
  std::unordered_map<std::string_view, stats::Value*> closes_;
  std::unordered_map<ActiveConnection*, std::unique_ptr<ActiveConnection>> connections_;
  const net::IpPort bound_;
  std::optional<net::Acceptor> acceptor_;  // last: accepts only while all else stands
};

}  // namespace weir::server
