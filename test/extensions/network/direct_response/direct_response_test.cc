#include "source/extensions/network/direct_response/direct_response.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "test/support/filter_harness.h"

namespace weir::extensions {
namespace {

using std::chrono::seconds;

class DirectResponseTest : public testing::Test {
 protected:
  void start(DirectResponseSettings settings) {
    harness_.emplace(test::FilterHarness::Factories{
        std::make_shared<DirectResponseFactory>(std::move(settings))});
    harness_->run();
  }
  test::TestPeer& client() { return harness_->client(); }

  std::optional<test::FilterHarness> harness_;
};

TEST_F(DirectResponseTest, AnswersTheFirstBytesAndCloses) {
  start({.body = "HTTP/1.1 403 Forbidden\r\n\r\n"});
  EXPECT_EQ(client().received(), "");
  client().send("GET / HTTP/1.1\r\n\r\n");
  client().sendEnd();
  harness_->run();
  EXPECT_EQ(client().received(), "HTTP/1.1 403 Forbidden\r\n\r\n");
  EXPECT_TRUE(client().ended());
  EXPECT_EQ(client().error(), 0);
  EXPECT_EQ(harness_->closeReason(), "response_sent");
}

TEST_F(DirectResponseTest, OnAcceptItSpeaksFirst) {
  start({.body = "220 go away\r\n", .on_accept = true});
  EXPECT_EQ(client().received(), "220 go away\r\n");
  EXPECT_TRUE(client().ended());
  harness_->advance(seconds(1));
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(harness_->closeReason(), "response_sent");
}

TEST_F(DirectResponseTest, KeptOpenItAnswersOnceAndWaitsForTheClient) {
  start({.body = "hello", .on_accept = true, .keep_open = true});
  client().send("anything");
  client().send("more");
  harness_->advance(seconds(3600));
  EXPECT_EQ(client().received(), "hello");
  EXPECT_FALSE(client().ended());
  EXPECT_FALSE(harness_->closed());
  client().sendEnd();
  harness_->run();
  EXPECT_EQ(harness_->closeReason(), "client_fin");
}

TEST_F(DirectResponseTest, AClientThatOnlyEndsGetsTheAnswer) {
  start({.body = "hello"});
  client().sendEnd();
  harness_->run();
  EXPECT_EQ(client().received(), "hello");
  EXPECT_TRUE(harness_->closed());
}

TEST_F(DirectResponseTest, ALargeAnswerGoesOutWhole) {
  const std::string body(1 << 20, 'x');
  start({.body = body});
  harness_->towardsClient().capacity = 1000;
  client().send("x");
  harness_->run();
  EXPECT_TRUE(client().received() == body);
}

TEST_F(DirectResponseTest, AnEmptyAnswerCloses) {
  start({.body = "", .on_accept = true});
  EXPECT_TRUE(client().ended());
}

}  // namespace
}  // namespace weir::extensions
