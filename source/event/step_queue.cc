#include "source/event/step_queue.h"

namespace weir::event {

StepQueue::Step::~Step() { withdraw(); }

void StepQueue::Step::withdraw() {
  if (queue_ != nullptr) queue_->remove(*this);
}

StepQueue::~StepQueue() { WEIR_CHECK(waiting_ == 0); }

void StepQueue::run(Step& step) {
  if (step.queue_ != nullptr) return;
  if (run_ >= StepsPerTurn) return runLater(step);
  ++run_;
  task_.schedule();  // where the turn ends
  step.runStep();
}

void StepQueue::runLater(Step& step) {
  if (step.queue_ != nullptr) return;
  task_.schedule();
  step.queue_ = this;
  steps_.pushBack(step);
  ++waiting_;
}

// Those that wait come before those whose bytes arrive in the turn that begins.
void StepQueue::runWaiting() {
  for (run_ = 0; !steps_.empty() && run_ < StepsPerTurn; ++run_) {
    Step& step = *steps_.first();
    remove(step);
    step.runStep();
  }
  if (run_ > 0) task_.schedule();
}

void StepQueue::remove(Step& step) {
  step.leaveList();
  step.queue_ = nullptr;
  --waiting_;
}

}  // namespace weir::event
