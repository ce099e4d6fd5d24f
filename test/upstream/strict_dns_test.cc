// STRICT_DNS clusters, as the ClusterManager keeps them, with a name server of the test's own.
#include "source/upstream/strict_dns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "source/upstream/cluster_manager.h"
#include "test/support/loopback_dns.h"
#include "test/support/test_loop.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

class StrictDnsTest : public testing::Test {
 protected:
  StrictDnsTest() { manager_.emplace(*loop_, DnsOptions{.servers = {dns_.address()}}); }

  static ClusterSettings clusterOf(std::vector<EndpointSettings> endpoints) {
    return {.name = "db",
            .type = ClusterSettings::Type::StrictDns,
            .endpoints = std::move(endpoints),
            .dns = {.lookup_family = DnsFamily::V4Only}};
  }
  void prepare(const ClusterSettings& settings) {
    manager_->prepare({settings}, [&](ClusterStates made) { states_ = std::move(made); });
  }
  // Of "db.test:80", with the states that come of it.
  void start() {
    prepare(clusterOf({{"db.test", 80, 1}}));
    ASSERT_TRUE(loop_.runUntil([&] { return states_ != nullptr; }));
  }
  ClusterState& state() { return *states_->at("db"); }
  Texts hosts() {
    Texts all;
    const auto list = state().hosts();
    for (const auto& host : list->hosts()) all.push_back(host->address().toString());
    return all;
  }
  // Time passes, and one more question is asked and answered.
  bool askedAfter(Duration time) {
    const size_t before = outcomes();
    loop_.advance(time - milliseconds(1));
    settle();
    EXPECT_EQ(outcomes(), before) << "asked too early";
    loop_.advance(milliseconds(1));
    return loop_.runUntil([&] { return outcomes() == before + 1; });
  }
  void settle() {
    for (int turn = 0; turn < 50; ++turn) loop_->runOnce(false);
  }
  // All that came of questions so far.
  uint64_t outcomes() {
    uint64_t sum = 0;
    const std::string name = "\nweir_upstream_dns_total{";
    const std::string all = metrics();
    for (size_t at = all.find(name); at != std::string::npos; at = all.find(name, at + 1)) {
      sum += std::stoull(all.substr(all.find("} ", at) + 2));
    }
    return sum;
  }
  std::string metrics() { return stats::renderPrometheus({&manager_->stats()}); }
  bool shows(const std::string& line) {
    return metrics().find("\n" + line + "\n") != std::string::npos;
  }
  DnsReport dnsReport() {
    for (const ClusterReport& report : manager_->report()) {
      if (report.name == "db") return report.dns.at(0);
    }
    return {};
  }

  test::TestLoop loop_;
  test::LoopbackDns dns_{*loop_};
  std::optional<ClusterManager> manager_;
  ClusterStates states_;
};

TEST_F(StrictDnsTest, IsReadyWithAllAddressesOfBothFamilies) {
  dns_.answer("db.test", {"10.0.0.1", "fd00::1", "10.0.0.2"}, 60);
  ClusterSettings settings = clusterOf({{"db.test", 5432, 7}});
  settings.dns.lookup_family = DnsFamily::All;
  prepare(settings);
  EXPECT_EQ(states_, nullptr);
  ASSERT_TRUE(loop_.runUntil([&] { return states_ != nullptr; }));
  EXPECT_EQ(hosts(), (Texts{"10.0.0.1:5432", "10.0.0.2:5432", "[fd00::1]:5432"}));
  EXPECT_EQ((*state().hosts())[2]->weight(), 7U);
  EXPECT_EQ((*state().hosts())[2]->name(), "db.test");
  EXPECT_TRUE(shows("weir_upstream_hosts{cluster=\"db\"} 3"));
  EXPECT_TRUE(shows("weir_upstream_dns_total{cluster=\"db\",outcome=\"resolved\"} 1"));
}

TEST_F(StrictDnsTest, SeveralNamesAndAddressesKeepTheOrderOfTheFileAndAreHostsOnce) {
  dns_.answer("a.test", {"10.0.0.1"}, 60);
  dns_.answer("b.test", {"10.0.0.2", "10.0.0.1"}, 60);
  prepare(clusterOf(
      {{"b.test", 80, 1}, {*net::SocketAddress::parse("unix:/run/db")}, {"a.test", 80, 1}}));
  ASSERT_TRUE(loop_.runUntil([&] { return states_ != nullptr; }));
  EXPECT_EQ(hosts(), (Texts{"10.0.0.2:80", "10.0.0.1:80", "unix:/run/db"}));
}

