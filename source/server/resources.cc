#include "source/server/resources.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace weir::server {
namespace {

constexpr uint64_t None = UINT64_MAX;
// Version 1 of control groups says so where there is no limit, in pages of any size.
constexpr uint64_t AsGoodAsNone = uint64_t{1} << 60;

// The number that the text begins with; nothing if it does not.
std::optional<uint64_t> leadingNumber(std::string_view text) {
  const size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

bool listsMemory(const std::string& controllers) {
  return ("," + controllers + ",").find(",memory,") != std::string::npos;
}

}  // namespace

std::optional<std::string> Resources::read(const std::string& path) const {
  std::ifstream file(root_ + path);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

uint64_t Resources::memoryUsed() const {
  // Pages: size, resident, ...
  const auto text = read("/proc/self/statm");
  if (!text) return 0;
  const size_t second = text->find(' ');
  if (second == std::string::npos) return 0;
  const auto pages = leadingNumber(std::string_view(*text).substr(second));
  return pages.value_or(0) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

// The least limit of a group and those above it. A process in a container sees its own group as the
// root, or a path that is not there.
uint64_t Resources::groupLimit(const std::string& mount, const std::string& group,
                               const std::string& file) const {
  uint64_t least = None;
  for (std::filesystem::path at = group;; at = at.parent_path()) {
    const auto text = read(mount + (at == "/" ? "" : at.string()) + "/" + file);
    const auto limit = text ? leadingNumber(*text) : std::nullopt;  // not of "max"
    if (limit && *limit < AsGoodAsNone) least = std::min(least, *limit);
    if (at == at.parent_path()) return least;
  }
}

uint64_t Resources::memoryLimit() const {
  uint64_t least = None;
  // NUMBER:CONTROLLERS:PATH; version 2 has no controllers here.
  std::istringstream groups(read("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos || second + 1 == line.size()) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty())
      least = std::min(least, groupLimit("/sys/fs/cgroup", group, "memory.max"));
    if (listsMemory(controllers)) {
      least = std::min(least, groupLimit("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  const std::string machine = read("/proc/meminfo").value_or("");
  constexpr std::string_view Total = "MemTotal:";
  if (const size_t at = machine.find(Total); at != std::string::npos) {
    const auto kib = leadingNumber(std::string_view(machine).substr(at + Total.size()));
    if (kib) least = std::min(least, *kib << 10);
  }
  return least == None ? 0 : least;
}

uint64_t Resources::descriptorsUsed() const {
  const std::string folder = root_ + "/proc/self/fd";
  struct stat info {};
  // Newer kernels say how many there are; others have them counted.
  if (::stat(folder.c_str(), &info) == 0 && root_.empty() && info.st_size > 0)
    return static_cast<uint64_t>(info.st_size);
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  if (error == std::errc::too_many_files_open) return descriptorLimit();
  return error ? 0 : static_cast<uint64_t>(std::distance(begin(entries), end(entries)));
}

uint64_t Resources::descriptorLimit() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace weir::server
