#include "source/net/io.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "source/net/connection.h"
#include "test/support/loopback_upstream.h"
#include "test/support/recording_events.h"
#include "test/support/test_loop.h"

namespace weir::net {
namespace {

using Lines = test::RecordingEvents::Lines;

// A connection over a real socket, to a server on loopback.
class SocketIoTest : public testing::Test {
 protected:
  void connect(const SocketAddress& to) {
    auto io = SocketIo::connect(to);
    ASSERT_TRUE(io.ok());
    connection_ =
        std::make_unique<Connection>(*loop_, slices_, std::move(io).value(),
                                     Connection::Start::Connecting, ConnectionLimits{}, events_);
  }
  void connectAndAccept() {
    ASSERT_NO_FATAL_FAILURE(connect(upstream_.address()));
    ASSERT_TRUE(loop_.runUntil(
        [&] { return upstream_.connections() == 1 && events_.lines() == Lines{"connected"}; }));
    events_.take();
  }
  void write(std::string_view text, bool end = false) {
    buffer::Buffer data(slices_);
    data.append(text);
    connection_->write(data, end);
  }
  bool told(const Lines& lines) {
    return loop_.runUntil([&] { return events_.lines() == lines; });
  }

  buffer::SlicePool slices_;
  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  test::RecordingEvents events_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(SocketIoTest, ConnectsAndTalks) {
  connectAndAccept();
  write("ping");
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().received() == "ping"; }));
  upstream_.peer().send("pong");
  EXPECT_TRUE(told({"data:pong"}));
}

TEST_F(SocketIoTest, RefusedIsAFault) {
  ASSERT_NO_FATAL_FAILURE(connect(upstream_.refusingAddress()));
  EXPECT_TRUE(told({"fault:refused"}));
}

TEST_F(SocketIoTest, CarriesHalfCloseBothWays) {
  connectAndAccept();
  write("bye", true);
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  EXPECT_EQ(upstream_.peer().received(), "bye");
  upstream_.peer().send("answer");
  upstream_.peer().sendEnd();
  EXPECT_TRUE(told({"data:answer", "end"}));
}

TEST_F(SocketIoTest, AResetIsAFault) {
  connectAndAccept();
  upstream_.peer().reset();
  EXPECT_TRUE(told({"fault:reset"}));
}

// A server that answers and closes without having read everything: the answer and the reset arrive
// together.
TEST_F(SocketIoTest, AResetRightBehindTheLastBytesIsAFault) {
  connectAndAccept();
  upstream_.peer().stopReading();
  write("unread");
  upstream_.peer().send("answer");
  upstream_.peer().close();
  EXPECT_TRUE(told({"data:answer", "fault:reset"}));
}

TEST_F(SocketIoTest, ClosingWithResetTellsThePeer) {
  connectAndAccept();
  connection_->close(true);
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().error() == ECONNRESET; }));
}

TEST_F(SocketIoTest, KnowsItsAddresses) {
  connectAndAccept();
  EXPECT_EQ(peerAddress(connection_->rawFd()), upstream_.address().ip);
  EXPECT_EQ(localAddress(connection_->rawFd()).ip, upstream_.address().ip.ip);
  IpPort destination;
  EXPECT_FALSE(originalDestination(connection_->rawFd(), destination));
}

}  // namespace
}  // namespace weir::net
