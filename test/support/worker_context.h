#pragma once

// What a filter finds on its worker (filter::Worker), on a loop with a manual clock. Destroyed at
// the end of a test, it proves that nothing was left behind: slices, timers and watches are counted
// by their owners, which abort.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/filter/worker.h"
#include "source/net/splice.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster.h"
#include "test/support/test_loop.h"

namespace weir::test {

struct WorkerContext {
  // `shared_loop`: null for one of its own; else it outlives this.
  explicit WorkerContext(std::vector<upstream::ClusterSettings> settings = {},
                         net::ConnectionLimits each_connection = {},
                         TestLoop* shared_loop = nullptr)
      : limits(each_connection),
        own_loop(shared_loop == nullptr ? std::make_unique<TestLoop>() : nullptr),
        loop(shared_loop == nullptr ? *own_loop : *shared_loop),
        cluster_set(statesOf(std::move(settings)), *loop, slices, limits, stats, own_addresses),
        worker{*loop, slices, pipes, cluster_set, stats} {}

  // Of clusters that nobody manages: names are not resolved, and nothing is checked.
  static upstream::ClusterStates statesOf(std::vector<upstream::ClusterSettings> settings) {
    auto states = std::make_shared<upstream::ClusterStateMap>();
    settings.push_back(upstream::bypassSettings());
    for (upstream::ClusterSettings& one : settings) {
      std::string name = one.name;
      states->emplace(std::move(name), std::make_shared<upstream::ClusterState>(std::move(one), 1));
    }
    return states;
  }

  // The metrics as a scrape shows them.
  std::string metrics() const { return stats::renderPrometheus({&stats}); }

  const net::ConnectionLimits limits;
  // In this order: each uses those above it, and a loop frees what was retired to it.
  stats::Registry stats;
  net::OwnAddresses own_addresses;
  buffer::SlicePool slices;
  net::PipePool pipes;
  const std::unique_ptr<TestLoop> own_loop;
  TestLoop& loop;
  upstream::ClusterSet cluster_set;
  filter::Worker worker;
};

}  // namespace weir::test