TEST_F(StrictDnsTest, AFirstFailureIsAnOutcomeTooAndIsTriedAgainSooner) {
  dns_.fail("db.test", test::DnsServFail);
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(hosts(), Texts{});
  EXPECT_TRUE(dnsReport().stale);
  EXPECT_EQ(dnsReport().age, std::nullopt);
  EXPECT_TRUE(shows("weir_upstream_dns_age_seconds{cluster=\"db\"} 0"));
  dns_.answer("db.test", {"10.0.0.1"}, 60);
  loop_.advance(seconds(1));
  ASSERT_TRUE(loop_.runUntil([&] { return hosts() == Texts{"10.0.0.1:80"}; }));
  EXPECT_FALSE(dnsReport().stale);
}

TEST_F(StrictDnsTest, ANameThatWasNeverResolvedIsAsOldAsTheQuestion) {
  dns_.ignore("db.test");
  prepare(clusterOf({{"db.test", 80, 1}}));
  settle();
  loop_.advance(seconds(9));
  EXPECT_TRUE(shows("weir_upstream_dns_age_seconds{cluster=\"db\"} 9"));
}

TEST_F(StrictDnsTest, IsReadyWithoutAnAnswerWhenTheWarmUpIsOverAndSaysWhatItWaitsFor) {
  dns_.ignore("db.test");
  testing::internal::CaptureStderr();
  prepare(clusterOf({{"db.test", 80, 1}}));
  loop_.advance(ClusterManager::WarmUp - milliseconds(1));
  settle();
  EXPECT_EQ(states_, nullptr);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("info dns: waiting for the names of 1 cluster(s), at most 5 s"));
  testing::internal::CaptureStderr();
  loop_.advance(milliseconds(1));
  EXPECT_THAT(
      testing::internal::GetCapturedStderr(),
      testing::HasSubstr("warn dns: cluster db: no answer for db.test yet; it starts without"));
  ASSERT_NE(states_, nullptr);
  EXPECT_EQ(hosts(), Texts{});
}

TEST_F(StrictDnsTest, NamesThatAreAnsweredAtOnceAreNotTalkedOf) {
  dns_.answer("db.test", {"10.0.0.1"}, 60);
  testing::internal::CaptureStderr();
  ASSERT_NO_FATAL_FAILURE(start());
  loop_.advance(ClusterManager::WarmUp);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// IPv4 is answered with `v4`, IPv6 with SERVFAIL if `v6` is empty; each time that is asked, until
// it is told otherwise.
TEST_F(StrictDnsTest, AFamilyThatFailsIsLoggedWhenItBeginsAndEndsAndIsCountedByItsKind) {
  std::string v4 = "10.0.0.1";
  std::string v6 = "fd00::1";
  dns_.handle([&](const test::DnsQuestion& question) -> Texts {
    const std::string& ip = question.type == test::DnsA ? v4 : v6;
    if (ip.empty()) return {test::DnsReply(question, test::DnsServFail).bytes()};
    return {test::DnsReply(question).address(question.name, ip, 10).bytes()};
  });
  ClusterSettings settings = clusterOf({{"db.test", 80, 1}});
  settings.dns.lookup_family = DnsFamily::All;
  prepare(settings);
  ASSERT_TRUE(loop_.runUntil([&] { return states_ != nullptr; }));
  const auto said = [&](Duration after) {
    testing::internal::CaptureStderr();
    const uint64_t before = outcomes();
    loop_.advance(after);
    EXPECT_TRUE(loop_.runUntil([&] { return outcomes() > before; }));
    return testing::internal::GetCapturedStderr();
  };
  const testing::Matcher<std::string> begins = testing::HasSubstr(
      "warn dns: cluster db: db.test: one address family was not answered (lookup of \"db.test\"");
  const testing::Matcher<std::string> ends =
      testing::HasSubstr("info dns: cluster db: db.test is resolved again");
  v4 = "";
  EXPECT_THAT(said(seconds(10)), begins);
  EXPECT_TRUE(dnsReport().stale);
  EXPECT_TRUE(shows("weir_upstream_dns_total{cluster=\"db\",outcome=\"server_failure\"} 1"));
  EXPECT_EQ(said(seconds(10)), "");
  EXPECT_EQ(hosts(), (Texts{"10.0.0.1:80", "[fd00::1]:80"}));
  v6 = "";
  EXPECT_THAT(said(seconds(10)), testing::HasSubstr("its last 2 address(es) stay"));
  v4 = "10.0.0.1";
  const std::string half = said(seconds(30));  // one is back
  EXPECT_THAT(half, begins);
  EXPECT_THAT(half, testing::Not(ends));
  EXPECT_TRUE(shows("weir_upstream_dns_stale_names{cluster=\"db\"} 1"));
  v6 = "fd00::1";
  EXPECT_THAT(said(seconds(10)), ends);
  EXPECT_TRUE(shows("weir_upstream_dns_stale_names{cluster=\"db\"} 0"));
  EXPECT_FALSE(dnsReport().stale);
}

// Names of this machine's own file that have an IPv4 address alone.
Texts namesInHostsWithIpv4Alone() {
  std::map<std::string, bool> names;
  std::ifstream file("/etc/hosts");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string ip;
    words >> ip;
    const auto parsed = net::IpAddress::parse(ip);
    if (!parsed) continue;
    for (std::string name; words >> name;) {
      const bool v4 = parsed->family == net::Family::V4;
      names[name] = v4 && (!names.contains(name) || names[name]);
    }
  }
  Texts all;
  for (const auto& [name, v4_alone] : names) {
    if (v4_alone && name.find("localhost") == std::string::npos) all.push_back(name);
  }
  return all;
}

