#include "source/upstream/health_checks.h"

#include <utility>

#include "source/base/check.h"
#include "source/upstream/tcp_health_checker.h"

namespace weir::upstream {
namespace {

stats::Value& outcome(stats::Registry& stats, const std::string& cluster, std::string_view what) {
  return stats.counter("weir_upstream_health_checks_total",
                       "Active health checks of hosts, by how they ended.",
                       {{"cluster", cluster}, {"outcome", what}});
}

HealthCheckSettings settingsOf(const ClusterSettings& cluster) {
  HealthCheckSettings settings = *cluster.health_check;
  if (settings.http && settings.http->host.empty()) settings.http->host = cluster.name;
  return settings;
}

// A server that wants a PROXY header wants it from checks, too: one that speaks for nobody.
std::string proxyHeaderOf(const ClusterSettings& cluster) {
  if (!cluster.proxy_protocol) return {};
  const auto header = net::makeProxyHeader(cluster.proxy_protocol->version, {}, {}, {});
  return {header.begin(), header.end()};
}

}  // namespace

HealthChecks::HealthChecks(event::Loop& loop, buffer::SlicePool& slices, stats::Registry& stats,
                           const std::shared_ptr<ClusterState>& state, HealthCheckerMaker make_http,
                           std::function<void()> on_gone)
    : loop_(loop),
      slices_(slices),
      state_(state),
      settings_(settingsOf(state->settings())),
      proxy_header_(proxyHeaderOf(state->settings())),
      make_http_(std::move(make_http)),
      on_gone_(std::move(on_gone)),
      passed_(outcome(stats, state->settings().name, "passed")),
      failed_(outcome(stats, state->settings().name, "failed")) {
  WEIR_CHECK(!settings_.http || make_http_);
  follow(*state->hosts());
}

void HealthChecks::follow(const HostList& hosts) {
  auto before = std::move(checkers_);
  checkers_.clear();
  for (const auto& host : hosts.hosts()) {
    const auto known = before.find(host);
    checkers_.emplace(host, known != before.end() ? std::move(known->second) : check(host));
  }
}

std::unique_ptr<HealthChecker> HealthChecks::check(const std::shared_ptr<Host>& host) {
  const auto on_change = [this, host = host.get()](bool healthy) {
    if (const auto state = state_.lock()) {
      state->fitness().setHealthy(*host, healthy, loop_.now());
    }
  };
  const auto on_check = [this, host = host.get()](bool passed) {
    (passed ? passed_ : failed_).add(1);
    host->noteChecked();
    if (state_.expired()) on_gone_();
  };
  HealthCheckSettings settings = settings_;
  const SharedTransport& transport = host->transport();
  const auto spoken = settings.http ? net::SessionProtocol::Http1 : net::SessionProtocol::Opaque;
  settings.send.insert(0, transport ? headerFor(*transport, spoken) : proxy_header_);
  HealthCheckTask task{loop_,     slices_,  host->address(), settings, !host->failsChecks(),
                       on_change, on_check, transport,       &costly_, proxy_header_};
  if (settings_.http) return make_http_(std::move(task));
  return std::make_unique<TcpHealthChecker>(std::move(task));
}

}  // namespace weir::upstream
