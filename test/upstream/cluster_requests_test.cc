// Requests of a cluster: the host that each is given, what counts them, and their limits.
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "source/upstream/cluster.h"
#include "source/upstream/cluster_report.h"
#include "test/support/loopback_upstream.h"
#include "test/support/recording_events.h"
#include "test/support/worker_context.h"

namespace weir::upstream {
namespace {

using Type = ClusterSettings::Type;
using Kind = RequestOutcome::Kind;

net::SocketAddress address(const char* text) { return *net::SocketAddress::parse(text); }

// Two workers that share what is known of the cluster "web".
class ClusterRequestsTest : public testing::Test {
 protected:
  Cluster& make(ClusterSettings settings) {
    states_ = test::WorkerContext::statesOf({std::move(settings)});
    for (auto& set : sets_) {
      set.emplace(states_, *loop_, context_.slices, net::ConnectionLimits{}, context_.stats,
                  context_.own_addresses);
    }
    return *sets_[0]->find("web");
  }
  Cluster& otherWorkers() { return *sets_[1]->find("web"); }
  ClusterState& state() { return *states_->at("web"); }

  static std::string errorOf(const Result<RequestPlace>& result) {
    return result.ok() ? "" : std::string(toString(result.error().code));
  }
  RequestPlace start(Cluster& cluster, const RequestPick& pick = {}) {
    auto started = cluster.startRequest(pick);
    EXPECT_TRUE(started.ok()) << errorOf(started);
    return started.ok() ? std::move(started).value() : RequestPlace{};
  }
  bool has(const std::string& sample) {
    return context_.metrics().find(sample + "\n") != std::string::npos;
  }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  test::RecordingEvents events_;
  test::WorkerContext context_{{}, {}, &loop_};
  ClusterStates states_;
  std::optional<ClusterSet> sets_[2];
};

TEST_F(ClusterRequestsTest, EachCountsAtClusterAndHostUntilItsEnd) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}});
  RequestPlace first = start(web);
  RequestPlace second = start(otherWorkers());
  const auto host = first.host();
  EXPECT_EQ(second.host(), host);
  EXPECT_EQ(host->activeRequests(), 2U);
  EXPECT_EQ(host->active(), 0U);  // no connection
  EXPECT_EQ(state().activeRequests(), 2U);
  EXPECT_TRUE(has("weir_upstream_active_requests{cluster=\"web\"} 2"));
  first.end({Kind::Response, 200, {}});
  first.end({Kind::Response, 200, {}});  // once is all there is
  EXPECT_EQ(first.host(), nullptr);
  EXPECT_EQ(host->activeRequests(), 1U);
  RequestPlace moved = std::move(second);
  EXPECT_EQ(host->activeRequests(), 1U);
  moved = {};
  EXPECT_EQ(host->activeRequests(), 0U);
  EXPECT_EQ(state().activeRequests(), 0U);
}

TEST_F(ClusterRequestsTest, AreCountedByHowTheyEnded) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}});
  for (const unsigned status : {101U, 200U, 204U, 304U, 404U, 503U, 600U, 0U}) {
    start(web).end({Kind::Response, status, {}});
  }
  start(web).end({.kind = Kind::LocalFailure});
  start(web).end({.kind = Kind::Cancelled});
  start(web);
  const std::string name = "weir_upstream_requests_total{cluster=\"web\",outcome=";
  for (const char* sample : {"\"1xx\"} 1", "\"2xx\"} 2", "\"3xx\"} 1", "\"4xx\"} 1", "\"5xx\"} 1",
                             "\"other\"} 2", "\"failed\"} 1", "\"cancelled\"} 2"}) {
    EXPECT_TRUE(has(name + sample)) << sample;
  }
  EXPECT_TRUE(has("weir_upstream_active_requests{cluster=\"web\"} 0"));
}

