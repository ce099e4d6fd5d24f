#pragma once

// The access logs of the process and their files, of which each path has one: those in use, those
// of older configurations whose connections are still open, and those that have nobody left and
// write their last lines. None of them holds the loop up.
//
// Thread: the loop's, also for letting go of what open() returned; dropped() is for any thread.
// Outlives what open() returned.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/event/loop.h"
#include "source/server/access_log.h"
#include "source/server/log_file.h"

namespace weir::server {

// The logs of one configuration.
struct LogSet {
  std::shared_ptr<AccessLog> connections;  // null if there is none
  // Of those that filters name, by path; lines that nobody has given a form are as those above.
  std::map<std::string, std::shared_ptr<AccessLog>, std::less<>> named = {};
};

class AccessLogs {
 public:
  explicit AccessLogs(event::Loop& loop) : loop_(loop) {}
  // Waits for those that still write, 2 s at most.
  ~AccessLogs() { ending_.clear(); }

  // All that the configuration asks for. On an error nothing is open that was not before.
  Result<LogSet> openAll(const config::BootstrapSettings& settings);
  // Null if there is to be none. A file that is open already is shared.
  Result<std::shared_ptr<AccessLog>> open(const config::AccessLogSettings& settings);
  // Opens the files anew, after they were moved away; what goes wrong is logged, and the old one
  // stays.
  void reopen();

  // Lines that nobody will see, of all logs since the start.
  uint64_t dropped() const { return dropped_->load(std::memory_order_relaxed); }
  // How many files have nobody left and still write.
  size_t ending() const { return ending_.size(); }

 private:
  Result<std::shared_ptr<LogFile>> openFile(const std::string& path);
  void end(std::unique_ptr<LogFile> file);

  event::Loop& loop_;
  const std::shared_ptr<std::atomic<uint64_t>> dropped_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  std::map<std::string, std::weak_ptr<LogFile>> open_;  // by path
  std::vector<std::unique_ptr<LogFile>> ending_;
};

}  // namespace weir::server
