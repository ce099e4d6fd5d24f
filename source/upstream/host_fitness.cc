#include "source/upstream/host_fitness.h"

#include <fmt/format.h>

#include <algorithm>

#include "source/base/log.h"
#include "source/upstream/success_rates.h"

namespace weir::upstream {
namespace {

using log::Component;

// Host::interval_ has two counts in it.
constexpr uint64_t AnswerCounted = uint64_t{1} << 32;

int64_t nanos(MonotonicTime time) { return time.time_since_epoch().count(); }

std::string whyInRow(EjectionReason reason, unsigned times) {
  switch (reason) {
    case EjectionReason::LocalOriginFailure:
      return "connecting failed " + std::to_string(times) + " times in a row";
    case EjectionReason::Status5xx:
      return std::to_string(times) + " answers in a row were 5xx or did not come";
    default: return std::to_string(times) + " answers in a row were 502 to 504 or did not come";
  }
}

}  // namespace

std::string_view toString(EjectionReason reason) {
  switch (reason) {
    case EjectionReason::LocalOriginFailure: return "consecutive_local_origin_failure";
    case EjectionReason::Status5xx: return "consecutive_5xx";
    case EjectionReason::GatewayFailure: return "consecutive_gateway_failure";
    case EjectionReason::SuccessRate: return "success_rate";
  }
  return "";
}

bool HostFitness::isEjected(const Host& host) {
  return (host.unfit_.load(std::memory_order_relaxed) & Host::Ejected) != 0;
}

void HostFitness::forgetRows(Host& host) {
  host.failures_.store(0, std::memory_order_relaxed);
  host.server_errors_.store(0, std::memory_order_relaxed);
  host.gateway_errors_.store(0, std::memory_order_relaxed);
}

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
  if (!was_fit && host.fit()) host.restart();
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
  return noteInRow(host, host->failures_,
                   settings_.outlier_detection->consecutive_local_origin_failure, true,
                   EjectionReason::LocalOriginFailure, now);
}

// Counts what speaks against the host, and starts anew with what speaks for it. True if it was
// ejected.
bool HostFitness::noteInRow(const std::shared_ptr<Host>& host, std::atomic<unsigned>& row,
                            unsigned threshold, bool bad, EjectionReason reason,
                            MonotonicTime now) {
  if (threshold == 0) return false;
  if (!bad) {
    if (row.load(std::memory_order_relaxed) != 0) row.store(0, std::memory_order_relaxed);
    return false;
  }
  const unsigned length = row.fetch_add(1, std::memory_order_relaxed) + 1;
  if (length < threshold) return false;
  const std::lock_guard lock(mutex_);
  if (!mayEject(*host)) return false;
  eject(host, reason, whyInRow(reason, length), now);
  return true;
}

HostFitness::Ejections HostFitness::requestEnded(const std::shared_ptr<Host>& host, unsigned status,
                                                 MonotonicTime now) {
  Ejections ejections{};
  if (!settings_.outlier_detection) return ejections;
  const OutlierSettings& settings = *settings_.outlier_detection;
  const bool error = status == 0 || status >= 500;
  const bool gateway = status == 0 || (status >= 502 && status <= 504);
  // The interval first: what it has counted is whole then, whatever is made of this answer.
  host->interval_.fetch_add(AnswerCounted + (error ? 0 : 1), std::memory_order_relaxed);
  const auto note = [&](EjectionReason reason, std::atomic<unsigned>& row, unsigned threshold,
                        bool bad) {
    if (noteInRow(host, row, threshold, bad, reason, now)) {
      ++ejections[static_cast<size_t>(reason)];
    }
  };
  note(EjectionReason::Status5xx, host->server_errors_, settings.consecutive_5xx, error);
  note(EjectionReason::GatewayFailure, host->gateway_errors_, settings.consecutive_gateway_failure,
       gateway);
  if (intervalOver(now)) {
    ejections[static_cast<size_t>(EjectionReason::SuccessRate)] += compareSuccessRates(now);
  }
  return ejections;
}

// For one of the callers only. The first interval begins with the first request.
bool HostFitness::intervalOver(MonotonicTime now) {
  int64_t end = interval_end_.load(std::memory_order_relaxed);
  const int64_t next = nanos(now + settings_.outlier_detection->interval);
  if (end == Never) {
    interval_end_.compare_exchange_strong(end, next, std::memory_order_relaxed);
    return false;
  }
  return nanos(now) >= end &&
         interval_end_.compare_exchange_strong(end, next, std::memory_order_relaxed);
}

uint32_t HostFitness::compareSuccessRates(MonotonicTime now) {
  const OutlierSettings& settings = *settings_.outlier_detection;
  const std::lock_guard lock(mutex_);
  std::vector<double> rates;
  std::vector<std::shared_ptr<Host>> compared;
  for (const auto& host : hosts_->hosts()) {
    const uint64_t counted = host->interval_.exchange(0, std::memory_order_relaxed);
    const uint64_t all = counted / AnswerCounted;
    host->record_.success_rate.reset();
    if (all == 0 || all < settings.success_rate_request_volume || isEjected(*host)) continue;
    rates.push_back(100.0 * static_cast<double>(counted % AnswerCounted) /
                    static_cast<double>(all));
    host->record_.success_rate = rates.back();
    compared.push_back(host);
  }
  const unsigned least = settings.success_rate_minimum_hosts;
  if (least == 0 || rates.size() < least) return 0;
  const SuccessRates others = summarize(rates, settings.success_rate_stdev_factor);
  uint32_t ejected = 0;
  for (size_t i = 0; i < compared.size(); ++i) {
    if (rates[i] >= others.threshold || !mayEject(*compared[i])) continue;
    const std::string why = fmt::format(
        "{:.1f} % of its answers were good, of those of all hosts {:.1f} %", rates[i], others.mean);
    eject(compared[i], EjectionReason::SuccessRate, why, now);
    ++ejected;
  }
  return ejected;
}

// Requires the lock.
bool HostFitness::mayEject(const Host& host) const {
  // Used in a panic it fails on, which is no news.
  return !isEjected(host) && host.record_.listed && mayEjectAnother();
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

void HostFitness::eject(const std::shared_ptr<Host>& host, EjectionReason reason,
                        const std::string& why, MonotonicTime now) {
  const Duration time = ejectionTime(*host, now);
  forgetRows(*host);
  host->record_.ejected_until = now + time;
  host->record_.reason = reason;
  mark(*host, Host::Ejected, true);
  ejected_.push_back(host);
  next_return_.store(std::min(next_return_.load(), nanos(host->record_.ejected_until)));
  static log::LimitedLog limit(20);
  limit.write(now, Component::Health, log::Level::Warn,
              "cluster {}: host {} is ejected for {:.1f} s, as {}", settings_.name,
              host->address().toString(), toSeconds(time), why);
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
    forgetRows(*host);
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
  return isEjected(host) ? std::optional(host.record_.ejected_until) : std::nullopt;
}

EjectionReason HostFitness::ejectionReason(const Host& host) const {
  const std::lock_guard lock(mutex_);
  return host.record_.reason;
}

std::optional<double> HostFitness::successRate(const Host& host) const {
  const std::lock_guard lock(mutex_);
  return host.record_.success_rate;
}

}  // namespace weir::upstream
