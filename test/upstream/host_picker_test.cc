#include "source/upstream/host_picker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/upstream/host_fitness.h"

namespace weir::upstream {
namespace {

using Outcome = HostPicker::Outcome;
using Weights = std::vector<uint32_t>;

ClusterSettings with(LbPolicy policy) {
  return {.name = "a", .endpoints = {}, .lb_policy = policy};
}

HostList listOf(const Weights& weights, LbPolicy policy) {
  HostList::Hosts hosts;
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto third = std::to_string(i / 250);
    const auto address =
        net::SocketAddress::parse("10.0." + third + "." + std::to_string(i % 250) + ":80");
    hosts.push_back(std::make_shared<Host>(*address, weights[i]));
  }
  return {std::move(hosts), with(policy)};
}

// The hosts picked by `picks` picks, as letters; the connections end at once.
std::string pickInTurn(HostPicker& picker, const HostList& list, int picks,
                       const HostPicker::Request& request = {}) {
  std::string out;
  for (int n = 0; n < picks; ++n) {
    const auto pick = picker.pick(list, request);
    out += pick.outcome == Outcome::Picked ? static_cast<char>('a' + pick.index) : '-';
    if (pick.outcome == Outcome::Picked) list[pick.index]->leave();
  }
  return out;
}

// How often each host is picked.
std::vector<size_t> countPicks(HostPicker& picker, const HostList& list, int picks,
                               const HostPicker::Request& request = {}) {
  std::vector<size_t> counts(list.size());
  for (int n = 0; n < picks; ++n) {
    const auto pick = picker.pick(list, request);
    EXPECT_EQ(pick.outcome, Outcome::Picked);
    ++counts[pick.index];
    list[pick.index]->leave();
  }
  return counts;
}

// Round robin: exact.

struct TurnCase {
  Weights weights;
  std::string picks;  // from the first one on
};
class RoundRobinTest : public testing::TestWithParam<TurnCase> {};
TEST_P(RoundRobinTest, TakesHostsInTurnByWeight) {
  const HostList list = listOf(GetParam().weights, LbPolicy::RoundRobin);
  HostPicker picker(with(LbPolicy::RoundRobin), 1, 0);
  EXPECT_EQ(pickInTurn(picker, list, static_cast<int>(GetParam().picks.size())), GetParam().picks);
}
INSTANTIATE_TEST_SUITE_P(
    Cases, RoundRobinTest,
    testing::Values(TurnCase{{1}, "aaa"}, TurnCase{{1, 1, 1}, "abcabc"},
                    TurnCase{{7, 7, 7}, "abcabc"},  // the common factor does not matter
                    TurnCase{{2, 1},
                             "aab"
                             "aab"},
                    TurnCase{{0, 1, 1}, "bcbc"}, TurnCase{{3, 1}, "abaa"},
                    TurnCase{{3, 3, 1}, "ababacb"}, TurnCase{{0, 0}, "--"}, TurnCase{{}, "-"}));

TEST(HostPickerTest, RoundRobinGivesEachItsWeightInEveryRound) {
  const HostList list = listOf({5, 1, 3, 1}, LbPolicy::RoundRobin);
  HostPicker picker(with(LbPolicy::RoundRobin), 1, 3);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(countPicks(picker, list, 10), (std::vector<size_t>{5, 1, 3, 1}));
  }
}

TEST(HostPickerTest, RoundRobinDoesNotPickAHeavyHostManyTimesInARow) {
  const HostList list = listOf({50, 50}, LbPolicy::RoundRobin);
  HostPicker picker(with(LbPolicy::RoundRobin), 1, 0);
  const HostList uneven = listOf({50, 49}, LbPolicy::RoundRobin);
  EXPECT_EQ(pickInTurn(picker, uneven, 1000).find("aaa"), std::string::npos);
}

TEST(HostPickerTest, WorkersBeginWithDifferentHosts) {
  const HostList list = listOf(Weights(26, 1), LbPolicy::RoundRobin);
  std::map<char, int> firsts;
  for (uint32_t worker = 0; worker < 8; ++worker) {
    HostPicker picker(with(LbPolicy::RoundRobin), 1, worker);
    ++firsts[pickInTurn(picker, list, 1)[0]];
  }
  EXPECT_GE(firsts.size(), 6U);
}

TEST(HostPickerTest, RoundRobinGoesOnInAShorterList) {
  const HostList before = listOf(Weights(20, 1), LbPolicy::RoundRobin);
  const HostList after = listOf({1, 1}, LbPolicy::RoundRobin);
  HostPicker picker(with(LbPolicy::RoundRobin), 1, 0);
  pickInTurn(picker, before, 17);
  const std::string picks = pickInTurn(picker, after, 4);
  EXPECT_TRUE(picks == "abab" || picks == "baba") << picks;
}

