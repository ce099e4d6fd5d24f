#pragma once

// Whose series there are: which listeners, chains, clusters and filters the configurations name
// that workers still have connections for. The series of what no configuration names any more are
// to be taken out of the metrics, a while after its last connection has gone, so that a scrape sees
// how it ended. Main thread.

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "source/base/time.h"
#include "source/config/settings.h"
#include "source/stats/stats.h"

namespace weir::server {

class SeriesOwners {
 public:
  // `users` workers use it from now on.
  void add(const config::BootstrapSettings& settings, size_t users);
  // One of them has no more use for it, nor holds anything that counts for it.
  void release(const config::BootstrapSettings& settings, MonotonicTime now);

  // How long series stay, and of how many.
  static constexpr Duration KeepFor = std::chrono::minutes(5);
  static constexpr size_t MaxKept = 256;
  // Who has been named by no configuration for KeepFor, or is one of too many; each once.
  stats::Registry::Owners takeDue(MonotonicTime now);
  // When there will be some, if nothing else happens.
  std::optional<MonotonicTime> nextDue() const;

 private:
  struct Gone {
    std::string owner;
    MonotonicTime since;
  };
  std::map<const config::BootstrapSettings*, size_t> users_;
  std::unordered_map<std::string, size_t> configurations_;  // that name this owner
  std::deque<Gone> gone_;                                   // the oldest first
};

}  // namespace weir::server
