#pragma once

// A condition on a text. Immutable; any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "source/http/characters.h"
#include "source/http/regex.h"

namespace weir::http {

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
