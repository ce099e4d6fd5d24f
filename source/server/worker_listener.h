#pragma once

// One listener on one worker: accepts, owns the connections, and writes their log lines. It stays
// as long as its address is configured: a reload gives it new settings (a ListenerGeneration) for
// the connections that come after, and touches neither its socket nor those that are open. Made and
// used on the worker's loop.
//
// Order of calls: adopt(), listen(), then adopt() for each reload, and at the end finish() or
// closeAll().

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/base/intrusive_list.h"
#include "source/base/random.h"
#include "source/config/settings.h"
#include "source/net/listen_socket.h"
#include "source/server/generation.h"
#include "source/server/learned_servers.h"
#include "source/server/shared.h"

namespace weir::server {

class ActiveConnection;

// What workers tell each other about a listener's destinations.
struct LearnedNews {
  uint64_t listener;  // ListenerShared::id
  net::IpPort destination;
  bool speaks_first;
};

class WorkerListener final : private net::Acceptor::Events {
 public:
  // How it reaches those around it; called on its loop.
  struct Outside {
    std::function<void(const LearnedNews&)> tell_others;
    std::function<void()> on_done;  // done() holds; may be on the stack of the last connection
  };

  // `process` outlives it.
  WorkerListener(std::shared_ptr<ListenerShared> shared, ProcessShared& process, Outside outside);
  ~WorkerListener() override;

  // From now on connections are accepted under these settings, which are `generation`'s.
  void adopt(Generation& generation, const config::ListenerSettings& settings);
  void listen(net::ListenSocket socket);
  // Accepts what waits in the queue, and then closes the socket. Connections go on.
  void finish();
  // Stops accepting, and resets all connections; they are gone within a few turns of the loop.
  // `reason` has static storage.
  void closeAll(std::string_view reason);
  // It accepts nothing any more, and no record of a connection is left.
  bool done() const { return closed_ && records_ == 0; }

  void onNews(const LearnedNews& news);
  // Under which it accepts.
  const Generation& generation() const { return current_->generation; }
  // For connections that it accepts from now on.
  const config::ListenerSettings& settings() const { return current_->settings; }
  uint64_t id() const { return shared_->id; }
  MonotonicTime now() const { return current_->generation.worker().loop.now(); }
  LearnedServers& learned() { return learned_; }
  const LearnedServers& learned() const { return learned_; }
  size_t openConnections() const { return open_; }
  // The youngest first, until `visit` returns false; it must not end one.
  void forEachConnection(const std::function<bool(const ActiveConnection&)>& visit) const;

  // For its connections.
  // Where a connection without a redirect arrives: with the port that the kernel chose if that was
  // 0; the IP may be a wildcard.
  const net::IpPort& boundAddress() const { return bound_; }
  // Another random number each time: ConnectionInfo::draw.
  uint32_t draw() { return static_cast<uint32_t>(random_.next() >> 32); }
  // Connections from these that were redirected are going round.
  const net::OwnAddresses& ownAddresses() const { return process_.own_addresses; }
  // A header has said another source: false if that has as many connections as it may.
  bool changeSource(const ActiveConnection& connection);
  // Takes its leave: log line, counters, and its memory at the end of the turn.
  void onConnectionEnded(ActiveConnection& connection);
  // For Membership: records live a little longer than their connections.
  void onRecordMade() { ++records_; }
  void onRecordGone();

 private:
  void onAccept(net::AcceptedFd accepted) override;
  void onAcceptError(int error) override;
  void refuse(Refusal why, const net::IpPort& peer);
  void onAcceptorClosed() override;

  const std::shared_ptr<ListenerShared> shared_;
  ProcessShared& process_;
  const Outside outside_;
  LearnedServers learned_{0, Duration::zero()};
  size_t probes_ = 0;
  ListenerGeneration* current_ = nullptr;
  IntrusiveList<ActiveConnection> connections_;  // owned; the youngest first
  size_t open_ = 0;
  size_t records_ = 0;
  bool closed_ = false;
  Random random_{randomSeed()};
  net::IpPort bound_;
  std::optional<net::Acceptor> acceptor_;  // last: accepts only while all else stands
};

}  // namespace weir::server
