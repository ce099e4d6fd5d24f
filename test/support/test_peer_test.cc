#include "test/support/test_peer.h"

#include <gtest/gtest.h>

#include "test/support/memory_pipe.h"
#include "test/support/test_loop.h"

namespace weir::test {
namespace {

class TestPeerTest : public testing::Test {
 protected:
  TestLoop loop_;
  MemoryPipe pipe_{*loop_};
  TestPeer left_{*loop_, pipe_.takeFirst()};
  TestPeer right_{*loop_, pipe_.takeSecond()};
};

TEST_F(TestPeerTest, TalksBothWays) {
  left_.send("ping");
  right_.send("pong");
  loop_.runUntilIdle();
  EXPECT_EQ(left_.takeReceived(), "pong");
  EXPECT_EQ(right_.takeReceived(), "ping");
  EXPECT_EQ(left_.received(), "");
}

TEST_F(TestPeerTest, SendsTheRestWhenThereIsRoom) {
  pipe_.toSecond().capacity = 2;
  left_.send("abcdefg");
  EXPECT_FALSE(left_.allSent());
  left_.sendEnd();
  loop_.runUntilIdle();
  EXPECT_EQ(right_.received(), "abcdefg");
  EXPECT_TRUE(right_.ended());
}

TEST_F(TestPeerTest, LeavesBytesUnreadWhileItIsTold) {
  right_.stopReading();
  left_.send("abc");
  loop_.runUntilIdle();
  EXPECT_EQ(right_.received(), "");
  right_.readOn();
  EXPECT_EQ(right_.received(), "abc");
}

TEST_F(TestPeerTest, AnEndLeavesTheOtherDirectionOpen) {
  left_.sendEnd();
  loop_.runUntilIdle();
  EXPECT_TRUE(right_.ended());
  right_.send("more");
  loop_.runUntilIdle();
  EXPECT_EQ(left_.received(), "more");
  EXPECT_FALSE(left_.ended());
}

TEST_F(TestPeerTest, ToldOfAReset) {
  left_.reset();
  loop_.runUntilIdle();
  EXPECT_EQ(right_.error(), ECONNRESET);
  EXPECT_FALSE(right_.ended());
}

TEST_F(TestPeerTest, ClosingIsAnEndForTheOther) {
  left_.send("bye");
  left_.close();
  loop_.runUntilIdle();
  EXPECT_EQ(right_.received(), "bye");
  EXPECT_TRUE(right_.ended());
  EXPECT_EQ(right_.error(), 0);
}

}  // namespace
}  // namespace weir::test
