#pragma once

// Picks the host of a connection, or of a request, by the cluster's policy. One worker's: it has
// that worker's place in the round robin and its random numbers. It allocates nothing, and what it
// picks follows from its seed, the list and the hosts' counts alone.
//
// It has also what that worker knows of the hosts' latency (peak_ewma.h).
//
// A host that may not be used is passed over: another is drawn, so that the others keep their
// shares. Where so many may not be used that a few draws find none, all are looked at once.

#include <cstdint>
#include <span>

#include "source/base/random.h"
#include "source/upstream/host_list.h"
#include "source/upstream/peak_ewma.h"

namespace weir::upstream {

class HostPicker {
 public:
  // What a host is picked for: it is entered there, and is its load.
  enum class Load : uint8_t { Connections, Requests };
  struct Request {
    uint64_t key = 0;  // RingHash, Maglev: what must lead to the same host
    // Hosts that were tried for this connection: used only if there is no other.
    std::span<const Host* const> tried = {};
    uint64_t max_connections_per_host = NoLimit;  // of no concern to Load::Requests
    bool panic = false;                           // also hosts that are not fit
    Load load = Load::Connections;
    MonotonicTime now = {};
  };
  enum class Outcome : uint8_t {
    Picked,
    NoHost,  // there is none that may be used
    Full,    // all that may be used have as many connections as they may
  };
  struct Pick {
    Outcome outcome;
    size_t index = 0;  // in the list; what it was picked for has been entered at that host
  };

  // `worker`: 0, 1, 2...: not all begin with the same host.
  HostPicker(const ClusterSettings& settings, uint64_t seed, uint32_t worker)
      : policy_(settings.lb_policy),
        slow_start_(settings.slow_start),
        random_(seed),
        position_(mixBits(worker)),
        latencies_(settings.peak_ewma_decay) {}

  // From now on hosts are picked from this list. The only call that allocates.
  void follow(const HostList& list, MonotonicTime now);
  // What was picked this host for took so long until it had an answer.
  void observe(const Host& host, Duration took, MonotonicTime now);

  Pick pick(const HostList& list, const Request& request);

  Random& random() { return random_; }

 private:
  size_t draw(const HostList& list, const Request& request, size_t place);
  size_t nextInTurn(const HostList& list);
  template <typename Better>
  size_t betterOfTwo(const HostList& list, const Request& request, Better better);
  size_t lessBusyOfTwo(const HostList& list, const Request& request);
  size_t cheaperOfTwo(const HostList& list, const Request& request);
  bool warmEnough(Host& host, const Request& request);
  Pick lookAtAll(const HostList& list, const Request& request);

  const LbPolicy policy_;
  const SlowStartSettings slow_start_;
  Random random_;
  uint64_t position_;  // in the round robin
  PeakEwma latencies_;
};

}  // namespace weir::upstream
