#pragma once

// The access log: one line for each connection, at its end. Workers hand lines over and never wait
// for the disk or the pipe: a thread of its own writes them. If it cannot keep up, lines are
// dropped and counted.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "source/base/log.h"
#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/filter/connection_info.h"

namespace weir::server {

class AccessLog {
 public:
  // Opens the file (append, created if need be). An error says why it cannot be opened.
  static Result<std::unique_ptr<AccessLog>> open(const config::AccessLogSettings& settings);
  // Writes what was handed over, and ends the thread; what a reader does not take within 2 s is
  // dropped.
  ~AccessLog();

  // Formats and hands over the line of a connection that ends `now`. Any thread.
  void write(const filter::ConnectionInfo& info, MonotonicTime now);
  // A line, with its end. Any thread.
  void write(std::string_view line);

  // Opens the file by its name once more, since it was moved away: what was handed over goes to the
  // old one, what comes from now on to the new one. If the new one cannot be opened the old one
  // stays, and the error says why. Standard output and error stay as they are. Main thread.
  Result<void> reopen();

  const std::string& path() const { return path_; }
  // Lines that nobody will see.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  AccessLog(int fd, const config::AccessLogSettings& settings);
  void run();
  bool awaitWritable();
  void writeAll(std::string_view batch);
  void lose(std::string_view rest, int error);
  void use(int fd);

  const std::string path_;
  const std::shared_ptr<const filter::ConnectionLine> line_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  // After reopen(), until the writer takes it over: where the lines behind the first
  // `pending_before_` bytes go.
  int next_fd_ = -1;
  size_t pending_before_ = 0;
  bool stop_ = false;

  // Somebody waits for the writer, who may be in mid-write: to end, or for another file.
  std::atomic<bool> hurry_{false};
  // The writer's own.
  int fd_ = -1;
  size_t most_at_once_ = 0;
  bool torn_ = false;  // the file ends within a line
  std::optional<std::chrono::steady_clock::time_point> give_up_at_;
  log::LimitedLog losses_{1, std::chrono::seconds(10)};

  std::atomic<uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace weir::server
