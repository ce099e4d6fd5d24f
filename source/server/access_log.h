#pragma once

// The access log: one line for each connection, at its end. Workers hand lines over and never wait
// for the disk or the pipe: a thread of its own writes them. If it cannot keep up, lines are
// dropped and counted.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/filter/connection_info.h"

namespace weir::server {

// The line for a connection, with its end; see docs/operations.md for the keys. Appends to `out`.
// `now` is its end.
void formatAccessLog(config::AccessLogSettings::Format format, const filter::ConnectionInfo& info,
                     MonotonicTime now, std::string& out);

class AccessLog {
 public:
  // Opens the file (append). An error says why it cannot be opened.
  static Result<std::unique_ptr<AccessLog>> open(const config::AccessLogSettings& settings);
  // Writes what was handed over, and ends the thread; what a reader does not take within 2 s is
  // dropped.
  ~AccessLog();

  config::AccessLogSettings::Format format() const { return format_; }
  // Any thread.
  void write(std::string_view line);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  AccessLog(int fd, config::AccessLogSettings::Format format);
  void run();
  bool awaitWritable();
  void writeAll(std::string_view batch);

  const int fd_;
  const size_t most_at_once_;
  const config::AccessLogSettings::Format format_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  bool stop_ = false;
  std::atomic<bool> stopping_{false};  // the same, for the writer in mid-write
  std::optional<std::chrono::steady_clock::time_point> give_up_at_;  // the writer's, once it stops
  std::atomic<uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace weir::server