TEST(HostPickerTest, RoundRobinSharesWhatAHostCannotTakeAmongAllOthers) {
  const HostList list = listOf({1, 1, 1, 1}, LbPolicy::RoundRobin);
  HostPicker picker(with(LbPolicy::RoundRobin), 1, 0);
  ASSERT_TRUE(list[2]->tryEnter(1));
  EXPECT_EQ(pickInTurn(picker, list, 9, {.max_connections_per_host = 1}), "abdabdabd");
}

// Drawn at random: the seed is fixed, so that these counts are always the same; the bounds say what
// they have to be near to. They are 5 standard deviations wide.

struct ShareCase {
  LbPolicy policy;
  Weights weights;
};
class SharesTest : public testing::TestWithParam<ShareCase> {};
TEST_P(SharesTest, FollowTheWeights) {
  constexpr int Picks = 40'000;
  const auto& [policy, weights] = GetParam();
  const HostList list = listOf(weights, policy);
  HostPicker picker(with(policy), 42, 0);
  const auto counts = countPicks(picker, list, Picks);
  double total = 0;
  for (const uint32_t weight : weights) total += weight;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double p = weights[i] / total;
    EXPECT_NEAR(static_cast<double>(counts[i]), Picks * p, 5 * std::sqrt(Picks * p * (1 - p)));
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, SharesTest,
                         testing::Values(ShareCase{LbPolicy::Random, {1, 1, 1}},
                                         ShareCase{LbPolicy::Random, {1, 0, 9, 30}},
                                         ShareCase{LbPolicy::LeastRequest, {1, 1, 1}},
                                         ShareCase{LbPolicy::LeastRequest, {2, 1, 5}},
                                         ShareCase{LbPolicy::PeakEwma, {1, 1, 1}},
                                         ShareCase{LbPolicy::PeakEwma, {2, 1, 5}}));

