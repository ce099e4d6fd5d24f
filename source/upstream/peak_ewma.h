#pragma once

// How long the hosts of a cluster took to answer, as one worker saw it: an average that old answers
// fade out of, that jumps up at once to a slow answer, and fades itself while none comes, so that a
// host that was slow is tried again. A host that has not answered yet passes for the fastest as
// long as it has nothing to do, and for one that took Unknown else.
//
// One loop. follow() allocates, nothing else does.

#include <cstdint>
#include <unordered_map>

#include "source/base/time.h"
#include "source/upstream/host_list.h"

namespace weir::upstream {

class PeakEwma {
 public:
  static constexpr Duration Unknown = std::chrono::milliseconds(30);

  // `decay`: after this time an answer is forgotten to 63 %.
  explicit PeakEwma(Duration decay) : decay_seconds_(toSeconds(decay)) {}

  // The hosts of which answers are remembered from now on; others are forgotten.
  void follow(const HostList& hosts, MonotonicTime now);
  // The host took so long. Not of the list: nothing.
  void observe(const Host& host, Duration took, MonotonicTime now);
  // What one request more would cost at a host that has `active` of them: the time it takes, for
  // each of them.
  double costOf(const Host& host, uint64_t active, MonotonicTime now) const;

 private:
  struct Latency {
    double seconds;
    MonotonicTime at;
    bool known;
  };
  double faded(const Latency& latency, MonotonicTime now) const;

  const double decay_seconds_;
  std::unordered_map<const Host*, Latency> latencies_;
};

}  // namespace weir::upstream
