#pragma once

// Requests that wait for a stream of a connection pool, in the order in which they came.
//
// Loop: the pool's.

#include <array>
#include <cstddef>
#include <cstdint>

#include "source/base/intrusive_list.h"
#include "source/base/result.h"
#include "source/http/codec.h"
#include "source/upstream/cluster.h"

namespace weir::http {

class ConnectionPool;

// A request's way into a connection.
struct PooledStream {
  StreamEncoder* encoder = nullptr;
  // It has had other streams before: if it turns out to be gone, the server may have closed it
  // before it saw this one.
  bool reused = false;
};

// Waits for a stream. Leaves by itself when it is destroyed. Its hooks come from the pool's task,
// never from inside newStream().
class PoolWaiter : public ListMember<PoolWaiter> {
 public:
  virtual ~PoolWaiter() { leavePool(); }

  // The stream has begun; its decoder is the one that was given to newStream().
  virtual void onPoolReady(const PooledStream& stream) = 0;
  // There is none: connecting failed.
  virtual void onPoolFailure(const Error& error) = 0;

  bool waiting() const { return pool_ != nullptr; }
  // It waits for the host to take a connection, or to show that it is there, and not for room that
  // is short by a limit of ours.
  bool hostKeepsWaiting() const;
  void leavePool();

 private:
  friend class ConnectionPool;
  friend class PoolQueue;
  ConnectionPool* pool_ = nullptr;  // while it waits
  StreamDecoder* decoder_ = nullptr;
  upstream::ConnectRequest request_;
  uint64_t turn_ = 0;
  bool any_does_ = false;  // but there can be none
};

// Those of one pool. Who wants a fresh connection does not stand in the way of those who do not.
class PoolQueue {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void add(PoolWaiter& waiter, bool fresh);
  void remove(PoolWaiter& waiter);

  // Each is null if there is none.
  PoolWaiter* oldest() const { return older(front(false), front(true)); }
  // Whom a connection that had streams before is for, or one that had none.
  PoolWaiter* oldestFor(bool used) const;
  // Let the oldest of those who want a fresh connection take any. False if it does, or none does.
  bool letAnyDo();

 private:
  static PoolWaiter* older(PoolWaiter* a, PoolWaiter* b);
  PoolWaiter* front(bool fresh) const { return lines_[fresh ? 1 : 0].first(); }

  std::array<IntrusiveList<PoolWaiter>, 2>
      lines_;  // the second one: of those who want a fresh connection
  uint64_t turns_ = 0;
  size_t size_ = 0;
};

}  // namespace weir::http
