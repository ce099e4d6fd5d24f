#pragma once

// Connections of one worker to one cluster that nobody uses at the moment. Each holds a place:
// where another connection needs one, that which has been idle the longest gives way.
//
// Loop: the worker's, but for size().

#include <atomic>
#include <cstddef>

#include "source/base/intrusive_list.h"

namespace weir::upstream {

class Host;
class IdleConnections;

class IdleConnection : public ListMember<IdleConnection> {
 public:
  // Gives up its place before it returns, and ends. It has left the list.
  virtual void giveWay() = 0;

  // It is used, or ends. Nothing if it is in no list.
  void leaveIdle();

 protected:
  ~IdleConnection() { leaveIdle(); }

 private:
  friend class IdleConnections;
  IdleConnections* list_ = nullptr;  // while it is in one
  const Host* host_ = nullptr;
};

// Outlives those that are in it.
class IdleConnections {
 public:
  ~IdleConnections();

  // It is idle from now on. `host` outlives its being here. Twice is once.
  void add(IdleConnection& connection, const Host& host);
  // Lets the oldest one give way that leads to `host`, or anywhere if that is null. False: there is
  // none.
  bool evict(const Host* host);
  // Any thread.
  size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  friend class IdleConnection;
  void remove(IdleConnection& connection);

  IntrusiveList<IdleConnection> connections_;  // the one that is idle the longest first
  std::atomic<size_t> size_{0};                // written by the worker alone
};

}  // namespace weir::upstream
