#include "source/server/overload_monitor.h"

#include <chrono>
#include <utility>

#include "source/base/log.h"

namespace weir::server {
namespace {

constexpr Duration Period = std::chrono::seconds(1);

stats::Value& activeGauge(stats::Registry& stats, std::string_view resource) {
  return stats.gauge("weir_overload_active",
                     "1 while new connections are shed as the resource is short.",
                     {{"resource", resource}});
}

}  // namespace

bool OverloadGate::update(uint64_t used, uint64_t limit, double shed, double resume) {
  if (limit == 0) return on_ = false;
  if (used == 0) return on_;
  const double fraction = static_cast<double>(used) / static_cast<double>(limit);
  on_ = on_ ? fraction >= resume : fraction >= shed;
  return on_;
}

OverloadMonitor::OverloadMonitor(event::Loop& loop, stats::Registry& stats, ProcessLoad& load,
                                 std::function<Usage()> look)
    : load_(load),
      look_(std::move(look)),
      memory_active_(activeGauge(stats, "memory")),
      descriptors_active_(activeGauge(stats, "descriptors")),
      timer_(loop, [this] { this->look(); }) {
  timer_.arm(Duration::zero());
}

void OverloadMonitor::look() {
  timer_.arm(Period);
  const Usage usage = settings_.enabled ? look_() : Usage{};
  const uint64_t memory_limit = settings_.enabled && settings_.max_memory_bytes != 0
                                    ? settings_.max_memory_bytes
                                    : usage.memory_limit;
  judge(memory_, "memory", usage.memory, memory_limit, load_.out_of_memory, memory_active_);
  judge(descriptors_, "descriptors", usage.descriptors, usage.descriptor_limit,
        load_.out_of_descriptors, descriptors_active_);
}

void OverloadMonitor::judge(OverloadGate& gate, std::string_view resource, uint64_t used,
                            uint64_t limit, std::atomic<bool>& flag, stats::Value& active) {
  const bool on = gate.update(used, limit, settings_.shed_threshold, settings_.resume_threshold);
  if (on == flag.load(std::memory_order_relaxed)) return;
  flag.store(on, std::memory_order_relaxed);
  active.set(on ? 1 : 0);
  log::warn(log::Component::Listener, "overload: {} of {} {} are used; new connections are {}",
            used, limit, resource == "memory" ? "bytes of memory" : resource,
            on ? "shed" : "taken again");
}

}  // namespace weir::server
