#include <algorithm>
#include <string>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/config/node.h"
#include "source/config/parse_route.h"
#include "source/config/regex_checks.h"

namespace weir::config {
namespace {

using http::HeaderMatch;
using http::PathMatch;
using http::TextMatch;

http::TextMatch parseText(const v1::StringMatcher& matcher, const FieldScope& scope) {
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

void parseHeader(const v1::HeaderMatcher& matcher, const FieldScope& scope,
                 http::RouteMatch& match) {
  using Matcher = v1::HeaderMatcher;
  HeaderMatch header;
  if (const auto name = checkRequestHeaderName(scope.field("name"), matcher.name())) {
    header.name = *name;
  }
  header.invert = matcher.invert_match();
  header.missing_is_empty = matcher.treat_missing_header_as_empty();
  switch (matcher.header_match_specifier_case()) {
    case Matcher::kStringMatch:
      header.value = parseText(matcher.string_match(), scope.field("string_match"));
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
  match.headers.push_back(std::move(header));
}

void parseParameter(const v1::QueryParameterMatcher& matcher, const FieldScope& scope,
                    http::RouteMatch& match) {
  using Matcher = v1::QueryParameterMatcher;
  checkRequired(scope.field("name"), matcher.name(), "the name of a parameter in the query");
  http::QueryMatch parameter{matcher.name(), std::nullopt};
  if (matcher.query_parameter_match_specifier_case() == Matcher::kStringMatch) {
    parameter.value = parseText(matcher.string_match(), scope.field("string_match"));
  }
  if (matcher.query_parameter_match_specifier_case() == Matcher::kPresentMatch &&
      !matcher.present_match()) {
    scope.field("present_match").error("cannot be false");
  }
  match.query.push_back(std::move(parameter));
}

void parseMethods(const v1::RouteMatch& config, const FieldScope& scope, http::RouteMatch& match) {
  const FieldScope list = scope.field("methods");
  if (match.path.kind == PathMatch::Kind::Connect && config.methods_size() > 0) {
    list.error("makes no sense with connect_matcher: the method is CONNECT");
  }
  for (int i = 0; i < config.methods_size(); ++i) {
    const std::string& method = config.methods(i);
    const FieldScope field = list.index(static_cast<size_t>(i));
    const bool lower =
        std::any_of(method.begin(), method.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!isToken(method) || lower) {
      field.error(quote(method) + " is not a method; they are in upper case, such as \"GET\"");
    } else if (std::find(match.methods.begin(), match.methods.end(), method) !=
               match.methods.end()) {
      field.error(quote(method) + " stands twice in this list");
    }
    match.methods.push_back(method);
  }
}

void checkPath(const FieldScope& field, const std::string& text, PathMatch::Kind kind,
               PathMatch& path) {
  path.kind = kind;
  path.text = text;
  if (kind == PathMatch::Kind::Exact && text == "*") return;  // of an OPTIONS
  if (!checkPathText(field, text, "a path")) return;
  if (text.find('?') != std::string::npos) {
    field.error("the path is matched without its query; that is for query_parameters");
  } else if (kind == PathMatch::Kind::SeparatedPrefix && text.ends_with('/')) {
    field.error(quote(text) + " ends in a slash; leave that out: it is implied");
  }
}

PathMatch parsePath(const v1::RouteMatch& match, const FieldScope& scope) {
  using Match = v1::RouteMatch;
  using Kind = PathMatch::Kind;
  PathMatch path;
  path.case_sensitive = !match.has_case_sensitive() || match.case_sensitive();
  switch (match.path_specifier_case()) {
    case Match::kPrefix:
      checkPath(scope.field("prefix"), match.prefix(), Kind::Prefix, path);
      break;
    case Match::kPath: checkPath(scope.field("path"), match.path(), Kind::Exact, path); break;
    case Match::kPathSeparatedPrefix:
      checkPath(scope.field("path_separated_prefix"), match.path_separated_prefix(),
                Kind::SeparatedPrefix, path);
      break;
    case Match::kSafeRegex:
      path = {Kind::Regex, {}, checkRegex(match.safe_regex(), scope.field("safe_regex"))};
      break;
    case Match::kConnectMatcher: path = {Kind::Connect, {}}; break;
    case Match::PATH_SPECIFIER_NOT_SET:
      scope.error(
          "is required: one of prefix, path, path_separated_prefix, safe_regex or "
          "connect_matcher");
      break;
  }
  const bool has_case = path.kind != Kind::Regex && path.kind != Kind::Connect;
  if (match.has_case_sensitive() && !has_case) {
    scope.field("case_sensitive")
        .error(path.kind == Kind::Regex ? "is not for safe_regex: begin that with \"(?i)\""
                                        : "is not for connect_matcher: there is no path");
  }
  return path;
}

}  // namespace

http::RouteMatch parseRouteMatch(const v1::RouteMatch& config, const FieldScope& scope) {
  http::RouteMatch match;
  match.path = parsePath(config, scope);
  parseMethods(config, scope, match);
  for (int i = 0; i < config.headers_size(); ++i) {
    parseHeader(config.headers(i), scope.field("headers").index(static_cast<size_t>(i)), match);
  }
  for (int i = 0; i < config.query_parameters_size(); ++i) {
    parseParameter(config.query_parameters(i),
                   scope.field("query_parameters").index(static_cast<size_t>(i)), match);
  }
  match.grpc = config.has_grpc();
  return match;
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

bool checkPathBytes(const FieldScope& field, std::string_view text, std::string_view what) {
  const auto bad = std::find_if(text.begin(), text.end(),
                                [](char c) { return c <= ' ' || c >= 0x7f || c == '#'; });
  if (bad == text.end()) return true;
  field.error("the character " + quote(std::string(1, *bad)) + " cannot be in " +
              std::string(what) + "; write it percent-encoded");
  return false;
}

bool checkPathText(const FieldScope& field, std::string_view text, std::string_view what) {
  if (text.starts_with('/')) return checkPathBytes(field, text, what);
  field.error(quote(text) + " is wrong: " + std::string(what) + " begins with a slash");
  return false;
}

void checkRewritable(const FieldScope& field, const PathMatch& match) {
  if (match.kind != PathMatch::Kind::Regex && match.kind != PathMatch::Kind::Connect) return;
  field.error(
      "is only for routes that match on prefix, path or path_separated_prefix, which is "
      "what it replaces");
}

}  // namespace weir::config
