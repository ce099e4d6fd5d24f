#pragma once

// Requests and routes for tests, from little text.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/header_map.h"
#include "source/http/route_table.h"

namespace weir::http::test {

using Fields = std::vector<std::pair<std::string, std::string>>;

// The fields of a request; without a path if that is empty.
class Request : public HeaderMap {
 public:
  Request(std::string_view authority, std::string_view path, const Fields& fields,
          std::string_view method) {
    add(HeaderId::Method, method);
    add(HeaderId::Authority, authority);
    if (!path.empty()) add(HeaderId::Path, path);
    for (const auto& [name, value] : fields) add(name, value);
  }
};

inline Request request(std::string_view authority, std::string_view path, const Fields& fields = {},
                       std::string_view method = "GET") {
  return Request(authority, path, fields, method);
}

inline std::shared_ptr<const Regex> regex(std::string_view pattern) {
  return Regex::compile(pattern).value();
}

inline PathMatch prefix(std::string text) { return {PathMatch::Kind::Prefix, std::move(text)}; }
inline PathMatch exact(std::string text) { return {PathMatch::Kind::Exact, std::move(text)}; }
inline PathMatch separated(std::string text) {
  return {PathMatch::Kind::SeparatedPrefix, std::move(text)};
}
inline PathMatch pattern(std::string_view text) {
  return {PathMatch::Kind::Regex, {}, regex(text)};
}
inline PathMatch connect() { return {PathMatch::Kind::Connect, {}}; }
inline PathMatch anyCase(PathMatch match) {
  match.case_sensitive = false;
  return match;
}

inline RouteSpec route(std::string name, RouteMatch match) {
  RouteSpec spec;
  spec.path = "routes." + name;
  spec.match = std::move(match);
  spec.route.name = std::move(name);
  spec.route.action = DirectResponse{};
  return spec;
}
inline RouteSpec route(std::string name, PathMatch path) {
  RouteMatch match;
  match.path = std::move(path);
  return route(std::move(name), std::move(match));
}

// One virtual host for everything.
inline std::vector<VirtualHostSpec> host(std::vector<RouteSpec> routes) {
  std::vector<VirtualHostSpec> hosts(1);
  hosts[0] = {"all", "hosts.all", {"*"}, std::move(routes)};
  return hosts;
}

inline std::string nameOf(const Route* route) { return route == nullptr ? "(none)" : route->name; }

}  // namespace weir::http::test
