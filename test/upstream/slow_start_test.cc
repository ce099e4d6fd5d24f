#include "source/upstream/slow_start.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/upstream/host_fitness.h"
#include "source/upstream/host_picker.h"

namespace weir::upstream {
namespace {

using std::chrono::seconds;

struct FactorCase {
  double aggression;
  unsigned min_percent;
  int elapsed;  // seconds of 100
  double factor;
};
class SlowStartFactorTest : public testing::TestWithParam<FactorCase> {};
TEST_P(SlowStartFactorTest, GrowsToOne) {
  const auto& [aggression, min_percent, elapsed, factor] = GetParam();
  const SlowStartSettings settings{seconds(100), aggression, min_percent};
  Host host(*net::SocketAddress::parse("10.0.0.1:80"), 1);
  const MonotonicTime start{seconds(5)};
  slowStartFactor(host, settings, start);
  EXPECT_NEAR(slowStartFactor(host, settings, start + seconds(elapsed)), factor, 1e-9);
}
INSTANTIATE_TEST_SUITE_P(Cases, SlowStartFactorTest,
                         testing::Values(FactorCase{1, 10, 0, 0.1}, FactorCase{1, 10, 5, 0.1},
                                         FactorCase{1, 10, 50, 0.5}, FactorCase{1, 10, 99, 0.99},
                                         FactorCase{1, 10, 100, 1}, FactorCase{1, 10, 1000, 1},
                                         FactorCase{2, 10, 25, 0.5}, FactorCase{0.5, 1, 50, 0.25},
                                         FactorCase{1, 100, 0, 1}));

class SlowStartTest : public testing::TestWithParam<LbPolicy> {
 protected:
  SlowStartTest() {
    for (int i = 1; i <= 4; ++i) add(i);
    picker_ = std::make_unique<HostPicker>(settings_, 42, 0);
    makeList();
    count(100);
    now_ += seconds(200);
  }
  void add(int port) {
    hosts_.push_back(
        std::make_shared<Host>(*net::SocketAddress::parse("10.0.0.1:" + std::to_string(port)), 1));
  }
  void makeList() {
    list_ = std::make_shared<const HostList>(hosts_, settings_);
    fitness_.setHosts(list_);
  }
  // How many of so many picks each host gets.
  std::vector<double> count(int picks) {
    std::vector<double> counts(list_->size());
    for (int n = 0; n < picks; ++n) {
      const auto pick = picker_->pick(*list_, {.now = now_});
      EXPECT_EQ(pick.outcome, HostPicker::Outcome::Picked);
      ++counts[pick.index];
      (*list_)[pick.index]->leave();
    }
    return counts;
  }

  const ClusterSettings settings_{.name = "a",
                                  .endpoints = {},
                                  .lb_policy = GetParam(),
                                  .slow_start = {.window = seconds(100)},
                                  .healthy_panic_threshold = 0};
  MonotonicTime now_{seconds(1000)};
  HostList::Hosts hosts_;
  HostFitness fitness_{settings_, 1};
  std::shared_ptr<const HostList> list_;
  std::unique_ptr<HostPicker> picker_;
};

TEST_P(SlowStartTest, ANewHostGetsLittleAtFirstAndAllOfItsShareAtTheEnd) {
  add(5);
  makeList();
  // Beside four of one share each, it has a tenth of one, a half, and one.
  EXPECT_NEAR(count(10'000)[4], 10'000 * 0.1 / 4.1, 90);
  now_ += seconds(50);
  EXPECT_NEAR(count(10'000)[4], 10'000 * 0.5 / 4.5, 160);
  now_ += seconds(50);
  EXPECT_NEAR(count(10'000)[4], 2000, 200);
}

TEST_P(SlowStartTest, HostsThatAreAllNewShareEvenly) {
  hosts_.clear();
  for (int i = 11; i <= 14; ++i) add(i);
  makeList();
  for (const double one : count(10'000)) EXPECT_NEAR(one, 2500, 220);
}

TEST_P(SlowStartTest, AHostThatIsHealthyAgainStartsAnew) {
  fitness_.setHealthy(*hosts_[1], false, now_);
  EXPECT_EQ(count(1000)[1], 0);
  fitness_.setHealthy(*hosts_[1], true, now_);
  EXPECT_NEAR(count(10'000)[1], 10'000 * 0.1 / 3.1, 95);
}
INSTANTIATE_TEST_SUITE_P(Policies, SlowStartTest,
                         testing::Values(LbPolicy::RoundRobin, LbPolicy::LeastRequest));

}  // namespace
}  // namespace weir::upstream
