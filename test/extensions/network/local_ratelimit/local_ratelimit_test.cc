#include "source/extensions/network/local_ratelimit/local_ratelimit.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "source/extensions/network/echo/echo.h"
#include "test/support/filter_harness.h"

namespace weir::extensions {
namespace {

using std::chrono::milliseconds;
using test::FilterHarness;

class LocalRateLimitTest : public testing::Test {
 protected:
  using Factory = std::shared_ptr<const filter::NetworkFilterFactory>;

  std::unique_ptr<FilterHarness> connect() {
    FilterHarness::Options options;
    options.loop = &loop_;
    auto harness = std::make_unique<FilterHarness>(
        FilterHarness::Factories{limit_, std::make_shared<EchoFactory>()}, std::move(options));
    harness->run();
    return harness;
  }

  test::TestLoop loop_;
  const std::shared_ptr<TokenBucket> bucket_ =
      std::make_shared<TokenBucket>(TokenBucketSettings{2, 1, milliseconds(100)});
  const Factory limit_ = std::make_shared<LocalRateLimitFactory>("db", bucket_);
};

TEST_F(LocalRateLimitTest, PassesWhoGetsATokenAndResetsWhoDoesNot) {
  auto a = connect();
  auto b = connect();
  auto c = connect();
  b->client().send("hello");
  b->run();
  EXPECT_EQ(b->client().received(), "hello");
  EXPECT_TRUE(c->closed());
  EXPECT_EQ(c->closeReason(), "rate_limited");
  EXPECT_EQ(c->client().error(), ECONNRESET);
}

TEST_F(LocalRateLimitTest, TimeBringsTokens) {
  connect();
  connect();
  EXPECT_TRUE(connect()->closed());
  loop_.advance(milliseconds(100));
  EXPECT_FALSE(connect()->closed());
  EXPECT_TRUE(connect()->closed());
}

TEST_F(LocalRateLimitTest, CountsBoth) {
  auto a = connect();
  EXPECT_NE(a->context().metrics().find("weir_local_ratelimit_passed_total{name=\"db\"} 1\n"),
            std::string::npos);
  connect();
  auto c = connect();
  EXPECT_NE(c->context().metrics().find("weir_local_ratelimit_limited_total{name=\"db\"} 1\n"),
            std::string::npos);
}

TEST_F(LocalRateLimitTest, NoServerIsProbedWithoutAToken) {
  filter::ConnectionInfo info;
  info.accepted = loop_->now();
  EXPECT_TRUE(limit_->allowsEarly(info));
  connect();
  connect();
  EXPECT_FALSE(limit_->allowsEarly(info));
  EXPECT_TRUE(connect()->closed());
}

TEST_F(LocalRateLimitTest, ATokenThatWasTakenEarlyIsTheConnections) {
  for (int i = 0; i < 2; ++i) {
    FilterHarness::Options options;
    options.loop = &loop_;
    options.early_of = limit_;
    FilterHarness harness({limit_, std::make_shared<EchoFactory>()}, std::move(options));
    EXPECT_FALSE(harness.closed());
  }
  EXPECT_TRUE(connect()->closed());
}

}  // namespace
}  // namespace weir::extensions
