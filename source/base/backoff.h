#pragma once

// How long to wait before trying again: twice as long after each failure, up to a bound, and at
// random within the upper half of that, so that many who failed together do not come back
// together.

#include <algorithm>

#include "source/base/random.h"
#include "source/base/time.h"

namespace weir {

struct BackoffSettings {
  Duration base_interval;  // above zero
  Duration max_interval;   // not below base_interval
  bool operator==(const BackoffSettings&) const = default;
};

// `failures`: how many there were in a row, at least 1.
inline Duration backoff(const BackoffSettings& settings, unsigned failures, Random& random) {
  Duration most = settings.base_interval;
  for (unsigned n = 1; n < failures && most < settings.max_interval; ++n) most *= 2;
  most = std::min(most, settings.max_interval);
  const Duration half = most / 2;
  return most - Duration(static_cast<Duration::rep>(
                    random.below(static_cast<uint64_t>(half.count()) + 1)));
}

}  // namespace weir
