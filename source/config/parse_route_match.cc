#include <algorithm>
#include <string>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/config/matcher_checks.h"
#include "source/config/node.h"
#include "source/config/parse_route.h"
#include "source/config/path_checks.h"
#include "source/http/characters.h"

namespace weir::config {
namespace {

using http::PathMatch;

void parseParameter(const v1::QueryParameterMatcher& matcher, const FieldScope& scope,
                    http::RouteMatch& match) {
  using Matcher = v1::QueryParameterMatcher;
  checkRequired(scope.field("name"), matcher.name(), "the name of a parameter in the query");
  http::QueryMatch parameter{matcher.name(), std::nullopt};
  if (matcher.query_parameter_match_specifier_case() == Matcher::kStringMatch) {
    parameter.value = parseStringMatcher(matcher.string_match(), scope.field("string_match"));
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
    if (!http::isToken(method) || lower) {
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
    match.headers.push_back(parseHeaderMatcher(
        config.headers(i), scope.field("headers").index(static_cast<size_t>(i))));
  }
  for (int i = 0; i < config.query_parameters_size(); ++i) {
    parseParameter(config.query_parameters(i),
                   scope.field("query_parameters").index(static_cast<size_t>(i)), match);
  }
  match.grpc = config.has_grpc();
  return match;
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

void checkNoQuery(const FieldScope& field, std::string_view text) {
  if (text.find('?') == std::string_view::npos) return;
  field.error(quote(text) + " has a question mark: a rewrite is of the path, and the query stays");
}

void checkRewritable(const FieldScope& field, const PathMatch& match) {
  if (match.kind != PathMatch::Kind::Regex && match.kind != PathMatch::Kind::Connect) return;
  field.error(
      "is only for routes that match on prefix, path or path_separated_prefix, which is "
      "what it replaces");
}

}  // namespace weir::config
