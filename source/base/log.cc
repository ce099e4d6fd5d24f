#include "source/base/log.h"

#include <fmt/chrono.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace weir::log {
namespace {

constexpr std::array<std::string_view, ComponentCount> ComponentNames = {
    "main", "config", "listener", "upstream", "dns", "health", "admin", "filter"};
constexpr std::array<std::string_view, 6> LevelNames = {"trace", "debug", "info",
                                                        "warn",  "error", "off"};

// Whoever has it is the only one that writes to standard error.
std::mutex& writing() {
  static std::mutex mutex;
  return mutex;
}

uint64_t lost = 0;  // lines since the last that was written; guarded by writing()

// A peer's bytes may be in the text: they must not look like a line of ours, or move a terminal.
void appendEscaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
}

std::string lineOf(Component component, Level level, std::string_view text) {
  const auto now = std::chrono::system_clock::now();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now - second).count();
  std::string line = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z {} {}: ", second, micros,
                                 toString(level), toString(component));
  appendEscaped(line, text);
  if (line.size() >= MaxLineBytes) {
    constexpr std::string_view Cut = "...";
    line.resize(MaxLineBytes - Cut.size() - 1);
    line += Cut;
  }
  line += '\n';
  return line;
}

// A pipe or terminal that nobody reads is full after a while; writing to it would wait.
bool takesALine() {
  pollfd entry{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & POLLOUT) != 0;
}

bool put(const std::string& line) {
  if (!takesALine()) return false;
  ssize_t n = 0;
  do {
    n = ::write(STDERR_FILENO, line.data(), line.size());
  } while (n < 0 && errno == EINTR);
  return n > 0;
}

}  // namespace

std::string_view toString(Component component) {
  return ComponentNames[static_cast<size_t>(component)];
}

std::string_view toString(Level level) { return LevelNames[static_cast<size_t>(level)]; }

std::optional<Component> componentOf(std::string_view name) {
  const auto it = std::find(ComponentNames.begin(), ComponentNames.end(), name);
  if (it == ComponentNames.end()) return std::nullopt;
  return static_cast<Component>(it - ComponentNames.begin());
}

std::optional<Level> levelOf(std::string_view name) {
  if (name == "warning") return Level::Warn;
  const auto it = std::find(LevelNames.begin(), LevelNames.end(), name);
  if (it == LevelNames.end()) return std::nullopt;
  return static_cast<Level>(it - LevelNames.begin());
}

void setAllThresholds(Level least) {
  for (auto& one : detail::thresholds) one.store(least, std::memory_order_relaxed);
}

void detail::writeLine(Component component, Level level, std::string_view text) {
  const std::string line = lineOf(component, level, text);
  const std::lock_guard lock(writing());
  if (lost > 0) {
    const std::string note =
        lineOf(Component::Main, Level::Warn,
               fmt::format("{} line(s) lost: standard error did not take them", lost));
    if (!put(note)) {
      ++lost;
      return;
    }
    lost = 0;
  }
  if (!put(line)) ++lost;
}

std::optional<uint64_t> LimitedLog::admit(MonotonicTime now) {
  const std::lock_guard lock(mutex_);
  if (!begin_ || now - *begin_ >= period_) {
    begin_ = now;
    written_ = 0;
  }
  if (written_ >= most_) {
    ++left_out_;
    return std::nullopt;
  }
  ++written_;
  return std::exchange(left_out_, 0);
}

}  // namespace weir::log
