#include "source/net/relay.h"

#include <gtest/gtest.h>

#include <string>

#include "test/net/relay_fixture.h"
#include "test/support/memory_pipe.h"

namespace weir::net {
namespace {

using Side = Relay::Side;

constexpr size_t Limit = 4096;

class RelayTest : public testing::Test {
 protected:
  RelayTest() {
    client_.relay = upstream_.relay = &relay_;
    loop_.runUntilIdle();
  }
  void run() { loop_.runUntilIdle(); }

  // In this order: each uses those above it.
  buffer::SlicePool slices_;
  PipePool pipes_;
  test::TestLoop loop_;
  test::MemoryPipe client_pipe_{*loop_};
  test::MemoryPipe upstream_pipe_{*loop_};
  RelaySide client_{
      Side::Client, *loop_, slices_, client_pipe_.takeFirst(), client_pipe_.takeSecond(), Limit};
  RelaySide upstream_{
      Side::Upstream, *loop_, slices_, upstream_pipe_.takeFirst(), upstream_pipe_.takeSecond(),
      Limit};
  Relay relay_{pipes_, client_.connection, &client_.connection, upstream_.connection, [] {}};
};

TEST_F(RelayTest, CarriesBytesBothWays) {
  client_.peer.send("question");
  upstream_.peer.send("answer");
  run();
  EXPECT_EQ(upstream_.peer.received(), "question");
  EXPECT_EQ(client_.peer.received(), "answer");
  EXPECT_FALSE(relay_.done());
}

TEST_F(RelayTest, CarriesMuchBothWaysInSmallPieces) {
  const std::string up = numberedBytes(300'000, 1);
  const std::string down = numberedBytes(300'000, 2);
  client_pipe_.toFirst().segment = 1000;
  upstream_pipe_.toSecond().max_write = 700;
  upstream_pipe_.toFirst().segment = 333;
  client_pipe_.toSecond().capacity = 50;
  client_.peer.send(up);
  upstream_.peer.send(down);
  run();
  EXPECT_TRUE(upstream_.peer.received() == up);
  EXPECT_TRUE(client_.peer.received() == down);
  EXPECT_EQ(upstream_.connection.bytesWritten(), up.size());
  EXPECT_EQ(client_.connection.bytesRead(), up.size());
  EXPECT_EQ(client_.connection.bytesWritten(), down.size());
  EXPECT_EQ(upstream_.connection.bytesRead(), down.size());
}

// The side that ends first, and the other.
class RelayHalfCloseTest : public RelayTest, public testing::WithParamInterface<Side> {
 protected:
  RelaySide& first() { return GetParam() == Side::Client ? client_ : upstream_; }
  RelaySide& second() { return GetParam() == Side::Client ? upstream_ : client_; }
};

TEST_P(RelayHalfCloseTest, AnEndIsCarriedAndTheOtherDirectionGoesOn) {
  first().peer.send("last");
  first().peer.sendEnd();
  run();
  EXPECT_EQ(second().peer.received(), "last");
  EXPECT_TRUE(second().peer.ended());
  EXPECT_TRUE(relay_.ended(first().side));
  EXPECT_FALSE(relay_.ended(second().side));
  EXPECT_FALSE(relay_.done());
  second().peer.send("still going");
  run();
  EXPECT_EQ(first().peer.received(), "still going");
  EXPECT_FALSE(first().peer.ended());
}

TEST_P(RelayHalfCloseTest, DoneWhenBothHaveEnded) {
  first().peer.sendEnd();
  run();
  second().peer.send("last words");
  second().peer.sendEnd();
  run();
  EXPECT_TRUE(relay_.done());
  first().connection.close(false);
  second().connection.close(false);
  run();
  EXPECT_EQ(first().peer.received(), "last words");
  EXPECT_TRUE(first().peer.ended());
  EXPECT_EQ(first().peer.error(), 0);
}

TEST_P(RelayHalfCloseTest, BytesInFlightPassBeforeTheEnd) {
  auto& slow = GetParam() == Side::Client ? upstream_pipe_ : client_pipe_;
  slow.toSecond().capacity = 10;
  const std::string text = numberedBytes(20'000);
  first().peer.send(text);
  first().peer.sendEnd();
  second().peer.stopReading();
  run();
  EXPECT_FALSE(second().peer.ended());
  second().peer.readOn();
  run();
  EXPECT_TRUE(second().peer.received() == text);
  EXPECT_TRUE(second().peer.ended());
}

TEST_P(RelayHalfCloseTest, NotDoneWhileBytesAreQueued) {
  auto& slow = GetParam() == Side::Client ? upstream_pipe_ : client_pipe_;
  slow.toSecond().capacity = 10;
  second().peer.sendEnd();
  run();
  second().peer.stopReading();
  first().peer.send("more than ten bytes");
  first().peer.sendEnd();
  run();
  EXPECT_TRUE(relay_.ended(Side::Client) && relay_.ended(Side::Upstream));
  EXPECT_FALSE(relay_.done());
  second().peer.readOn();
  run();
  EXPECT_TRUE(relay_.done());
  EXPECT_EQ(second().peer.received(), "more than ten bytes");
}

TEST_P(RelayHalfCloseTest, BackPressureBoundsMemoryAndLosesNothing) {
  auto& slow = GetParam() == Side::Client ? upstream_pipe_ : client_pipe_;
  slow.toSecond().capacity = 1000;
  auto& fast = GetParam() == Side::Client ? client_pipe_ : upstream_pipe_;
  fast.toFirst().segment = 100;  // many small reads
  const std::string text = numberedBytes(1'000'000);
  second().peer.stopReading();
  first().peer.send(text);
  run();
  EXPECT_TRUE(second().connection.writeBlocked());
  EXPECT_LE(first().connection.bytesRead(), 3 * Limit);
  EXPECT_LE(slices_.bytesInUse(), 4 * buffer::Slice::PooledCapacity);
  second().peer.readOn();
  run();
  EXPECT_TRUE(second().peer.received() == text);
}

TEST_P(RelayHalfCloseTest, OneDirectionMayBlockAndTheOtherGoesOn) {
  auto& slow = GetParam() == Side::Client ? upstream_pipe_ : client_pipe_;
  slow.toSecond().capacity = 10;
  second().peer.stopReading();
  first().peer.send(std::string(100'000, 'x'));
  run();
  second().peer.send("other way");
  run();
  EXPECT_EQ(first().peer.received(), "other way");
}

INSTANTIATE_TEST_SUITE_P(EitherSideFirst, RelayHalfCloseTest,
                         testing::Values(Side::Client, Side::Upstream), [](const auto& instance) {
                           return instance.param == Side::Client ? "Client" : "Upstream";
                         });

TEST_F(RelayTest, BothEndsAtOnce) {
  client_.peer.send("a");
  client_.peer.sendEnd();
  upstream_.peer.send("b");
  upstream_.peer.sendEnd();
  run();
  EXPECT_TRUE(relay_.done());
  client_.connection.close(false);
  upstream_.connection.close(false);
  run();
  EXPECT_EQ(upstream_.peer.received(), "a");
  EXPECT_EQ(client_.peer.received(), "b");
  EXPECT_TRUE(client_.peer.ended() && upstream_.peer.ended());
}

TEST_F(RelayTest, MemoryIsNeverSpliced) {
  client_.peer.send(std::string(1'000'000, 'x'));
  run();
  EXPECT_FALSE(relay_.splicing(Side::Client));
  EXPECT_EQ(upstream_.peer.received().size(), 1'000'000U);
}

TEST_F(RelayTest, AResetIsTheSidesOwnEvent) {
  client_.peer.reset();
  run();
  EXPECT_EQ(client_.fault, "reset");
  EXPECT_FALSE(relay_.done());
}

}  // namespace
}  // namespace weir::net
