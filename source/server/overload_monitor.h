#pragma once

// Sheds new connections before the kernel ends the process: once a second it compares what is used
// of memory and of descriptors with the limits. Connections that are open are not touched. Main
// thread.

#include <cstdint>
#include <functional>
#include <string_view>

#include "source/config/settings.h"
#include "source/event/loop.h"
#include "source/server/admission.h"
#include "source/stats/stats.h"

namespace weir::server {

// Decides for one resource, with some distance between on and off. No clock, no I/O.
class OverloadGate {
 public:
  // On from `shed` of the limit, off below `resume` of it; a limit of 0 is none. What is used is
  // never 0: that is not known, and changes nothing. True while it is on.
  bool update(uint64_t used, uint64_t limit, double shed, double resume);

 private:
  bool on_ = false;
};

class OverloadMonitor {
 public:
  struct Usage {
    uint64_t memory = 0;
    uint64_t memory_limit = 0;
    uint64_t descriptors = 0;
    uint64_t descriptor_limit = 0;
  };

  // All outlive it. Looks at once when it is made, and each second from then on.
  OverloadMonitor(event::Loop& loop, stats::Registry& stats, ProcessLoad& load,
                  std::function<Usage()> look);

  // From the next look on.
  void setSettings(const config::OverloadSettings& settings) { settings_ = settings; }

 private:
  void look();
  void judge(OverloadGate& gate, std::string_view resource, uint64_t used, uint64_t limit,
             std::atomic<bool>& flag, stats::Value& active);

  ProcessLoad& load_;
  const std::function<Usage()> look_;
  config::OverloadSettings settings_;
  OverloadGate memory_;
  OverloadGate descriptors_;
  stats::Value& memory_active_;
  stats::Value& descriptors_active_;
  event::Timer timer_;
};

}  // namespace weir::server
