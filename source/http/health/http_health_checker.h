#pragma once

// Checks a host by a request over HTTP/1.1: it passes if the answer is whole and its status is one
// of those that are expected. The connection is used again for the next check if it can be. If the
// host ends it between two checks, or instead of an answer to a later one, which is every server's
// right (RFC 9112 9.3.1), the request is sent on a new one; any other end of a connection, a
// timeout, or another status fails the check, and the next one connects anew.
//
// Loop: one, the main thread's; outlives it.

#include <memory>
#include <string>

#include "source/http/header_map.h"
#include "source/http/health/check_session.h"
#include "source/upstream/health_checker.h"
#include "source/upstream/health_schedule.h"

namespace weir::http {

class HttpHealthChecker final : public upstream::HealthChecker, private CheckSessionEvents {
 public:
  // Requires: the settings have an http part, with a host.
  explicit HttpHealthChecker(upstream::HealthCheckTask task);
  ~HttpHealthChecker() override;

  bool healthy() const { return schedule_.healthy(); }
  // Why the last check that failed did; empty if none has.
  const std::string& lastFailure() const { return last_failure_; }

 private:
  void onAnswer(unsigned status) override;
  void onLost(const std::string& why) override;

  void startCheck();
  void connect();
  void fail(std::string why);
  void dropSession();

  event::Loop& loop_;
  buffer::SlicePool& slices_;
  const upstream::CheckTarget target_;
  const upstream::HealthCheckSettings settings_;
  HeaderMap request_;
  std::string last_failure_;
  bool checking_ = false;
  std::unique_ptr<CheckSession> session_;
  upstream::HealthSchedule schedule_;
};

// For the ClusterManager.
std::unique_ptr<upstream::HealthChecker> makeHttpHealthChecker(upstream::HealthCheckTask task);

}  // namespace weir::http
