// Conditions in words.

#include <fmt/format.h>

#include <algorithm>

#include "source/http/route_match.h"

#include "source/http/grpc.h"

namespace weir::http {
namespace {

std::string expectedOf(const PathMatch& match) {
  if (match.kind == PathMatch::Kind::Connect) return "CONNECT";
  if (match.kind == PathMatch::Kind::Regex) return match.regex->pattern();
  return match.text + (match.case_sensitive ? "" : " in any case");
}

std::string expectedOf(const HeaderMatch& match) {
  std::string text = match.invert ? "not " : "";
  if (std::holds_alternative<HeaderMatch::Present>(match.value)) return text + "present";
  if (const auto* value = std::get_if<TextMatch>(&match.value)) {
    text += value->describe();
  } else {
    const auto& range = std::get<ValueRange>(match.value);
    text += fmt::format("from {} to below {}", range.start, range.end);
  }
  return text + (match.missing_is_empty ? ", taken for empty if missing" : "");
}

std::string fieldOf(PathMatch::Kind kind) {
  switch (kind) {
    case PathMatch::Kind::Prefix: return "prefix";
    case PathMatch::Kind::Exact: return "path";
    case PathMatch::Kind::SeparatedPrefix: return "path_separated_prefix";
    case PathMatch::Kind::Regex: return "safe_regex";
    case PathMatch::Kind::Connect: return "connect_matcher";
  }
  return {};
}

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
  return text;
}

std::string valueOf(const HeaderMap& headers, const std::string& name) {
  return headers.has(name) ? headers.joined(name) : "(none)";
}

std::string pathOf(PathMatch::Kind kind, const RequestView& request) {
  if (kind == PathMatch::Kind::Connect) return std::string(request.method);
  return std::string(request.tunnel || request.path.empty() ? "(none)" : request.path);
}

}  // namespace

std::vector<ConditionResult> explain(const RouteMatch& match, const RequestView& request) {
  std::vector<ConditionResult> results;
  const auto add = [&](std::string field, std::string expected, std::string actual, bool holds) {
    results.push_back({std::move(field), std::move(expected), std::move(actual), holds});
  };
  add(fieldOf(match.path.kind), expectedOf(match.path), pathOf(match.path.kind, request),
      holds(match.path, request));
  if (!match.methods.empty()) {
    const auto& methods = match.methods;
    add("methods", list(methods), std::string(request.method),
        std::find(methods.begin(), methods.end(), request.method) != methods.end());
  }
  for (const HeaderMatch& header : match.headers) {
    add("headers[" + header.name + "]", expectedOf(header), valueOf(request.headers, header.name),
        holds(header, request));
  }
  for (const QueryMatch& parameter : match.query) {
    const auto value = queryParameter(request.query, parameter.name);
    add("query_parameters[" + parameter.name + "]",
        parameter.value ? parameter.value->describe() : "present",
        std::string(value.value_or("(none)")), holds(parameter, request));
  }
  if (match.grpc) {
    add("grpc", "application/grpc", valueOf(request.headers, "content-type"),
        isGrpc(request.headers));
  }
  return results;
}

std::string keyOf(const RouteMatch& match) {
  const HeaderMap none;
  std::string key;
  for (const ConditionResult& condition : explain(match, RequestView(none))) {
    key += condition.field + '\0' + condition.expected + '\0';
  }
  return key;
}

}  // namespace weir::http
