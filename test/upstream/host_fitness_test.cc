#include "source/upstream/host_fitness.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "test/support/manual_clock.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HostFitnessTest : public testing::Test {
 protected:
  HostFitnessTest() {
    settings_.name = "db";
    settings_.outlier_detection = OutlierSettings{.consecutive_local_origin_failure = 3};
  }
  void start(size_t hosts) {
    HostList::Hosts all;
    for (size_t i = 0; i < hosts; ++i) {
      const auto address = net::SocketAddress::parse("10.0.0.1:" + std::to_string(i + 1));
      all.push_back(std::make_shared<Host>(*address, 1));
    }
    list_ = std::make_shared<const HostList>(std::move(all), settings_);
    fitness_ = std::make_unique<HostFitness>(settings_, 1);
    fitness_->setHosts(list_);
  }
  const std::shared_ptr<Host>& host(size_t i) { return (*list_)[i]; }
  MonotonicTime now() { return clock_.monotonicNow(); }
  // Connecting fails so often; true if that ejected the host.
  bool fail(size_t i, int times = 3) {
    bool ejected = false;
    for (int n = 0; n < times; ++n) ejected = fitness_->connectFailed(host(i), now());
    return ejected;
  }
  // For how long the host is ejected now, in seconds; it then passes.
  double waitOut(size_t i) {
    const auto until = fitness_->ejectedUntil(*host(i));
    EXPECT_TRUE(until.has_value());
    const Duration left = until.value_or(now()) - now();
    clock_.advance(left - milliseconds(1));
    fitness_->endEjections(now());
    EXPECT_FALSE(host(i)->fit());
    clock_.advance(milliseconds(1));
    fitness_->endEjections(now());
    EXPECT_TRUE(host(i)->fit());
    return std::chrono::duration<double>(left).count();
  }

  test::ManualClock clock_;
  ClusterSettings settings_;
  std::shared_ptr<const HostList> list_;
  std::unique_ptr<HostFitness> fitness_;
};

TEST_F(HostFitnessTest, AHostIsEjectedAfterSoManyFailuresInARow) {
  start(4);
  EXPECT_FALSE(fail(0, 2));
  EXPECT_TRUE(host(0)->fit());
  EXPECT_TRUE(fail(0, 1));
  EXPECT_FALSE(host(0)->fit());
  EXPECT_EQ(fitness_->counts().ejected, 1U);
  EXPECT_EQ(fitness_->counts().fit, 3U);
}

TEST_F(HostFitnessTest, ASuccessStartsTheRowAnew) {
  start(4);
  fail(0, 2);
  fitness_->connectSucceeded(*host(0));
  EXPECT_FALSE(fail(0, 2));
  EXPECT_TRUE(fail(0, 1));
}

TEST_F(HostFitnessTest, WithoutOutlierDetectionNobodyIsEjected) {
  settings_.outlier_detection.reset();
  start(4);
  EXPECT_FALSE(fail(0, 1000));
}

TEST_F(HostFitnessTest, ComesBackByItselfAndIsEjectedForLongerEachTime) {
  start(4);
  std::vector<double> times;
  for (int n = 0; n < 12; ++n) {
    ASSERT_TRUE(fail(0));
    times.push_back(waitOut(0));
  }
  EXPECT_EQ(times, (std::vector<double>{30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300}));
  EXPECT_EQ(fitness_->counts().ejected, 0U);
}

TEST_F(HostFitnessTest, WhatWentWellForLongIsForgiven) {
  start(4);
  for (int n = 0; n < 3; ++n) {
    ASSERT_TRUE(fail(0));
    waitOut(0);
  }
  clock_.advance(seconds(65));  // two of three are forgotten
  ASSERT_TRUE(fail(0));
  EXPECT_EQ(waitOut(0), 60);
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(fail(0));
  EXPECT_EQ(waitOut(0), 30);
}

TEST_F(HostFitnessTest, JitterIsAddedUpToItsBound) {
  settings_.outlier_detection->max_ejection_time_jitter = seconds(10);
  settings_.outlier_detection->max_ejection_percent = 100;
  start(20);
  std::vector<double> times;
  for (size_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(fail(i));
    const Duration time = *fitness_->ejectedUntil(*host(i)) - now();
    EXPECT_GE(time, seconds(30));
    EXPECT_LE(time, seconds(40));
    times.push_back(std::chrono::duration<double>(time).count());
  }
  EXPECT_NE(times[0], times[1]);
}

TEST_F(HostFitnessTest, AnEjectionRunsOnWhileTheHostIsNotInTheList) {
  start(2);
  EXPECT_TRUE(fail(0));
  const auto both = list_;
  const auto other = std::make_shared<const HostList>(HostList::Hosts{host(1)}, settings_);
  fitness_->setHosts(other);
  EXPECT_EQ(fitness_->counts().ejected, 0U);
  EXPECT_EQ(fitness_->counts().fit, 1U);
  fitness_->setHosts(both);
  EXPECT_FALSE(host(0)->fit());
  EXPECT_EQ(fitness_->counts().ejected, 1U);
  EXPECT_EQ(fitness_->counts().fit, 1U);
  fitness_->setHosts(other);
  EXPECT_TRUE(fail(1));  // the one that is away does not count
  clock_.advance(std::chrono::hours(1));
  fitness_->endEjections(now());
  fitness_->setHosts(both);
  EXPECT_TRUE(host(0)->fit());
  EXPECT_EQ(fitness_->counts().fit, 2U);
}

