#include "source/config/scalar_values.h"

#include <array>
#include <charconv>
#include <limits>

namespace weir::config {
namespace {

// The digits' base by their prefix, which is taken off.
int takeBase(std::string_view& digits, Format format, IntegerFault& fault) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const bool hex = digits[1] == 'x' || digits[1] == 'X';
  if (hex && format != Format::Json) {
    digits.remove_prefix(2);
    return 16;
  }
  if (digits[1] < '0' || digits[1] > '9') return 10;
  if (format != Format::Text) fault = IntegerFault::LeadingZero;
  digits.remove_prefix(1);
  return 8;
}

int base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// How many bytes the character at the front has; 0 if it is not well-formed.
size_t utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) > 0x9f;
  const bool too_high = first == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || too_high ? 0 : length;
}

}  // namespace

IntegerFault parseInteger(std::string_view text, Format format, ParsedInteger& out) {
  out.negative = text.starts_with('-');
  if (out.negative) text.remove_prefix(1);
  IntegerFault fault = IntegerFault::None;
  const int base = takeBase(text, format, fault);
  if (text.empty()) return IntegerFault::NotAnInteger;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.magnitude,
                                            fault == IntegerFault::LeadingZero ? 10 : base);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return IntegerFault::NotAnInteger;
  }
  return error == std::errc::result_out_of_range ? IntegerFault::TooLarge : fault;
}

std::optional<double> parseFloat(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = negative ? text.substr(1) : text;
  constexpr double Infinity = std::numeric_limits<double>::infinity();
  for (const std::string_view name : {"inf", "infinity", "Infinity", ".inf"}) {
    if (digits == name) return negative ? -Infinity : Infinity;
  }
  for (const std::string_view name : {"nan", "NaN", ".nan", ".NaN"}) {
    if (digits == name) return std::numeric_limits<double>::quiet_NaN();
  }
  if (digits.ends_with('f') || digits.ends_with('F')) digits.remove_suffix(1);  // text format: 1.5f
  const bool number =
      !digits.empty() && (digits[0] == '.' || (digits[0] >= '0' && digits[0] <= '9'));
  if (!number) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error != std::errc()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<std::string> parseBase64(std::string_view text) {
  if (text.size() % 4 == 0 && text.ends_with('=')) {
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<uint32_t>(digit)) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::optional<size_t> firstInvalidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8Length(text.substr(i));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

}  // namespace weir::config
