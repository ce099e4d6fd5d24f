#include "source/server/generation.h"

#include <utility>

#include "source/server/worker_listener.h"

namespace weir::server {

ListenerGeneration::ListenerGeneration(Generation& its_generation, WorkerListener& its_listener,
                                       DetectionShared its_detection)
    : generation(its_generation),
      listener(its_listener),
      settings(its_detection.settings),
      detection(std::move(its_detection)),
      stats(settings, its_generation.settings(), its_generation.worker().stats) {}

Generation::Generation(Snapshot snapshot, const Parts& parts, std::function<void()> on_empty)
    : snapshot_(std::move(snapshot)),
      clusters_(snapshot_.clusters, parts.loop, parts.slices, net::ConnectionLimits{}, parts.stats,
                parts.own_addresses),
      worker_{parts.loop, parts.slices, parts.pipes, clusters_, parts.stats},
      on_empty_(std::move(on_empty)) {
  worker_.log = log();
  for (const auto& [path, one] : snapshot_.logs.named) worker_.logs.emplace(path, one.get());
}

ListenerGeneration& Generation::addListener(WorkerListener& listener, DetectionShared detection) {
  listeners_.push_back(std::make_unique<ListenerGeneration>(*this, listener, std::move(detection)));
  return *listeners_.back();
}

Membership::Membership(ListenerGeneration& listener) : listener_(listener) {
  ++listener_.generation.connections_;
  listener_.listener.onRecordMade();
}

Membership::~Membership() {
  listener_.listener.onRecordGone();
  Generation& generation = listener_.generation;
  if (--generation.connections_ == 0) generation.on_empty_();
}

}  // namespace weir::server
