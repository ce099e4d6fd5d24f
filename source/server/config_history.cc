#include "source/server/config_history.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/json.h"

namespace weir::server {
namespace {

std::string timeText(WallTime when) {
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(when - second).count();
  return fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     millis);
}

}  // namespace

void ConfigHistory::noteTaken(std::string path, uint64_t hash, std::string json, WallTime when) {
  path_ = std::move(path);
  hash_ = hash;
  bootstrap_ = std::move(json);
  when_ = when;
  ++generation_;
  rejected_.reset();
}

void ConfigHistory::noteRejected(std::string_view outcome, uint64_t hash,
                                 std::vector<std::string> errors, WallTime when) {
  const size_t count = errors.size();
  errors.resize(std::min(count, MaxErrors));
  rejected_ = {outcome, hash, when, count, std::move(errors)};
}

std::string ConfigHistory::json() const {
  std::string out;
  JsonWriter json(out);
  const auto writeRejected = [&](const Rejected& rejected) {
    json.object("last_rejected", [&] {
      json.field("outcome", rejected.outcome);
      json.field("hash", rejected.hash);
      json.field("rejected_at", timeText(rejected.when));
      json.field("error_count", rejected.error_count);
      json.array("errors", [&] {
        for (const std::string& error : rejected.errors) json.value(error);
      });
    });
  };
  json.object([&] {
    json.field("path", path_);
    json.field("generation", generation_);
    json.field("hash", hash_);
    json.field("last_updated", timeText(when_));
    if (rejected_) {
      writeRejected(*rejected_);
    } else {
      json.textOrNull("last_rejected", "");
    }
    json.key("bootstrap");
    json.raw(bootstrap_);
  });
  return out;
}

}  // namespace weir::server
