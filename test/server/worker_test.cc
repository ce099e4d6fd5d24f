#include "source/server/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>

#include "test/support/worker_context.h"

namespace weir::server {
namespace {

TEST(WorkerTest, WhatWasPostedAndHasNotRunWhenItStopsIsDropped) {
  ProcessShared shared;
  const SystemClock clock;
  Worker worker(shared, clock, {[](const LearnedNews&) {}, [](Snapshot) {}});
  WorkerUpdate first;
  first.snapshot = {std::make_shared<config::BootstrapSettings>(),
                    test::WorkerContext::statesOf({}), nullptr};
  worker.start(std::move(first));
  std::promise<void> entered;
  std::promise<void> go_on;
  worker.post([&](Worker&) {
    entered.set_value();
    go_on.get_future().wait();
  });
  entered.get_future().wait();
  bool ran = false;
  worker.requestStop();
  worker.post([&](Worker& one) {
    ran = true;
    one.drain([] {});
  });
  go_on.set_value();
  worker.join();
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace weir::server
