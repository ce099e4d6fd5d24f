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
  http::HeaderMap get;
  get.add(http::HeaderId::Method, "GET");
  get.add(http::HeaderId::Scheme, "http");
  get.add(http::HeaderId::Authority, "a");
  get.add(http::HeaderId::Path, "/");
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

}  // namespace
}  // namespace weir::http_filters