TEST_F(ClusterRequestsTest, EachHostHasTheTotalsOfItsOwn) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}});
  for (const unsigned status : {200U, 404U, 500U, 503U}) {
    start(web).end({Kind::Response, status, {}});
  }
  start(otherWorkers()).end({.kind = Kind::LocalFailure});
  start(web).end({.kind = Kind::Cancelled});
  const RequestPlace open = start(web);
  const HostReport host = reportOf(state(), loop_->now()).hosts.at(0);
  EXPECT_EQ(host.requests, 7U);
  EXPECT_EQ(host.request_errors, 3U);
  EXPECT_EQ(host.active_requests, 1U);
}

TEST_F(ClusterRequestsTest, ThatFailEjectTheirHost) {
  Cluster& web = make({.name = "web",
                       .endpoints = {address("127.0.0.1:1"), address("127.0.0.1:2")},
                       .outlier_detection = OutlierSettings{.consecutive_5xx = 2},
                       .healthy_panic_threshold = 0});
  const auto bad = (*state().hosts())[0];
  for (int i = 0; i < 8 && bad->fit(); ++i) {
    RequestPlace place = start(web);
    place.end(place.host() == bad ? RequestOutcome{.kind = Kind::LocalFailure}
                                  : RequestOutcome{Kind::Response, 200, {}});
  }
  EXPECT_FALSE(bad->fit());
  EXPECT_TRUE(has("weir_upstream_ejections_total{cluster=\"web\",reason=\"consecutive_5xx\"} 1"));
  for (int i = 0; i < 4; ++i) EXPECT_NE(start(web).host(), bad);
}

TEST_F(ClusterRequestsTest, ThatAreCancelledSayNothingAboutTheirHost) {
  Cluster& web = make({.name = "web",
                       .endpoints = {address("127.0.0.1:1")},
                       .outlier_detection = OutlierSettings{.consecutive_5xx = 2}});
  start(web).end({Kind::Response, 500, {}});
  for (int i = 0; i < 5; ++i) start(web);
  EXPECT_TRUE((*state().hosts())[0]->fit());
  start(web).end({Kind::Response, 500, {}});
  EXPECT_FALSE((*state().hosts())[0]->fit());
}

TEST_F(ClusterRequestsTest, ByDefaultThereMayBeAnyNumber) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}});
  std::vector<RequestPlace> places;
  for (int i = 0; i < 3000; ++i) places.push_back(start(web));
  EXPECT_EQ(state().activeRequests(), 3000U);
}

TEST_F(ClusterRequestsTest, AreNoMoreThanTheClusterMayHave) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}, .max_requests = 2});
  RequestPlace first = start(web);
  RequestPlace second = start(otherWorkers());
  EXPECT_EQ(errorOf(web.startRequest({})), "overflow");
  EXPECT_TRUE(has("weir_upstream_overflow_total{cluster=\"web\",limit=\"max_requests\"} 1"));
  second.end({});
  EXPECT_EQ(errorOf(web.startRequest({})), "");
}