TEST(HostPickerTest, RandomDrawsFromTenThousandHosts) {
  const HostList list = listOf(Weights(10'000, 1), LbPolicy::Random);
  HostPicker picker(with(LbPolicy::Random), 42, 0);
  const auto counts = countPicks(picker, list, 100'000);
  EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 40U);
  EXPECT_LT(std::count(counts.begin(), counts.end(), 0U), 5);
}

// Least request.

TEST(HostPickerTest, LeastRequestOfTwoHostsTakesTheLessBusy) {
  const HostList list = listOf({1, 1}, LbPolicy::LeastRequest);
  HostPicker picker(with(LbPolicy::LeastRequest), 1, 0);
  ASSERT_TRUE(list[0]->tryEnter(NoLimit));
  EXPECT_EQ(pickInTurn(picker, list, 20), std::string(20, 'b'));
}

TEST(HostPickerTest, LeastRequestMeasuresConnectionsByWeight) {
  const HostList list = listOf({10, 1}, LbPolicy::LeastRequest);
  HostPicker picker(with(LbPolicy::LeastRequest), 1, 0);
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(list[0]->tryEnter(NoLimit));
  ASSERT_TRUE(list[1]->tryEnter(NoLimit));
  EXPECT_EQ(pickInTurn(picker, list, 20), std::string(20, 'a'));
}

TEST(HostPickerTest, LeastRequestKeepsLongConnectionsEven) {
  const HostList list = listOf(Weights(100, 1), LbPolicy::LeastRequest);
  HostPicker picker(with(LbPolicy::LeastRequest), 7, 0);
  for (int n = 0; n < 10'000; ++n) picker.pick(list, {});
  for (const auto& host : list.hosts()) {
    EXPECT_GE(host->active(), 96U);
    EXPECT_LE(host->active(), 104U);
  }
}

// By hash.

class HashingTest : public testing::TestWithParam<LbPolicy> {};
INSTANTIATE_TEST_SUITE_P(Policies, HashingTest,
                         testing::Values(LbPolicy::RingHash, LbPolicy::Maglev));

TEST_P(HashingTest, AKeyLeadsToTheSameHostFromEveryWorker) {
  const HostList list = listOf(Weights(20, 1), GetParam());
  HostPicker one(with(GetParam()), 1, 0);
  HostPicker other(with(GetParam()), 2, 5);
  Random keys(3);
  for (int i = 0; i < 200; ++i) {
    const uint64_t key = keys.next();
    EXPECT_EQ(pickInTurn(one, list, 2, {.key = key}), pickInTurn(other, list, 2, {.key = key}));
  }
}

TEST_P(HashingTest, TheKeysOfAHostThatCannotTakeThemAreSpreadAndTheOthersStay) {
  const HostList list = listOf({1, 1, 1, 1, 1}, GetParam());
  HostPicker picker(with(GetParam()), 1, 0);
  Random keys(3);
  std::map<char, int> moved_to;
  ASSERT_TRUE(list[1]->tryEnter(NoLimit));
  for (int i = 0; i < 1000; ++i) {
    const uint64_t key = keys.next();
    const std::string usual = pickInTurn(picker, list, 1, {.key = key});
    const std::string now =
        pickInTurn(picker, list, 1, {.key = key, .max_connections_per_host = 1});
    if (usual == "b") {
      ++moved_to[now[0]];
    } else {
      ASSERT_EQ(now, usual);
    }
  }
  EXPECT_EQ(moved_to.size(), 4U);
  EXPECT_EQ(moved_to.count('b'), 0U);
}

// Hosts that are not fit.

TEST(HostPickerTest, UnfitHostsArePassedOverUnlessThereIsPanic) {
  const ClusterSettings settings{.name = "a", .endpoints = {}};
  for (const LbPolicy policy : {LbPolicy::RoundRobin, LbPolicy::LeastRequest, LbPolicy::Random}) {
    const auto list = std::make_shared<const HostList>(listOf({1, 1, 1}, policy));
    HostFitness fitness(settings, 1);
    fitness.setHosts(list);
    fitness.setHealthy(*(*list)[0], false, {});
    fitness.setHealthy(*(*list)[2], false, {});
    HostPicker picker(with(policy), 1, 0);
    EXPECT_EQ(pickInTurn(picker, *list, 10), "bbbbbbbbbb");
    const std::string all = pickInTurn(picker, *list, 30, {.panic = true});
    for (const char host : {'a', 'b', 'c'}) EXPECT_NE(all.find(host), std::string::npos);
    fitness.setHealthy(*(*list)[1], false, {});
    EXPECT_EQ(pickInTurn(picker, *list, 1), "-");
  }
}

// For every policy.

class EveryPolicyTest : public testing::TestWithParam<LbPolicy> {
 protected:
  std::string pick(const HostList& list, const HostPicker::Request& request) {
    HostPicker picker(with(GetParam()), 11, 0);
    return pickInTurn(picker, list, 1, request);
  }
};
TEST_P(EveryPolicyTest, TakesAnotherHostThanThoseTried) {
  const HostList list = listOf({1, 1, 1}, GetParam());
  const Host* tried[] = {list[0].get(), list[2].get()};
  for (uint64_t key = 0; key < 50; ++key) {
    EXPECT_EQ(pick(list, {.key = mixBits(key), .tried = tried}), "b");
  }
}
TEST_P(EveryPolicyTest, TakesOneThatWasTriedIfThereIsNoOther) {
  const HostList list = listOf({1, 0}, GetParam());
  const Host* tried[] = {list[0].get()};
  EXPECT_EQ(pick(list, {.tried = tried}), "a");
}
TEST_P(EveryPolicyTest, FindsTheOneOfManyThatHasRoom) {
  const HostList list = listOf(Weights(10'000, 1), GetParam());
  for (size_t i = 0; i < list.size(); ++i) {
    if (i != 7'654) {
      ASSERT_TRUE(list[i]->tryEnter(1));
    }
  }
  HostPicker picker(with(GetParam()), 5, 0);
  const auto pick = picker.pick(list, {.key = 99, .max_connections_per_host = 1});
  ASSERT_EQ(pick.outcome, Outcome::Picked);
  EXPECT_EQ(pick.index, 7'654U);
  EXPECT_EQ(picker.pick(list, {.key = 99, .max_connections_per_host = 1}).outcome, Outcome::Full);
  EXPECT_EQ(list[7'654]->active(), 1U);
}
TEST_P(EveryPolicyTest, SaysThatThereIsNoHost) {
  HostPicker picker(with(GetParam()), 5, 0);
  EXPECT_EQ(picker.pick(listOf({}, GetParam()), {}).outcome, Outcome::NoHost);
  EXPECT_EQ(picker.pick(listOf({0, 0}, GetParam()), {}).outcome, Outcome::NoHost);
}
INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicyTest,
                         testing::Values(LbPolicy::RoundRobin, LbPolicy::LeastRequest,
                                         LbPolicy::RingHash, LbPolicy::Random, LbPolicy::Maglev,
                                         LbPolicy::PeakEwma));

}  // namespace
}  // namespace weir::upstream
