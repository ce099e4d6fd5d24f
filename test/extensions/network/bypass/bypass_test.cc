#include "source/extensions/network/bypass/bypass.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "test/support/filter_harness.h"
#include "test/support/loopback_upstream.h"

namespace weir::extensions {
namespace {

class BypassTest : public testing::Test {
 protected:
  void startTo(const net::IpPort& destination) {
    test::FilterHarness::Options options;
    options.loop = &loop_;
    options.info.facts.destination = destination;
    harness_.emplace(test::FilterHarness::Factories{std::make_shared<BypassFactory>()},
                     std::move(options));
  }
  bool until(auto condition) { return loop_.runUntil(condition); }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  std::optional<test::FilterHarness> harness_;
};

TEST_F(BypassTest, RelaysToTheDestinationThatWasDialled) {
  startTo(upstream_.address().ip);
  harness_->client().send("question");
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1; }));
  EXPECT_TRUE(until([&] { return upstream_.peer().received() == "question"; }));
  upstream_.peer().send("answer");
  upstream_.peer().sendEnd();
  EXPECT_TRUE(until([&] { return harness_->client().ended(); }));
  EXPECT_EQ(harness_->client().received(), "answer");
  harness_->client().sendEnd();
  EXPECT_TRUE(until([&] { return harness_->closed(); }));
  EXPECT_EQ(harness_->closeReason(), "upstream_fin");
  EXPECT_EQ(harness_->info().cluster, "bypass");
}

TEST_F(BypassTest, WithoutADestinationItResetsTheClient) {
  startTo({});
  EXPECT_TRUE(until([&] { return harness_->closed(); }));
  EXPECT_EQ(harness_->closeReason(), "no_destination");
  EXPECT_TRUE(until([&] { return harness_->client().error() == ECONNRESET; }));
}

TEST(BypassFactoryTest, NeedsTheDestination) {
  EXPECT_TRUE(BypassFactory().requiredFacts().has(filter::Fact::Destination));
}

}  // namespace
}  // namespace weir::extensions
