#include "source/server/log_file.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::server {
namespace {

// Lines that wait for the writer; more are dropped.
constexpr size_t MaxPending = 8 << 20;
// A line is written at most so much later; in between, lines gather into one call.
constexpr auto FlushDelay = std::chrono::milliseconds(20);
// At the end of the process, and of a file, a reader that does not read is given up after this.
constexpr auto GiveUpAfter = std::chrono::seconds(2);
constexpr auto PollStep = std::chrono::milliseconds(100);

// To a pipe or socket no more than it is sure to take once it says that it does: a larger write
// could block after all.
size_t mostAtOnce(int fd) {
  struct stat info {};
  const bool file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  return file ? MaxPending : PIPE_BUF;
}

bool isStandard(const std::string& path) { return path == "/dev/stdout" || path == "/dev/stderr"; }

Result<int> openFile(const std::string& path) {
  int fd = -1;
  if (isStandard(path)) {
    // Not opened by name: a pipe or socket that is standard output cannot be.
    fd = fcntl(path == "/dev/stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    // A named pipe that nobody reads is an error, and not a wait.
    fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd >= 0) (void)fcntl(fd, F_SETFL, O_APPEND);
  }
  if (fd < 0) return errnoError(Side::Config, "access log " + path, errno);
  return fd;
}

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(std::string path,
                                               std::shared_ptr<std::atomic<uint64_t>> dropped) {
  auto fd = openFile(path);
  if (!fd.ok()) return fd.error();
  return std::unique_ptr<LogFile>(new LogFile(fd.value(), std::move(path), std::move(dropped)));
}

LogFile::LogFile(int fd, std::string path, std::shared_ptr<std::atomic<uint64_t>> dropped)
    : path_(std::move(path)), dropped_(std::move(dropped)) {
  use(fd);
  thread_ = std::thread([this] { run(); });
}

LogFile::~LogFile() {
  if (!stop_) finish([] {});
  thread_.join();
  ::close(fd_);
}

void LogFile::finish(std::function<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    hurry_ = true;
    done_ = std::move(done);
  }
  wake_.notify_one();
}

Result<void> LogFile::reopen() {
  if (isStandard(path_)) return {};
  auto fd = openFile(path_);
  if (!fd.ok()) return fd.error();
  {
    const std::lock_guard lock(mutex_);
    // One that the writer has not come to: nothing was meant for it alone.
    if (next_fd_ >= 0) ::close(next_fd_);
    if (next_fd_ < 0) pending_before_ = pending_.size();
    next_fd_ = fd.value();
    hurry_ = true;
  }
  wake_.notify_one();
  return {};
}

void LogFile::write(std::string_view line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > MaxPending) {
      drop(1);
      return;
    }
    first = pending_.empty();
    pending_ += line;
  }
  if (first) wake_.notify_one();
}

// The writer.

void LogFile::use(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  most_at_once_ = mostAtOnce(fd);
  torn_ = false;
}

// True if the file takes bytes. A pipe that nobody reads is waited for, but not once somebody waits
// for the writer.
bool LogFile::awaitWritable() {
  constexpr int Step = static_cast<int>(PollStep.count());
  pollfd entry{fd_, POLLOUT, 0};
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if (hurry_.load(std::memory_order_relaxed) && !give_up_at_) give_up_at_ = now + GiveUpAfter;
    if (give_up_at_ && now >= *give_up_at_) return false;
    if (::poll(&entry, 1, Step) > 0) return true;
  }
}

void LogFile::writeAll(std::string_view batch) {
  // What a full disk cut off stays a line of its own.
  const std::string mended = torn_ && !batch.empty() ? "\n" + std::string(batch) : std::string();
  if (torn_) batch = mended;
  int error = ETIMEDOUT;
  while (!batch.empty() && awaitWritable()) {
    const ssize_t n = ::write(fd_, batch.data(), std::min(batch.size(), most_at_once_));
    if (n < 0 && errno == EINTR) continue;
    error = errno;
    if (n <= 0) break;
    torn_ = batch[static_cast<size_t>(n) - 1] != '\n';
    batch.remove_prefix(static_cast<size_t>(n));
  }
  if (!batch.empty()) lose(batch, error);
}

// A full disk or a reader that went away: these lines are lost, the next ones are tried.
void LogFile::lose(std::string_view rest, int error) {
  // The mark that mends a torn line is no line.
  if (rest.starts_with('\n')) rest.remove_prefix(1);
  const auto lines = std::count(rest.begin(), rest.end(), '\n');
  drop(static_cast<uint64_t>(lines));
  losses_.write(std::chrono::steady_clock::now(), log::Component::Main, log::Level::Warn,
                "access log {}: {}; {} line(s) dropped", path_, std::strerror(error), lines);
}

void LogFile::run() {
  std::string batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto wanted = [this] { return stop_ || next_fd_ >= 0; };
    wake_.wait(lock, [&] { return wanted() || !pending_.empty(); });
    if (!wanted()) wake_.wait_for(lock, FlushDelay, wanted);
    const int next = std::exchange(next_fd_, -1);
    const bool last = stop_;
    batch.clear();
    batch.swap(pending_);
    const size_t to_old = next >= 0 ? std::exchange(pending_before_, 0) : batch.size();
    lock.unlock();
    writeAll(std::string_view(batch).substr(0, to_old));
    if (next >= 0) use(next);
    writeAll(std::string_view(batch).substr(to_old));
    lock.lock();
    // Others may have asked meanwhile; they wait again.
    if (!stop_ && next_fd_ < 0) {
      hurry_ = false;
      give_up_at_.reset();
    }
    if (last && pending_.empty()) break;
  }
  lock.unlock();
  done_();
}

}  // namespace weir::server
