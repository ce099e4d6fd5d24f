#include "source/config/parse_route.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/config/host_checks.h"
#include "source/config/node.h"
#include "source/http/header_changes.h"

namespace weir::config {
namespace {

struct Changes {
  http::HeaderChanges request;
  http::HeaderChanges response;
};

// Of a message that has the four fields.
template <class Message>
Changes parseChanges(const Message& config, const FieldScope& scope) {
  return {parseHeaderChanges(config.request_headers_to_add(), config.request_headers_to_remove(),
                             RequestHeaderFields, scope),
          parseHeaderChanges(config.response_headers_to_add(), config.response_headers_to_remove(),
                             ResponseHeaderFields, scope)};
}

Changes combine(Changes inner, const Changes& outer) {
  return {http::combine(std::move(inner.request), outer.request),
          http::combine(std::move(inner.response), outer.response)};
}

class RouteConfigurationParser {
 public:
  explicit RouteConfigurationParser(BuildContext& context) : context_(context) {}

  std::vector<http::VirtualHostSpec> parse(const v1::RouteConfiguration& config,
                                           const FieldScope& scope) {
    table_ = parseChanges(config, scope);
    const FieldScope list = scope.field("virtual_hosts");
    if (config.virtual_hosts_size() == 0) list.error("is required: at least one virtual host");
    std::vector<http::VirtualHostSpec> hosts;
    for (int i = 0; i < config.virtual_hosts_size(); ++i) {
      hosts.push_back(parseHost(config.virtual_hosts(i), list.index(static_cast<size_t>(i))));
      hosts.back().table = config.name();
    }
    return hosts;
  }

 private:
  http::VirtualHostSpec parseHost(const v1::VirtualHost& config, const FieldScope& scope) {
    http::VirtualHostSpec host;
    host.name = config.name();
    host.path = scope.path();
    parseName(config, scope);
    const FieldScope domains = scope.field("domains");
    if (config.domains_size() == 0) domains.error("is required: at least one domain, or \"*\"");
    for (int i = 0; i < config.domains_size(); ++i) {
      checkDomain(domains.index(static_cast<size_t>(i)), config.domains(i));
      host.domains.push_back(config.domains(i));
    }
    const Changes outer = combine(parseChanges(config, scope), table_);
    const FieldScope routes = scope.field("routes");
    for (int i = 0; i < config.routes_size(); ++i) {
      const FieldScope field = routes.index(static_cast<size_t>(i));
      const size_t faults = scope.diagnostics().errors().size();
      http::RouteSpec spec = parseRoute(config.routes(i), field, outer);
      // What is wrong is not held against the other routes.
      if (scope.diagnostics().errors().size() == faults) host.routes.push_back(std::move(spec));
    }
    return host;
  }

  void parseName(const v1::VirtualHost& config, const FieldScope& scope) {
    const FieldScope field = scope.field("name");
    if (!checkRequired(field, config.name(), "for logs and metrics")) return;
    const auto [at, is_new] = names_.emplace(config.name(), scope.path());
    if (!is_new) {
      field.error(quote(config.name()) + " is already the name of " + at->second);
    }
  }

  http::RouteSpec parseRoute(const v1::Route& config, const FieldScope& scope,
                             const Changes& outer) {
    http::RouteSpec spec;
    spec.path = scope.path();
    spec.route.name = config.name();
    if (config.has_match()) {
      spec.match = parseRouteMatch(config.match(), scope.field("match"));
    } else {
      scope.field("match").error("is required: which requests, such as {prefix: /}");
    }
    const http::PathMatch& path = spec.match.path;
    if (config.has_route()) {
      spec.route.action = parseRouteAction(config.route(), path, scope.field("route"), context_);
    } else if (config.action_case() == v1::Route::ACTION_NOT_SET) {
      scope.error("is required: one of route, redirect, direct_response or tunnel");
    } else {
      parseOwnAnswer(config, path, scope, context_, spec.route);
    }
    Changes changes = combine(parseChanges(config, scope), outer);
    spec.route.request_headers = std::move(changes.request);
    spec.route.response_headers = std::move(changes.response);
    return spec;
  }

  BuildContext& context_;
  Changes table_;
  std::unordered_map<std::string, std::string> names_;  // to the paths
};

}  // namespace

std::shared_ptr<const http::RouteTable> parseRouteConfiguration(
    const v1::RouteConfiguration& config, const FieldScope& scope, BuildContext& context) {
  return http::RouteTable::compile(RouteConfigurationParser(context).parse(config, scope),
                                   scope.diagnostics());
}

}  // namespace weir::config
