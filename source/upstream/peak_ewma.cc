#include "source/upstream/peak_ewma.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace weir::upstream {

void PeakEwma::follow(const HostList& hosts, MonotonicTime now) {
  auto before = std::exchange(latencies_, {});
  latencies_.reserve(hosts.size());
  for (const auto& host : hosts.hosts()) {
    const auto known = before.find(host.get());
    latencies_.emplace(host.get(), known != before.end() ? known->second
                                                         : Latency{toSeconds(Unknown), now, false});
  }
}

double PeakEwma::faded(const Latency& latency, MonotonicTime now) const {
  return latency.seconds * std::exp(-toSeconds(now - latency.at) / decay_seconds_);
}

void PeakEwma::observe(const Host& host, Duration took, MonotonicTime now) {
  const auto it = latencies_.find(&host);
  if (it == latencies_.end()) return;
  Latency& latency = it->second;
  const double seconds = toSeconds(took);
  const double old = std::exp(-toSeconds(now - latency.at) / decay_seconds_);
  const bool jump = !latency.known || seconds > latency.seconds;
  latency.seconds = jump ? seconds : latency.seconds * old + seconds * (1 - old);
  latency.at = now;
  latency.known = true;
}

double PeakEwma::costOf(const Host& host, uint64_t active, MonotonicTime now) const {
  const auto it = latencies_.find(&host);
  const bool known = it != latencies_.end() && it->second.known;
  if (!known && active == 0) return 0;
  const double seconds = it == latencies_.end() ? toSeconds(Unknown) : faded(it->second, now);
  return seconds * static_cast<double>(active + 1);
}

}  // namespace weir::upstream
