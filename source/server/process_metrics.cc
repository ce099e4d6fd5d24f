#include "source/server/process_metrics.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "source/base/version.h"
#include "source/server/resources.h"

namespace weir::server {
namespace {

using stats::Kind;

std::string contentOf(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<double> cpuSeconds() {
  timespec used{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0) return std::nullopt;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// Field 22 of /proc/self/stat: ticks from boot until the start; the name, which may have blanks in
// it, ends with the last bracket.
std::optional<double> startSeconds() {
  const std::string stat = contentOf("/proc/self/stat");
  std::istringstream fields(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string skipped;
  for (int i = 3; i < 22; ++i) fields >> skipped;
  double ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  std::istringstream lines(contentOf("/proc/stat"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("btime ")) {
      return std::stod(line.substr(6)) + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
  }
  return std::nullopt;
}

}  // namespace

void appendProcessMetrics(stats::PrometheusText& out) {
  out.family("weir_build_info", Kind::Gauge, "Always 1; the labels say what this is.");
  out.sample({{"version", Version}}, uint64_t{1});
  if (const auto seconds = cpuSeconds()) {
    out.family("process_cpu_seconds_total", Kind::Counter, "User and system time.");
    out.sample({}, *seconds);
  }
  if (const auto seconds = startSeconds()) {
    out.family("process_start_time_seconds", Kind::Gauge, "Start, in seconds since 1970.");
    out.sample({}, *seconds);
  }
  uint64_t size = 0;
  uint64_t resident = 0;
  if (std::istringstream(contentOf("/proc/self/statm")) >> size >> resident) {
    const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    out.family("process_virtual_memory_bytes", Kind::Gauge, "Address space.");
    out.sample({}, size * page);
    out.family("process_resident_memory_bytes", Kind::Gauge, "Memory in use.");
    out.sample({}, resident * page);
  }
  out.family("process_open_fds", Kind::Gauge, "Open file descriptors.");
  out.sample({}, Resources().descriptorsUsed());
  out.family("process_max_fds", Kind::Gauge, "Limit of open file descriptors.");
  out.sample({}, Resources::descriptorLimit());
}

}  // namespace weir::server
