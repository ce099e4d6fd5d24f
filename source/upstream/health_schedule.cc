#include "source/upstream/health_schedule.h"

#include <utility>

namespace weir::upstream {

HealthSchedule::HealthSchedule(event::Loop& loop, const HealthCheckSettings& settings, bool healthy,
                               event::Callback start, event::Callback time_out,
                               std::function<void(bool healthy)> on_change)
    : settings_(settings),
      on_change_(std::move(on_change)),
      random_(std::random_device{}()),
      healthy_(healthy),
      next_(loop, std::move(start)),
      timeout_(loop, std::move(time_out)) {
  next_.arm(jitter());
}

Duration HealthSchedule::jitter() {
  if (settings_.interval_jitter <= Duration::zero()) return Duration::zero();
  return Duration(
      std::uniform_int_distribution<Duration::rep>(0, settings_.interval_jitter.count())(random_));
}

void HealthSchedule::skip() {
  timeout_.disarm();
  next_.arm(settings_.interval + jitter());
}

void HealthSchedule::end(bool passed) {
  skip();
  const bool change = thresholdReached(passed);
  if (change) healthy_ = passed;
  if (on_check_) on_check_(passed);
  if (!change) return;
  const auto on_change = on_change_;
  on_change(passed);
}

bool HealthSchedule::thresholdReached(bool passed) {
  const bool first = !std::exchange(decided_, true);
  if (passed == healthy_) {
    in_a_row_ = 0;
    return false;
  }
  const unsigned threshold = passed ? settings_.healthy_threshold : settings_.unhealthy_threshold;
  if (!first && ++in_a_row_ < threshold) return false;
  in_a_row_ = 0;
  return true;
}

}  // namespace weir::upstream