TEST_F(StrictDnsTest, ANameOfEtcHostsIsNotStaleWhereNoServerAnswers) {
  dns_.handle([](const test::DnsQuestion&) { return Texts{}; });
  for (const std::string& name : namesInHostsWithIpv4Alone()) {
    for (const DnsFamily family : {DnsFamily::All, DnsFamily::Auto}) {
      states_ = nullptr;
      manager_->forgetUnused();
      ClusterSettings settings = clusterOf({{name, 80, 1}});
      settings.dns.lookup_family = family;
      prepare(settings);
      settle();
      for (int i = 0; i < 20; ++i) {
        loop_.advance(seconds(1));
        settle();
      }
      ASSERT_NE(states_, nullptr) << name;
      EXPECT_EQ(hosts().size(), 1U) << name;
      EXPECT_FALSE(dnsReport().stale) << name << ": " << dnsReport().error;
    }
  }
}

TEST_F(StrictDnsTest, AsksAgainWhenTheTtlIsOver) {
  dns_.answer("db.test", {"10.0.0.1"}, 60);
  ASSERT_NO_FATAL_FAILURE(start());
  dns_.answer("db.test", {"10.0.0.2"}, 20);
  EXPECT_TRUE(askedAfter(seconds(60)));
  EXPECT_EQ(hosts(), Texts{"10.0.0.2:80"});
  EXPECT_TRUE(askedAfter(seconds(20)));
}

