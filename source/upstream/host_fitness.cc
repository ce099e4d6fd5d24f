#include "source/upstream/host_fitness.h"

#include <algorithm>

#include "source/base/log.h"

namespace weir::upstream {
namespace {

using log::Component;

int64_t nanos(MonotonicTime time) { return time.time_since_epoch().count(); }

}  // namespace

bool HostFitness::panic() const {
  const uint64_t usable = usable_.load(std::memory_order_relaxed);
  const uint64_t unfit = std::min(unfit_.load(std::memory_order_relaxed), usable);
  return (usable - unfit) * 100 < usable * settings_.healthy_panic_threshold;
}

void HostFitness::setHosts(std::shared_ptr<const HostList> hosts) {
  const std::lock_guard lock(mutex_);
  if (hosts_ != nullptr) {
    for (const auto& host : hosts_->hosts()) host->record_.listed = false;
  }
  uint64_t unfit = 0;
  for (const auto& host : hosts->hosts()) {
    host->record_.listed = host->weight() > 0;
    unfit += host->record_.listed && !host->fit() ? 1 : 0;
  }
  usable_ = hosts->usable();
  unfit_ = unfit;
  hosts_ = std::move(hosts);
}

// Requires the lock. The count goes with the flags of those that are listed.
void HostFitness::mark(Host& host, uint8_t flag, bool on) {
  const bool was_fit = host.fit();
  const uint8_t flags = host.unfit_.load(std::memory_order_relaxed);
  host.unfit_.store(static_cast<uint8_t>(on ? flags | flag : flags & ~flag),
                    std::memory_order_relaxed);
  if (!host.record_.listed || host.fit() == was_fit) return;
  if (was_fit) {
    unfit_.fetch_add(1, std::memory_order_relaxed);
  } else {
    unfit_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void HostFitness::setHealthy(Host& host, bool healthy, MonotonicTime now) {
  {
    const std::lock_guard lock(mutex_);
    mark(host, Host::FailsChecks, !healthy);
  }
  static log::LimitedLog limit(20);
  limit.write(now, Component::Health, log::Level::Info, "cluster {}: host {} is {}", settings_.name,
              host.address().toString(), healthy ? "healthy" : "unhealthy");
}

void HostFitness::connectSucceeded(Host& host) {
  if (host.failures_.load(std::memory_order_relaxed) != 0) {
    host.failures_.store(0, std::memory_order_relaxed);
  }
}

bool HostFitness::connectFailed(const std::shared_ptr<Host>& host, MonotonicTime now) {
  if (!settings_.outlier_detection) return false;
  const unsigned failures = host->failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (failures < settings_.outlier_detection->consecutive_local_origin_failure) return false;
  const std::lock_guard lock(mutex_);
  // Used in a panic it fails on, which is no news.
  const bool ejected = (host->unfit_.load(std::memory_order_relaxed) & Host::Ejected) != 0;
  if (ejected || !host->record_.listed || !mayEjectAnother()) return false;
  eject(host, now);
  return true;
}

// One may always be.
bool HostFitness::mayEjectAnother() const {
  const uint64_t most = settings_.outlier_detection->max_ejection_percent;
  const uint64_t ejected = ejectedNow();
  return ejected == 0 || (ejected + 1) * 100 <= hosts_->usable() * most;
}

// Requires the lock. Those that are in the list: others may come back to it before their time is
// over.
uint64_t HostFitness::ejectedNow() const {
  return static_cast<uint64_t>(std::count_if(
      ejected_.begin(), ejected_.end(), [](const auto& host) { return host->record_.listed; }));
}

// Grows by the base time with each ejection, and forgets one of them for each base time that the
// host has been back.
Duration HostFitness::ejectionTime(Host& host, MonotonicTime now) {
  const OutlierSettings& settings = *settings_.outlier_detection;
  Host::Record& record = host.record_;
  const auto forgiven = (now - record.returned_at) / settings.base_ejection_time;
  record.ejections -= static_cast<unsigned>(std::min<int64_t>(record.ejections, forgiven));
  ++record.ejections;
  const int64_t most = settings.max_ejection_time / settings.base_ejection_time;
  const Duration time = record.ejections > most
                            ? settings.max_ejection_time
                            : settings.base_ejection_time * static_cast<int>(record.ejections);
  const auto jitter = static_cast<uint64_t>(settings.max_ejection_time_jitter.count());
  return time + Duration(static_cast<int64_t>(random_.below(jitter + 1)));
}

void HostFitness::eject(const std::shared_ptr<Host>& host, MonotonicTime now) {
  const Duration time = ejectionTime(*host, now);
  const unsigned failures = host->failures_.exchange(0, std::memory_order_relaxed);
  host->record_.ejected_until = now + time;
  mark(*host, Host::Ejected, true);
  ejected_.push_back(host);
  next_return_.store(std::min(next_return_.load(), nanos(host->record_.ejected_until)));
  static log::LimitedLog limit(20);
  limit.write(now, Component::Health, log::Level::Warn,
              "cluster {}: host {} is ejected for {:.1f} s, as connecting failed {} times in a row",
              settings_.name, host->address().toString(), toSeconds(time), failures);
}

void HostFitness::endEjections(MonotonicTime now) {
  if (nanos(now) < next_return_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  int64_t next = Never;
  std::erase_if(ejected_, [&](const auto& host) {
    Host::Record& record = host->record_;
    if (now < record.ejected_until) {
      next = std::min(next, nanos(record.ejected_until));
      return false;
    }
    record.returned_at = record.ejected_until;
    mark(*host, Host::Ejected, false);
    // Those that were under way when it was ejected, or came in a panic, are of the past.
    host->failures_.store(0, std::memory_order_relaxed);
    static log::LimitedLog limit(20);
    limit.write(now, Component::Health, log::Level::Info,
                "cluster {}: the ejection of host {} is over", settings_.name,
                host->address().toString());
    return true;
  });
  next_return_.store(next);
}

HostFitness::Counts HostFitness::counts() const {
  const std::lock_guard lock(mutex_);
  const uint64_t usable = usable_.load(std::memory_order_relaxed);
  return {usable, usable - unfit_.load(std::memory_order_relaxed), ejectedNow()};
}

std::optional<MonotonicTime> HostFitness::ejectedUntil(const Host& host) const {
  const std::lock_guard lock(mutex_);
  const bool ejected = (host.unfit_.load(std::memory_order_relaxed) & Host::Ejected) != 0;
  return ejected ? std::optional(host.record_.ejected_until) : std::nullopt;
}

}  // namespace weir::upstream
