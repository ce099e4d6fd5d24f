// Picking a host allocates nothing: every allocation of this program is counted.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/upstream/host_fitness.h"
#include "source/upstream/host_picker.h"
#include "test/support/allocation_counter.h"

namespace weir::upstream {
namespace {

TEST(PickingAllocationTest, TheCounterCounts) {
  const uint64_t before = weir::test::allocations();
  const std::vector<std::string> some(3, std::string(100, 'x'));
  EXPECT_EQ(weir::test::allocations() - before, 5U) << some.size();
}

class PickingTest : public testing::TestWithParam<LbPolicy> {};
TEST_P(PickingTest, AllocatesNothing) {
  const ClusterSettings settings{.name = "a",
                                 .endpoints = {},
                                 .lb_policy = GetParam(),
                                 .slow_start = {.window = std::chrono::seconds(10)},
                                 .outlier_detection = OutlierSettings{}};
  HostList::Hosts hosts;
  for (int i = 1; i <= 50; ++i) {
    hosts.push_back(
        std::make_shared<Host>(*net::SocketAddress::parse("10.0.0.1:" + std::to_string(i)), i % 7));
  }
  const auto list = std::make_shared<const HostList>(std::move(hosts), settings);
  HostFitness fitness(settings, 1);
  fitness.setHosts(list);
  HostPicker picker(settings, 1, 0);
  MonotonicTime now{std::chrono::seconds(1)};
  picker.follow(*list, now);
  Random random(1);
  const uint64_t before = weir::test::allocations();
  for (int n = 0; n < 2000; ++n) {
    now += std::chrono::milliseconds(1);
    const auto pick =
        picker.pick(*list, {.key = random.next(), .load = HostPicker::Load::Requests, .now = now});
    ASSERT_EQ(pick.outcome, HostPicker::Outcome::Picked);
    const auto& host = (*list)[pick.index];
    picker.observe(*host, std::chrono::milliseconds(3), now);
    fitness.requestEnded(host, n % 2 == 0 ? 200 : 404, now);
    host->endRequest();
  }
  ASSERT_EQ(weir::test::allocations(), before);
}
INSTANTIATE_TEST_SUITE_P(Policies, PickingTest,
                         testing::Values(LbPolicy::RoundRobin, LbPolicy::LeastRequest,
                                         LbPolicy::RingHash, LbPolicy::Random, LbPolicy::Maglev,
                                         LbPolicy::PeakEwma));

}  // namespace
}  // namespace weir::upstream
