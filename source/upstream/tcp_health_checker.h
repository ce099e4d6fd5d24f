#pragma once

// Checks whether a host takes connections: connects again and again (health_schedule.h), and if it
// is to, sends bytes and looks for bytes in the answer.
//
// Loop: one, the main thread's; outlives it. Dropping it, also from inside on_change, ends a check
// that is under way, and nothing is told any more.

#include <memory>
#include <string>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/net/connection.h"
#include "source/upstream/cluster_settings.h"
#include "source/upstream/health_checker.h"
#include "source/upstream/health_schedule.h"

namespace weir::upstream {

class TcpHealthChecker final : public HealthChecker, private net::ConnectionEvents {
 public:
  explicit TcpHealthChecker(HealthCheckTask task);
  ~TcpHealthChecker() override;
  TcpHealthChecker(const TcpHealthChecker&) = delete;
  TcpHealthChecker& operator=(const TcpHealthChecker&) = delete;

  bool healthy() const { return schedule_.healthy(); }
  // Why the last check that failed did; empty if none has.
  const std::string& lastFailure() const { return last_failure_; }

 private:
  void onConnected() override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void onFault(const Error& error) override;

  void startCheck();
  void pass();
  void fail(std::string why);
  void dropConnection();

  event::Loop& loop_;
  buffer::SlicePool& slices_;
  const CheckTarget target_;
  const HealthCheckSettings settings_;
  std::string last_failure_;
  std::string answer_;  // the end of it, in which a match may begin
  std::unique_ptr<net::Connection> connection_;
  HealthSchedule schedule_;
};

}  // namespace weir::upstream
