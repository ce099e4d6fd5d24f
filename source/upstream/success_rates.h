#pragma once

// Which of several success rates are far below the others.

#include <span>

namespace weir::upstream {

struct SuccessRates {
  double mean = 0;
  // A rate below it is an outlier: so many standard deviations below the mean. May be below 0.
  double threshold = 0;
};

// `stdev_factor`: in thousandths. Requires: there is a rate.
SuccessRates summarize(std::span<const double> rates, unsigned stdev_factor);

}  // namespace weir::upstream
