#pragma once

// The connections of one worker to one host of a cluster, for requests: kept and used again
// (HTTP/1), or shared by many streams (HTTP/2). A request that finds no connection with room waits,
// and a connection is made for it.
//
// Loop: the worker's. A pool lives in a PoolSet, as long as it has connections or requests that
// wait; whoever has a stream of it, or waits, does not care where it is.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "source/base/result.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/pool/pool_waiter.h"
#include "source/upstream/cluster.h"

namespace weir::upstream {
class EarlyConnection;
class FlushingConnections;
}  // namespace weir::upstream

namespace weir::http {

class PooledConnection;

class ConnectionPool final : public event::Retirable, private upstream::PlaceWaiter {
 public:
  struct Parts {
    event::Loop& loop;
    buffer::SlicePool& slices;
    upstream::Cluster& cluster;
    upstream::FlushingConnections& flushing;
  };

  // All outlive it. `on_empty`: it has no connection, and nobody waits; may be called inside any
  // call to it, and more than once.
  ConnectionPool(Parts parts, std::shared_ptr<upstream::Host> host, Version version,
                 std::function<void()> on_empty);
  ~ConnectionPool() override;

  // Begins a stream at once if a connection has room; else `encoder` is null, and `waiter` hears of
  // it. `fresh`: of HTTP/1, a connection that has had no stream, unless there can be no further
  // one; those who wait for any are not held up by it. An error if too many wait, or if there
  // cannot be a connection. `request`: whom the connection would be made for.
  Result<PooledStream> newStream(StreamDecoder& decoder, PoolWaiter& waiter,
                                 const upstream::ConnectRequest& request, bool fresh);
  // Whom its connections are for is gone, and asks no more: those that are idle end, and the others
  // as soon as they are.
  void abandon();
  // Takes over a connection to its host that was opened for something else, and has sent and
  // received nothing.
  void adopt(upstream::EarlyConnection& early);

  const std::shared_ptr<upstream::Host>& host() const { return host_; }
  Version version() const { return version_; }
  size_t connections() const { return connections_.size(); }
  bool empty() const { return connections_.empty() && queue_.empty(); }

 private:
  friend class PooledConnection;
  friend class PoolWaiter;

  Result<void> connect(const upstream::ConnectRequest& request);
  void keep(std::unique_ptr<PooledConnection> connection);
  using Connections = std::vector<PooledConnection*>;
  PooledConnection* findRoom(bool fresh);
  PooledConnection* lastOf(Connections& connections);
  PooledStream begin(PooledConnection& connection, StreamDecoder& decoder);
  void enqueue(PoolWaiter& waiter, StreamDecoder& decoder, const upstream::ConnectRequest& request,
               bool fresh);
  void dequeue(PoolWaiter& waiter);
  size_t capacityInMaking() const;
  size_t streamsPerConnection() const;
  bool takesNone() const;
  bool hostKeepsWaiting() const;
  Result<void> connectForWaiting();
  void serve();
  bool serveOne();
  void grow();
  void failWaiting(size_t count, const Error& error);
  void sweepIdle();
  void endIdle();
  void watchStarved();
  void failStarved();
  void onPlace(bool in_vain) override;
  // For its connections.
  size_t streamsUnsaid() const;
  void onConnected(PooledConnection& connection);
  void onRoomChange(PooledConnection& connection);
  void onRoom(PooledConnection& connection);
  void onStreamEnd();
  void onConnectFailed(PooledConnection& connection, const Error& error);
  void forget(PooledConnection& connection);
  void leaveReady(PooledConnection& connection);

  const Parts parts_;
  const std::shared_ptr<upstream::Host> host_;
  const Version version_;
  const std::function<void()> on_empty_;
  const Http1Settings http1_;
  const Http2Settings http2_;
  std::vector<std::unique_ptr<PooledConnection>> connections_;
  // With room, the one that was used last at the end; of HTTP/1, those that had no stream yet are
  // in the second list.
  Connections ready_;
  Connections unused_;
  PoolQueue queue_;
  size_t in_making_ = 0;
  std::optional<size_t> said_;  // by the host: streams in one connection
  event::Task serve_;
  event::Timer idle_;
  event::Timer starved_;  // while the host takes no stream, or there is no place for a connection
  bool abandoned_ = false;
  bool no_place_ = false;  // no worker has an idle connection that would help
  bool dying_ = false;
};

}  // namespace weir::http
