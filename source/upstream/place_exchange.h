#pragma once

// Places of a cluster that idle connections of one worker hold, and another worker needs: it asks
// for one, and hears when one may be free.
//
// A worker's part is its PlaceSeat, on its loop. The PlaceExchange between them: any thread.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "source/base/intrusive_list.h"
#include "source/event/loop.h"
#include "source/upstream/idle_connections.h"

namespace weir::upstream {

class Host;
class PlaceExchange;
class PlaceSeat;

// Waits for a place. Leaves by itself when it is destroyed.
class PlaceWaiter : public ListMember<PlaceWaiter> {
 public:
  // There may be one: it waits no longer, and tries again. `in_vain`: no worker had an idle
  // connection that would have helped.
  virtual void onPlace(bool in_vain) = 0;

  bool awaitsPlace() const { return seat_ != nullptr; }
  void leavePlaces();

 protected:
  ~PlaceWaiter() { leavePlaces(); }

 private:
  friend class PlaceSeat;
  PlaceSeat* seat_ = nullptr;  // while it waits
};

// Of one worker and one cluster. Made by std::make_shared; joins the exchange, which outlives it.
class PlaceSeat : public std::enable_shared_from_this<PlaceSeat> {
 public:
  PlaceSeat(PlaceExchange& exchange, event::Loop& loop) : exchange_(exchange), loop_(loop) {}
  ~PlaceSeat();
  // Once, before all else.
  void join();

  IdleConnections& idle() { return idle_; }
  // Asks the other workers to let an idle connection to `host` go, or any if that is null; `waiter`
  // waits until it is told. False, and it does not: none has any.
  bool await(PlaceWaiter& waiter, std::shared_ptr<Host> host);

 private:
  friend class PlaceExchange;
  friend class PlaceWaiter;
  void add(PlaceWaiter& waiter);
  void remove(PlaceWaiter& waiter);
  void wake(const PlaceWaiter* in_vain);

  PlaceExchange& exchange_;
  event::Loop& loop_;
  IdleConnections idle_;
  IntrusiveList<PlaceWaiter> waiters_;
  bool waits_ = false;  // under the exchange's lock; as are the others
  bool woken_ = false;  // it will hear of it
};

class PlaceExchange {
 public:
  // A place was given up: those who wait hear of it.
  void placeLeft();

 private:
  friend class PlaceSeat;
  struct Question;

  void join(PlaceSeat& seat);
  void leave(PlaceSeat& seat);
  void setWaiting(PlaceSeat& seat, bool waits);
  bool ask(PlaceSeat& by, PlaceWaiter& waiter, std::shared_ptr<Host> host);
  void answer(PlaceSeat& seat, Question& question);
  void wakeLocked(PlaceSeat& seat, const PlaceWaiter* in_vain);

  std::atomic<size_t> waiting_{0};  // seats
  std::mutex mutex_;
  std::vector<PlaceSeat*> seats_;
};

}  // namespace weir::upstream
