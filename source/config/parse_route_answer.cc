#include <array>
#include <chrono>
#include <string>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/data_source.h"
#include "source/config/field_checks.h"
#include "source/config/host_checks.h"
#include "source/config/node.h"
#include "source/config/parse_route.h"
#include "source/config/path_checks.h"

namespace weir::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr size_t MaxBody = 65'536;

unsigned statusOf(v1::RedirectAction::RedirectResponseCode code) {
  switch (code) {
    case v1::RedirectAction::FOUND: return 302;
    case v1::RedirectAction::SEE_OTHER: return 303;
    case v1::RedirectAction::TEMPORARY_REDIRECT: return 307;
    case v1::RedirectAction::PERMANENT_REDIRECT: return 308;
    default: return 301;
  }
}

void parseScheme(const v1::RedirectAction& config, const FieldScope& scope,
                 http::Redirect& redirect) {
  if (config.https_redirect()) redirect.scheme = "https";
  if (config.scheme_rewrite_specifier_case() != v1::RedirectAction::kSchemeRedirect) return;
  redirect.scheme = config.scheme_redirect();
  if (redirect.scheme == "http" || redirect.scheme == "https") return;
  scope.field("scheme_redirect")
      .error(quote(redirect.scheme) + " is not allowed; it is \"http\" or \"https\"");
}

void parsePath(const v1::RedirectAction& config, const http::PathMatch& match,
               const FieldScope& scope, http::Redirect& redirect) {
  using Action = v1::RedirectAction;
  if (config.path_rewrite_specifier_case() == Action::kPathRedirect) {
    checkPathText(scope.field("path_redirect"), config.path_redirect(), "a path");
    redirect.path = config.path_redirect();
  }
  if (config.path_rewrite_specifier_case() == Action::kPrefixRewrite) {
    const FieldScope field = scope.field("prefix_rewrite");
    checkRewritable(field, match);
    if (!config.prefix_rewrite().empty()) checkPathText(field, config.prefix_rewrite(), "a path");
    checkNoQuery(field, config.prefix_rewrite());
    redirect.prefix_rewrite = config.prefix_rewrite();
  }
}

http::Redirect parseRedirect(const v1::RedirectAction& config, const http::PathMatch& match,
                             const FieldScope& scope) {
  http::Redirect redirect;
  redirect.status = statusOf(config.response_code());
  parseScheme(config, scope, redirect);
  redirect.host = config.host_redirect();
  if (!redirect.host.empty()) checkHost(scope.field("host_redirect"), redirect.host);
  if (config.has_port_redirect()) {
    redirect.port = static_cast<uint16_t>(
        checkInteger(scope.field("port_redirect"), config.port_redirect(), 1, {1, 65535}));
  }
  parsePath(config, match, scope, redirect);
  redirect.strip_query = config.strip_query();
  if (match.kind == http::PathMatch::Kind::Connect) {
    scope.error("is not for connect_matcher: a CONNECT has nothing that could be redirected");
  }
  const bool changes = !redirect.scheme.empty() || !redirect.host.empty() || redirect.port ||
                       !redirect.path.empty() || redirect.prefix_rewrite || redirect.strip_query;
  if (!changes) scope.error("changes nothing: the client would be sent in a circle");
  return redirect;
}

http::DirectResponse parseDirectResponse(const v1::DirectResponseAction& config,
                                         const FieldScope& scope) {
  http::DirectResponse response;
  const FieldScope status = scope.field("status");
  if (config.status() == 0) {
    status.error("is required: the status of the response, such as 404");
  } else {
    response.status = static_cast<unsigned>(checkInteger(status, config.status(), 200, {200, 599}));
  }
  if (!config.has_body()) return response;
  const FieldScope body = scope.field("body");
  response.body = readDataSource(config.body(), body, MaxBody).value_or("");
  const bool bodiless = response.status == 204 || response.status == 205 || response.status == 304;
  if (bodiless && !response.body.empty()) {
    const FieldScope source =
        body.field(config.body().has_filename() ? "filename" : "inline_string");
    source.error("a response of the status " + std::to_string(response.status) + " has no body");
  }
  return response;
}

http::Tunnel parseTunnel(const v1::TunnelAction& config, const http::PathMatch& match,
                         const FieldScope& scope, BuildContext& context) {
  http::Tunnel tunnel;
  if (match.kind != http::PathMatch::Kind::Connect) {
    scope.error("is only for routes with connect_matcher");
  }
  if (config.destination_case() == v1::TunnelAction::kCluster) {
    context.checkCluster(scope.field("cluster"), config.cluster());
    tunnel.cluster = config.cluster();
  } else if (config.destination_case() == v1::TunnelAction::DESTINATION_NOT_SET) {
    scope.error("is required: one of cluster or authority");
  }
  tunnel.allow_local_destinations = config.authority().allow_local_destinations();
  tunnel.idle_timeout = checkDuration(scope.field("idle_timeout"),
                                      config.has_idle_timeout() ? &config.idle_timeout() : nullptr,
                                      tunnel.idle_timeout, {milliseconds(1), hours(24), true});
  return tunnel;
}

}  // namespace

void parseOwnAnswer(const v1::Route& route, const http::PathMatch& match, const FieldScope& scope,
                    BuildContext& context, http::Route& out) {
  if (route.has_redirect()) {
    out.action = parseRedirect(route.redirect(), match, scope.field("redirect"));
  } else if (route.has_direct_response()) {
    out.action = parseDirectResponse(route.direct_response(), scope.field("direct_response"));
  } else if (route.has_tunnel()) {
    out.action = parseTunnel(route.tunnel(), match, scope.field("tunnel"), context);
  }
}

}  // namespace weir::config
