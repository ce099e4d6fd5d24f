#pragma once

// The counters of one listener on one worker, found once and kept. Names belong to a configuration,
// so a reload makes new handles; those of the same name move the same metric. On its worker's loop.

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/filter/connection_info.h"
#include "source/server/admission.h"
#include "source/stats/stats.h"

namespace weir::server {

class ListenerStats {
 public:
  // Both outlive it; `listener` is its name.
  ListenerStats(std::string_view listener, stats::Registry& stats);

  void countAccepted() { accepted_.add(1); }
  // Closed at once.
  void countRefusal(Refusal why) { refusals_[static_cast<size_t>(why)]->add(1); }
  void countAcceptError(int error);
  void countOpen() { open_.add(1); }
  // A filter chain was chosen, or it was found that none will be. `info`'s names outlive this.
  void countChoice(const filter::ConnectionInfo& info);
  // The end of one that was counted as open.
  void countEnd(const filter::ConnectionInfo& info);

 private:
  struct ByteCounters {
    stats::Value* rx = nullptr;
    stats::Value* tx = nullptr;
  };
  void countHeader(std::string_view header);
  stats::Value& choiceCounter(const filter::ConnectionInfo& info);
  ByteCounters& bytesOf(std::string_view chain);

  const std::string_view listener_;
  stats::Registry& stats_;
  stats::Value& accepted_;
  stats::Value& open_;
  std::array<stats::Value*, RefusalCount> refusals_;
  stats::Histogram& detection_seconds_;
  std::unordered_map<std::string, stats::Value*> choices_;    // chain, protocol, reason
  std::unordered_map<std::string_view, ByteCounters> bytes_;  // by chain
  std::unordered_map<std::string_view, stats::Value*> closes_;
  std::unordered_map<std::string_view, stats::Value*> headers_;
};

}  // namespace weir::server
