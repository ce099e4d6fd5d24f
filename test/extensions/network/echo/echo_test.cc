#include "source/extensions/network/echo/echo.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/support/filter_harness.h"

namespace weir::extensions {
namespace {

class EchoTest : public testing::Test {
 protected:
  test::FilterHarness harness_{{std::make_shared<EchoFactory>()}};
  test::TestPeer& client_ = harness_.client();
};

TEST_F(EchoTest, SendsBackWhatItGets) {
  client_.send("abc");
  harness_.run();
  EXPECT_EQ(client_.takeReceived(), "abc");
  client_.send("def");
  harness_.run();
  EXPECT_EQ(client_.takeReceived(), "def");
  EXPECT_FALSE(harness_.closed());
}

TEST_F(EchoTest, EndsWhenTheClientHasEndedAndHasItAll) {
  client_.send("last");
  client_.sendEnd();
  harness_.run();
  EXPECT_EQ(client_.received(), "last");
  EXPECT_TRUE(client_.ended());
  EXPECT_TRUE(harness_.closed());
  EXPECT_EQ(harness_.closeReason(), "client_fin");
}

TEST_F(EchoTest, AClientThatOnlyEndsGetsAnEnd) {
  client_.sendEnd();
  harness_.run();
  EXPECT_TRUE(client_.ended());
  EXPECT_TRUE(harness_.closed());
}

TEST_F(EchoTest, AClientThatDoesNotReadDoesNotFillTheMemory) {
  harness_.towardsClient().capacity = 1000;
  client_.stopReading();
  const std::string text(1'000'000, 'x');
  client_.send(text);
  harness_.run();
  EXPECT_LE(harness_.connection().bytesRead(), 3U * 32768);
  client_.readOn();
  harness_.run();
  EXPECT_TRUE(client_.received() == text);
}

TEST_F(EchoTest, AResetOfTheClientEndsIt) {
  client_.reset();
  harness_.run();
  EXPECT_EQ(harness_.closeReason(), "client_reset");
}

}  // namespace
}  // namespace weir::extensions
