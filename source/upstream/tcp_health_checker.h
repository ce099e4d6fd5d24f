#pragma once

// Checks whether a host takes connections: connects again and again, and if it is to, sends bytes
// and looks for bytes in the answer. A host passes for healthy, or for what is known of it from
// before, until its first check is done, which decides alone; from then on the thresholds do.
//
// The first check starts within the jitter, so that the checks of many hosts do not come at once;
// each next one `interval` and a part of the jitter after the end of the one before.
//
// Loop: one, the main thread's; outlives it. Dropping it, also from inside on_change, ends a check
// that is under way, and nothing is told any more.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/net/address.h"
#include "source/net/connection.h"
#include "source/upstream/cluster_settings.h"

namespace weir::upstream {

class TcpHealthChecker final : private net::ConnectionEvents {
 public:
  // `on_change` hears of each change, never from inside the constructor. `slices` outlives it.
  // `healthy`: what is known of it until the first check.
  TcpHealthChecker(event::Loop& loop, buffer::SlicePool& slices, net::SocketAddress address,
                   const HealthCheckSettings& settings, std::function<void(bool healthy)> on_change,
                   bool healthy = true);
  ~TcpHealthChecker() override;
  TcpHealthChecker(const TcpHealthChecker&) = delete;
  TcpHealthChecker& operator=(const TcpHealthChecker&) = delete;

  // For counting: hears of each check that ended, and may not drop this.
  void onEachCheck(std::function<void(bool passed)> callback) { on_check_ = std::move(callback); }

  bool healthy() const { return healthy_; }
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
  void endCheck(bool passed);
  void dropConnection();
  bool thresholdReached(bool passed);
  Duration jitter();

  event::Loop& loop_;
  buffer::SlicePool& slices_;
  const net::SocketAddress address_;
  const HealthCheckSettings settings_;
  const std::function<void(bool)> on_change_;
  std::function<void(bool)> on_check_;
  std::minstd_rand random_;
  bool healthy_;
  bool decided_ = false;   // by a first check
  unsigned in_a_row_ = 0;  // checks that speak against healthy_
  std::string last_failure_;
  std::string answer_;  // the end of it, in which a match may begin
  std::unique_ptr<net::Connection> connection_;
  event::Timer next_;
  event::Timer timeout_;
};

}  // namespace weir::upstream