TEST_F(ClusterRequestsTest, WithoutAHostOneIsRefusedAndCountsForNothing) {
  Cluster& web =
      make({.name = "web", .endpoints = {{address("127.0.0.1:1"), 0}}, .max_requests = 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(errorOf(web.startRequest({})), "no_host");
  EXPECT_EQ(state().activeRequests(), 0U);
  EXPECT_TRUE(has("weir_upstream_requests_total{cluster=\"web\",outcome=\"no_host\"} 3"));
}

TEST_F(ClusterRequestsTest, ATriedHostIsLeftAloneIfThereIsAnother) {
  Cluster& web =
      make({.name = "web", .endpoints = {address("127.0.0.1:1"), address("127.0.0.1:2")}});
  const auto first = (*state().hosts())[0];
  const Host* tried[] = {first.get()};
  for (int i = 0; i < 10; ++i) EXPECT_NE(start(web, {.tried = tried}).host(), first);
}

TEST_F(ClusterRequestsTest, LeastRequestLooksAtRequestsAndNotAtConnections) {
  Cluster& web = make({.name = "web",
                       .endpoints = {address("127.0.0.1:1"), address("127.0.0.1:2")},
                       .lb_policy = LbPolicy::LeastRequest});
  const auto list = state().hosts();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE((*list)[1]->tryEnter(NoLimit));
  (*list)[0]->startRequest();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(start(web).host(), (*list)[1]);
}

TEST_F(ClusterRequestsTest, AFullHostStillTakesRequests) {
  Cluster& web = make(
      {.name = "web", .endpoints = {address("127.0.0.1:1")}, .max_connections_per_endpoint = 1});
  ASSERT_TRUE((*state().hosts())[0]->tryEnter(1));
  EXPECT_EQ(errorOf(web.startRequest({})), "");
}

TEST_F(ClusterRequestsTest, AHashLeadsToOneHostAndElseTheSourceDoes) {
  ClusterSettings settings{.name = "web", .endpoints = {}, .lb_policy = LbPolicy::RingHash};
  for (uint16_t port = 1; port <= 20; ++port) {
    settings.endpoints.emplace_back(
        net::SocketAddress{{*net::IpAddress::parse("127.0.0.1"), port}, {}});
  }
  Cluster& web = make(std::move(settings));
  std::set<std::shared_ptr<Host>> of_hashes;
  std::set<std::shared_ptr<Host>> of_sources;
  for (uint8_t i = 0; i < 50; ++i) {
    const uint64_t hash = mixBits(i + 1);
    net::IpPort source{*net::IpAddress::parse("10.0.0.1"), 9};
    of_hashes.insert(start(web, {.source = source, .hash = hash}).host());
    EXPECT_EQ(start(web, {.hash = hash}).host(), start(otherWorkers(), {.hash = hash}).host());
    source.ip = *net::IpAddress::parse("10.0.1." + std::to_string(i));
    of_sources.insert(start(web, {.source = source}).host());
    EXPECT_EQ(start(web, {.source = source}).host(), start(web, {.source = source}).host());
  }
  EXPECT_GT(of_hashes.size(), 10U);
  EXPECT_GT(of_sources.size(), 10U);
}

// To where the client wanted to go.

TEST_F(ClusterRequestsTest, OfTheOriginalDestinationHaveOneHostForAnAddressAsLongAsItIsHeld) {
  Cluster& web = make({.name = "web", .type = Type::OriginalDst, .endpoints = {}});
  const net::IpPort there = address("127.0.0.1:80").ip;
  RequestPlace first = start(web, {.destination = there});
  RequestPlace second = start(web, {.destination = there});
  EXPECT_EQ(first.host(), second.host());
  EXPECT_EQ(first.host()->activeRequests(), 2U);
  EXPECT_EQ(first.host()->address().ip, there);
  EXPECT_NE(start(web, {.destination = address("127.0.0.1:81").ip}).host(), first.host());
  const std::weak_ptr<Host> gone = first.host();
  first.end({});
  second.end({});
  EXPECT_TRUE(gone.expired());
}

TEST_F(ClusterRequestsTest, OfTheOriginalDestinationNeedOneThatIsNotOurs) {
  Cluster& web =
      make({.name = "web", .type = Type::OriginalDst, .endpoints = {}, .max_requests = 1});
  const net::IpPort self = address("127.0.0.1:80").ip;
  EXPECT_EQ(errorOf(web.startRequest({})), "not_found");
  EXPECT_EQ(errorOf(web.startRequest({.destination = self, .destination_is_self = true})),
            "refused");
  EXPECT_EQ(state().activeRequests(), 0U);
}

TEST_F(ClusterRequestsTest, HostsOfDestinationsThatNobodyHoldsAreForgotten) {
  DestinationHosts hosts;
  std::vector<std::shared_ptr<Host>> held;
  const net::IpAddress ip = *net::IpAddress::parse("10.0.0.1");
  for (uint16_t port = 1; port <= 100; ++port) held.push_back(hosts.hostOf({ip, port}));
  for (uint16_t port = 101; port < 20'000; ++port) {
    hosts.hostOf({ip, port});
    ASSERT_LE(hosts.size(), 256U);
  }
  for (uint16_t port = 1; port <= 100; ++port) {
    EXPECT_EQ(hosts.hostOf({ip, port}), held[port - 1U]);
  }
}

// Connections for them.

TEST_F(ClusterRequestsTest, AConnectionToAHostEntersItAtBoth) {
  Cluster& web = make({.name = "web", .endpoints = {upstream_.address()}});
  const RequestPlace request = start(web);
  auto started = web.connectTo(request.host(), {}, events_);
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(started.value().address, upstream_.address());
  EXPECT_EQ(started.value().place.host(), request.host());
  EXPECT_EQ(request.host()->active(), 1U);
  EXPECT_EQ(state().active(), 1U);
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  started.value().place.leave();
  EXPECT_EQ(request.host()->active(), 0U);
  EXPECT_EQ(state().active(), 0U);
}

TEST_F(ClusterRequestsTest, AConnectionToAHostKeepsToTheLimits) {
  Cluster& web = make({.name = "web",
                       .endpoints = {upstream_.address(), address("127.0.0.1:1")},
                       .max_connections = 2,
                       .max_connections_per_endpoint = 1});
  const auto list = state().hosts();
  auto first = web.connectTo((*list)[0], {}, events_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(web.connectTo((*list)[0], {}, events_).error().code, ErrorCode::Overflow);
  EXPECT_EQ(state().active(), 1U);
  ASSERT_TRUE(state().tryEnter());
  EXPECT_EQ(web.connectTo((*list)[1], {}, events_).error().code, ErrorCode::Overflow);
  EXPECT_EQ((*list)[1]->active(), 0U);
  state().leave();
  for (const char* limit : {"max_connections", "max_connections_per_endpoint"}) {
    EXPECT_TRUE(has("weir_upstream_overflow_total{cluster=\"web\",limit=\"" + std::string(limit) +
                    "\"} 1"));
  }
}

TEST_F(ClusterRequestsTest, AConnectionToTheOriginalDestinationIsKnownAsOurs) {
  Cluster& web = make({.name = "web", .type = Type::OriginalDst, .endpoints = {}});
  const RequestPlace request = start(web, {.destination = upstream_.address().ip});
  auto started = web.connectTo(request.host(), {}, events_);
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(request.host()->active(), 1U);
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
}

// Those that wait, and retries.

TEST_F(ClusterRequestsTest, SoManyMayWaitForAConnection) {
  Cluster& web =
      make({.name = "web", .endpoints = {address("127.0.0.1:1")}, .max_pending_requests = 2});
  EXPECT_TRUE(web.tryPending());
  EXPECT_TRUE(otherWorkers().tryPending());
  EXPECT_FALSE(web.tryPending());
  EXPECT_TRUE(
      has("weir_upstream_overflow_total{cluster=\"web\",limit=\"max_pending_requests\"} 1"));
  web.leavePending();
  EXPECT_TRUE(web.tryPending());
}

TEST_F(ClusterRequestsTest, SoManyMayBeRetries) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}, .max_retries = 1});
  EXPECT_TRUE(web.tryRetry());
  EXPECT_FALSE(otherWorkers().tryRetry());
  EXPECT_TRUE(has("weir_upstream_overflow_total{cluster=\"web\",limit=\"max_retries\"} 1"));
  web.leaveRetry();
  EXPECT_TRUE(otherWorkers().tryRetry());
}

TEST_F(ClusterRequestsTest, TheBudgetForRetriesGrowsWithTheRequests) {
  Cluster& web = make({.name = "web", .endpoints = {address("127.0.0.1:1")}});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(web.tryRetry());
  EXPECT_FALSE(web.tryRetry());
  EXPECT_TRUE(has("weir_upstream_overflow_total{cluster=\"web\",limit=\"retry_budget\"} 1"));
  std::vector<RequestPlace> places;
  for (int i = 0; i < 20; ++i) places.push_back(start(web));
  EXPECT_TRUE(web.tryRetry());  // the fourth is a fifth of 20
  EXPECT_FALSE(web.tryRetry());
}

}  // namespace
}  // namespace weir::upstream
