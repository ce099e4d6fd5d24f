// The body that the router keeps for a further try, from a client that does not stop when it is
// told to: a codec holds it back, another filter may not.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "source/extensions/http/router/router.h"
#include "source/http/route_table.h"
#include "test/support/http_filter_harness.h"
#include "test/support/loopback_upstream.h"

namespace weir::http_filters {
namespace {

using namespace std::chrono_literals;

constexpr size_t Limit = 1000;

class KeptBodyTest : public testing::Test {
 protected:
  // The first try has failed, and the next one is waited for.
  void SetUp() override {
    http::Forward forward;
    forward.clusters.emplace_back("up");
    forward.retry.emplace();
    forward.retry->on = static_cast<uint32_t>(http::RetryOn::ConnectFailure);
    forward.retry->backoff = {10s, 10s};
    http::RouteSpec route;
    route.match.path = {http::PathMatch::Kind::Prefix, "/"};
    route.route.action = std::move(forward);
    Diagnostics diagnostics;
    auto routes = http::RouteTable::compile({{"all", "", {"*"}, {route}}}, diagnostics);
    harness_.emplace(test::HttpFilterHarness::Factories{std::make_shared<RouterFactory>()},
                     test::HttpFilterHarness::Options{
                         .buffer_limit = Limit,
                         .routes = std::move(routes),
                         .clusters = {{.name = "up", .endpoints = {upstream_.refusingAddress()}}},
                         .has_terminal = true});
    harness_->requestHeaders(
        {{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}, false);
    harness_->run();
    ASSERT_TRUE(harness_->requestPaused());
    ASSERT_EQ(harness_->info().retries, 1U);
  }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  std::optional<test::HttpFilterHarness> harness_;
};

TEST_F(KeptBodyTest, OneThatFitsIsKept) {
  harness_->requestData(std::string(Limit, 'x'), false);
  harness_->run();
  EXPECT_EQ(harness_->response(), "||");
  EXPECT_TRUE(harness_->requestPaused());
}

// Part of a body must never go out as the whole.
TEST_F(KeptBodyTest, OneThatIsTooLargeEndsTheWait) {
  harness_->requestData(std::string(Limit, 'x'), false);
  harness_->requestData("y", false);
  harness_->run();
  EXPECT_EQ(harness_->responseHeader(":status"), "507");
  EXPECT_EQ(harness_->responseHeader("weir-error"), "request_payload_exceeded_retry_buffer_limit");
  harness_->advance(20s);
  EXPECT_EQ(harness_->info().attempts, 1U);
}

}  // namespace
}  // namespace weir::http_filters
