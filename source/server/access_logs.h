#pragma once

// The access logs of the process: the one in use, those of older configurations whose connections
// are still open, and those that have nobody left and write their last lines. None of them holds
// the loop up.
//
// Thread: the loop's, also for letting go of what open() returned; dropped() is for any thread.
// Outlives what open() returned.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/event/loop.h"
#include "source/server/access_log.h"

namespace weir::server {

class AccessLogs {
 public:
  explicit AccessLogs(event::Loop& loop) : loop_(loop) {}
  // Waits for those that still write, 2 s at most.
  ~AccessLogs() { ending_.clear(); }

  // Null if there is to be none.
  Result<std::shared_ptr<AccessLog>> open(const config::AccessLogSettings& settings);
  // Opens the files anew, after they were moved away; what goes wrong is logged, and the old one
  // stays.
  void reopen();

  // Lines that nobody will see, of all logs since the start.
  uint64_t dropped() const { return dropped_->load(std::memory_order_relaxed); }
  // How many have nobody left and still write.
  size_t ending() const { return ending_.size(); }

 private:
  void end(std::unique_ptr<AccessLog> log);

  event::Loop& loop_;
  const std::shared_ptr<std::atomic<uint64_t>> dropped_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  std::vector<std::weak_ptr<AccessLog>> open_;
  std::vector<std::unique_ptr<AccessLog>> ending_;
};

}  // namespace weir::server
