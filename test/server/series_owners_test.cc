#include "source/server/series_owners.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

namespace weir::server {
namespace {

using std::chrono::seconds;
using Texts = std::set<std::string>;

config::BootstrapSettings configOf(const std::string& listener, const std::string& cluster) {
  config::BootstrapSettings settings;
  settings.listeners.emplace_back();
  settings.listeners.back().name = listener;
  settings.listeners.back().default_chain.emplace();
  settings.listeners.back().default_chain->name = "tcp";
  settings.clusters.push_back({.name = cluster, .endpoints = {}});
  return settings;
}

class SeriesOwnersTest : public testing::Test {
 protected:
  Texts due() {
    const auto owners = owners_.takeDue(now_);
    return {owners.begin(), owners.end()};
  }
  SeriesOwners owners_;
  MonotonicTime now_{std::chrono::hours(1)};
};

TEST_F(SeriesOwnersTest, AreDueAWhileAfterTheLastWorkerHasLetGo) {
  const auto first = configOf("a", "x");
  const auto second = configOf("b", "x");
  owners_.add(first, 2);
  owners_.add(second, 2);
  owners_.release(first, now_);
  EXPECT_EQ(owners_.nextDue(), std::nullopt);
  owners_.release(first, now_);
  EXPECT_EQ(owners_.nextDue(), now_ + SeriesOwners::KeepFor);
  now_ += SeriesOwners::KeepFor - seconds(1);
  EXPECT_EQ(due(), Texts{});
  now_ += seconds(1);
  EXPECT_EQ(due(), (Texts{"listener=\"a\"", "listener=\"a\",chain=\"tcp\""}));
  EXPECT_EQ(due(), Texts{});
  EXPECT_EQ(owners_.nextDue(), std::nullopt);
}

TEST_F(SeriesOwnersTest, WhoIsNamedAgainMeanwhileStays) {
  const auto first = configOf("a", "x");
  const auto second = configOf("b", "y");
  const auto third = configOf("a", "z");
  owners_.add(first, 1);
  owners_.add(second, 1);
  owners_.release(first, now_);
  owners_.add(third, 1);
  now_ += SeriesOwners::KeepFor;
  EXPECT_EQ(due(), Texts{"cluster=\"x\""});
}

TEST_F(SeriesOwnersTest, AreBoundedHoweverOftenNamesChange) {
  size_t taken = 0;
  std::deque<config::BootstrapSettings> all{configOf("0", "0")};
  owners_.add(all.back(), 1);
  for (int i = 1; i <= 1000; ++i) {
    owners_.add(all.emplace_back(configOf(std::to_string(i), std::to_string(i))), 1);
    owners_.release(all.front(), now_);
    all.pop_front();
    taken += due().size();
  }
  EXPECT_EQ(taken, 3000 - SeriesOwners::MaxKept);
}

}  // namespace
}  // namespace weir::server
