#pragma once

// Counts the requests of one cluster on one worker, by how they ended: the class of the status, or
// why there was none; and what became of them on their way. One loop.

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/base/result.h"
#include "source/stats/stats.h"
#include "source/upstream/request_place.h"

namespace weir::upstream {

// What may happen to a request.
enum class RequestEvent : uint8_t {
  Retried,
  RetrySucceeded,   // a request that was tried again was answered with a status below 500
  RetriesUsedUp,    // it would have been tried again, but no try was left
  RetryRefused,     // the same, and max_retries or the budget had no place
  TimedOut,         // the route's timeout
  TryTimedOut,      // per_try_timeout
  TryIdled,         // per_try_idle_timeout
  Reset,            // by the upstream: a stream
  ConnectionEnded,  // before the response had
  ProtocolError,    // the upstream's
  RefusedStream,
};
inline constexpr size_t RequestEventCount = 11;

class RequestCounters {
 public:
  // `stats` and `cluster`, its name, outlive this.
  RequestCounters(stats::Registry& stats, const std::string& cluster);

  void started() { active_.add(1); }
  void ended(const RequestOutcome& outcome);
  // No host was found for it.
  void notStarted(ErrorCode code);
  void happened(RequestEvent event);
  // An attempt failed by the upstream's doing. `detail`: static storage, one of a few.
  void failedBy(std::string_view detail);
  // Waits for a connection, or does so no longer.
  void waits(bool yes) { yes ? pending_.add(1) : pending_.sub(1); }
  // Connections that requests share; those in the making, too.
  void connectionMade(bool http2) { connections(http2).add(1); }
  void connectionGone(bool http2) { connections(http2).sub(1); }

 private:
  static constexpr size_t Failed = 6;  // below it: the class of the status, 0 if it has none
  static constexpr size_t Cancelled = 7;
  static constexpr size_t Errors = 8;  // from here on: the code

  void count(size_t index, std::string_view outcome);
  stats::Value& connections(bool http2);

  stats::Registry& stats_;
  const std::string& cluster_;
  stats::Value& active_;
  stats::Value& pending_;
  stats::Histogram* seconds_ = nullptr;  // these: looked up when needed first
  std::array<stats::Value*, 2> connections_{};
  std::array<stats::Value*, RequestEventCount> events_{};
  std::unordered_map<std::string_view, stats::Value*> details_;
  std::array<stats::Value*, Errors + ErrorCodeCount> ended_{};  // looked up when counted first
};

}  // namespace weir::upstream
