#include "source/upstream/peak_ewma.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "source/upstream/host_picker.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PeakEwmaTest : public testing::Test {
 protected:
  void follow(size_t hosts) {
    HostList::Hosts all;
    for (size_t i = 0; i < hosts; ++i) {
      const auto address = net::SocketAddress::parse("10.0.0.1:" + std::to_string(i + 1));
      all.push_back(std::make_shared<Host>(*address, 1));
    }
    list_ = std::make_unique<HostList>(std::move(all), settings_);
    ewma_.follow(*list_, now_);
  }
  const Host& host(size_t i) { return *(*list_)[i]; }
  // With one request more at an idle host, in milliseconds.
  double cost(size_t i, uint64_t active = 0) { return ewma_.costOf(host(i), active, now_) * 1000; }

  const ClusterSettings settings_{.name = "a",
                                  .endpoints = {},
                                  .lb_policy = LbPolicy::PeakEwma,
                                  .peak_ewma_decay = seconds(10)};
  MonotonicTime now_{seconds(1000)};
  PeakEwma ewma_{seconds(10)};
  std::unique_ptr<HostList> list_;
};

TEST_F(PeakEwmaTest, ANewHostIsTriedOnceAndThenWaitedFor) {
  follow(1);
  EXPECT_EQ(cost(0), 0);
  EXPECT_DOUBLE_EQ(cost(0, 1), 60);  // 30 ms for each of two
  now_ += seconds(10);
  EXPECT_DOUBLE_EQ(cost(0, 1), 60 / std::exp(1.0));
}

TEST_F(PeakEwmaTest, TheFirstAnswerIsTakenAsItIs) {
  follow(1);
  ewma_.observe(host(0), milliseconds(2), now_);
  EXPECT_DOUBLE_EQ(cost(0), 2);
  EXPECT_DOUBLE_EQ(cost(0, 4), 10);
}

TEST_F(PeakEwmaTest, ASlowerAnswerCountsAtOnceAndAFasterOneBitByBit) {
  follow(1);
  ewma_.observe(host(0), milliseconds(100), now_);
  ewma_.observe(host(0), milliseconds(10), now_);
  EXPECT_DOUBLE_EQ(cost(0), 100);
  now_ += seconds(10);
  ewma_.observe(host(0), milliseconds(10), now_);
  EXPECT_NEAR(cost(0), 10 + 90 / std::exp(1.0), 1e-9);
  ewma_.observe(host(0), milliseconds(200), now_);
  EXPECT_DOUBLE_EQ(cost(0), 200);
}

TEST_F(PeakEwmaTest, WithoutAnswersItFades) {
  follow(1);
  ewma_.observe(host(0), milliseconds(1000), now_);
  now_ += seconds(30);
  EXPECT_NEAR(cost(0), 1000 / std::exp(3.0), 1e-9);
}

TEST_F(PeakEwmaTest, HostsThatStayKeepTheirLatencyAndOthersAreForgotten) {
  follow(2);
  const std::shared_ptr<Host> leaves = (*list_)[1];
  ewma_.observe(host(0), milliseconds(5), now_);
  ewma_.observe(*leaves, milliseconds(7), now_);
  const HostList shorter({(*list_)[0]}, settings_);
  ewma_.follow(shorter, now_);
  EXPECT_DOUBLE_EQ(cost(0), 5);
  ewma_.observe(*leaves, milliseconds(7), now_);
  EXPECT_EQ(ewma_.costOf(*leaves, 0, now_), 0);
}

// As a policy.

class PeakEwmaPolicyTest : public PeakEwmaTest {
 protected:
  // How many of so many requests each host gets, of which each ends before the next one begins,
  // with its latency; one begins each millisecond.
  std::vector<int> serve(HostPicker& picker, const std::vector<Duration>& latencies, int requests) {
    std::vector<int> counts(latencies.size());
    for (int n = 0; n < requests; ++n) {
      now_ += milliseconds(1);
      const auto pick = picker.pick(*list_, {.load = HostPicker::Load::Requests, .now = now_});
      ++counts[pick.index];
      (*list_)[pick.index]->endRequest();
      picker.observe(*(*list_)[pick.index], latencies[pick.index], now_);
    }
    return counts;
  }
};

TEST_F(PeakEwmaPolicyTest, OfTwoHostsTheFasterOneIsUsed) {
  follow(2);
  HostPicker picker(settings_, 1, 0);
  picker.follow(*list_, now_);
  const auto counts = serve(picker, {milliseconds(2), milliseconds(50)}, 2000);
  EXPECT_GT(counts[0], 1990);
  EXPECT_GT(counts[1], 0);
}

TEST_F(PeakEwmaPolicyTest, ASlowHostIsTriedAgainAfterAWhile) {
  follow(2);
  HostPicker picker(settings_, 1, 0);
  picker.follow(*list_, now_);
  serve(picker, {milliseconds(20), milliseconds(400)}, 1000);
  // It fades to 20 ms after three times the decay, and turns out to be fast now.
  const auto counts = serve(picker, {milliseconds(20), milliseconds(1)}, 60'000);
  EXPECT_GT(counts[1], 20'000);
}

TEST_F(PeakEwmaPolicyTest, OfManyTheSlowOneGetsHardlyAnything) {
  follow(10);
  HostPicker picker(settings_, 1, 0);
  picker.follow(*list_, now_);
  std::vector<Duration> latencies(10, milliseconds(5));
  latencies[3] = milliseconds(500);
  const auto counts = serve(picker, latencies, 10'000);
  EXPECT_LT(counts[3], 20);
}

TEST_F(PeakEwmaPolicyTest, ABusyHostIsLeftForASlowerOneThatIsIdle) {
  follow(2);
  HostPicker picker(settings_, 1, 0);
  picker.follow(*list_, now_);
  serve(picker, {milliseconds(10), milliseconds(30)}, 100);
  for (int i = 0; i < 5; ++i) (*list_)[0]->startRequest();
  EXPECT_EQ(picker.pick(*list_, {.load = HostPicker::Load::Requests, .now = now_}).index, 1U);
}

}  // namespace
}  // namespace weir::upstream