TEST_F(StrictDnsTest, ATtlIsHeldBetweenFloorAndCeiling) {
  dns_.answer("db.test", {"10.0.0.1"}, 0);
  ASSERT_NO_FATAL_FAILURE(start());
  dns_.answer("db.test", {"10.0.0.1"}, 86'400);
  EXPECT_TRUE(askedAfter(seconds(5)));
  EXPECT_TRUE(askedAfter(minutes(5)));
}

TEST_F(StrictDnsTest, AFailureKeepsTheLastGoodEndpointsAndSaysSo) {
  dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 10);
  ASSERT_NO_FATAL_FAILURE(start());
  dns_.fail("db.test", test::DnsNxDomain);
  EXPECT_TRUE(askedAfter(seconds(10)));
  EXPECT_EQ(hosts(), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
  EXPECT_TRUE(dnsReport().stale);
  EXPECT_NE(dnsReport().error.find("db.test"), std::string::npos);
  EXPECT_EQ(dnsReport().age, seconds(10));
  EXPECT_TRUE(shows("weir_upstream_dns_stale_names{cluster=\"db\"} 1"));
  EXPECT_TRUE(shows("weir_upstream_dns_age_seconds{cluster=\"db\"} 10"));
  EXPECT_TRUE(shows("weir_upstream_dns_total{cluster=\"db\",outcome=\"not_found\"} 1"));
  dns_.answer("db.test", {"10.0.0.1"}, 10);
  loop_.advance(seconds(1));
  EXPECT_TRUE(loop_.runUntil([&] { return hosts() == Texts{"10.0.0.1:80"}; }));
  EXPECT_FALSE(dnsReport().stale);
}

TEST_F(StrictDnsTest, AnAnswerWithoutAnAddressKeepsThemToo) {
  dns_.answer("db.test", {"10.0.0.1"}, 10);
  ASSERT_NO_FATAL_FAILURE(start());
  dns_.answer("db.test", {}, 10);
  EXPECT_TRUE(askedAfter(seconds(10)));
  EXPECT_EQ(hosts(), Texts{"10.0.0.1:80"});
  EXPECT_TRUE(dnsReport().stale);
}

TEST_F(StrictDnsTest, FailuresAreAskedAgainWithGrowingPauses) {
  dns_.fail("db.test", test::DnsServFail);
  ASSERT_NO_FATAL_FAILURE(start());
  for (const int most : {1, 2, 4, 8, 16, 30, 30}) {
    const uint64_t before = outcomes();
    Duration waited = Duration::zero();
    while (outcomes() == before && waited < minutes(1)) {
      loop_.advance(milliseconds(100));
      settle();
      waited += milliseconds(100);
    }
    EXPECT_GE(waited, milliseconds(500 * most));
    EXPECT_LE(waited, milliseconds(1000 * most + 100));
  }
}

TEST_F(StrictDnsTest, AHostThatStaysIsTheSameHost) {
  dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 10);
  ASSERT_NO_FATAL_FAILURE(start());
  const auto before = state().hosts();
  dns_.answer("db.test", {"10.0.0.3", "10.0.0.2"}, 10);
  EXPECT_TRUE(askedAfter(seconds(10)));
  const auto after = state().hosts();
  EXPECT_EQ((*after)[1], (*before)[1]);
  EXPECT_NE((*after)[0], (*before)[0]);
}

TEST_F(StrictDnsTest, AHostThatLeavesAndComesBackIsTheSameHostForTenMinutes) {
  dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 300);
  ASSERT_NO_FATAL_FAILURE(start());
  (*state().hosts())[0]->countFailed();
  for (const bool late : {false, true}) {
    dns_.answer("db.test", {"10.0.0.2"}, late ? 300 : 60);
    EXPECT_TRUE(askedAfter(seconds(300)));
    EXPECT_EQ(hosts(), Texts{"10.0.0.2:80"});
    if (late) {
      EXPECT_TRUE(askedAfter(seconds(300)));
    }
    dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 300);
    EXPECT_TRUE(askedAfter(seconds(late ? 300 : 60)));
    EXPECT_EQ(hosts(), (Texts{"10.0.0.1:80", "10.0.0.2:80"}));
    EXPECT_EQ((*state().hosts())[0]->failed(), late ? 0U : 1U);
  }
}

TEST_F(StrictDnsTest, AHostWithConnectionsIsTheSameHoweverLongItWasAway) {
  dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 300);
  ASSERT_NO_FATAL_FAILURE(start());
  const std::shared_ptr<Host> used = (*state().hosts())[0];
  dns_.answer("db.test", {"10.0.0.2"}, 300);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(askedAfter(seconds(300)));
  dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 300);
  EXPECT_TRUE(askedAfter(seconds(300)));
  EXPECT_EQ((*state().hosts())[0], used);
}

TEST_F(StrictDnsTest, HostsThatNeverComeBackAreForgotten) {
  dns_.answer("db.test", {"10.0.0.1"}, 5);
  ASSERT_NO_FATAL_FAILURE(start());
  std::vector<std::weak_ptr<Host>> gone;
  for (int i = 2; i < 250; ++i) {
    gone.push_back((*state().hosts())[0]);
    dns_.answer("db.test", {"10.0.0." + std::to_string(i)}, 5);
    ASSERT_TRUE(askedAfter(seconds(5)));
  }
  const auto kept =
      std::count_if(gone.begin(), gone.end(), [](auto& one) { return !one.expired(); });
  EXPECT_LE(kept, 121);  // ten minutes' worth
  EXPECT_GE(kept, 118);
}

