#include "source/server/series_owners.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "source/server/listener_stats.h"
#include "test/server/fake_listener.h"

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

class NamedFactory final : public FakeTerminalFactory {
 public:
  explicit NamedFactory(std::vector<std::string_view> prefixes) : prefixes_(std::move(prefixes)) {}
  std::vector<std::string_view> statPrefixes() const override { return prefixes_; }

 private:
  const std::vector<std::string_view> prefixes_;
};

// A chain with a match, whose filters count under `prefixes`, which outlive the settings.
void addChain(config::BootstrapSettings& settings, const std::string& name,
              const std::vector<std::string_view>& prefixes) {
  auto& chain = settings.listeners.back().chains.emplace_back();
  chain.name = name;
  for (const std::string_view prefix : prefixes)
    chain.filters.push_back(std::make_shared<NamedFactory>(std::vector{prefix}));
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

TEST_F(SeriesOwnersTest, ChainsAndTheirFiltersAreOwnersToo) {
  auto first = configOf("a", "x");
  addChain(first, "http", {"limit", "rules"});
  first.listeners.back().default_chain->filters.push_back(
      std::make_shared<NamedFactory>(std::vector<std::string_view>{"web", "inner"}));
  auto second = configOf("a", "x");
  addChain(second, "ssh", {"rules"});
  owners_.add(first, 1);
  owners_.add(second, 1);
  owners_.release(first, now_);
  now_ += SeriesOwners::KeepFor;
  EXPECT_EQ(due(), (Texts{"listener=\"a\",chain=\"http\"", "name=\"inner\"", "name=\"limit\"",
                          "name=\"web\""}));
}

// "-" is what stands for no chain in the series of every listener.
TEST_F(SeriesOwnersTest, NoChainOwnsTheSeriesOfConnectionsWithoutAChain) {
  auto first = configOf("a", "x");
  addChain(first, "-", {});
  const auto second = configOf("a", "x");
  owners_.add(first, 1);
  owners_.add(second, 1);
  owners_.release(first, now_);
  now_ += SeriesOwners::KeepFor;
  EXPECT_EQ(due(), Texts{});
}

// A counter in use goes on where it was, whatever goes at the same time, and whatever its name.
TEST_F(SeriesOwnersTest, WhoStillCountsKeepsItsSeries) {
  for (const char* name : {"in", "-", "other", "a\"b"}) {
    auto first = configOf(name, name);
    addChain(first, "-", {name});
    addChain(first, "other", {"-"});
    addChain(first, "gone", {});
    const auto second = configOf(name, name);
    stats::Registry registry;
    ListenerStats current(second.listeners[0], second, registry);
    const net::ByteMeter& without_chain = current.bytesOf({});
    const net::ByteMeter& with_chain = current.bytesOf("tcp");
    registry.gauge("open", "Open.", {{"listener", name}, {"chain", "gone"}});
    owners_.add(first, 1);
    owners_.add(second, 1);
    owners_.release(first, now_);
    now_ += SeriesOwners::KeepFor;
    registry.drop(owners_.takeDue(now_));
    without_chain.read->add(3);
    with_chain.read->add(5);
    current.countAccepted();
    const std::string shown = stats::renderPrometheus({&registry});
    EXPECT_EQ(shown.find("gone"), std::string::npos);
    for (const char* sample :
         {"chain=\"-\",direction=\"rx\"} 3\n", "chain=\"tcp\",direction=\"rx\"} 5\n"})
      EXPECT_NE(shown.find(sample), std::string::npos) << sample << name;
    EXPECT_NE(shown.find("weir_listener_connections_total{"), std::string::npos) << name;
    owners_.release(second, now_);
    owners_.takeDue(now_ + SeriesOwners::KeepFor);
  }
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
