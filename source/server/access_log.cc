#include "source/server/access_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace weir::server {
namespace {

// Lines that wait for the writer; more are dropped.
constexpr size_t MaxPending = 8 << 20;
// A line is written at most so much later; in between, lines gather into one call.
constexpr auto FlushDelay = std::chrono::milliseconds(20);
// At the end of the process a reader that does not read is given up after this.
constexpr auto GiveUpAfter = std::chrono::seconds(2);
constexpr auto PollStep = std::chrono::milliseconds(100);

double millis(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

// Nothing that a peer sends (a server name, a protocol) may break a line or a value.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x21 || byte >= 0x7f || c == '"' || c == '\\') {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out.empty() ? "-" : out;
}

std::string joined(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : ",") + value;
  return escape(out);
}

std::string addressOf(const net::IpPort& address) {
  return address.ip.family == net::Family::None ? "-" : address.toString();
}

// To a pipe or socket no more than it is sure to take once it says that it does: a larger write
// could block after all.
size_t mostAtOnce(int fd) {
  struct stat info {};
  const bool file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  return file ? MaxPending : PIPE_BUF;
}

}  // namespace

void formatAccessLog(config::AccessLogSettings::Format format, const filter::ConnectionInfo& info,
                     MonotonicTime now, std::string& out) {
  constexpr std::string_view Text =
      "time={:%Y-%m-%dT%H:%M:%S}.{:06}Z listener={} chain={} protocol={} reason={} "
      "detect_ms={:.3f} src={} dst={} sni={} "
      "alpn={} cluster={} upstream={} rx_bytes={} tx_bytes={} duration_ms={:.3f} close={}\n";
  constexpr std::string_view Json =
      "{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:06}Z\",\"listener\":\"{}\",\"chain\":\"{}\","
      "\"protocol\":\"{}\","
      "\"reason\":\"{}\",\"detect_ms\":{:.3f},\"src\":\"{}\",\"dst\":\"{}\",\"sni\":\"{}\","
      "\"alpn\":\"{}\","
      "\"cluster\":\"{}\",\"upstream\":\"{}\",\"rx_bytes\":{},\"tx_bytes\":{},\"duration_ms\":{:."
      "3f},"
      "\"close\":\"{}\"}}\n";
  const auto emit = [&](auto pattern) {
    const filter::Facts& facts = info.facts;
    const auto second = std::chrono::floor<std::chrono::seconds>(info.accepted_wall);
    const auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(info.accepted_wall - second).count();
    fmt::format_to(
        std::back_inserter(out), pattern, second, micros, escape(info.listener), escape(info.chain),
        escape(info.protocol), filter::toString(info.reason), millis(info.detection_time),
        addressOf(facts.source), addressOf(facts.destination), escape(facts.server_name),
        joined(facts.application_protocols), escape(info.cluster), escape(info.upstream),
        info.rx_bytes, info.tx_bytes, millis(now - info.accepted), escape(info.close_reason));
  };
  format == config::AccessLogSettings::Format::Json ? emit(fmt::runtime(Json))
                                                    : emit(fmt::runtime(Text));
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(const config::AccessLogSettings& settings) {
  int fd = -1;
  if (settings.path == "/dev/stdout" || settings.path == "/dev/stderr") {
    // Not opened by name: a pipe or socket that is standard output cannot be.
    fd = fcntl(settings.path == "/dev/stdout" ? STDOUT_FILENO : STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  } else {
    fd = ::open(settings.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  }
  if (fd < 0) return errnoError(Side::Config, "access log " + settings.path, errno);
  return std::unique_ptr<AccessLog>(new AccessLog(fd, settings.format));
}

AccessLog::AccessLog(int fd, config::AccessLogSettings::Format format)
    : fd_(fd), most_at_once_(mostAtOnce(fd)), format_(format), thread_([this] { run(); }) {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  ::close(fd_);
}

void AccessLog::write(std::string_view line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > MaxPending) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    first = pending_.empty();
    pending_ += line;
  }
  if (first) wake_.notify_one();
}

// True if the file takes bytes. A pipe that nobody reads is waited for, but not once the process
// wants to end.
bool AccessLog::awaitWritable() {
  constexpr int Step = static_cast<int>(PollStep.count());
  pollfd entry{fd_, POLLOUT, 0};
  for (;;) {
    const bool stopping = stopping_.load(std::memory_order_relaxed);
    const auto now = std::chrono::steady_clock::now();
    if (stopping && !give_up_at_) give_up_at_ = now + GiveUpAfter;
    if (give_up_at_ && now >= *give_up_at_) return false;
    if (::poll(&entry, 1, Step) > 0) return true;
  }
}

void AccessLog::writeAll(std::string_view batch) {
  while (!batch.empty() && awaitWritable()) {
    const ssize_t n = ::write(fd_, batch.data(), std::min(batch.size(), most_at_once_));
    if (n < 0 && errno == EINTR) continue;
    // A full disk or a reader that went away: these lines are lost, the next ones are tried.
    if (n <= 0) break;
    batch.remove_prefix(static_cast<size_t>(n));
  }
  if (!batch.empty()) dropped_.fetch_add(1, std::memory_order_relaxed);
}

void AccessLog::run() {
  std::string batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stop_ || !pending_.empty(); });
    if (!stop_) wake_.wait_for(lock, FlushDelay, [this] { return stop_; });
    batch.swap(pending_);
    const bool last = stop_;
    lock.unlock();
    writeAll(batch);
    batch.clear();
    lock.lock();
    if (last && pending_.empty()) return;
  }
}

}  // namespace weir::server
