#include "source/upstream/success_rates.h"

#include <cmath>
#include <numeric>

namespace weir::upstream {

SuccessRates summarize(std::span<const double> rates, unsigned stdev_factor) {
  const auto count = static_cast<double>(rates.size());
  const double mean = std::accumulate(rates.begin(), rates.end(), 0.0) / count;
  double squares = 0;
  for (const double rate : rates) squares += (rate - mean) * (rate - mean);
  return {mean, mean - std::sqrt(squares / count) * stdev_factor / 1000};
}

}  // namespace weir::upstream