TEST_F(StrictDnsTest, AnotherOrderIsNoChange) {
  dns_.answer("db.test", {"10.0.0.1", "10.0.0.2"}, 10);
  ASSERT_NO_FATAL_FAILURE(start());
  const uint64_t version = state().version();
  dns_.answer("db.test", {"10.0.0.2", "10.0.0.1"}, 10);
  EXPECT_TRUE(askedAfter(seconds(10)));
  EXPECT_EQ(state().version(), version);
}

TEST_F(StrictDnsTest, AClusterThatStaysIsNotAskedForAnew) {
  dns_.answer("db.test", {"10.0.0.1"}, 60);
  ASSERT_NO_FATAL_FAILURE(start());
  const ClusterStates before = std::move(states_);
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_EQ(before->at("db"), states_->at("db"));
  EXPECT_EQ(dns_.questions().size(), 1U);
}

TEST_F(StrictDnsTest, NobodyHoldsItAndItAsksNoMore) {
  dns_.answer("db.test", {"10.0.0.1"}, 10);
  ASSERT_NO_FATAL_FAILURE(start());
  states_.reset();
  loop_.advance(minutes(10));
  settle();
  EXPECT_EQ(dns_.questions().size(), 1U);
  EXPECT_TRUE(shows("weir_upstream_hosts{cluster=\"db\"} 0") ||
              metrics().find("_hosts{") == std::string::npos);
}

// A server that no longer answers for one family says nothing about its addresses.
TEST_F(StrictDnsTest, AFamilyThatIsNotAnsweredKeepsItsAddresses) {
  bool v6_answered = true;
  std::string v4 = "10.0.0.1";
  dns_.handle([&](const test::DnsQuestion& question) -> Texts {
    test::DnsReply reply(question);
    if (question.type == test::DnsA) return {reply.address(question.name, v4, 10).bytes()};
    if (!v6_answered) return {};
    return {reply.address(question.name, "fd00::1", 10).bytes()};
  });
  ClusterSettings settings = clusterOf({{"db.test", 80, 1}});
  settings.dns.lookup_family = DnsFamily::All;
  prepare(settings);
  ASSERT_TRUE(loop_.runUntil([&] { return states_ != nullptr; }));
  EXPECT_EQ(hosts(), (Texts{"10.0.0.1:80", "[fd00::1]:80"}));
  v6_answered = false;
  v4 = "10.0.0.2";
  const uint64_t before = outcomes();
  loop_.advance(seconds(10));
  settle();
  loop_.advance(seconds(2));  // the patience for the other family
  ASSERT_TRUE(loop_.runUntil([&] { return outcomes() == before + 1; }));
  EXPECT_EQ(hosts(), (Texts{"[fd00::1]:80", "10.0.0.2:80"}));
  EXPECT_TRUE(dnsReport().stale);
  EXPECT_EQ(dnsReport().error,
            "one address family was not answered: lookup of \"db.test\": no answer in time");
}

TEST_F(StrictDnsTest, OtherSettingsStartWithTheAddressesThatAreKnownWhileDnsIsDown) {
  dns_.answer("db.test", {"10.0.0.1"}, 60);
  ASSERT_NO_FATAL_FAILURE(start());
  const ClusterStates before = std::move(states_);
  dns_.fail("db.test", test::DnsServFail);
  ClusterSettings changed = clusterOf({{"db.test", 80, 1}, {"more.test", 80, 1}});
  changed.connect_timeout = seconds(1);
  prepare(changed);
  ASSERT_TRUE(loop_.runUntil([&] { return states_ != nullptr; }));
  EXPECT_NE(states_->at("db"), before->at("db"));
  EXPECT_EQ(hosts(), Texts{"10.0.0.1:80"});
}

TEST_F(StrictDnsTest, GoneWithAQuestionUnderWayNothingHappens) {
  dns_.ignore("db.test");
  prepare(clusterOf({{"db.test", 80, 1}}));
  ASSERT_TRUE(loop_.runUntil([&] { return !dns_.questions().empty(); }));
  manager_.reset();
  loop_.advance(minutes(1));
  EXPECT_EQ(states_, nullptr);
}

}  // namespace
}  // namespace weir::upstream
