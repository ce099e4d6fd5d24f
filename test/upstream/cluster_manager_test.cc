#include "source/upstream/cluster_manager.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

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
  EXPECT_EQ(reports[1].hosts[0].address, "[::1]:2");
  EXPECT_EQ(reports[2].type, "ORIGINAL_DST");
}

}  // namespace
}  // namespace weir::upstream
