#include "source/upstream/place_exchange.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::upstream {

// To several workers at once. Two may help where one would do.
struct PlaceExchange::Question {
  Question(const PlaceSeat* asker, const PlaceWaiter* for_whom, std::shared_ptr<Host> to,
           size_t workers)
      : by(asker), waiter(for_whom), host(std::move(to)), open(workers) {}
  const PlaceSeat* by;  // the two may be gone: they are to be found again only
  const PlaceWaiter* waiter;
  std::shared_ptr<Host> host;
  std::atomic<size_t> open;  // workers that have not answered
  std::atomic<bool> helped{false};
};

void PlaceWaiter::leavePlaces() {
  if (seat_ != nullptr) seat_->remove(*this);
}

PlaceSeat::~PlaceSeat() {
  while (PlaceWaiter* const waiter = waiters_.first()) remove(*waiter);
  exchange_.leave(*this);
}

void PlaceSeat::join() { exchange_.join(*this); }

bool PlaceSeat::await(PlaceWaiter& waiter, std::shared_ptr<Host> host) {
  if (waiter.seat_ == nullptr) add(waiter);
  if (exchange_.ask(*this, waiter, std::move(host))) return true;
  remove(waiter);
  return false;
}

void PlaceSeat::add(PlaceWaiter& waiter) {
  if (waiters_.empty()) exchange_.setWaiting(*this, true);
  waiter.seat_ = this;
  waiters_.pushFront(waiter);
}

void PlaceSeat::remove(PlaceWaiter& waiter) {
  waiter.leaveList();
  waiter.seat_ = nullptr;
  if (waiters_.empty()) exchange_.setWaiting(*this, false);
}

// Whoever is told waits no longer, and tries again in a task of its own.
void PlaceSeat::wake(const PlaceWaiter* in_vain) {
  while (PlaceWaiter* const waiter = waiters_.first()) {
    remove(*waiter);
    waiter->onPlace(waiter == in_vain);
  }
}

void PlaceExchange::join(PlaceSeat& seat) {
  const std::lock_guard lock(mutex_);
  seats_.push_back(&seat);
}

void PlaceExchange::leave(PlaceSeat& seat) {
  const std::lock_guard lock(mutex_);
  std::erase(seats_, &seat);
}

void PlaceExchange::setWaiting(PlaceSeat& seat, bool waits) {
  const std::lock_guard lock(mutex_);
  seat.waits_ = waits;
  waits ? ++waiting_ : --waiting_;
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool PlaceExchange::ask(PlaceSeat& by, PlaceWaiter& waiter, std::shared_ptr<Host> host) {
  const std::lock_guard lock(mutex_);
  std::vector<PlaceSeat*> asked;
  std::copy_if(seats_.begin(), seats_.end(), std::back_inserter(asked),
               [&](PlaceSeat* seat) { return seat != &by && seat->idle_.size() > 0; });
  if (asked.empty()) return false;
  auto question = std::make_shared<Question>(&by, &waiter, std::move(host), asked.size());
  for (PlaceSeat* const seat : asked) {
    seat->loop_.post([this, question, weak = seat->weak_from_this()] {
      // One that is alive keeps the exchange alive.
      if (const auto alive = weak.lock()) answer(*alive, *question);
    });
  }
  return true;
}

void PlaceExchange::answer(PlaceSeat& seat, Question& question) {
  if (!question.helped && seat.idle_.evict(question.host.get())) question.helped = true;
  if (--question.open > 0 || question.helped) return;
  const std::lock_guard lock(mutex_);
  const auto by = std::find(seats_.begin(), seats_.end(), question.by);
  if (by != seats_.end()) wakeLocked(**by, question.waiter);
}

void PlaceExchange::placeLeft() {
  // With that in setWaiting(): one of the two sees what the other has done.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (waiting_.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard lock(mutex_);
  for (PlaceSeat* const seat : seats_) wakeLocked(*seat, nullptr);
}

void PlaceExchange::wakeLocked(PlaceSeat& seat, const PlaceWaiter* in_vain) {
  if (!seat.waits_ || std::exchange(seat.woken_, true)) return;
  seat.loop_.post([this, in_vain, weak = seat.weak_from_this()] {
    const auto alive = weak.lock();
    if (alive == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      alive->woken_ = false;
    }
    alive->wake(in_vain);
  });
}

}  // namespace weir::upstream
