#include "source/extensions/network/http_conn_manager/explain_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "source/extensions/network/http_conn_manager/described_request.h"
#include "source/http/connect_target.h"
#include "source/http/forwarded.h"
#include "source/http/grpc.h"
#include "source/http/h2/preface.h"
#include "source/http/header_changes.h"
#include "source/http/path_rewrite.h"
#include "source/http/redirect.h"
#include "source/http/request_rules.h"
#include "source/http/upgrade.h"

namespace weir::extensions {
namespace {

using filter::RequestExplanation;
using http::HeaderId;
using http::HeaderMap;

void answered(const http::BadMessage& bad, const HeaderMap& request, RequestExplanation& out) {
  out.action = "reject";
  out.outcome = bad.status == 0 ? fmt::format("ended without an answer: {}", bad.reason)
                                : fmt::format("answered with {}: {}",
                                              http::shownStatus(request, bad.status), bad.reason);
}

// gRPC knows no redirects: its client is told that the call failed.
void redirected(std::string location, unsigned status, const HeaderMap& request,
                RequestExplanation& out) {
  out.action = "redirect";
  out.outcome = http::isGrpc(request) ? fmt::format("answered with {}, and location {}",
                                                    http::shownStatus(request, status), location)
                                      : fmt::format("sent to {} with {}", location, status);
}

void answeredDirectly(const http::DirectResponse& direct, const HeaderMap& request,
                      RequestExplanation& out) {
  out.action = "direct_response";
  out.outcome = "answered with " + http::shownStatus(request, direct.status);
  // To gRPC they are its message.
  if (!http::isGrpc(request)) out.outcome += fmt::format(" and {} bytes", direct.body.size());
}

bool mayUpgrade(const HttpConnManagerSettings& settings, const http::Forward& forward,
                const HeaderMap& headers) {
  if (http::tunnelFormOf(headers) == http::TunnelForm::None) return true;
  const auto may = [&](const std::string& type) {
    const auto rule = forward.allowsUpgrade(type);
    return rule ? *rule : settings.upgradeAllowed(type);
  };
  const std::vector<std::string> types = http::upgradeTypesOf(headers);
  return std::any_of(types.begin(), types.end(), may);
}

// False: the request comes to no route.
bool explainPath(const HttpConnManagerSettings& settings, HeaderMap& headers,
                 RequestExplanation& out) {
  using Kind = http::PathResult::Kind;
  const std::string path(headers.get(HeaderId::Path));
  out.path = path;
  if (path.empty() || path == "*") return true;
  const http::PathResult result = settings.normalize(path);
  if (result.kind == Kind::Reject) {
    answered({400, result.reason}, headers, out);
    return false;
  }
  if (result.kind == Kind::Redirect) {
    redirected(http::locationOf(headers, result.target), 307, headers, out);
    out.outcome += ", as its path has escaped slashes";
    return false;
  }
  if (result.kind == Kind::Rewritten) {
    headers.set(HeaderId::Path, result.target);
    out.path = result.target;
  }
  return true;
}

// As the route rewrites it. False: that is refused.
bool explainRewrite(const HttpConnManagerSettings& settings, const http::Route& route,
                    const http::Forward& forward, const HeaderMap& headers,
                    RequestExplanation& out) {
  const std::string_view path = headers.get(HeaderId::Path);
  out.upstream_path = path;
  auto rewritten = http::rewritePath(forward, route.matched_prefix, path);
  if (!rewritten) return true;
  http::PathResult normal = settings.normalizeRewritten(*rewritten);
  if (normal.kind == http::PathResult::Kind::Reject) {
    answered({400, normal.reason}, headers, out);
    return false;
  }
  const bool same = normal.kind == http::PathResult::Kind::Unchanged;
  out.upstream_path = same ? std::move(*rewritten) : std::move(normal.target);
  return true;
}

std::string mirrorText(const http::Mirror& mirror) {
  if (mirror.per_million >= 1'000'000)
    return fmt::format("; a copy to cluster \"{}\"", mirror.cluster);
  return fmt::format("; a copy of {:.4g} % to cluster \"{}\"",
                     static_cast<double>(mirror.per_million) / 1e4, mirror.cluster);
}

void explainForward(const HttpConnManagerSettings& settings, const http::Route& route,
                    const http::Forward& forward, const HeaderMap& headers,
                    RequestExplanation& out) {
  if (!explainRewrite(settings, route, forward, headers, out)) return;
  uint64_t total = 0;
  for (const auto& cluster : forward.clusters) total += cluster.weight;
  for (const auto& cluster : forward.clusters) {
    const double share = total == 0 ? 0 : static_cast<double>(cluster.weight);
    out.clusters.push_back(
        {cluster.name, total == 0 ? 0 : 100 * share / static_cast<double>(total)});
  }
  out.action = "forward";
  std::string names;
  for (const auto& cluster : out.clusters) {
    names += names.empty() ? "" : ", ";
    names += out.clusters.size() == 1
                 ? fmt::format("cluster \"{}\"", cluster.name)
                 : fmt::format("\"{}\" {:.4g} %", cluster.name, cluster.percent);
  }
  out.outcome = out.clusters.size() == 1 ? "to " + names : "to one of the clusters " + names;
  if (out.upstream_path != headers.get(HeaderId::Path)) out.outcome += ", as " + out.upstream_path;
  if (!forward.host_rewrite.empty()) out.outcome += ", to host " + forward.host_rewrite;
  if (forward.auto_host_rewrite) out.outcome += ", to the name of the endpoint";
  for (const http::Mirror& mirror : forward.mirrors) out.outcome += mirrorText(mirror);
}

// Where a name leads is known once it is resolved; that is left to the proxy.
void explainTunnel(const http::Tunnel& tunnel, const HeaderMap& headers,
                   const net::OwnAddresses* own, RequestExplanation& out) {
  const std::string_view authority = headers.get(HeaderId::Authority);
  out.action = "tunnel";
  if (!tunnel.cluster.empty()) {
    out.outcome = "a tunnel to cluster \"" + tunnel.cluster + "\"";
    out.clusters.push_back({tunnel.cluster, 100});
    return;
  }
  const auto target = http::connectTargetOf(authority);
  if (!target) return answered({400, "bad_authority"}, headers, out);
  out.outcome = fmt::format("a tunnel to {}", authority);
  if (target->address) {
    static const net::OwnAddresses Nowhere;
    const bool allow = tunnel.allow_local_destinations;
    const auto bad = http::refuseTunnelTo(*target->address, allow, own == nullptr ? Nowhere : *own);
    if (bad) answered(*bad, headers, out);
    return;
  }
  out.outcome += "; answered with 508 (loop) if its name leads to a listener of this process";
  if (tunnel.allow_local_destinations) return;
  out.outcome += ", with 403 (local_destination) if to another address of this machine or its link";
}

void explainAction(const HttpConnManagerSettings& settings, const http::Route& route,
                   const net::OwnAddresses* own, HeaderMap& headers, RequestExplanation& out) {
  if (const auto* forward = std::get_if<http::Forward>(&route.action)) {
    if (!mayUpgrade(settings, *forward, headers))
      return answered({403, "upgrade_not_allowed"}, headers, out);
    explainForward(settings, route, *forward, headers, out);
  } else if (const auto* redirect = std::get_if<http::Redirect>(&route.action)) {
    redirected(http::locationOf(*redirect, headers, route.matched_prefix), redirect->status,
               headers, out);
  } else if (const auto* direct = std::get_if<http::DirectResponse>(&route.action)) {
    answeredDirectly(*direct, headers, out);
  } else if (const auto* tunnel = std::get_if<http::Tunnel>(&route.action)) {
    explainTunnel(*tunnel, headers, own, out);
  }
}

std::string_view schemeOf(const filter::ConnectionInfo& connection) {
  return connection.security != nullptr ? "https" : "http";
}

// Whom it is taken to come from; its fields are changed as they are for the filters.
net::IpAddress explainClient(const HttpConnManagerSettings& settings,
                             const filter::ConnectionInfo& connection, http::Version version,
                             HeaderMap& headers) {
  net::IpAddress address;
  if (connection.facts.known.has(filter::Fact::Source)) address = connection.facts.source.ip;
  const std::string text = address.family != net::Family::None ? address.toString() : "";
  const http::ForwardedPeer peer{address, text, schemeOf(connection),
                                 version == http::Version::Http2};
  if (!settings.transparent) return http::applyForwarded(settings.forwarded, peer, 0, 0, headers);
  http::applyScheme(peer, headers);
  return address;
}

// As the configuration has it.
std::string_view nameOf(const HttpConnManagerSettings& settings, size_t filter) {
  const bool named =
      filter < settings.filter_names.size() && !settings.filter_names[filter].empty();
  return named ? std::string_view(settings.filter_names[filter]) : settings.filters[filter]->name();
}

// False: one of them answers it.
bool explainFilters(const HttpConnManagerSettings& settings,
                    const filter::ConnectionInfo& connection, const HeaderMap& headers,
                    const net::IpAddress& client, RequestExplanation& out) {
  for (size_t i = 0; i + 1 < settings.filters.size(); ++i) {
    auto verdict = settings.filters[i]->explainRequest(headers, connection, client);
    if (!verdict) {
      out.filters.emplace_back(nameOf(settings, i));
      continue;
    }
    verdict->filter = nameOf(settings, i);
    out.verdicts.push_back(std::move(*verdict));
    const filter::FilterExplanation& said = out.verdicts.back();
    if (said.verdict != filter::FilterExplanation::Verdict::Ends) continue;
    out.action = "reject";
    out.outcome = said.outcome + ", by " + said.filter;
    return false;
  }
  return true;
}

void explainRoutes(const HttpConnManagerSettings& settings, const net::OwnAddresses* own,
                   HeaderMap& headers, RequestExplanation& out) {
  http::RouteAnswer answer = settings.routes->explain(headers);
  out.virtual_host = std::move(answer.virtual_host);
  out.domain = std::move(answer.domain);
  for (auto& tried : answer.tries) {
    RequestExplanation::Route route{std::move(tried.name), std::move(tried.path), tried.chosen, {}};
    for (auto& one : tried.conditions) {
      route.conditions.push_back(
          {std::move(one.field), one.holds, std::move(one.expected), std::move(one.actual)});
    }
    out.routes.push_back(std::move(route));
  }
  if (answer.route != nullptr) return explainAction(settings, *answer.route, own, headers, out);
  const bool known = !out.domain.empty();
  answered({404, known ? "no route takes it" : "no virtual host has that domain"}, headers, out);
}

}  // namespace

RequestExplanation explainRequest(const HttpConnManagerSettings& settings,
                                  const filter::RequestDescription& described,
                                  const filter::ConnectionInfo& connection) {
  RequestExplanation out;
  const http::Version version = versionOf(described, settings, connection);
  const std::string_view http2 = connection.security != nullptr ? "h2" : "h2c";
  out.protocol = version == http::Version::Http2 ? http2 : "http/1.1";
  if (version == http::Version::Http2 && described.head.starts_with(http::Http2Preface)) {
    out.action = "none";
    out.outcome = "not known: of bytes of HTTP/2 the preface is read, and no request behind it";
    return out;
  }
  HeaderMap headers;
  auto bad = readDescribed(described, version, settings, headers);
  if (version == http::Version::Http2 && headers.has(HeaderId::Scheme))
    headers.set(HeaderId::Scheme, schemeOf(connection));
  out.path = headers.get(HeaderId::Path);
  if (!bad) bad = http::checkRequest(headers);
  if (bad) {
    answered(*bad, headers, out);
    return out;
  }
  const net::IpAddress client = explainClient(settings, connection, version, headers);
  if (!explainPath(settings, headers, out)) return out;
  if (!explainFilters(settings, connection, headers, client, out)) return out;
  explainRoutes(settings, described.own_addresses, headers, out);
  return out;
}

}  // namespace weir::extensions
