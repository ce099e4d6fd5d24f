#include "source/http/route_table.h"

#include <algorithm>
#include <utility>

#include "source/http/route_coverage.h"

namespace weir::http {
namespace {

// A regular expression is tried only for paths that begin as all of its matches do.
std::string indexedText(const PathMatch& match) {
  return match.kind == PathMatch::Kind::Regex ? match.regex->commonPrefix() : match.text;
}

std::vector<PathIndex::Entry> indexed(const std::vector<RouteSpec>& routes, bool case_sensitive) {
  std::vector<PathIndex::Entry> entries;
  for (uint32_t i = 0; i < routes.size(); ++i) {
    const PathMatch& path = routes[i].match.path;
    if (path.kind == PathMatch::Kind::Connect || path.case_sensitive != case_sensitive) continue;
    entries.push_back({indexedText(path), i});
  }
  return entries;
}

bool speaksOfText(PathMatch::Kind kind) {
  return kind != PathMatch::Kind::Regex && kind != PathMatch::Kind::Connect;
}

}  // namespace

RouteTable::Host::Host(VirtualHostSpec spec)
    : name(new VirtualHost{std::move(spec.name), std::move(spec.table)}),
      routes(std::move(spec.routes)),
      exact_case(indexed(routes, true)),
      any_case(indexed(routes, false), true) {
  for (uint32_t i = 0; i < routes.size(); ++i) {
    const RouteMatch& match = routes[i].match;
    candidates.push_back({i, match.path.kind, !match.onlyPath()});
    if (match.path.kind == PathMatch::Kind::Connect) connects.push_back(i);
    routes[i].route.virtual_host = name.get();
    routes[i].route.matched_prefix = speaksOfText(match.path.kind) ? match.path.text.size() : 0;
  }
}

// Its indexed text, of `size` bytes, is what the path begins with.
bool RouteTable::Host::takes(const Candidate& candidate, const RequestView& request,
                             size_t size) const {
  const RouteMatch& match = routes[candidate.route].match;
  const bool whole = request.path.size() == size;
  switch (candidate.kind) {
    case PathMatch::Kind::Exact:
      if (!whole) return false;
      break;
    case PathMatch::Kind::SeparatedPrefix:
      if (!whole && request.path[size] != '/') return false;
      break;
    case PathMatch::Kind::Regex:
      if (!match.path.regex->matches(request.path)) return false;
      break;
    case PathMatch::Kind::Prefix:
    case PathMatch::Kind::Connect: break;
  }
  return !candidate.more || restHolds(match, request);
}

const Route* RouteTable::Host::find(const RequestView& request) const {
  size_t best = routes.size();
  // Each list ascends: it has nothing to offer behind its first hit, or behind the best so far.
  const auto tryList = [&](std::span<const uint32_t> list, size_t size) {
    for (const uint32_t index : list) {
      if (index >= best) return;
      if (takes(candidates[index], request, size)) best = index;
    }
  };
  if (request.tunnel) {
    tryList(connects, 0);
  } else {
    exact_case.eachPrefixOf(request.path, tryList);
    any_case.eachPrefixOf(request.path, tryList);
  }
  return best == routes.size() ? nullptr : &routes[best].route;
}

std::shared_ptr<const RouteTable> RouteTable::compile(std::vector<VirtualHostSpec> hosts,
                                                      Diagnostics& diagnostics) {
  std::shared_ptr<RouteTable> table(new RouteTable());
  checkDomains(hosts, diagnostics);
  for (const VirtualHostSpec& host : hosts) checkCoverage(host.routes, diagnostics);
  table->hosts_.reserve(hosts.size());
  for (VirtualHostSpec& host : hosts) {
    const auto number = static_cast<uint32_t>(table->hosts_.size());
    for (const std::string& domain : host.domains) table->domains_.add(domain, number);
    table->hosts_.emplace_back(std::move(host));
  }
  return table;
}

const Route* RouteTable::find(const HeaderMap& request) const {
  const auto host = domains_.find(request.get(HeaderId::Authority));
  if (!host) return nullptr;
  return hosts_[host->value].find(RequestView(request));
}

RouteAnswer RouteTable::explain(const HeaderMap& request) const {
  RouteAnswer answer;
  const auto found = domains_.find(request.get(HeaderId::Authority));
  if (!found) return answer;
  const Host& host = hosts_[found->value];
  answer.virtual_host = host.name->name;
  answer.domain = found->domain;
  const RequestView view(request);
  for (const RouteSpec& spec : host.routes) {
    auto conditions = http::explain(spec.match, view);
    const bool chosen = std::all_of(conditions.begin(), conditions.end(),
                                    [](const ConditionResult& result) { return result.holds; });
    answer.tries.push_back({spec.route.name, spec.path, chosen, std::move(conditions)});
    if (!chosen) continue;
    answer.route = &spec.route;
    break;
  }
  return answer;
}

const WeightedCluster& pickCluster(const Forward& forward, uint64_t random) {
  if (forward.clusters.size() == 1) return forward.clusters.front();
  uint64_t total = 0;
  for (const WeightedCluster& cluster : forward.clusters) total += cluster.weight;
  uint64_t drawn = static_cast<uint64_t>((static_cast<unsigned __int128>(random) * total) >> 64);
  for (const WeightedCluster& cluster : forward.clusters) {
    if (drawn < cluster.weight) return cluster;
    drawn -= cluster.weight;
  }
  return forward.clusters.back();
}

}  // namespace weir::http
