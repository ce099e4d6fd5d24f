#pragma once

// An upstream connection that was opened before it is known who will use it: a server-first probe,
// or a proxy's own connect. It waits for the connection to stand and for the server to speak, holds
// what the server says, and is handed over in any of its states. One loop; its owner retires it.

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "source/event/loop.h"
#include "source/net/connection.h"
#include "source/upstream/cluster.h"

namespace weir::upstream {

class EarlyConnection;

// Hears of an EarlyConnection's progress. Not called from inside start() or release().
class EarlyEvents {
 public:
  virtual ~EarlyEvents() = default;
  virtual void onEarlyConnected() = 0;
  // The server has sent its first bytes (see serverBytes()), or has closed (then there may be
  // none).
  virtual void onServerSpoke() = 0;
  // Refused, timed out, or broken. It is of no more use.
  virtual void onEarlyFailed(const Error& error) = 0;
};

class EarlyConnection final : public event::Retirable, private net::ConnectionEvents {
 public:
  // `cluster` outlives it.
  explicit EarlyConnection(Cluster& cluster, event::Loop& loop);
  ~EarlyConnection() override;

  // Starts to connect; once. `events` outlives it, or until setEvents().
  Result<void> start(const ConnectRequest& request, EarlyEvents& events);
  void setEvents(EarlyEvents& events) { events_ = &events; }

  // Lets go of the server; no event comes any more. Before its owner retires it: what is retired
  // lives until the end of the turn, in which its connection may have news.
  void cancel();

  Cluster& cluster() { return cluster_; }
  const net::SocketAddress& address() const { return address_; }
  // Which host was picked, to know it again only; null before start(), and for the original
  // destination.
  const Host* host() const { return host_; }
  bool connected() const { return connected_; }
  // What the server has sent so far, left in the connection's read buffer. Requires: connected, not
  // released.
  std::span<const uint8_t> serverBytes() { return connection_->readBuffer().contiguous(); }

  // Gives the connection away, with what the server sent in its read buffer; the new owner sets its
  // events and asks it to redeliver(). Requires: connected().
  std::unique_ptr<net::Connection> release();
  // The released connection's place, which is to be kept as long as it is open.
  Place takePlace() { return std::move(place_); }

 private:
  void onConnected() override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onFault(const Error& error) override;
  void fail(Error error);

  Cluster& cluster_;
  event::Loop& loop_;
  EarlyEvents* events_ = nullptr;
  std::unique_ptr<net::Connection> connection_;
  net::SocketAddress address_;
  Place place_;
  const Host* host_ = nullptr;
  MonotonicTime started_;
  std::optional<event::Timer> timeout_;
  bool connected_ = false;
  bool settled_ = false;  // counted as connected or failed
};

}  // namespace weir::upstream
