#pragma once

// Spreads work that is costly by itself, such as the cryptography of TLS handshakes, over the turns
// of a loop: a turn runs a few steps, and the others wait for the next turns, first come, first
// served. What is cheap is served in between.
//
// One loop, which outlives it; it outlives every Step that waits in it.

#include <cstddef>

#include "source/base/intrusive_list.h"
#include "source/event/loop.h"

namespace weir::event {

class StepQueue {
 public:
  // How many steps a turn runs.
  static constexpr size_t StepsPerTurn = 4;

  explicit StepQueue(Loop& loop) : task_(loop, [this] { runWaiting(); }) {}
  ~StepQueue();

  // Has a place in the queue while it waits; leaves it when dropped.
  class Step : public ListMember<Step> {
   public:
    virtual ~Step();
    virtual void runStep() = 0;
    // Gives up its place, if it has one: the queue need not outlive it any more.
    void withdraw();

   private:
    friend class StepQueue;
    StepQueue* queue_ = nullptr;  // while it waits
  };

  // Calls step.runStep(), now or in a later turn. Asking again while it waits changes nothing.
  void run(Step& step);
  // In a later turn, or at the end of this one.
  void runLater(Step& step);
  // How many wait for their turn.
  size_t waiting() const { return waiting_; }

 private:
  void runWaiting();
  void remove(Step& step);

  Task task_;
  IntrusiveList<Step> steps_;
  size_t waiting_ = 0;
  size_t run_ = 0;  // in this turn
};

}  // namespace weir::event
