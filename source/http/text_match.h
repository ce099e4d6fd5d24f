#pragma once

// A condition on a text. Immutable; any thread.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "source/http/regex.h"

namespace weir::http {

// In ASCII.
constexpr char lowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
inline std::string lowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lowerCase(c);
  return lower;
}
inline bool equalIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lowerCase(x) == lowerCase(y); });
}

struct TextMatch {
  enum class Kind : uint8_t { Exact, Prefix, Suffix, Contains, Regex };
  Kind kind = Kind::Exact;
  std::string text = {};
  bool ignore_case = false;                 // not of a regex: that says so itself, by (?i)
  std::shared_ptr<const Regex> regex = {};  // of the whole text; only with Kind::Regex

  bool matches(std::string_view value) const;
  // For people: `prefix "a"`, `exact "b" in any case`.
  std::string describe() const;
};

}  // namespace weir::http
