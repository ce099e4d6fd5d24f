#include "source/http/pool/pool_waiter.h"

#include <utility>

namespace weir::http {

void PoolQueue::add(PoolWaiter& waiter, bool fresh) {
  waiter.any_does_ = false;
  waiter.turn_ = turns_++;
  lines_[fresh ? 1 : 0].pushBack(waiter);
  ++size_;
}

void PoolQueue::remove(PoolWaiter& waiter) {
  waiter.leaveList();
  --size_;
}

PoolWaiter* PoolQueue::older(PoolWaiter* a, PoolWaiter* b) {
  if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
  return a->turn_ < b->turn_ ? a : b;
}

PoolWaiter* PoolQueue::oldestFor(bool used) const {
  PoolWaiter* const fresh = front(true);
  const bool fits = !used || fresh == nullptr || fresh->any_does_;
  return older(front(false), fits ? fresh : nullptr);
}

bool PoolQueue::letAnyDo() {
  PoolWaiter* const fresh = front(true);
  return fresh != nullptr && !std::exchange(fresh->any_does_, true);
}

}  // namespace weir::http
