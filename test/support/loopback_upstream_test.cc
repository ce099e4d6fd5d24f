#include "test/support/loopback_upstream.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

class LoopbackUpstreamTest : public testing::Test {
 protected:
  // Declared first: its loop outlives the client.
  TestLoop loop_;
  LoopbackUpstream upstream_{loop_};

  std::unique_ptr<TestPeer> connect() {
    auto io = net::SocketIo::connect(upstream_.address());
    return std::make_unique<TestPeer>(*loop_, std::move(io).value());
  }
};

TEST_F(LoopbackUpstreamTest, AcceptsAndTalks) {
  const auto client = connect();
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  client->send("ping");
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.peer().received() == "ping"; }));
  upstream_.peer().send("pong");
  EXPECT_TRUE(loop_.runUntil([&] { return client->received() == "pong"; }));
}

TEST_F(LoopbackUpstreamTest, SpeaksFirstIfToldSo) {
  upstream_.greetWith("220 hello\r\n");
  const auto client = connect();
  EXPECT_TRUE(loop_.runUntil([&] { return client->received() == "220 hello\r\n"; }));
}

TEST_F(LoopbackUpstreamTest, HasAnAddressThatRefuses) {
  EXPECT_EQ(upstream_.refusingAddress(), upstream_.refusingAddress());
  auto io = net::SocketIo::connect(upstream_.refusingAddress());
  ASSERT_FALSE(io.ok() && io.value()->takeError() == 0);
}

TEST_F(LoopbackUpstreamTest, HasAnAddressThatDoesNotAnswer) {
  auto io = net::SocketIo::connect(upstream_.unansweringAddress());
  ASSERT_TRUE(io.ok());
  TestPeer client(*loop_, std::move(io).value());
  loop_.runUntilIdle();
  client.send("x");
  EXPECT_FALSE(client.allSent());
}

}  // namespace
}  // namespace weir::test
