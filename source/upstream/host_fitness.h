#pragma once

// Which hosts of a cluster may be used: not those that fail their active checks, and not those that
// were ejected because connecting to them failed, or requests to them did, too often in a row, or
// much more often than to the others. An ejection ends by itself; it lasts longer each time, and is
// forgiven bit by bit while the host does well.
//
// If too few hosts are left (healthy_panic_threshold), that is more likely to be our mistake than
// theirs, and would break the rest: then all are used (panic).
//
// Any thread. Asking takes no lock; what changes a host's state does, which is rare.

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
  // Hosts that were ejected, by the reason.
  using Ejections = std::array<uint32_t, EjectionReasonCount>;
  // A request was answered, or was not (status 0). At the end of an interval this is also when the
  // success rates of all hosts are compared: intervals without requests do not matter.
  Ejections requestEnded(const std::shared_ptr<Host>& host, unsigned status, MonotonicTime now);
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
  EjectionReason ejectionReason(const Host& host) const;  // of the last one
  // Percent of the last interval; nothing if there were too few requests.
  std::optional<double> successRate(const Host& host) const;

 private:
  static constexpr int64_t Never = std::numeric_limits<int64_t>::max();

  static bool isEjected(const Host& host);
  static void forgetRows(Host& host);
  bool mayEjectAnother() const;
  uint64_t ejectedNow() const;
  Duration ejectionTime(Host& host, MonotonicTime now);
  bool mayEject(const Host& host) const;
  void eject(const std::shared_ptr<Host>& host, EjectionReason reason, const std::string& why,
             MonotonicTime now);
  bool noteInRow(const std::shared_ptr<Host>& host, std::atomic<unsigned>& row, unsigned threshold,
                 bool bad, EjectionReason reason, MonotonicTime now);
  bool intervalOver(MonotonicTime now);
  uint32_t compareSuccessRates(MonotonicTime now);
  void mark(Host& host, uint8_t flag, bool on);

  const ClusterSettings& settings_;
  std::atomic<uint64_t> usable_{0};
  std::atomic<uint64_t> unfit_{0};
  std::atomic<int64_t> next_return_{Never};  // of an ejected host: the clock's nanoseconds
  std::atomic<int64_t> interval_end_{Never};
  mutable std::mutex mutex_;  // for all below, the flags of hosts and their record
  Random random_;
  std::shared_ptr<const HostList> hosts_;
  std::vector<std::shared_ptr<Host>> ejected_;
};

}  // namespace weir::upstream
