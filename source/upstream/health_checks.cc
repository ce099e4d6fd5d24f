#include "source/upstream/health_checks.h"

#include <utility>

namespace weir::upstream {
namespace {

stats::Value& outcome(stats::Registry& stats, const std::string& cluster, std::string_view what) {
  return stats.counter("weir_upstream_health_checks_total",
                       "Active health checks of hosts, by how they ended.",
                       {{"cluster", cluster}, {"outcome", what}});
}

// A server that wants a PROXY header wants it from checks, too: one that speaks for nobody.
HealthCheckSettings settingsOf(const ClusterSettings& cluster) {
  HealthCheckSettings settings = *cluster.health_check;
  if (!cluster.proxy_protocol) return settings;
  const auto header = net::makeProxyHeader(cluster.proxy_protocol->version, {}, {}, {});
  settings.send.insert(0, std::string(header.begin(), header.end()));
  return settings;
}

}  // namespace

HealthChecks::HealthChecks(event::Loop& loop, buffer::SlicePool& slices, stats::Registry& stats,
                           const std::shared_ptr<ClusterState>& state,
                           std::function<void()> on_gone)
    : loop_(loop),
      slices_(slices),
      state_(state),
      settings_(settingsOf(state->settings())),
      on_gone_(std::move(on_gone)),
      passed_(outcome(stats, state->settings().name, "passed")),
      failed_(outcome(stats, state->settings().name, "failed")) {
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

std::unique_ptr<TcpHealthChecker> HealthChecks::check(const std::shared_ptr<Host>& host) {
  auto checker = std::make_unique<TcpHealthChecker>(
      loop_, slices_, host->address(), settings_,
      [this, host = host.get()](bool healthy) {
        if (const auto state = state_.lock()) {
          state->fitness().setHealthy(*host, healthy, loop_.now());
        }
      },
      !host->failsChecks());
  checker->onEachCheck([this, host = host.get()](bool passed) {
    (passed ? passed_ : failed_).add(1);
    host->noteChecked();
    if (state_.expired()) on_gone_();
  });
  return checker;
}

}  // namespace weir::upstream
