#pragma once

// A file of an access log, to which several may have their lines written. They hand lines over and
// never wait for the disk or the pipe: a thread of its own writes them. If it cannot keep up, lines
// are dropped and counted.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "source/base/log.h"
#include "source/base/result.h"

namespace weir::server {

class LogFile {
 public:
  // Opens the file (append, created if need be). An error says why it cannot be opened.
  // `dropped`: counts the lines that nobody will see; may be shared with other logs.
  static Result<std::unique_ptr<LogFile>> open(
      std::string path,
      std::shared_ptr<std::atomic<uint64_t>> dropped = std::make_shared<std::atomic<uint64_t>>(0));
  // Writes what was handed over, and ends the thread; what a reader does not take within 2 s is
  // dropped.
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  // The same without waiting: `done` is called by the thread when all is written, as its last act.
  // Once, after the last write().
  void finish(std::function<void()> done);

  // Hands over a line, with its end. Any thread.
  void write(std::string_view line);

  // Opens the file by its name once more, since it was moved away: what was handed over goes to the
  // old one, what comes from now on to the new one. If the new one cannot be opened the old one
  // stays, and the error says why. Standard output and error stay as they are. Main thread.
  Result<void> reopen();

  const std::string& path() const { return path_; }
  uint64_t dropped() const { return dropped_->load(std::memory_order_relaxed); }

 private:
  LogFile(int fd, std::string path, std::shared_ptr<std::atomic<uint64_t>> dropped);
  void drop(uint64_t lines) { dropped_->fetch_add(lines, std::memory_order_relaxed); }
  void run();
  bool awaitWritable();
  void writeAll(std::string_view batch);
  void lose(std::string_view rest, int error);
  void use(int fd);

  const std::string path_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  // After reopen(), until the writer takes it over: where the lines behind the first
  // `pending_before_` bytes go.
  int next_fd_ = -1;
  size_t pending_before_ = 0;
  bool stop_ = false;
  std::function<void()> done_;

  // Somebody waits for the writer, who may be in mid-write: to end, or for another file.
  std::atomic<bool> hurry_{false};
  // The writer's own.
  int fd_ = -1;
  size_t most_at_once_ = 0;
  bool torn_ = false;  // the file ends within a line
  std::optional<std::chrono::steady_clock::time_point> give_up_at_;
  log::LimitedLog losses_{1, std::chrono::seconds(10)};

  const std::shared_ptr<std::atomic<uint64_t>> dropped_;
  std::thread thread_;
};

}  // namespace weir::server