TEST_F(HostFitnessTest, OneMayAlwaysBeEjectedAndNoMoreThanThePercentage) {
  start(4);  // 10 % of them is less than one
  EXPECT_TRUE(fail(0));
  EXPECT_FALSE(fail(1, 10));
  EXPECT_TRUE(host(1)->fit());
  waitOut(0);
  EXPECT_TRUE(fail(1, 1));  // it failed all the time

  settings_.outlier_detection->max_ejection_percent = 50;
  start(4);
  EXPECT_TRUE(fail(0));
  EXPECT_TRUE(fail(1));
  EXPECT_FALSE(fail(2));
}

TEST_F(HostFitnessTest, FailuresOfAnEjectedHostDoNotMakeItLonger) {
  start(1);
  ASSERT_TRUE(fail(0));
  clock_.advance(seconds(20));
  EXPECT_FALSE(fail(0, 10));
  EXPECT_EQ(waitOut(0), 10);
}

TEST_F(HostFitnessTest, AfterAnEjectionTheRowOfFailuresStartsAnew) {
  start(1);
  ASSERT_TRUE(fail(0));
  EXPECT_FALSE(fail(0, 10));  // those that were under way
  waitOut(0);
  EXPECT_FALSE(fail(0, 2));
  EXPECT_TRUE(fail(0, 1));
}

TEST_F(HostFitnessTest, PanicsBelowTheThreshold) {
  start(4);
  fitness_->setHealthy(*host(0), false, now());
  fitness_->setHealthy(*host(1), false, now());
  EXPECT_FALSE(fitness_->panic());  // 50 % are healthy
  fitness_->setHealthy(*host(2), false, now());
  EXPECT_TRUE(fitness_->panic());
  fitness_->setHealthy(*host(0), true, now());
  EXPECT_FALSE(fitness_->panic());
}

TEST_F(HostFitnessTest, WithAThresholdOfZeroItNeverPanics) {
  settings_.healthy_panic_threshold = 0;
  start(1);
  fitness_->setHealthy(*host(0), false, now());
  EXPECT_FALSE(fitness_->panic());
  EXPECT_EQ(fitness_->counts().fit, 0U);
}

TEST_F(HostFitnessTest, AHostThatIsUnhealthyAndEjectedIsUnfitOnce) {
  start(4);
  fitness_->setHealthy(*host(0), false, now());
  ASSERT_TRUE(fail(0));
  EXPECT_EQ(fitness_->counts().fit, 3U);
  fitness_->setHealthy(*host(0), true, now());
  EXPECT_EQ(fitness_->counts().fit, 3U);
  EXPECT_FALSE(host(0)->failsChecks());
  waitOut(0);
  EXPECT_EQ(fitness_->counts().fit, 4U);
}

TEST_F(HostFitnessTest, AnotherListOfHostsCountsAnewAndKeepsWhatIsKnown) {
  settings_.outlier_detection->max_ejection_percent = 100;
  start(4);
  ASSERT_TRUE(fail(0));
  ASSERT_TRUE(fail(1));
  const auto before = list_;
  list_ = std::make_shared<const HostList>(HostList::Hosts{host(1), host(2)}, settings_);
  fitness_->setHosts(list_);
  EXPECT_EQ(fitness_->counts().hosts, 2U);
  EXPECT_EQ(fitness_->counts().ejected, 1U);
  EXPECT_EQ(fitness_->counts().fit, 1U);
  EXPECT_FALSE((*before)[1]->fit());
  // One that is gone is not counted, whatever becomes of it.
  for (int n = 0; n < 10; ++n) fitness_->connectFailed((*before)[3], now());
  fitness_->setHealthy(*(*before)[3], false, now());
  EXPECT_EQ(fitness_->counts().fit, 1U);
}

TEST_F(HostFitnessTest, HostsWithoutWeightDoNotCount) {
  HostList::Hosts hosts;
  for (const uint32_t weight : {0U, 1U, 0U}) {
    hosts.push_back(std::make_shared<Host>(*net::SocketAddress::parse("10.0.0.1:1"), weight));
  }
  list_ = std::make_shared<const HostList>(std::move(hosts), settings_);
  HostFitness fitness(settings_, 1);
  fitness.setHosts(list_);
  fitness.setHealthy(*host(0), false, now());
  EXPECT_EQ(fitness.counts().hosts, 1U);
  EXPECT_FALSE(fitness.panic());
}

TEST_F(HostFitnessTest, SeveralThreadsMayTellAtOnce) {
  settings_.outlier_detection->max_ejection_percent = 100;
  start(16);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 2000; ++n) {
        const auto& one = host(static_cast<size_t>(n * 7 + t) % 16);
        fitness_->connectFailed(one, now());
        if (n % 3 == 0) fitness_->connectSucceeded(*one);
        if (n % 5 == 0) fitness_->setHealthy(*one, n % 2 == 0, now());
        fitness_->endEjections(now() + seconds(n));
        fitness_->panic();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  fitness_->endEjections(now() + std::chrono::hours(10));
  for (size_t i = 0; i < 16; ++i) fitness_->setHealthy(*host(i), true, now());
  EXPECT_EQ(fitness_->counts().fit, 16U);
  EXPECT_EQ(fitness_->counts().ejected, 0U);
}

}  // namespace
}  // namespace weir::upstream
