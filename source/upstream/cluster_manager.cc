#include "source/upstream/cluster_manager.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "source/base/log.h"

namespace weir::upstream {

using log::Component;

namespace {

stats::Value& gauge(stats::Registry& stats, const std::string& cluster, std::string_view name,
                    std::string_view help) {
  return stats.gauge(name, help, {{"cluster", cluster}});
}

}  // namespace

// What is done for one state.
struct ClusterManager::Entry {
  std::string name;
  std::weak_ptr<ClusterState> state;
  std::unique_ptr<StrictDns> dns;        // null if it has no names
  std::unique_ptr<HealthChecks> checks;  // null if there are none
};

// A configuration whose states are not handed out yet.
struct ClusterManager::Pending final : event::Retirable {
  Pending(ClusterManager& manager, Ready call)
      : ready(std::move(call)),
        notice(manager.loop_, [this, &manager] { manager.tellWaiting(*states); }),
        answer(manager.loop_, [this, &manager] { manager.finish(*this); }) {
    notice.arm(Patience);
    answer.arm(WarmUp);
  }
  std::shared_ptr<ClusterStateMap> states = std::make_shared<ClusterStateMap>();
  Ready ready;
  event::Timer notice;
  event::Timer answer;
};

struct ClusterManager::Gauges {
  Gauges(stats::Registry& stats, const std::string& cluster)
      : hosts(gauge(stats, cluster, "weir_upstream_hosts", "Hosts of a cluster.")),
        healthy(gauge(stats, cluster, "weir_upstream_healthy_hosts",
                      "Hosts that neither fail their checks nor are ejected.")),
        ejected(gauge(stats, cluster, "weir_upstream_ejected_hosts", "Hosts that are ejected.")),
        dns_stale(gauge(stats, cluster, "weir_upstream_dns_stale_names",
                        "Names whose last question failed: older answers are in use.")),
        dns_age(gauge(stats, cluster, "weir_upstream_dns_age_seconds",
                      "Time since the last good answer (or since it is asked for, if there was "
                      "none), of the name for which it is longest.")) {}
  // `state` is null if the cluster is not in use any more.
  void set(ClusterState* state, MonotonicTime now) const {
    if (state != nullptr) state->fitness().endEjections(now);
    const auto counts = state != nullptr ? state->fitness().counts() : HostFitness::Counts{};
    hosts.set(counts.hosts);
    healthy.set(counts.fit);
    ejected.set(counts.ejected);
    uint64_t stale = 0;
    Duration age = Duration::zero();
    for (const DnsStatus& name : state != nullptr ? state->dns() : std::vector<DnsStatus>{}) {
      stale += name.stale ? 1 : 0;
      age = std::max(age, now - name.last_good.value_or(name.since));
    }
    dns_stale.set(stale);
    dns_age.set(static_cast<uint64_t>(std::chrono::floor<std::chrono::seconds>(age).count()));
  }
  stats::Value& hosts;
  stats::Value& healthy;
  stats::Value& ejected;
  stats::Value& dns_stale;
  stats::Value& dns_age;
};

ClusterManager::ClusterManager(event::Loop& loop, DnsOptions dns, HealthCheckerMaker make_http)
    : loop_(loop),
      resolver_(loop, std::move(dns)),
      make_http_(std::move(make_http)),
      forget_(loop, [this] { forgetUnused(); }) {}

ClusterManager::~ClusterManager() = default;

void ClusterManager::prepare(const std::vector<ClusterSettings>& settings, Ready ready) {
  forgetUnused();
  Pending& pending = *pending_.emplace_back(std::make_unique<Pending>(*this, std::move(ready)));
  for (const ClusterSettings& one : settings) pending.states->emplace(one.name, stateFor(one));
  pending.states->emplace(BypassName, stateFor(bypassSettings()));
  answerThoseReady();
}

std::shared_ptr<ClusterState> ClusterManager::stateFor(const ClusterSettings& settings) {
  for (const auto& entry : entries_) {
    auto state = entry->state.lock();
    if (state != nullptr && state->settings() == settings) return state;
  }
  return make(settings);
}

std::shared_ptr<ClusterState> ClusterManager::make(const ClusterSettings& settings) {
  auto state = std::make_shared<ClusterState>(settings, randomSeed());
  auto entry = std::make_unique<Entry>();
  entry->name = settings.name;
  entry->state = state;
  manage(*entry, state);
  const std::lock_guard lock(mutex_);
  entries_.push_back(std::move(entry));
  return state;
}

void ClusterManager::manage(Entry& entry, const std::shared_ptr<ClusterState>& state) {
  if (state->settings().health_check) {
    entry.checks = std::make_unique<HealthChecks>(loop_, slices_, stats_, state, make_http_,
                                                  [this] { forget_.schedule(); });
  }
  if (state->settings().type != ClusterSettings::Type::StrictDns) return;
  const auto follow = [&entry] {
    const auto held = entry.state.lock();
    if (held != nullptr && entry.checks != nullptr) entry.checks->follow(*held->hosts());
  };
  entry.dns = std::make_unique<StrictDns>(
      loop_, resolver_, stats_, state,
      StrictDns::Events{[this] { answerThoseReady(); }, follow, [this] { forget_.schedule(); }});
  for (const auto& other : entries_) {
    const auto before = other->state.lock();
    const bool same = before != nullptr && other->dns != nullptr &&
                      before->settings().name == state->settings().name &&
                      before->settings().dns.lookup_family == state->settings().dns.lookup_family;
    if (same) entry.dns->inherit(*other->dns);
  }
  follow();
}

// Those of `states` that have names without a first outcome.
std::vector<ClusterManager::Entry*> ClusterManager::coldOf(const ClusterStateMap& states) const {
  std::vector<Entry*> cold;
  for (const auto& entry : entries_) {
    if (entry->dns == nullptr || entry->dns->warm()) continue;
    const auto state = entry->state.lock();
    if (state == nullptr) continue;
    const auto asked = states.find(state->settings().name);
    if (asked != states.end() && asked->second == state) cold.push_back(entry.get());
  }
  return cold;
}

void ClusterManager::tellWaiting(const ClusterStateMap& states) const {
  const size_t cold = coldOf(states).size();
  if (cold == 0) return;
  log::info(Component::Dns, "waiting for the names of {} cluster(s), at most {} s", cold,
            std::chrono::duration_cast<std::chrono::seconds>(WarmUp).count());
}

void ClusterManager::answerThoseReady() {
  for (const auto& pending : pending_) {
    if (coldOf(*pending->states).empty()) pending->answer.arm(Duration::zero());
  }
}

void ClusterManager::finish(Pending& pending) {
  const auto it = std::find_if(pending_.begin(), pending_.end(),
                               [&](const auto& one) { return one.get() == &pending; });
  std::unique_ptr<Pending> done = std::move(*it);
  pending_.erase(it);
  for (const Entry* entry : coldOf(*done->states)) entry->dns->tellUnanswered(entry->name);
  const Ready ready = std::move(done->ready);
  ClusterStates states = std::move(done->states);
  loop_.retire(std::move(done));
  ready(std::move(states));
}

void ClusterManager::forgetUnused() {
  const std::lock_guard lock(mutex_);
  std::set<std::string> gone;
  std::erase_if(entries_, [&](const auto& entry) {
    if (!entry->state.expired()) return false;
    gone.insert(entry->name);
    return true;
  });
  if (gone.empty()) return;
  for (const auto& entry : entries_) gone.erase(entry->name);
  stats::Registry::Owners owners;
  for (const std::string& name : gone) {
    gauges_.erase(name);
    owners.insert(stats::Registry::ownerOf({{"cluster", name}}));
  }
  stats_.drop(owners);
}

std::vector<std::shared_ptr<ClusterState>> ClusterManager::statesInUse() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ClusterState>> states;
  for (const auto& entry : entries_) {
    if (auto state = entry->state.lock()) states.push_back(std::move(state));
  }
  return states;
}

std::vector<ClusterReport> ClusterManager::report() const {
  const MonotonicTime now = loop_.clock().monotonicNow();
  std::vector<ClusterReport> reports;
  for (const auto& state : statesInUse()) reports.push_back(reportOf(*state, now));
  std::stable_sort(reports.begin(), reports.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  return reports;
}

// Of a cluster whose settings were changed there may be two states in use: the newer one counts.
const stats::Registry& ClusterManager::stats() const {
  const MonotonicTime now = loop_.clock().monotonicNow();
  std::map<std::string, std::shared_ptr<ClusterState>> states;
  for (auto& state : statesInUse()) {
    const std::string& name = state->settings().name;
    if (state->settings().type != ClusterSettings::Type::OriginalDst) states[name] = state;
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [name, state] : states) gauges_.try_emplace(name, stats_, name);
  for (const auto& [name, gauges] : gauges_) {
    const auto it = states.find(name);
    gauges.set(it == states.end() ? nullptr : it->second.get(), now);
  }
  return stats_;
}

}  // namespace weir::upstream
