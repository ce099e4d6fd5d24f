#pragma once

// The configuration in use, as it was read, and the one that was refused since: for /config_dump.
// One for the whole process; main thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/time.h"

namespace weir::server {

class ConfigHistory {
 public:
  // How many errors of a refused one are kept; the others are only counted.
  static constexpr size_t MaxErrors = 100;

  // `hash` is that of /metrics; `json` is LoadedSettings::json.
  void noteTaken(std::string path, uint64_t hash, std::string json, WallTime when);
  // `outcome` is that of /metrics and has static storage. The one in use stays. It is forgotten
  // when another one is taken.
  void noteRejected(std::string_view outcome, uint64_t hash, std::vector<std::string> errors,
                    WallTime when);

  // How many were taken; 0 until the process has one.
  uint64_t generation() const { return generation_; }
  // All of it. Requires: generation() > 0.
  std::string json() const;

 private:
  struct Rejected {
    std::string_view outcome;
    uint64_t hash;
    WallTime when;
    size_t error_count;
    std::vector<std::string> errors;
  };
  std::string path_;
  uint64_t hash_ = 0;
  std::string bootstrap_;  // JSON
  WallTime when_;
  uint64_t generation_ = 0;
  std::optional<Rejected> rejected_;
};

}  // namespace weir::server
