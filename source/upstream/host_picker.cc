#include "source/upstream/host_picker.h"

#include <algorithm>

#include "source/upstream/slow_start.h"

namespace weir::upstream {
namespace {

// Where at least half of the hosts may be used, so many fail once in four thousand million picks.
constexpr size_t MaxDraws = 32;

bool wasTried(const Host& host, const HostPicker::Request& request) {
  return std::find(request.tried.begin(), request.tried.end(), &host) != request.tried.end();
}

bool mayUse(const Host& host, const HostPicker::Request& request) {
  return host.weight() > 0 && (request.panic || host.fit());
}

bool tryEnter(Host& host, const HostPicker::Request& request) {
  if (request.load == HostPicker::Load::Connections) {
    return host.tryEnter(request.max_connections_per_host);
  }
  host.startRequest();
  return true;
}

uint64_t loadOf(const Host& host, const HostPicker::Request& request) {
  return request.load == HostPicker::Load::Connections ? host.active() : host.activeRequests();
}

}  // namespace

void HostPicker::follow(const HostList& list, MonotonicTime now) {
  if (policy_ == LbPolicy::PeakEwma) latencies_.follow(list, now);
}

void HostPicker::observe(const Host& host, Duration took, MonotonicTime now) {
  if (policy_ == LbPolicy::PeakEwma) latencies_.observe(host, took, now);
}

HostPicker::Pick HostPicker::pick(const HostList& list, const Request& request) {
  if (list.usable() == 0) return {Outcome::NoHost};
  const size_t place = list.hashes() ? list.placeOf(request.key) : 0;
  for (size_t n = 0; n < MaxDraws; ++n) {
    const size_t i = draw(list, request, place + n);
    Host& host = *list[i];
    if (!mayUse(host, request) || wasTried(host, request) || !warmEnough(host, request)) continue;
    if (tryEnter(host, request)) return {Outcome::Picked, i};
  }
  return lookAtAll(list, request);
}

// Passing a cold host over so often gives it the part that it should get of its share.
bool HostPicker::warmEnough(Host& host, const Request& request) {
  if (slow_start_.window == Duration::zero()) return true;
  const double factor = slowStartFactor(host, slow_start_, request.now);
  constexpr uint64_t Parts = 1 << 20;
  return factor >= 1 || static_cast<double>(random_.below(Parts)) < factor * Parts;
}

size_t HostPicker::draw(const HostList& list, const Request& request, size_t place) {
  switch (policy_) {
    case LbPolicy::RoundRobin: return nextInTurn(list);
    case LbPolicy::LeastRequest: return lessBusyOfTwo(list, request);
    case LbPolicy::PeakEwma: return cheaperOfTwo(list, request);
    case LbPolicy::RingHash:
    case LbPolicy::Maglev: return list.atPlace(place);
    case LbPolicy::Random: break;
  }
  return list.at(random_.below(list.totalWeight()));
}

size_t HostPicker::nextInTurn(const HostList& list) {
  position_ %= list.totalWeight();
  const size_t i = list.at(position_);
  position_ += list.stride();
  return i;
}

// `better`: the second is better than the first, given that both may be used.
template <typename Better>
size_t HostPicker::betterOfTwo(const HostList& list, const Request& request, Better better) {
  const size_t a = list.at(random_.below(list.totalWeight()));
  const uint64_t others = list.totalWeight() - list.share(a);
  if (others == 0) return a;
  const size_t b = list.atBut(a, random_.below(others));
  const bool usable_a = mayUse(*list[a], request);
  if (usable_a != mayUse(*list[b], request)) return usable_a ? a : b;
  return better(a, b) ? b : a;
}

size_t HostPicker::lessBusyOfTwo(const HostList& list, const Request& request) {
  return betterOfTwo(list, request, [&](size_t a, size_t b) {
    return loadOf(*list[b], request) * list.share(a) < loadOf(*list[a], request) * list.share(b);
  });
}

size_t HostPicker::cheaperOfTwo(const HostList& list, const Request& request) {
  const auto cost = [&](size_t i) {
    return latencies_.costOf(*list[i], loadOf(*list[i], request), request.now) /
           static_cast<double>(list.share(i));
  };
  return betterOfTwo(list, request, [&](size_t a, size_t b) { return cost(b) < cost(a); });
}

// Every host once, from any of them on; then those that were tried, too.
HostPicker::Pick HostPicker::lookAtAll(const HostList& list, const Request& request) {
  const size_t size = list.size();
  const size_t first = list.hashes() ? request.key % size : random_.below(size);
  bool any = false;
  for (const bool tried_ones : {false, true}) {
    for (size_t n = 0; n < size; ++n) {
      const size_t i = (first + n) % size;
      Host& host = *list[i];
      if (!mayUse(host, request) || wasTried(host, request) != tried_ones) continue;
      any = true;
      if (tryEnter(host, request)) return {Outcome::Picked, i};
    }
    if (request.tried.empty()) break;
  }
  return {any ? Outcome::Full : Outcome::NoHost};
}

}  // namespace weir::upstream
