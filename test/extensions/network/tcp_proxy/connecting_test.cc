// How tcp_proxy chooses a cluster, and how often and how long it tries to connect.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/random.h"
#include "source/extensions/network/tcp_proxy/tcp_proxy.h"
#include "test/support/filter_harness.h"
#include "test/support/loopback_upstream.h"
#include "test/support/recording_events.h"

namespace weir::extensions {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using upstream::ClusterSettings;
using upstream::EndpointSettings;

class ConnectingTest : public testing::Test {
 protected:
  void start(ClusterSettings cluster) {
    options_.clusters.push_back(std::move(cluster));
    if (settings_.clusters.empty()) settings_.clusters.emplace_back("db");
    options_.loop = &loop_;
    harness_.emplace(test::FilterHarness::Factories{std::make_shared<TcpProxyFactory>(settings_)},
                     std::move(options_));
  }
  static ClusterSettings db(std::vector<EndpointSettings> endpoints) {
    return {.name = "db", .endpoints = std::move(endpoints)};
  }
  // Attempts that were refused.
  uint64_t refused() {
    const std::string sample = "weir_upstream_connects_total{cluster=\"db\",outcome=\"refused\"} ";
    const std::string metrics = harness_->context().metrics();
    const size_t at = metrics.find(sample);
    return at == std::string::npos ? 0 : std::stoull(metrics.substr(at + sample.size()));
  }
  bool until(auto condition) { return loop_.runUntil(condition); }
  bool closesFor(const std::string& reason) {
    return until([&] { return harness_->closed(); }) && harness_->closeReason() == reason;
  }
  bool clientIsReset() {
    return until([&] { return harness_->client().error() == ECONNRESET; });
  }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  TcpProxySettings settings_;
  test::FilterHarness::Options options_;
  std::unique_ptr<upstream::EarlyConnection> other_;
  std::optional<test::FilterHarness> harness_;
};

// Attempts.

TEST_F(ConnectingTest, AnotherAttemptGoesToAnotherHost) {
  settings_.relay.max_connect_attempts = 2;
  ClusterSettings cluster = db({upstream_.refusingAddress(), upstream_.address()});
  cluster.lb_policy = upstream::LbPolicy::RingHash;  // which would always take the same
  for (int client = 0; client < 8; ++client) {
    options_.info.facts.source = {*net::IpAddress::parse("10.0.0." + std::to_string(client)), 1};
    start(cluster);
    ASSERT_TRUE(until([&] { return harness_->info().upstream == upstream_.address().toString(); }));
    EXPECT_LE(refused(), 1U);
    options_ = {};
  }
}

TEST_F(ConnectingTest, WaitsLongerBeforeEachAttempt) {
  settings_.relay.max_connect_attempts = 4;
  settings_.relay.backoff = BackoffSettings{seconds(2), seconds(5)};
  start(db({upstream_.refusingAddress()}));
  ASSERT_TRUE(until([&] { return refused() == 1; }));
  uint64_t attempts = 1;
  for (const int most : {2, 4, 5}) {
    Duration waited{};
    while (refused() == attempts && waited < minutes(1)) {
      harness_->advance(milliseconds(10));
      waited += milliseconds(10);
    }
    EXPECT_EQ(refused(), ++attempts);
    EXPECT_GE(waited, milliseconds(500 * most));
    EXPECT_LE(waited, milliseconds(1000 * most + 10));
  }
  EXPECT_TRUE(closesFor("upstream_refused"));
  EXPECT_TRUE(clientIsReset());
}

TEST_F(ConnectingTest, AClientThatGoesWhileItWaitsIsNotConnected) {
  settings_.relay.max_connect_attempts = 10;
  settings_.relay.backoff = BackoffSettings{seconds(1), seconds(1)};
  start(db({upstream_.refusingAddress()}));
  ASSERT_TRUE(until([&] { return refused() == 1; }));
  harness_->client().reset();
  EXPECT_TRUE(closesFor("client_reset"));
  harness_->advance(minutes(1));
  EXPECT_EQ(refused(), 1U);
}

TEST_F(ConnectingTest, AllAttemptsTogetherHaveABound) {
  settings_.relay.max_connect_attempts = 10;
  settings_.relay.max_connect_duration = seconds(12);  // an attempt takes 5 s
  start(db({upstream_.unansweringAddress()}));
  harness_->advance(seconds(12) - milliseconds(1));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(milliseconds(1));
  EXPECT_TRUE(closesFor("upstream_connect_timeout"));
  EXPECT_TRUE(clientIsReset());
}

TEST_F(ConnectingTest, TheBoundHoldsWhileItWaitsForAnotherAttempt) {
  settings_.relay.max_connect_attempts = 10;
  settings_.relay.backoff = BackoffSettings{seconds(60), seconds(60)};
  settings_.relay.max_connect_duration = seconds(5);
  start(db({upstream_.refusingAddress()}));
  harness_->advance(seconds(5));
  EXPECT_TRUE(closesFor("upstream_connect_timeout"));
}

TEST_F(ConnectingTest, OnceConnectedTheBoundIsOver) {
  settings_.relay.max_connect_duration = seconds(5);
  start(db({upstream_.address()}));
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1; }));
  harness_->client().send("x");
  ASSERT_TRUE(until([&] { return upstream_.peer().received() == "x"; }));
  harness_->advance(minutes(1));
  EXPECT_FALSE(harness_->closed());
}

