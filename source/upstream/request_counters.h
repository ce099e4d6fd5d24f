#pragma once

// Counts the requests of one cluster on one worker, by how they ended: the class of the status, or
// why there was none. One loop.

#include <array>
#include <string>

#include "source/base/result.h"
#include "source/stats/stats.h"
#include "source/upstream/request_place.h"

namespace weir::upstream {

class RequestCounters {
 public:
  // `stats` and `cluster`, its name, outlive this.
  RequestCounters(stats::Registry& stats, const std::string& cluster);

  void started() { active_.add(1); }
  void ended(const RequestOutcome& outcome);
  // No host was found for it.
  void notStarted(ErrorCode code);

 private:
  static constexpr size_t Failed = 6;  // below it: the class of the status, 0 if it has none
  static constexpr size_t Cancelled = 7;
  static constexpr size_t Errors = 8;  // from here on: the code

  void count(size_t index, std::string_view outcome);

  stats::Registry& stats_;
  const std::string& cluster_;
  stats::Value& active_;
  std::array<stats::Value*, Errors + ErrorCodeCount> ended_{};  // looked up when counted first
};

}  // namespace weir::upstream
