#include "source/upstream/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "test/support/loopback_upstream.h"
#include "test/support/proxy_headers.h"
#include "test/support/recording_events.h"
#include "test/support/worker_context.h"

namespace weir::upstream {
namespace {

using Type = ClusterSettings::Type;

net::SocketAddress address(const char* text) { return *net::SocketAddress::parse(text); }
net::IpPort ipPort(const char* text) { return address(text).ip; }

class ClusterTest : public testing::Test {
 protected:
  // Where one attempt goes, or the error's code. It is given up at once.
  std::string connectOnce(Cluster& cluster, const ConnectRequest& request = {}) {
    auto started = cluster.connect(request, events_);
    if (!started.ok()) return std::string(toString(started.error().code));
    return started.value().address.toString();
  }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  test::RecordingEvents events_;
};

TEST_F(ClusterTest, TakesItsEndpointsInTurn) {
  test::LoopbackUpstream second(loop_);
  test::WorkerContext context(
      {{.name = "db", .endpoints = {upstream_.address(), second.address()}}}, {}, &loop_);
  Cluster& db = *context.cluster_set.find("db");
  const std::string a = upstream_.address().toString();
  const std::string b = second.address().toString();
  std::vector<std::string> went;
  for (int i = 0; i < 4; ++i) went.push_back(connectOnce(db));
  EXPECT_EQ(went, (std::vector<std::string>{a, b, a, b}));
}

TEST_F(ClusterTest, AreFoundByName) {
  test::WorkerContext context({{.name = "a", .endpoints = {address("127.0.0.1:1")}},
                               {.name = "b", .endpoints = {address("127.0.0.1:2")}}});
  EXPECT_EQ(context.cluster_set.find("b")->settings().name, "b");
  EXPECT_EQ(context.cluster_set.find("c"), nullptr);
  EXPECT_EQ(context.cluster_set.bypass().settings().type, Type::OriginalDst);
}

TEST_F(ClusterTest, OfTheOriginalDestinationGoesThere) {
  test::WorkerContext context({{.name = "orig", .type = Type::OriginalDst, .endpoints = {}}}, {},
                              &loop_);
  Cluster& cluster = *context.cluster_set.find("orig");
  EXPECT_EQ(connectOnce(cluster, {.destination = upstream_.address().ip}),
            upstream_.address().toString());
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
}

TEST_F(ClusterTest, OfTheOriginalDestinationRefusesTheListenerItself) {
  test::WorkerContext context({{.name = "orig", .type = Type::OriginalDst, .endpoints = {}}});
  Cluster& cluster = *context.cluster_set.find("orig");
  const ConnectRequest self{.destination = ipPort("127.0.0.1:15001"), .destination_is_self = true};
  EXPECT_EQ(connectOnce(cluster, self), "refused");
  EXPECT_NE(context.metrics().find("{cluster=\"orig\",outcome=\"refused\"} 1"), std::string::npos);
}

TEST_F(ClusterTest, OfTheOriginalDestinationNeedsOne) {
  test::WorkerContext context;
  EXPECT_EQ(connectOnce(context.cluster_set.bypass()), "not_found");
  EXPECT_NE(context.metrics().find("{cluster=\"bypass\",outcome=\"not_found\"} 1"),
            std::string::npos);
}

TEST_F(ClusterTest, AStaticOneDoesNotCareForTheDestination) {
  test::WorkerContext context({{.name = "db", .endpoints = {upstream_.address()}}}, {}, &loop_);
  const ConnectRequest self{.destination = ipPort("127.0.0.1:15001"), .destination_is_self = true};
  EXPECT_EQ(connectOnce(*context.cluster_set.find("db"), self), upstream_.address().toString());
}

TEST_F(ClusterTest, CountsHowAttemptsEnded) {
  test::WorkerContext context({{.name = "db", .endpoints = {address("127.0.0.1:1")}}});
  Cluster& db = *context.cluster_set.find("db");
  db.countConnected({}, 0.003);
  db.countFailed({}, ErrorCode::TimedOut);
  db.countFailed({}, ErrorCode::TimedOut);
  const std::string metrics = context.metrics();
  const std::string name = "weir_upstream_connects_total{cluster=\"db\",outcome=";
  EXPECT_NE(metrics.find(name + "\"connected\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find(name + "\"timeout\"} 2"), std::string::npos);
  EXPECT_NE(metrics.find("weir_upstream_connect_seconds_count{cluster=\"db\"} 1"),
            std::string::npos);
}

// A look-up takes a lock that others hold for a while. Those of a metric that is full are counted.
TEST_F(ClusterTest, LooksItsCountersUpOnce) {
  test::WorkerContext context(
      {{.name = "db", .endpoints = {upstream_.address()}, .max_connections = 0}}, {}, &loop_);
  for (const char* metric : {"weir_upstream_connects_total", "weir_upstream_overflow_total"}) {
    for (size_t i = 0; i < stats::Registry::MaxSeries; ++i)
      context.stats.counter(metric, "Others.", {{"cluster", std::to_string(i)}});
  }
  Cluster& db = *context.cluster_set.find("db");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(connectOnce(db), "overflow");
    db.countFailed({}, ErrorCode::TimedOut);
  }
  const std::string metrics = context.metrics();
  const std::string folded = "weir_metrics_folded_total{metric=\"weir_upstream_";
  // Of what was connected, and of what timed out.
  EXPECT_NE(metrics.find(folded + "connects_total\"} 2\n"), std::string::npos);
  EXPECT_NE(metrics.find(folded + "overflow_total\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("weir_upstream_connects_total{cluster=\"other\",outcome=\"other\"} 5\n"),
            std::string::npos);
}

TEST_F(ClusterTest, AConnectionHasItsPlaceAsLongAsItLives) {
  const auto states =
      test::WorkerContext::statesOf({{.name = "db", .endpoints = {upstream_.address()}}});
  test::WorkerContext context({}, {}, &loop_);
  ClusterSet set(states, *loop_, context.slices, {}, context.stats, context.own_addresses);
  const ClusterState& state = *states->at("db");
  {
    auto first = set.find("db")->connect({}, events_);
    auto second = set.find("db")->connect({}, events_);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(state.active(), 2U);
    EXPECT_EQ((*state.hosts())[0]->active(), 2U);
    first.value().place.leave();
    first.value().place.leave();  // once is all there is
    EXPECT_EQ(state.active(), 1U);
    Place moved = std::move(second.value().place);
    EXPECT_EQ((*state.hosts())[0]->active(), 1U);
    EXPECT_NE(context.metrics().find("weir_upstream_active_connections{cluster=\"db\"} 1"),
              std::string::npos);
  }
  EXPECT_EQ(state.active(), 0U);
  EXPECT_EQ((*state.hosts())[0]->active(), 0U);
}

TEST_F(ClusterTest, TakesNewHostsAtTheNextPick) {
  const auto states =
      test::WorkerContext::statesOf({{.name = "db", .endpoints = {upstream_.address()}}});
  test::WorkerContext context({}, {}, &loop_);
  ClusterSet set(states, *loop_, context.slices, {}, context.stats, context.own_addresses);
  ASSERT_EQ(connectOnce(*set.find("db")), upstream_.address().toString());
  test::LoopbackUpstream other(loop_);
  states->at("db")->replaceHosts({std::make_shared<Host>(other.address(), 1)});
  EXPECT_EQ(connectOnce(*set.find("db")), other.address().toString());
  states->at("db")->replaceHosts({});
  EXPECT_EQ(connectOnce(*set.find("db")), "no_host");
}

// Two workers that share what is known of a cluster.
class LimitedClusterTest : public ClusterTest {
 protected:
  void limit(ClusterSettings settings) {
    const auto states = test::WorkerContext::statesOf({std::move(settings)});
    for (auto& set : sets_) {
      set.emplace(states, *loop_, context_.slices, net::ConnectionLimits{}, context_.stats,
                  context_.own_addresses);
    }
  }
  // Where each of as many connections goes, by turns from both workers; they stay open.
  std::vector<std::string> connect(int connections, const ConnectRequest& request = {}) {
    std::vector<std::string> went;
    for (int i = 0; i < connections; ++i) {
      auto started = sets_[i % 2]->find("db")->connect(request, events_);
      went.push_back(started.ok() ? started.value().address.toString()
                                  : std::string(toString(started.error().code)));
      if (started.ok()) open_.push_back(std::move(started).value());
    }
    return went;
  }
  uint64_t overflows(const std::string& limit) {
    const std::string sample =
        "weir_upstream_overflow_total{cluster=\"db\",limit=\"" + limit + "\"} ";
    const std::string metrics = context_.metrics();
    const size_t at = metrics.find(sample);
    return at == std::string::npos ? 0 : std::stoull(metrics.substr(at + sample.size()));
  }

