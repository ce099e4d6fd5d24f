#include "source/upstream/cluster_manager.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/upstream/health_checks.h"
#include "test/support/loopback_upstream.h"
#include "test/support/test_loop.h"

namespace weir::upstream {
namespace {

ClusterSettings clusterOf(const char* name, const char* endpoint) {
  return {.name = name, .endpoints = {*net::SocketAddress::parse(endpoint)}};
}

class ClusterManagerTest : public testing::Test {
 protected:
  // The states of these clusters, once they are there.
  ClusterStates prepare(const std::vector<ClusterSettings>& settings) {
    ClusterStates states;
    manager_->prepare(settings, [&](ClusterStates made) { states = std::move(made); });
    EXPECT_EQ(states, nullptr);  // never from inside prepare()
    loop_.runUntilIdle();
    return states;
  }

  bool shows(const std::string& line) {
    return stats::renderPrometheus({&manager_->stats()}).find("\n" + line + "\n") !=
           std::string::npos;
  }

  test::TestLoop loop_;
  std::optional<ClusterManager> manager_{*loop_};
};

TEST_F(ClusterManagerTest, MakesAStateForEachClusterAndTheBuiltInOne) {
  const auto states = prepare({clusterOf("a", "127.0.0.1:1"), clusterOf("b", "unix:/run/b")});
  ASSERT_NE(states, nullptr);
  ASSERT_EQ(states->size(), 3U);
  EXPECT_EQ((*states->at("b")->hosts())[0]->address().toString(), "unix:/run/b");
  EXPECT_EQ(states->at("bypass")->settings().type, ClusterSettings::Type::OriginalDst);
}

TEST_F(ClusterManagerTest, AClusterWithEqualSettingsKeepsItsState) {
  const auto before = prepare({clusterOf("a", "127.0.0.1:1"), clusterOf("b", "127.0.0.1:2")});
  const auto after = prepare({clusterOf("a", "127.0.0.1:1"), clusterOf("b", "127.0.0.1:3")});
  EXPECT_EQ(before->at("a"), after->at("a"));
  EXPECT_NE(before->at("b"), after->at("b"));
  EXPECT_EQ(before->at("bypass"), after->at("bypass"));
}

TEST_F(ClusterManagerTest, AStateThatNobodyHoldsIsForgotten) {
  prepare({clusterOf("a", "127.0.0.1:1")});
  EXPECT_TRUE(manager_->report().empty());
}

TEST_F(ClusterManagerTest, AnswersEachQuestionThatWasAskedMeanwhile) {
  std::vector<std::string> answers;
  for (const char* name : {"a", "b"}) {
    manager_->prepare({clusterOf(name, "127.0.0.1:1")}, [&, name](const ClusterStates& states) {
      EXPECT_EQ(states->count(name), 1U);
      answers.emplace_back(name);
    });
  }
  loop_.runUntilIdle();
  EXPECT_EQ(answers, (std::vector<std::string>{"a", "b"}));
}

TEST_F(ClusterManagerTest, GoneItAnswersNothing) {
  bool answered = false;
  manager_->prepare({clusterOf("a", "127.0.0.1:1")},
                    [&](const ClusterStates&) { answered = true; });
  manager_.reset();
  loop_.runUntilIdle();
  EXPECT_FALSE(answered);
}

TEST_F(ClusterManagerTest, ReportsTheClustersThatAreInUse) {
  const auto states = prepare({clusterOf("b", "[::1]:2"), clusterOf("a", "127.0.0.1:1")});
  Host& host = *(*states->at("a")->hosts())[0];
  ASSERT_TRUE(states->at("a")->tryEnter() && host.tryEnter(NoLimit));
  host.countFailed();
  const auto reports = manager_->report();
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[0].name, "a");
  EXPECT_EQ(reports[0].type, "STATIC");
  EXPECT_EQ(reports[0].lb_policy, "ROUND_ROBIN");
  EXPECT_EQ(reports[0].active_connections, 1U);
  ASSERT_EQ(reports[0].hosts.size(), 1U);
  EXPECT_EQ(reports[0].hosts[0].address, "127.0.0.1:1");
  EXPECT_EQ(reports[0].hosts[0].weight, 1U);
  EXPECT_EQ(reports[0].hosts[0].active_connections, 1U);
  EXPECT_EQ(reports[0].hosts[0].connect_failures, 1U);
  EXPECT_EQ(reports[0].hosts[0].health, "unknown");
  EXPECT_EQ(reports[1].hosts[0].address, "[::1]:2");
  EXPECT_EQ(reports[2].type, "ORIGINAL_DST");
}

TEST_F(ClusterManagerTest, ReportsEjections) {
  ClusterSettings settings = clusterOf("a", "127.0.0.1:1");
  settings.outlier_detection = OutlierSettings{.consecutive_local_origin_failure = 1};
  const auto states = prepare({settings});
  const std::shared_ptr<Host> host = (*states->at("a")->hosts())[0];
  ASSERT_TRUE(states->at("a")->fitness().connectFailed(host, loop_->now()));
  loop_.advance(std::chrono::seconds(12));
  EXPECT_EQ(manager_->report()[0].hosts[0].ejected_for, std::chrono::seconds(18));
  EXPECT_EQ(manager_->report()[0].hosts[0].ejection_reason, "consecutive_local_origin_failure");
  EXPECT_EQ(manager_->report()[0].hosts[0].success_rate, std::nullopt);
  EXPECT_TRUE(manager_->report()[0].panic);
  EXPECT_TRUE(shows("weir_upstream_ejected_hosts{cluster=\"a\"} 1"));
  loop_.advance(std::chrono::seconds(18));
  EXPECT_EQ(manager_->report()[0].hosts[0].ejected_for, std::nullopt);
  EXPECT_TRUE(shows("weir_upstream_ejected_hosts{cluster=\"a\"} 0"));
  EXPECT_TRUE(shows("weir_upstream_healthy_hosts{cluster=\"a\"} 1"));
}

// Active checks.

class CheckedClusterTest : public ClusterManagerTest {
 protected:
  void check(std::vector<EndpointSettings> endpoints) {
    ClusterSettings settings{.name = "a", .endpoints = std::move(endpoints)};
    settings.health_check = HealthCheckSettings{.interval_jitter = Duration::zero()};
    states_ = prepare({settings});
  }
  bool healthIs(size_t host, std::string_view health) {
    return loop_.runUntil([&] { return manager_->report()[0].hosts[host].health == health; });
  }
  ClusterStates states_;
};

TEST_F(CheckedClusterTest, AHostThatFailsItsChecksIsNotFit) {
  test::LoopbackUpstream good(loop_);
  check({good.address(), good.refusingAddress()});
  EXPECT_TRUE(healthIs(0, "healthy"));
  EXPECT_TRUE(healthIs(1, "unhealthy"));
  EXPECT_FALSE((*states_->at("a")->hosts())[1]->fit());
  EXPECT_EQ(states_->at("a")->fitness().counts().fit, 1U);
  EXPECT_TRUE(shows("weir_upstream_healthy_hosts{cluster=\"a\"} 1"));
  EXPECT_TRUE(shows("weir_upstream_health_checks_total{cluster=\"a\",outcome=\"failed\"} 1"));
  EXPECT_TRUE(shows("weir_upstream_health_checks_total{cluster=\"a\",outcome=\"passed\"} 1"));
}

TEST_F(CheckedClusterTest, AHostThatComesBackUnhealthyIsFitOnceItPassesACheck) {
  test::LoopbackUpstream good(loop_);
  ClusterSettings settings{.name = "a", .endpoints = {{good.address()}}};
  settings.health_check = HealthCheckSettings{.interval_jitter = Duration::zero()};
  const auto state = std::make_shared<ClusterState>(settings, 1);
  Host& host = *(*state->hosts())[0];
  state->fitness().setHealthy(host, false, loop_->now());
  buffer::SlicePool slices;
  stats::Registry stats;
  const HealthChecks checks(*loop_, slices, stats, state, {}, [] {});
  EXPECT_FALSE(host.fit());
  EXPECT_TRUE(loop_.runUntil([&] { return host.fit(); }));
}

TEST_F(CheckedClusterTest, AServerThatWantsAProxyHeaderGetsOneFromChecks) {
  test::LoopbackUpstream good(loop_);
  ClusterSettings settings{.name = "a", .endpoints = {{good.address()}}};
  settings.proxy_protocol = ProxyProtocolSettings{.version = net::ProxyVersion::V1};
  settings.health_check =
      HealthCheckSettings{.interval_jitter = Duration::zero(), .send = "ruok", .receive = "imok"};
  states_ = prepare({settings});
  const std::string expected = "PROXY UNKNOWN\r\nruok";
  EXPECT_TRUE(loop_.runUntil(
      [&] { return good.connections() == 1 && good.peer().received() == expected; }));
  good.peer().send("imok");
  EXPECT_TRUE(healthIs(0, "healthy"));
}

TEST_F(CheckedClusterTest, WhoseLastStateIsGoneIsNotInTheMetrics) {
  test::LoopbackUpstream good(loop_);
  check({good.address()});
  ASSERT_TRUE(healthIs(0, "healthy"));
  EXPECT_TRUE(shows("weir_upstream_hosts{cluster=\"a\"} 1"));
  states_.reset();
  manager_->forgetUnused();
  EXPECT_FALSE(shows("weir_upstream_hosts{cluster=\"a\"} 0"));
  EXPECT_FALSE(shows("weir_upstream_health_checks_total{cluster=\"a\",outcome=\"passed\"} 1"));
  check({good.address()});
  EXPECT_TRUE(shows("weir_upstream_hosts{cluster=\"a\"} 1"));
}

TEST_F(CheckedClusterTest, NobodyHoldsItAndItIsCheckedNoMore) {
  test::LoopbackUpstream good(loop_);
  check({good.address()});
  ASSERT_TRUE(healthIs(0, "healthy"));
  states_.reset();
  loop_.advance(std::chrono::seconds(5));
  for (int turn = 0; turn < 50; ++turn) loop_->runOnce(false);
  const size_t checks = good.connections();
  EXPECT_LE(checks, 2U);
  loop_.advance(std::chrono::minutes(5));
  for (int turn = 0; turn < 50; ++turn) loop_->runOnce(false);
  EXPECT_EQ(good.connections(), checks);
}

}  // namespace
}  // namespace weir::upstream
