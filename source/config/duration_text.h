#pragma once

// Durations as a person writes them. Pure functions, any thread.

#include <optional>
#include <string>
#include <string_view>

#include "source/base/time.h"

namespace weir::config {

// A number, with a fraction if need be, and one unit: "1.5s", "250ms", "10us", "5m", "1h". Exact to
// the nanosecond; nothing on anything else, or beyond about 290 years.
std::optional<Duration> parseDuration(std::string_view text);

// In the largest unit that needs no fraction, in seconds otherwise: "1h", "250ms", "1.5s".
std::string formatDuration(Duration duration);

}  // namespace weir::config
