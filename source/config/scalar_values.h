#pragma once

// Scalars of the three formats as values of protobuf's types. Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "source/config/format.h"

namespace weir::config {

// An integer's sign and magnitude, before its range is checked. Decimal; 0x also in YAML and text
// format, and octal by a leading 0 in text format only (elsewhere a leading 0 is an error, since
// its meaning depends on the version).
struct ParsedInteger {
  bool negative = false;
  uint64_t magnitude = 0;
};
enum class IntegerFault : uint8_t { None, NotAnInteger, LeadingZero, TooLarge };
IntegerFault parseInteger(std::string_view text, Format format, ParsedInteger& out);

// A finite decimal number, or inf, -inf, nan (also as Infinity, NaN, .inf, .nan).
std::optional<double> parseFloat(std::string_view text);

// Standard or URL-safe alphabet (RFC 4648, 4 and 5), with or without padding.
std::optional<std::string> parseBase64(std::string_view text);

// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629); nothing if all is
// well.
std::optional<size_t> firstInvalidUtf8(std::string_view text);

}  // namespace weir::config
