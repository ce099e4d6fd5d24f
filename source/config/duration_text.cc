#include "source/config/duration_text.h"

#include <array>
#include <cstdint>
#include <limits>

namespace weir::config {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanoseconds;
};

constexpr std::array<Unit, 6> Units{{{"h", 3'600'000'000'000},
                                     {"m", 60'000'000'000},
                                     {"s", 1'000'000'000},
                                     {"ms", 1'000'000},
                                     {"us", 1'000},
                                     {"ns", 1}}};

__extension__ typedef __int128 Wide;

constexpr size_t MaxDigits = 18;  // so that no product below overflows 128 bits

bool isDigit(char c) { return c >= '0' && c <= '9'; }

// Reads digits from the front of `text`; false if there are none, or too many.
bool takeDigits(std::string_view& text, int64_t& value, size_t& count) {
  value = 0;
  for (count = 0; count < text.size() && isDigit(text[count]); ++count) {
    if (count == MaxDigits) return false;
    value = value * 10 + (text[count] - '0');
  }
  text.remove_prefix(count);
  return count > 0;
}

int64_t powerOfTen(size_t exponent) {
  int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

std::string seconds(int64_t nanoseconds) {
  std::string fraction = std::to_string(1'000'000'000 + nanoseconds % 1'000'000'000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(nanoseconds / 1'000'000'000) + "." + fraction + "s";
}

}  // namespace

std::optional<Duration> parseDuration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int64_t whole = 0;
  int64_t fraction = 0;
  size_t digits = 0;
  if (!takeDigits(text, whole, digits)) return std::nullopt;
  digits = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!takeDigits(text, fraction, digits)) return std::nullopt;
  }
  for (const Unit& unit : Units) {
    if (text != unit.name) continue;
    const Wide part = static_cast<Wide>(fraction) * unit.nanoseconds;
    if (part % powerOfTen(digits) != 0) return std::nullopt;
    const Wide total = static_cast<Wide>(whole) * unit.nanoseconds + part / powerOfTen(digits);
    if (total > std::numeric_limits<int64_t>::max()) return std::nullopt;
    return Duration(static_cast<int64_t>(negative ? -total : total));
  }
  return std::nullopt;
}

std::string formatDuration(Duration duration) {
  const int64_t count = duration.count();
  if (count == 0) return "0s";
  if (count < 0) {
    // The least value has no positive counterpart.
    return "-" + formatDuration(Duration(count == std::numeric_limits<int64_t>::min() ? -(count + 1)
                                                                                      : -count));
  }
  for (const Unit& unit : Units) {
    const bool exact = count % unit.nanoseconds == 0;
    if (exact) return std::to_string(count / unit.nanoseconds) + std::string(unit.name);
    if (unit.name == "s" && count > unit.nanoseconds) return seconds(count);
  }
  return "0s";
}

}  // namespace weir::config
