#pragma once

// When a host is checked, and what becomes of the outcomes: what all health checkers have in
// common.
//
// The first check starts within the jitter, so that the checks of many hosts do not come at once;
// each next one `interval` and a part of the jitter after the end of the one before. A host passes
// for healthy, or for what is known of it from before, until its first check is done, which decides
// alone; from then on the thresholds do.
//
// Loop: one, which outlives it.

#include <functional>
#include <random>

#include "source/event/loop.h"
#include "source/upstream/cluster_settings.h"

namespace weir::upstream {

class HealthSchedule {
 public:
  // `start` a check, which is to end with end() or skip(); `time_out` the one that is under way.
  // `on_change` as HealthCheckTask has it. `settings` outlive it.
  HealthSchedule(event::Loop& loop, const HealthCheckSettings& settings, bool healthy,
                 event::Callback start, event::Callback time_out,
                 std::function<void(bool healthy)> on_change);

  void onEachCheck(std::function<void(bool passed)> callback) { on_check_ = std::move(callback); }
  bool healthy() const { return healthy_; }

  // The time of a check runs from now on.
  void begin() { timeout_.arm(settings_.timeout); }
  // There was none, for reasons of our own; the next one comes in its time.
  void skip();
  // What changed is told last: it may drop the checker, and this with it.
  void end(bool passed);

 private:
  bool thresholdReached(bool passed);
  Duration jitter();

  const HealthCheckSettings& settings_;
  const std::function<void(bool)> on_change_;
  std::function<void(bool)> on_check_;
  std::minstd_rand random_;
  bool healthy_;
  bool decided_ = false;   // by a first check
  unsigned in_a_row_ = 0;  // checks that speak against healthy_
  event::Timer next_;
  event::Timer timeout_;
};

}  // namespace weir::upstream
