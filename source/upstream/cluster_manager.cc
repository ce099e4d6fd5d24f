#include "source/upstream/cluster_manager.h"

#include <algorithm>
#include <utility>

namespace weir::upstream {
namespace {

std::string_view typeName(ClusterSettings::Type type) {
  return type == ClusterSettings::Type::Static ? "STATIC" : "ORIGINAL_DST";
}

std::string_view policyName(LbPolicy policy) {
  switch (policy) {
    case LbPolicy::RoundRobin: return "ROUND_ROBIN";
    case LbPolicy::LeastRequest: return "LEAST_REQUEST";
    case LbPolicy::RingHash: return "RING_HASH";
    case LbPolicy::Random: return "RANDOM";
  }
  return "";
}

ClusterReport reportOf(const ClusterState& state) {
  const ClusterSettings& settings = state.settings();
  ClusterReport report{
      settings.name, typeName(settings.type), policyName(settings.lb_policy), state.active(), {}};
  const auto hosts = state.hosts();
  for (const auto& host : hosts->hosts()) {
    report.hosts.push_back({host->address().toString(), host->weight(), host->active(),
                            host->connected(), host->failed()});
  }
  return report;
}

}  // namespace

// A configuration whose states are not handed out yet.
struct ClusterManager::Pending final : event::Retirable {
  Pending(ClusterManager& manager, Ready call)
      : ready(std::move(call)),
        answer(manager.loop_, [this, &manager] { manager.finish(*this); }) {}
  std::shared_ptr<ClusterStateMap> states = std::make_shared<ClusterStateMap>();
  Ready ready;
  event::Task answer;
};

ClusterManager::ClusterManager(event::Loop& loop) : loop_(loop) {}
ClusterManager::~ClusterManager() = default;

void ClusterManager::prepare(const std::vector<ClusterSettings>& settings, Ready ready) {
  Pending& pending = *pending_.emplace_back(std::make_unique<Pending>(*this, std::move(ready)));
  std::erase_if(states_, [](const auto& state) { return state.expired(); });
  for (const ClusterSettings& one : settings) pending.states->emplace(one.name, stateFor(one));
  pending.states->emplace(BypassName, stateFor(bypassSettings()));
  pending.answer.schedule();
}

std::shared_ptr<ClusterState> ClusterManager::stateFor(const ClusterSettings& settings) {
  const std::lock_guard lock(mutex_);
  for (const auto& known : states_) {
    auto state = known.lock();
    if (state != nullptr && state->settings() == settings) return state;
  }
  auto state = std::make_shared<ClusterState>(settings, randomSeed());
  states_.push_back(state);
  return state;
}

void ClusterManager::finish(Pending& pending) {
  const auto it = std::find_if(pending_.begin(), pending_.end(),
                               [&](const auto& one) { return one.get() == &pending; });
  std::unique_ptr<Pending> done = std::move(*it);
  pending_.erase(it);
  const Ready ready = std::move(done->ready);
  ClusterStates states = std::move(done->states);
  loop_.retire(std::move(done));
  ready(std::move(states));
}

std::vector<ClusterReport> ClusterManager::report() const {
  std::vector<std::shared_ptr<ClusterState>> states;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& known : states_) {
      if (auto state = known.lock()) states.push_back(std::move(state));
    }
  }
  std::vector<ClusterReport> reports;
  for (const auto& state : states) reports.push_back(reportOf(*state));
  std::stable_sort(reports.begin(), reports.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  return reports;
}

}  // namespace weir::upstream
