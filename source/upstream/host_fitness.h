#pragma once

// Which hosts of a cluster may be used: not those that fail their active checks, and not those that
// were ejected because connecting to them failed too often in a row. An ejection ends by itself; it
// lasts longer each time, and is forgiven bit by bit while the host does well.
//
// If too few hosts are left (healthy_panic_threshold), that is more likely to be our mistake than
// theirs, and would break the rest: then all are used (panic).
//
// Any thread. Asking takes no lock; what changes a host's state does, which is rare.

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "source/base/random.h"
#include "source/base/time.h"
#include "source/upstream/cluster_settings.h"
#include "source/upstream/host_list.h"

namespace weir::upstream {

class HostFitness {
 public:
  // `name` of the cluster, for the log; it and `settings` outlive this.
  HostFitness(const ClusterSettings& settings, uint64_t seed)
      : settings_(settings), random_(seed) {}

  // The hosts that count from now on. What is known of those that stay is kept, and of those that
  // leave and come back as the same object: an ejection runs on.
  void setHosts(std::shared_ptr<const HostList> hosts);

  // Too few hosts are fit.
  bool panic() const;

  // An attempt to connect to the host failed, by no fault of ours. True if it was ejected for that.
  bool connectFailed(const std::shared_ptr<Host>& host, MonotonicTime now);
  void connectSucceeded(Host& host);
  // What the host's active checks say.
  void setHealthy(Host& host, bool healthy, MonotonicTime now);
  // Ends the ejections whose time has come; before hosts are picked, or counted.
  void endEjections(MonotonicTime now);

  struct Counts {
    uint64_t hosts = 0;    // with a weight above 0
    uint64_t fit = 0;      // of those
    uint64_t ejected = 0;  // of those
  };
  Counts counts() const;
  // Nothing if it is not ejected.
  std::optional<MonotonicTime> ejectedUntil(const Host& host) const;

 private:
  static constexpr int64_t Never = std::numeric_limits<int64_t>::max();

  bool mayEjectAnother() const;
  uint64_t ejectedNow() const;
  Duration ejectionTime(Host& host, MonotonicTime now);
  void eject(const std::shared_ptr<Host>& host, MonotonicTime now);
  void mark(Host& host, uint8_t flag, bool on);

  const ClusterSettings& settings_;
  std::atomic<uint64_t> usable_{0};
  std::atomic<uint64_t> unfit_{0};
  std::atomic<int64_t> next_return_{Never};  // of an ejected host: the clock's nanoseconds
  mutable std::mutex mutex_;                 // for all below, the flags of hosts and their record
  Random random_;
  std::shared_ptr<const HostList> hosts_;
  std::vector<std::shared_ptr<Host>> ejected_;
};

}  // namespace weir::upstream