TEST_F(ConnectingTest, AClusterAtItsLimitRefusesAndIsNotTriedAgain) {
  settings_.relay.max_connect_attempts = 3;
  ClusterSettings cluster = db({upstream_.address()});
  cluster.max_connections_per_endpoint = 1;
  options_.early = [&](filter::Worker& worker) {
    // Somebody else has the only place.
    struct Ignore final : upstream::EarlyEvents {
      void onEarlyConnected() override {}
      void onServerSpoke() override {}
      void onEarlyFailed(const Error&) override {}
    };
    static Ignore ignore;
    other_ = std::make_unique<upstream::EarlyConnection>(*worker.clusters.find("db"), *loop_);
    EXPECT_TRUE(other_->start({}, ignore).ok());
    return nullptr;
  };
  start(cluster);
  EXPECT_TRUE(closesFor("upstream_overflow"));
  EXPECT_TRUE(clientIsReset());
  EXPECT_NE(harness_->context().metrics().find(
                "weir_upstream_overflow_total{cluster=\"db\",limit=\"max_connections_per_"
                "endpoint\"} 1"),
            std::string::npos);
  loop_->retire(std::move(other_));
  loop_.runUntilIdle();
}

TEST_F(ConnectingTest, HostsThatFailAreLeftAloneForAWhileAndThenTriedAgain) {
  ClusterSettings cluster = db({upstream_.address(), upstream_.refusingAddress()});
  cluster.outlier_detection = upstream::OutlierSettings{.consecutive_local_origin_failure = 1};
  settings_.relay.max_connect_attempts = 2;
  start(cluster);
  upstream::Cluster& db = *harness_->context().worker.clusters.find("db");
  const auto connect = [&] {
    test::RecordingEvents events;
    auto started = db.connect({}, events);
    if (!started.ok()) return std::string("none");
    const bool good = started.value().address == upstream_.address();
    if (!good) db.countFailed(started.value().place, ErrorCode::Refused);
    return std::string(good ? "good" : "bad");
  };
  std::vector<std::string> before;
  for (int n = 0; n < 4; ++n) before.push_back(connect());
  EXPECT_EQ(std::count(before.begin(), before.end(), "bad"), 1);
  harness_->advance(seconds(30));
  std::vector<std::string> after;
  for (int n = 0; n < 4; ++n) after.push_back(connect());
  EXPECT_EQ(std::count(after.begin(), after.end(), "bad"), 1);
  EXPECT_NE(harness_->context().metrics().find("weir_upstream_ejections_total{cluster=\"db\","
                                               "reason=\"consecutive_local_origin_failure\"} 2"),
            std::string::npos);
}

// How long it lasts.

TEST_F(ConnectingTest, AConnectionThatLastsTooLongIsResetOnBothSides) {
  settings_.relay.max_downstream_connection_duration = minutes(10);
  start(db({upstream_.address()}));
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1; }));
  for (int minute = 0; minute < 9; ++minute) {
    harness_->advance(minutes(1));
    harness_->client().send("x");
    harness_->run();
  }
  harness_->advance(minutes(1) - milliseconds(1));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(milliseconds(1));
  EXPECT_TRUE(closesFor("max_connection_duration"));
  EXPECT_TRUE(clientIsReset());
  EXPECT_TRUE(until([&] { return upstream_.peer().error() == ECONNRESET; }));
}

TEST_F(ConnectingTest, TheTimeCountsWhileItConnectsToo) {
  settings_.relay.max_downstream_connection_duration = seconds(3);
  start(db({upstream_.unansweringAddress()}));
  harness_->advance(seconds(3));
  EXPECT_TRUE(closesFor("max_connection_duration"));
}

// Weighted clusters.

TEST(ClusterForTest, SharesFollowTheWeights) {
  const std::vector<ClusterWeight> clusters{{"a", 1}, {"b", 0}, {"c", 3}};
  Random random(7);
  std::map<std::string, int> counts;
  for (int n = 0; n < 10'000; ++n) ++counts[clusterFor(clusters, random.next())];
  EXPECT_NEAR(counts["a"], 2500, 220);
  EXPECT_EQ(counts["b"], 0);
  EXPECT_NEAR(counts["c"], 7500, 220);
}

TEST(ClusterForTest, TheSameDrawIsTheSameCluster) {
  const std::vector<ClusterWeight> clusters{{"a", 2}, {"b", 3}};
  const std::vector<std::string> expected{"a", "a", "b", "b", "b", "a"};
  for (uint32_t draw = 0; draw < 6; ++draw) EXPECT_EQ(clusterFor(clusters, draw), expected[draw]);
}

TEST_F(ConnectingTest, TheProbeAndTheConnectionGoToTheSameCluster) {
  test::LoopbackUpstream other(loop_);
  settings_.clusters = {{"other", 1}, {"db", 1}};
  const TcpProxyFactory factory(settings_);
  for (uint32_t draw = 0; draw < 6; ++draw) {
    options_.clusters = {{.name = "other", .endpoints = {other.address()}}};
    options_.info.draw = draw;
    const upstream::Cluster* probed = nullptr;
    options_.early = [&, draw](filter::Worker& worker) {
      filter::ConnectionInfo info;
      info.draw = draw;
      auto early = factory.makeEarly(worker, info);
      probed = &early->cluster();
      loop_->retire(std::move(early));
      return nullptr;
    };
    start(db({upstream_.address()}));
    EXPECT_EQ(harness_->info().cluster, probed->settings().name);
    EXPECT_EQ(harness_->info().cluster, draw % 2 == 0 ? "other" : "db");
    options_ = {};
  }
}

}  // namespace
}  // namespace weir::extensions
