#include "source/config/matcher_checks.h"

#include <string>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"

namespace weir::config {

using http::TextMatch;

http::TextMatch parseStringMatcher(const v1::StringMatcher& matcher, const FieldScope& scope) {
  using Matcher = v1::StringMatcher;
  TextMatch text;
  text.ignore_case = matcher.ignore_case();
  const auto notEmpty = [&](std::string_view name, TextMatch::Kind kind, const std::string& value) {
    text.kind = kind;
    text.text = value;
    if (value.empty()) scope.field(name).error("is empty: every text has that");
  };
  switch (matcher.match_pattern_case()) {
    case Matcher::kExact: text.text = matcher.exact(); break;
    case Matcher::kPrefix: notEmpty("prefix", TextMatch::Kind::Prefix, matcher.prefix()); break;
    case Matcher::kSuffix: notEmpty("suffix", TextMatch::Kind::Suffix, matcher.suffix()); break;
    case Matcher::kContains:
      notEmpty("contains", TextMatch::Kind::Contains, matcher.contains());
      break;
    case Matcher::kSafeRegex:
      text.kind = TextMatch::Kind::Regex;
      text.regex = checkRegex(matcher.safe_regex(), scope.field("safe_regex"));
      if (text.ignore_case) {
        scope.field("ignore_case").error("is not for safe_regex: begin that with \"(?i)\"");
      }
      break;
    case Matcher::MATCH_PATTERN_NOT_SET:
      scope.error("is required: one of exact, prefix, suffix, contains or safe_regex");
      break;
  }
  return text;
}

http::HeaderMatch parseHeaderMatcher(const v1::HeaderMatcher& matcher, const FieldScope& scope) {
  using Matcher = v1::HeaderMatcher;
  http::HeaderMatch header;
  if (const auto name = checkRequestHeaderName(scope.field("name"), matcher.name())) {
    header.name = *name;
  }
  header.invert = matcher.invert_match();
  header.missing_is_empty = matcher.treat_missing_header_as_empty();
  switch (matcher.header_match_specifier_case()) {
    case Matcher::kStringMatch:
      header.value = parseStringMatcher(matcher.string_match(), scope.field("string_match"));
      break;
    case Matcher::kRangeMatch: {
      const auto& range = matcher.range_match();
      header.value = http::ValueRange{range.start(), range.end()};
      if (range.end() <= range.start()) {
        scope.field("range_match").error("has no number in it: end is one above the greatest");
      }
      break;
    }
    case Matcher::kPresentMatch:
      header.invert = header.invert != !matcher.present_match();
      [[fallthrough]];
    case Matcher::HEADER_MATCH_SPECIFIER_NOT_SET:
      if (header.missing_is_empty) {
        scope.field("treat_missing_header_as_empty")
            .error("makes no sense where the presence of the field is asked for");
      }
      break;
  }
  return header;
}

std::shared_ptr<const http::Regex> checkRegex(const v1::RegexMatcher& matcher,
                                              const FieldScope& scope) {
  const FieldScope field = scope.field("regex");
  if (!checkRequired(field, matcher.regex(), "a regular expression")) return nullptr;
  auto regex = http::Regex::compile(matcher.regex());
  if (regex.ok()) return regex.value();
  field.error("is not a regular expression: " + regex.error().detail);
  return nullptr;
}

uint32_t parseFraction(const v1::FractionalPercent& fraction, const FieldScope& scope) {
  uint32_t whole = 100;
  if (fraction.denominator() == v1::FractionalPercent::TEN_THOUSAND) whole = 10'000;
  if (fraction.denominator() == v1::FractionalPercent::MILLION) whole = 1'000'000;
  const uint64_t part = checkInteger(scope.field("numerator"), fraction.numerator(), 0, {0, whole});
  return static_cast<uint32_t>(part * (1'000'000 / whole));
}

}  // namespace weir::config