  test::WorkerContext context_{{}, {}, &loop_};
  std::optional<ClusterSet> sets_[2];
  std::vector<Started> open_;
};

TEST_F(LimitedClusterTest, HasNoMoreConnectionsThanItMay) {
  limit({.name = "db", .endpoints = {upstream_.address()}, .max_connections = 3});
  EXPECT_EQ(connect(5)[3], "overflow");
  EXPECT_EQ(open_.size(), 3U);
  EXPECT_EQ(overflows("max_connections"), 2U);
  // No attempt was made: `outcome!="connected"` is an alarm about servers.
  EXPECT_EQ(context_.metrics().find("outcome=\"overflow\""), std::string::npos);
  open_.pop_back();
  EXPECT_EQ(connect(2)[1], "overflow");
  EXPECT_EQ(open_.size(), 3U);
}

TEST_F(LimitedClusterTest, AHostAtItsLimitIsPassedOverWhileOthersHaveRoom) {
  test::LoopbackUpstream second(loop_);
  limit({.name = "db",
         .endpoints = {upstream_.address(), second.address()},
         .max_connections_per_endpoint = 2});
  const auto went = connect(6);
  const auto first_ones = std::count(went.begin(), went.end(), upstream_.address().toString());
  EXPECT_EQ(first_ones, 2);
  EXPECT_EQ(std::count(went.begin(), went.end(), "overflow"), 2);
  EXPECT_EQ(overflows("max_connections_per_endpoint"), 2U);
  open_.clear();
  EXPECT_EQ(connect(1)[0], upstream_.address().toString());
}

TEST_F(LimitedClusterTest, WhatFoundNoHostDoesNotCountForTheCluster) {
  limit({.name = "db",
         .endpoints = {upstream_.address()},
         .max_connections = 2,
         .max_connections_per_endpoint = 1});
  connect(4);
  EXPECT_EQ(overflows("max_connections_per_endpoint"), 3U);
  EXPECT_EQ(overflows("max_connections"), 0U);
}

TEST_F(LimitedClusterTest, OfTheOriginalDestinationIsLimitedToo) {
  limit({.name = "db", .type = Type::OriginalDst, .endpoints = {}, .max_connections = 1});
  const auto went = connect(2, {.destination = upstream_.address().ip});
  EXPECT_EQ(went[1], "overflow");
}

TEST_F(LimitedClusterTest, TheClientsAddressLeadsToOneHostWithRingHash) {
  test::LoopbackUpstream others[4] = {test::LoopbackUpstream(loop_), test::LoopbackUpstream(loop_),
                                      test::LoopbackUpstream(loop_), test::LoopbackUpstream(loop_)};
  limit({.name = "db",
         .endpoints = {others[0].address(), others[1].address(), others[2].address(),
                       others[3].address()},
         .lb_policy = LbPolicy::RingHash});
  std::set<std::string> all;
  for (const char* source : {"10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2"}) {
    const auto went = connect(4, {.source = {*net::IpAddress::parse(source), 1000}});
    EXPECT_EQ(std::set<std::string>(went.begin(), went.end()).size(), 1U) << source;
    all.insert(went[0]);
  }
  EXPECT_GT(all.size(), 1U);
}

// PROXY headers.

class ProxiedClusterTest : public ClusterTest {
 protected:
  // What the server has got before anything was written to the connection.
  std::string headerOf(ProxyProtocolSettings settings, const ConnectRequest& request) {
    test::WorkerContext context(
        {{.name = "db", .endpoints = {upstream_.address()}, .proxy_protocol = settings}}, {},
        &loop_);
    auto started = context.cluster_set.find("db")->connect(request, events_);
    EXPECT_TRUE(started.ok());
    const auto arrived = [&] {
      return upstream_.connections() > 0 && !upstream_.peer().received().empty();
    };
    EXPECT_TRUE(loop_.runUntil(arrived));
    return upstream_.peer().received();
  }
};

TEST_F(ProxiedClusterTest, TheHeaderGoesOutWhenTheConnectionStands) {
  EXPECT_EQ(headerOf({}, {.destination = ipPort("10.0.0.1:25"), .source = ipPort("192.0.2.1:7")}),
            "PROXY TCP4 192.0.2.1 10.0.0.1 7 25\r\n");
}

TEST_F(ProxiedClusterTest, WithoutAnAddressItSaysNothing) {
  EXPECT_EQ(headerOf({}, {.destination = ipPort("10.0.0.1:25")}), "PROXY UNKNOWN\r\n");
}

TEST_F(ProxiedClusterTest, OnlyFieldsThatAreToBePassedOnAre) {
  const ProxyProtocolSettings settings{.version = net::ProxyVersion::V2,
                                       .passed_tlvs = net::ProxyTlvTypes().set(0xea)};
  const std::vector<net::ProxyTlv> tlvs = {{2, "example.com"}, {0xea, "vpce"}};
  const ConnectRequest request{
      .destination = ipPort("198.51.100.2:443"),
      .source = ipPort("192.0.2.1:4660"),
      .proxy_tlvs = std::make_shared<const std::vector<net::ProxyTlv>>(tlvs)};
  EXPECT_EQ(headerOf(settings, request), test::proxyTcp4(test::tlv(0xea, "vpce")));
}

}  // namespace
}  // namespace weir::upstream
