#include "source/http/route_match.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory_resource>

#include "source/http/grpc.h"

namespace weir::http {
namespace {

constexpr size_t OnStack = 1024;

// Hands the values of a name's fields to `judge`, as one. Without an allocation unless there are
// several and they are long.
template <class Judge>
bool judgeJoined(const HeaderMap& headers, std::string_view name, const HeaderEntry& first,
                 Judge judge) {
  std::array<std::byte, OnStack> memory;
  std::pmr::monotonic_buffer_resource resource(memory.data(), memory.size());
  std::pmr::string joined(&resource);
  std::string_view value = first.value;
  const auto entries = headers.entries();
  for (const HeaderEntry* entry = &first + 1; entry != entries.data() + entries.size(); ++entry) {
    if (entry->id != first.id || entry->name != name) continue;
    if (joined.empty()) joined = value;
    joined += ',';
    joined += entry->value;
    value = joined;
  }
  return judge(value);
}

bool isWithin(const ValueRange& range, std::string_view value) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc() && end == value.data() + value.size() && number >= range.start &&
         number < range.end;
}

bool judge(const HeaderMatch& match, std::string_view value) {
  if (const auto* text = std::get_if<TextMatch>(&match.value)) return text->matches(value);
  return isWithin(std::get<ValueRange>(match.value), value);
}

bool hasPrefix(const PathMatch& match, std::string_view path) {
  if (path.size() < match.text.size()) return false;
  const std::string_view begin = path.substr(0, match.text.size());
  return match.case_sensitive ? begin == match.text : equalIgnoringCase(begin, match.text);
}

}  // namespace

RequestView::RequestView(const HeaderMap& request)
    : headers(request),
      path(request.get(HeaderId::Path)),
      method(request.get(HeaderId::Method)),
      tunnel(method == "CONNECT" && !request.has(HeaderId::Protocol)) {
  const size_t mark = path.find('?');
  if (mark == std::string_view::npos) return;
  query = path.substr(mark + 1);
  path = path.substr(0, mark);
}

bool holds(const PathMatch& match, const RequestView& request) {
  if (request.tunnel || match.kind == PathMatch::Kind::Connect) {
    return request.tunnel && match.kind == PathMatch::Kind::Connect;
  }
  if (match.kind == PathMatch::Kind::Regex) return match.regex->matches(request.path);
  if (!hasPrefix(match, request.path)) return false;
  const size_t size = match.text.size();
  const bool whole = request.path.size() == size;
  if (match.kind == PathMatch::Kind::Exact) return whole;
  return match.kind == PathMatch::Kind::Prefix || whole || request.path[size] == '/';
}

bool holds(const HeaderMatch& match, const RequestView& request) {
  const HeaderEntry* first = request.headers.find(match.name);
  if (std::holds_alternative<HeaderMatch::Present>(match.value)) {
    return (first != nullptr) != match.invert;
  }
  if (first == nullptr) return match.missing_is_empty && judge(match, {}) != match.invert;
  return judgeJoined(request.headers, match.name, *first,
                     [&](std::string_view value) { return judge(match, value); }) != match.invert;
}

std::optional<std::string_view> queryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t sign = pair.find('=');
    if (pair.substr(0, sign) != name) continue;
    return sign == std::string_view::npos ? std::string_view() : pair.substr(sign + 1);
  }
  return std::nullopt;
}

bool holds(const QueryMatch& match, const RequestView& request) {
  const auto value = queryParameter(request.query, match.name);
  return value && (!match.value || match.value->matches(*value));
}

bool restHolds(const RouteMatch& match, const RequestView& request) {
  const auto all = [&](const auto& conditions) {
    return std::all_of(conditions.begin(), conditions.end(),
                       [&](const auto& condition) { return holds(condition, request); });
  };
  const auto& methods = match.methods;
  if (!methods.empty() &&
      std::find(methods.begin(), methods.end(), request.method) == methods.end())
    return false;
  return all(match.headers) && all(match.query) && (!match.grpc || isGrpc(request.headers));
}

}  // namespace weir::http
