#include "source/event/step_queue.h"

#include "source/base/check.h"

namespace weir::event {

StepQueue::Step::~Step() {
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
  step.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &step;
  last_ = &step;
  ++waiting_;
}

// Those that wait come before those whose bytes arrive in the turn that begins.
void StepQueue::runWaiting() {
  for (run_ = 0; first_ != nullptr && run_ < StepsPerTurn; ++run_) {
    Step& step = *first_;
    remove(step);
    step.runStep();
  }
  if (run_ > 0) task_.schedule();
}

void StepQueue::remove(Step& step) {
  (step.previous_ != nullptr ? step.previous_->next_ : first_) = step.next_;
  (step.next_ != nullptr ? step.next_->previous_ : last_) = step.previous_;
  step.queue_ = nullptr;
  step.next_ = step.previous_ = nullptr;
  --waiting_;
}

}  // namespace weir::event
