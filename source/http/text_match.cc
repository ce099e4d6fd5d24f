#include "source/http/text_match.h"

namespace weir::http {
namespace {

bool equal(std::string_view a, std::string_view b, bool ignore_case) {
  return ignore_case ? equalIgnoringCase(a, b) : a == b;
}

bool contains(std::string_view value, std::string_view text, bool ignore_case) {
  if (!ignore_case) return value.find(text) != std::string_view::npos;
  const auto same = [](char x, char y) { return lowerCase(x) == lowerCase(y); };
  return text.empty() ||
         std::search(value.begin(), value.end(), text.begin(), text.end(), same) != value.end();
}

}  // namespace

bool TextMatch::matches(std::string_view value) const {
  const bool room = value.size() >= text.size();
  switch (kind) {
    case Kind::Exact: return equal(value, text, ignore_case);
    case Kind::Prefix: return room && equal(value.substr(0, text.size()), text, ignore_case);
    case Kind::Suffix:
      return room && equal(value.substr(value.size() - text.size()), text, ignore_case);
    case Kind::Contains: return room && contains(value, text, ignore_case);
    case Kind::Regex: return regex->matches(value);
  }
  return false;
}

std::string TextMatch::describe() const {
  constexpr std::string_view Names[] = {"exact", "prefix", "suffix", "contains", "safe_regex"};
  const std::string& shown = kind == Kind::Regex ? regex->pattern() : text;
  return std::string(Names[static_cast<size_t>(kind)]) + " \"" + shown + "\"" +
         (ignore_case ? " in any case" : "");
}

}  // namespace weir::http
