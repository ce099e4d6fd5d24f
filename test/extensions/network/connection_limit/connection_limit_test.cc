#include "source/extensions/network/connection_limit/connection_limit.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/extensions/network/echo/echo.h"
#include "source/extensions/network/tcp_proxy/tcp_proxy.h"
#include "test/support/filter_harness.h"
#include "test/support/loopback_upstream.h"

namespace weir::extensions {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FilterHarness;

class ConnectionLimitTest : public testing::Test {
 protected:
  using Factory = std::shared_ptr<const filter::NetworkFilterFactory>;

  Factory limit(uint64_t most, Duration delay = {}) {
    return std::make_shared<ConnectionLimitFactory>(ConnectionLimitSettings{"db", most, delay},
                                                    open_);
  }
  // A connection through `limit` to an echo.
  std::unique_ptr<FilterHarness> connect(const Factory& limit) {
    auto harness = std::make_unique<FilterHarness>(
        FilterHarness::Factories{limit, std::make_shared<EchoFactory>()});
    harness->run();
    return harness;
  }
  static bool has(FilterHarness& harness, const std::string& metric) {
    return harness.context().metrics().find(metric + "\n") != std::string::npos;
  }

  const std::shared_ptr<BoundedCount> open_ = std::make_shared<BoundedCount>();
};

TEST_F(ConnectionLimitTest, LetsAsManyThroughAsItSays) {
  const Factory two = limit(2);
  auto a = connect(two);
  auto b = connect(two);
  b->client().send("hello");
  b->run();
  EXPECT_EQ(b->client().received(), "hello");
  EXPECT_EQ(open_->get(), 2U);
  EXPECT_TRUE(has(*a, "weir_connection_limit_active_connections{name=\"db\"} 1"));
  EXPECT_TRUE(has(*a, "weir_connection_limit_limited_total{name=\"db\"} 0"));
}

TEST_F(ConnectionLimitTest, OneTooManyIsResetAndCounted) {
  const Factory one = limit(1);
  auto a = connect(one);
  auto b = connect(one);
  EXPECT_TRUE(b->closed());
  EXPECT_EQ(b->closeReason(), "connection_limit");
  EXPECT_EQ(b->client().error(), ECONNRESET);
  EXPECT_TRUE(has(*b, "weir_connection_limit_limited_total{name=\"db\"} 1"));
  EXPECT_TRUE(has(*b, "weir_connection_limit_active_connections{name=\"db\"} 0"));
  EXPECT_FALSE(a->closed());
}

TEST_F(ConnectionLimitTest, AConnectionThatEndsMakesRoom) {
  const Factory one = limit(1);
  auto a = connect(one);
  a->client().sendEnd();
  a->run();
  EXPECT_TRUE(a->closed());
  EXPECT_EQ(open_->get(), 0U);
  EXPECT_FALSE(connect(one)->closed());
}

TEST_F(ConnectionLimitTest, ARejectedOneLeavesTheCountAlone) {
  const Factory one = limit(1);
  auto a = connect(one);
  connect(one);
  connect(one);
  EXPECT_EQ(open_->get(), 1U);
}

TEST_F(ConnectionLimitTest, ALimitThatWasLoweredCountsWhatIsOpen) {
  auto a = connect(limit(3));
  auto b = connect(limit(3));
  EXPECT_TRUE(connect(limit(2))->closed());
  EXPECT_FALSE(connect(limit(3))->closed());
}

TEST_F(ConnectionLimitTest, WithADelayItIsHeldWithoutABytePassing) {
  const Factory none = limit(0, seconds(5));
  auto held = connect(none);
  held->client().send("hello");
  held->advance(seconds(5) - milliseconds(1));
  EXPECT_FALSE(held->closed());
  EXPECT_EQ(held->client().received(), "");
  EXPECT_EQ(held->connection().bytesRead(), 0U);
  held->advance(milliseconds(1));
  EXPECT_TRUE(held->closed());
  EXPECT_EQ(held->closeReason(), "connection_limit");
}

TEST_F(ConnectionLimitTest, AClientThatLeavesWhileItIsHeldIsLetGo) {
  auto held = connect(limit(0, seconds(5)));
  held->client().reset();
  held->run();
  EXPECT_TRUE(held->closed());
  EXPECT_EQ(held->closeReason(), "client_reset");
}

TEST_F(ConnectionLimitTest, BytesThatCameBeforeTheChoiceAreHeldToo) {
  FilterHarness::Options options;
  options.client_bytes = "hello";
  FilterHarness held({limit(0, seconds(5)), std::make_shared<EchoFactory>()}, std::move(options));
  held.advance(seconds(4));
  EXPECT_EQ(held.client().received(), "");
  held.advance(seconds(1));
  EXPECT_EQ(held.closeReason(), "connection_limit");
}

TEST_F(ConnectionLimitTest, NoServerIsProbedWithoutRoom) {
  const Factory one = limit(1);
  EXPECT_TRUE(one->allowsEarly({}));
  auto a = connect(one);
  EXPECT_FALSE(one->allowsEarly({}));
}

TEST_F(ConnectionLimitTest, APlaceThatWasTakenEarlyIsTheConnections) {
  const Factory one = limit(1);
  test::TestLoop loop;
  FilterHarness::Options options;
  options.loop = &loop;
  options.early_of = one;
  {
    FilterHarness a({one, std::make_shared<EchoFactory>()}, std::move(options));
    EXPECT_FALSE(a.closed());
    EXPECT_EQ(open_->get(), 1U);
    std::unique_ptr<filter::Grant> grant;
    EXPECT_FALSE(one->takeEarly(a.context().worker, grant));
    EXPECT_EQ(grant, nullptr);
    a.client().sendEnd();
    a.run();
    EXPECT_TRUE(has(a, "weir_connection_limit_active_connections{name=\"db\"} 0"));
  }
  EXPECT_EQ(open_->get(), 0U);
}

TEST_F(ConnectionLimitTest, APlaceForAChainThatWasNotChosenIsGivenBack) {
  FilterHarness::Options options;
  options.early_of = limit(1);
  FilterHarness a({std::make_shared<EchoFactory>()}, std::move(options));
  EXPECT_FALSE(a.closed());
  EXPECT_EQ(open_->get(), 0U);
}

TEST_F(ConnectionLimitTest, StandsInFrontOfARelay) {
  test::TestLoop loop;
  test::LoopbackUpstream upstream(loop);
  FilterHarness::Options options;
  options.clusters = {{.name = "db", .endpoints = {upstream.address()}}};
  options.loop = &loop;
  FilterHarness harness(
      {limit(1), std::make_shared<TcpProxyFactory>(TcpProxySettings{{{"db"}}, {}})},
      std::move(options));
  harness.client().send("hello");
  ASSERT_TRUE(loop.runUntil(
      [&] { return upstream.connections() == 1 && upstream.peer().received() == "hello"; }));
  EXPECT_EQ(open_->get(), 1U);
  upstream.peer().sendEnd();
  harness.client().sendEnd();
  EXPECT_TRUE(loop.runUntil([&] { return harness.closed(); }));
  EXPECT_EQ(open_->get(), 0U);
}

}  // namespace
}  // namespace weir::extensions
