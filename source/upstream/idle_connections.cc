#include "source/upstream/idle_connections.h"

#include "source/base/check.h"

namespace weir::upstream {

void IdleConnection::leaveIdle() {
  if (list_ != nullptr) list_->remove(*this);
}

IdleConnections::~IdleConnections() { WEIR_CHECK(connections_.empty()); }

void IdleConnections::add(IdleConnection& connection, const Host& host) {
  if (connection.list_ != nullptr) return;
  connection.list_ = this;
  connection.host_ = &host;
  connections_.pushBack(connection);
  size_.store(size() + 1, std::memory_order_relaxed);
}

void IdleConnections::remove(IdleConnection& connection) {
  connection.leaveList();
  connection.list_ = nullptr;
  size_.store(size() - 1, std::memory_order_relaxed);
}

bool IdleConnections::evict(const Host* host) {
  IdleConnection* one = connections_.first();
  while (one != nullptr && host != nullptr && one->host_ != host) one = connections_.next(*one);
  if (one == nullptr) return false;
  remove(*one);
  one->giveWay();
  return true;
}

}  // namespace weir::upstream
