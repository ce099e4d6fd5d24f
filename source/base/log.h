#pragma once

// The process's own messages, for people: a line each on standard error,
//
//   2026-11-23T00:00:00.123456Z warn upstream: text
//
// from a component, with a level. Each component has a threshold that may be changed at any time
// from any thread; a message below it costs one load, and is not formatted. Counters prove, the log
// explains: what is counted need not be logged, and what traffic alone can cause is either Debug or
// goes through a LimitedLog.
//
// All functions: any thread. A line is whole: it is written by one call, its control characters
// are escaped, and one that is longer than MaxLineBytes is cut. Nobody waits for a reader that does
// not read: a line that standard error does not take is dropped, and the next one that it takes is
// preceded by the number of those.

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "source/base/time.h"

namespace weir::log {

// The names in lower case are what users see and say.
enum class Component : uint8_t { Main, Config, Listener, Upstream, Dns, Health, Admin, Filter };
inline constexpr size_t ComponentCount = 8;

enum class Level : uint8_t {
  Trace,  // each step of each connection
  Debug,  // each connection
  Info,   // what the process does: starts, reloads, drains
  Warn,   // something is wrong, and goes on
  Error,  // something did not happen that should have
  Off,    // as a threshold only: nothing
};

inline constexpr size_t MaxLineBytes = 4096;

std::string_view toString(Component component);
std::string_view toString(Level level);
std::optional<Component> componentOf(std::string_view name);
// Also "warning", which is "warn".
std::optional<Level> levelOf(std::string_view name);

namespace detail {
// The least level that is written. Info at the start of the process.
inline std::array<std::atomic<Level>, ComponentCount> thresholds = {
    Level::Info, Level::Info, Level::Info, Level::Info,
    Level::Info, Level::Info, Level::Info, Level::Info};
void writeLine(Component component, Level level, std::string_view text);
}  // namespace detail

inline Level threshold(Component component) {
  return detail::thresholds[static_cast<size_t>(component)].load(std::memory_order_relaxed);
}
inline void setThreshold(Component component, Level least) {
  detail::thresholds[static_cast<size_t>(component)].store(least, std::memory_order_relaxed);
}
void setAllThresholds(Level least);

// For messages whose arguments cost something to make.
inline bool enabled(Component component, Level level) {
  return level >= threshold(component) && level != Level::Off;
}

template <class... Args>
void write(Component component, Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (!enabled(component, level)) return;
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
  detail::writeLine(component, level, {text.data(), text.size()});
}

template <class... Args>
void debug(Component component, fmt::format_string<Args...> format, Args&&... args) {
  write(component, Level::Debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(Component component, fmt::format_string<Args...> format, Args&&... args) {
  write(component, Level::Info, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(Component component, fmt::format_string<Args...> format, Args&&... args) {
  write(component, Level::Warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(Component component, fmt::format_string<Args...> format, Args&&... args) {
  write(component, Level::Error, format, std::forward<Args>(args)...);
}

// A place that logs what peers can cause as often as they like: at most `most` messages in each
// `period`; the first one of a later period says how many were left out in between. One static
// object at each such place:
//
//   static log::LimitedLog limit;
//   limit.write(loop.now(), Component::Upstream, Level::Warn, "connect to {}: {}", host, error);
//
// Any thread; a message that is left out takes a short lock, one below the threshold none.
class LimitedLog {
 public:
  explicit LimitedLog(unsigned most = 1, Duration period = std::chrono::seconds(1))
      : most_(most), period_(period) {}

  template <class... Args>
  void write(MonotonicTime now, Component component, Level level,
             fmt::format_string<Args...> format, Args&&... args) {
    if (!enabled(component, level)) return;
    const std::optional<uint64_t> left_out = admit(now);
    if (!left_out) return;
    fmt::memory_buffer text;
    fmt::format_to(std::back_inserter(text), format, std::forward<Args>(args)...);
    if (*left_out > 0)
      fmt::format_to(std::back_inserter(text), " (and {} more like it)", *left_out);
    detail::writeLine(component, level, {text.data(), text.size()});
  }

 private:
  // Nothing if this one is to be left out, else how many were since the last that was not.
  std::optional<uint64_t> admit(MonotonicTime now);

  const unsigned most_;
  const Duration period_;
  std::mutex mutex_;
  std::optional<MonotonicTime> begin_;  // of the period
  unsigned written_ = 0;                // in the period
  uint64_t left_out_ = 0;
};

}  // namespace weir::log
