#include "test/support/test_terminal.h"

#include <gtest/gtest.h>

#include "test/support/filter_harness.h"

namespace weir::test {
namespace {

class TestTerminalTest : public testing::Test {
 protected:
  TestTerminal server_;
  FilterHarness harness_{{server_.factory()}};
};

TEST_F(TestTerminalTest, KeepsWhatTheClientSendsAndItsEnd) {
  harness_.client().send("abc");
  harness_.run();
  EXPECT_TRUE(server_.started());
  EXPECT_EQ(server_.takeReceived(), "abc");
  EXPECT_FALSE(server_.ended());
  harness_.client().sendEnd();
  harness_.run();
  EXPECT_TRUE(server_.ended());
}

TEST_F(TestTerminalTest, AnswersWhenTold) {
  server_.send("abc");
  server_.sendEnd();
  harness_.run();
  EXPECT_EQ(harness_.client().received(), "abc");
  EXPECT_TRUE(harness_.client().ended());
}

TEST_F(TestTerminalTest, IsToldThatItMayWriteAgain) {
  harness_.towardsClient().capacity = 1;
  harness_.client().stopReading();
  server_.send(std::string(100'000, 'x'));
  EXPECT_TRUE(server_.writeBlocked());
  harness_.run();
  EXPECT_EQ(server_.writeReadies(), 0);
  harness_.client().readOn();
  harness_.run();
  EXPECT_FALSE(server_.writeBlocked());
  EXPECT_EQ(server_.writeReadies(), 1);
}

TEST_F(TestTerminalTest, ClosesAndHearsOfIt) {
  server_.close(filter::Close::Reset, "upstream_reset");
  harness_.run();
  EXPECT_TRUE(server_.closed());
  EXPECT_EQ(harness_.closeReason(), "upstream_reset");
}

}  // namespace
}  // namespace weir::test
