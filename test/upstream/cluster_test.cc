#include "source/upstream/cluster.h"

#include <gtest/gtest.h>

#include <string>
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
    EXPECT_EQ(state.hosts()->at(0)->active(), 2U);
    first.value().place.leave();
    first.value().place.leave();  // once is all there is
    EXPECT_EQ(state.active(), 1U);
    Place moved = std::move(second.value().place);
    EXPECT_EQ(state.hosts()->at(0)->active(), 1U);
    EXPECT_NE(context.metrics().find("weir_upstream_active_connections{cluster=\"db\"} 1"),
              std::string::npos);
  }
  EXPECT_EQ(state.active(), 0U);
  EXPECT_EQ(state.hosts()->at(0)->active(), 0U);
}

TEST_F(ClusterTest, TakesNewHostsAtTheNextPick) {
  const auto states =
      test::WorkerContext::statesOf({{.name = "db", .endpoints = {upstream_.address()}}});
  test::WorkerContext context({}, {}, &loop_);
  ClusterSet set(states, *loop_, context.slices, {}, context.stats, context.own_addresses);
  ASSERT_EQ(connectOnce(*set.find("db")), upstream_.address().toString());
  test::LoopbackUpstream other(loop_);
  states->at("db")->replaceHosts(
      std::make_shared<HostList>(HostList{std::make_shared<Host>(other.address())}));
  EXPECT_EQ(connectOnce(*set.find("db")), other.address().toString());
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
  const ConnectRequest request{.destination = ipPort("198.51.100.2:443"),
                               .source = ipPort("192.0.2.1:4660"),
                               .proxy_tlvs = tlvs};
  EXPECT_EQ(headerOf(settings, request), test::proxyTcp4(test::tlv(0xea, "vpce")));
}

}  // namespace
}  // namespace weir::upstream
