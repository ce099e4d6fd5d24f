#include "source/extensions/http/router/upstream_request.h"

#include <gtest/gtest.h>

#include <string>

#include "test/support/loopback_upstream.h"
#include "test/support/worker_context.h"

namespace weir::http_filters {
namespace {

struct NoUpstreamEvents final : UpstreamRequestEvents {
  void onUpstreamHeaders(bool) override {}
  void onUpstreamData(buffer::Buffer& data, bool) override { data.clear(); }
  void onUpstreamTrailers() override {}
  void onUpstreamFailure(const UpstreamFailure&) override {}
  void onUpstreamWriteReady() override {}
};

struct NoEarlyEvents final : upstream::EarlyEvents {
  void onEarlyConnected() override {}
  void onServerSpoke() override {}
  void onEarlyFailed(const Error&) override {}
};

struct GetRequest : http::HeaderMap {
  GetRequest() {
    add(http::HeaderId::Method, "GET");
    add(http::HeaderId::Scheme, "http");
    add(http::HeaderId::Authority, "a");
    add(http::HeaderId::Path, "/");
  }
};

// The request is for the host that was picked for it, whatever was opened before.
TEST(UpstreamRequest, AnEarlyConnectionToAnotherHostIsNotTaken) {
  test::TestLoop loop;
  test::LoopbackUpstream first(loop);
  test::LoopbackUpstream second(loop);
  test::WorkerContext context({{.name = "up", .endpoints = {first.address(), second.address()}}},
                              {}, &loop);
  upstream::Cluster& cluster = *context.cluster_set.find("up");
  NoEarlyEvents early_events;
  upstream::EarlyConnection early(cluster, *loop);
  ASSERT_TRUE(early.start({}, early_events).ok());
  ASSERT_TRUE(loop.runUntil([&] { return early.connected(); }));

  http::HeaderMap headers;
  http::HeaderMap trailers;
  const GetRequest get;
  NoUpstreamEvents events;
  UpstreamRequest request(context.worker, {headers, trailers}, events);
  UpstreamRequest::Plan plan{cluster, {}, {}, http::Version::Http11};
  plan.early = &early;
  // Of two in turn.
  ASSERT_FALSE(request.start(plan, get, true));
  ASSERT_NE(request.host()->address(), early.address());
  const bool to_first = request.host()->address() == first.address();
  test::LoopbackUpstream& right = to_first ? first : second;
  test::LoopbackUpstream& wrong = to_first ? second : first;
  const auto got = [](test::LoopbackUpstream& one) {
    return one.connections() > 0 && !one.peer().received().empty();
  };
  EXPECT_TRUE(loop.runUntil([&] { return got(right) || got(wrong); }));
  EXPECT_TRUE(got(right));
  EXPECT_FALSE(got(wrong));
  request.cancel(http::ResetReason::Cancel);
  early.cancel();
}

// A host does not answer for the room that it may not be asked for.
TEST(UpstreamRequest, ATimeoutForWantOfAConnectionCountsAgainstNoHost) {
  test::TestLoop loop;
  test::LoopbackUpstream host(loop);
  test::WorkerContext context({{.name = "up", .endpoints = {host.address()}, .max_connections = 1}},
                              {}, &loop);
  http::HeaderMap headers;
  http::HeaderMap trailers;
  const GetRequest get;
  NoUpstreamEvents events;
  const UpstreamRequest::Plan plan{*context.cluster_set.find("up"), {}, {}, http::Version::Http11};
  UpstreamRequest slow(context.worker, {headers, trailers}, events);
  ASSERT_FALSE(slow.start(plan, get, true));
  ASSERT_TRUE(
      loop.runUntil([&] { return host.connections() > 0 && !host.peer().received().empty(); }));
  UpstreamRequest waiting(context.worker, {headers, trailers}, events);
  ASSERT_FALSE(waiting.start(plan, get, true));
  loop.runUntilIdle();
  waiting.timeOut();
  EXPECT_EQ(slow.host()->requestErrors(), 0U);
  slow.timeOut();
  EXPECT_EQ(slow.host()->requestErrors(), 1U);
}

}  // namespace
}  // namespace weir::http_filters
