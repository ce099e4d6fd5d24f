#include "source/upstream/host_picker.h"

#include <algorithm>

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

HostPicker::Pick HostPicker::pick(const HostList& list, const Request& request) {
  if (list.usable() == 0) return {Outcome::NoHost};
  const HashRing* ring = list.ring();
  const size_t place = ring != nullptr ? ring->placeOf(request.key) : 0;
  for (size_t n = 0; n < MaxDraws; ++n) {
    const size_t i = draw(list, request, place + n);
    Host& host = *list[i];
    if (!mayUse(host, request) || wasTried(host, request)) continue;
    if (tryEnter(host, request)) return {Outcome::Picked, i};
  }
  return lookAtAll(list, request);
}

size_t HostPicker::draw(const HostList& list, const Request& request, size_t ring_place) {
  switch (policy_) {
    case LbPolicy::RoundRobin: return nextInTurn(list);
    case LbPolicy::LeastRequest: return lessBusyOfTwo(list, request);
    case LbPolicy::RingHash: return list.ring()->memberAt(ring_place % list.ring()->size());
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

size_t HostPicker::lessBusyOfTwo(const HostList& list, const Request& request) {
  const size_t a = list.at(random_.below(list.totalWeight()));
  const uint64_t others = list.totalWeight() - list.share(a);
  if (others == 0) return a;
  const size_t b = list.atBut(a, random_.below(others));
  const bool usable_a = mayUse(*list[a], request);
  if (usable_a != mayUse(*list[b], request)) return usable_a ? a : b;
  const uint64_t load_a = loadOf(*list[a], request);
  const uint64_t load_b = loadOf(*list[b], request);
  return load_b * list.share(a) < load_a * list.share(b) ? b : a;
}

// Every host once, from any of them on; then those that were tried, too.
HostPicker::Pick HostPicker::lookAtAll(const HostList& list, const Request& request) {
  const size_t size = list.size();
  const size_t first = policy_ == LbPolicy::RingHash ? request.key % size : random_.below(size);
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
