#include "source/upstream/idle_connections.h"

#include "source/base/check.h"

namespace weir::upstream {

void IdleConnection::leaveIdle() {
  if (list_ != nullptr) list_->remove(*this);
}

IdleConnections::~IdleConnections() { WEIR_CHECK(first_ == nullptr); }

void IdleConnections::add(IdleConnection& connection, const Host& host) {
  if (connection.list_ != nullptr) return;
  connection.list_ = this;
  connection.host_ = &host;
  connection.previous_ = last_;
  connection.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &connection;
  last_ = &connection;
  size_.store(size() + 1, std::memory_order_relaxed);
}

void IdleConnections::remove(IdleConnection& connection) {
  IdleConnection* const before = connection.previous_;
  IdleConnection* const after = connection.next_;
  (before != nullptr ? before->next_ : first_) = after;
  (after != nullptr ? after->previous_ : last_) = before;
  connection.list_ = nullptr;
  size_.store(size() - 1, std::memory_order_relaxed);
}

bool IdleConnections::evict(const Host* host) {
  IdleConnection* one = first_;
  while (one != nullptr && host != nullptr && one->host_ != host) one = one->next_;
  if (one == nullptr) return false;
  remove(*one);
  one->giveWay();
  return true;
}

}  // namespace weir::upstream
