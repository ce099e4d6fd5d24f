#pragma once

// What the process uses of memory and descriptors, and how much it may: from /proc and from its
// control group. Blocking reads of files that the kernel makes up; main thread.

#include <cstdint>
#include <optional>
#include <string>

namespace weir::server {

// Where /proc and /sys are; empty for the machine's, a folder for a test.
class Resources {
 public:
  explicit Resources(std::string root = "") : root_(std::move(root)) {}

  // Resident memory, in bytes; 0 if it is not known.
  uint64_t memoryUsed() const;
  // The least of the machine's memory and the limits of the control groups (version 2 or 1) that
  // the process is in, in bytes; 0 if it is not known.
  uint64_t memoryLimit() const;
  // 0 if it is not known.
  uint64_t descriptorsUsed() const;
  // The soft limit of this process.
  static uint64_t descriptorLimit();

 private:
  std::optional<std::string> read(const std::string& path) const;
  uint64_t groupLimit(const std::string& mount, const std::string& group,
                      const std::string& file) const;
  const std::string root_;
};

}  // namespace weir::server
