#include "source/server/overload_monitor.h"

#include <gtest/gtest.h>

#include <string>

#include "test/support/test_loop.h"

namespace weir::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(OverloadGateTest, GoesOnAtTheUpperThresholdAndOffBelowTheLower) {
  OverloadGate gate;
  const struct {
    uint64_t used;
    bool on;
  } steps[] = {{0, false},  {89, false}, {90, true}, {100, true}, {86, true}, {85, true},
               {84, false}, {89, false}, {91, true}, {0, true},   {1, false}};
  for (const auto& step : steps)
    EXPECT_EQ(gate.update(step.used, 100, 0.90, 0.85), step.on) << step.used;
}

TEST(OverloadGateTest, WithoutALimitItIsOff) {
  OverloadGate gate;
  EXPECT_TRUE(gate.update(100, 100, 0.9, 0.8));
  EXPECT_FALSE(gate.update(UINT64_MAX, 0, 0.9, 0.8));
}

TEST(OverloadGateTest, EqualThresholdsDoNotHoldItOn) {
  OverloadGate gate;
  EXPECT_TRUE(gate.update(50, 100, 0.5, 0.5));
  EXPECT_FALSE(gate.update(49, 100, 0.5, 0.5));
}

class OverloadMonitorTest : public testing::Test {
 protected:
  std::string metrics() const { return stats::renderPrometheus({&stats_}); }
  bool shows(const std::string& sample) const {
    return metrics().find(sample + "\n") != std::string::npos;
  }

  test::TestLoop loop_;
  stats::Registry stats_;
  ProcessLoad load_;
  OverloadMonitor::Usage usage_{10, 100, 10, 100};
  OverloadMonitor monitor_{*loop_, stats_, load_, [this] { return usage_; }};
};

TEST_F(OverloadMonitorTest, LooksAtOnceAndEachSecond) {
  usage_.memory = 95;
  loop_.runUntilIdle();
  EXPECT_TRUE(load_.out_of_memory);
  EXPECT_FALSE(load_.out_of_descriptors);
  EXPECT_TRUE(shows("weir_overload_active{resource=\"memory\"} 1"));
  EXPECT_TRUE(shows("weir_overload_active{resource=\"descriptors\"} 0"));
  usage_.memory = 10;
  usage_.descriptors = 90;
  loop_.advance(milliseconds(999));
  EXPECT_TRUE(load_.out_of_memory);
  loop_.advance(milliseconds(1));
  EXPECT_FALSE(load_.out_of_memory);
  EXPECT_TRUE(load_.out_of_descriptors);
  EXPECT_TRUE(shows("weir_overload_active{resource=\"memory\"} 0"));
  EXPECT_TRUE(shows("weir_overload_active{resource=\"descriptors\"} 1"));
}

TEST_F(OverloadMonitorTest, TheConfiguredLimitAndThresholdsHoldInPlaceOfTheFoundOnes) {
  usage_.memory = 60;
  loop_.runUntilIdle();
  EXPECT_FALSE(load_.out_of_memory);
  monitor_.setSettings({.max_memory_bytes = 50});
  loop_.advance(seconds(1));
  EXPECT_TRUE(load_.out_of_memory);
  monitor_.setSettings({.shed_threshold = 0.5, .resume_threshold = 0.5});
  loop_.advance(seconds(1));
  EXPECT_TRUE(load_.out_of_memory);
  usage_.memory = 49;
  loop_.advance(seconds(1));
  EXPECT_FALSE(load_.out_of_memory);
}

TEST_F(OverloadMonitorTest, DisabledItShedsNothing) {
  usage_ = {100, 100, 100, 100};
  loop_.runUntilIdle();
  EXPECT_TRUE(load_.out_of_memory);
  monitor_.setSettings({.max_memory_bytes = 1, .enabled = false});
  loop_.advance(seconds(1));
  EXPECT_FALSE(load_.out_of_memory);
  EXPECT_FALSE(load_.out_of_descriptors);
}

TEST_F(OverloadMonitorTest, WhatIsNotKnownShedsNothing) {
  usage_ = {};
  loop_.runUntilIdle();
  EXPECT_FALSE(load_.out_of_memory);
  EXPECT_FALSE(load_.out_of_descriptors);
}

}  // namespace
}  // namespace weir::server
