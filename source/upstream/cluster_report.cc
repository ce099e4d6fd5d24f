#include "source/upstream/cluster_report.h"

#include <algorithm>
#include <utility>

namespace weir::upstream {
namespace {

std::string_view nameOf(ClusterSettings::Type type) {
  switch (type) {
    case ClusterSettings::Type::Static: return "STATIC";
    case ClusterSettings::Type::StrictDns: return "STRICT_DNS";
    case ClusterSettings::Type::OriginalDst: return "ORIGINAL_DST";
  }
  return "";
}

std::string_view nameOf(LbPolicy policy) {
  switch (policy) {
    case LbPolicy::RoundRobin: return "ROUND_ROBIN";
    case LbPolicy::LeastRequest: return "LEAST_REQUEST";
    case LbPolicy::RingHash: return "RING_HASH";
    case LbPolicy::Random: return "RANDOM";
    case LbPolicy::Maglev: return "MAGLEV";
    case LbPolicy::PeakEwma: return "PEAK_EWMA";
  }
  return "";
}

HostReport reportOf(const Host& host, const HostFitness& fitness, MonotonicTime now) {
  HostReport report;
  report.address = host.address().toString();
  report.weight = host.weight();
  if (host.wasChecked()) report.health = host.failsChecks() ? "unhealthy" : "healthy";
  if (const auto until = fitness.ejectedUntil(host)) {
    report.ejected_for = std::max(*until - now, Duration::zero());
    report.ejection_reason = toString(fitness.ejectionReason(host));
  }
  report.success_rate = fitness.successRate(host);
  report.active_connections = host.active();
  report.active_requests = host.activeRequests();
  report.connects = host.connected();
  report.connect_failures = host.failed();
  report.requests = host.requests();
  report.request_errors = host.requestErrors();
  return report;
}

}  // namespace

ClusterReport reportOf(ClusterState& state, MonotonicTime now) {
  state.fitness().endEjections(now);
  const ClusterSettings& settings = state.settings();
  ClusterReport report;
  report.name = settings.name;
  report.type = nameOf(settings.type);
  report.lb_policy = nameOf(settings.lb_policy);
  report.active_connections = state.active();
  report.active_requests = state.activeRequests();
  report.panic = state.fitness().panic();
  report.counts = state.fitness().counts();
  const auto list = state.hosts();
  for (const auto& host : list->hosts()) {
    report.hosts.push_back(reportOf(*host, state.fitness(), now));
  }
  for (DnsStatus& dns : state.dns()) {
    DnsReport one{std::move(dns.name), dns.stale, std::move(dns.error), std::nullopt};
    if (dns.last_good) one.age = now - *dns.last_good;
    report.dns.push_back(std::move(one));
  }
  return report;
}

}  // namespace weir::upstream
