#pragma once

// Route configurations into the table that workers read. Checks everything and reports every fault
// at its field; what is returned must not be used if anything was reported. Main thread, while a
// configuration is built.

#include <memory>

#include "source/base/diagnostics.h"
#include "source/config/extension_factory.h"
#include "source/http/route_table.h"

namespace weir::config {

namespace v1 {
class RouteConfiguration;
class Route;
class RouteAction;
class RouteMatch;
class RetryPolicy;
}  // namespace v1

// Never null.
std::shared_ptr<const http::RouteTable> parseRouteConfiguration(
    const v1::RouteConfiguration& config, const FieldScope& scope, BuildContext& context);

// Its parts.
http::RouteMatch parseRouteMatch(const v1::RouteMatch& match, const FieldScope& scope);
// `match` says which rewrites have a meaning.
http::Forward parseRouteAction(const v1::RouteAction& action, const http::PathMatch& match,
                               const FieldScope& scope, BuildContext& context);
http::RetryPolicy parseRetryPolicy(const v1::RetryPolicy& policy, const FieldScope& scope);
// The redirect, the direct response or the tunnel of a route that has one.
void parseOwnAnswer(const v1::Route& route, const http::PathMatch& match, const FieldScope& scope,
                    BuildContext& context, http::Route& out);

}  // namespace weir::config
