#include "source/upstream/slow_start.h"

#include <algorithm>
#include <cmath>

namespace weir::upstream {

double slowStartFactor(Host& host, const SlowStartSettings& settings, MonotonicTime now) {
  const Duration elapsed = now - host.startedAt(now);
  if (elapsed >= settings.window) return 1;
  const double part = toSeconds(elapsed) / toSeconds(settings.window);
  const double least = settings.min_weight_percent / 100.0;
  return std::max(least, std::pow(std::max(part, 0.0), 1 / settings.aggression));
}

}  // namespace weir::upstream
