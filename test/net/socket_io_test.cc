#include "source/net/io.h"

#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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
  static int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT_EQ(getsockopt(fd, level, name, &value, &length), 0);
    return value;
  }
  bool hasOptions() const {
    const int fd = connection_->rawFd();
    const int set = option(fd, IPPROTO_TCP, TCP_NODELAY) + option(fd, SOL_SOCKET, SO_KEEPALIVE) +
                    option(fd, SOL_SOCKET, SO_OOBINLINE);
    EXPECT_TRUE(set == 0 || set == 3) << set;
    return set == 3;
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

// What is worth a system call only for a connection that goes on is set at its second write or
// read.
TEST_F(SocketIoTest, SetsOptionsAtTheSecondWrite) {
  connectAndAccept();
  write("one");
  EXPECT_FALSE(hasOptions());
  write("two");
  EXPECT_TRUE(hasOptions());
}

TEST_F(SocketIoTest, SetsOptionsAtTheSecondRead) {
  connectAndAccept();
  upstream_.peer().send("one");
  ASSERT_TRUE(told({"data:one"}));
  EXPECT_FALSE(hasOptions());
  upstream_.peer().send("two");
  ASSERT_TRUE(told({"data:one", "data:two"}));
  EXPECT_TRUE(hasOptions());
}

TEST_F(SocketIoTest, ReadingTheEndSetsNoOptions) {
  connectAndAccept();
  upstream_.peer().send("one");
  ASSERT_TRUE(told({"data:one"}));
  upstream_.peer().sendEnd();
  ASSERT_TRUE(told({"data:one", "end"}));
  EXPECT_FALSE(hasOptions());
}

TEST_F(SocketIoTest, AnIdleConnectionCanBeSetUpAsWell) {
  connectAndAccept();
  connection_->settle();
  EXPECT_TRUE(hasOptions());
}

// The SYN alone: the kernel holds the acknowledgement back for our bytes to carry. It does so for
// 40 ms, which a busy machine may let pass before we look; not each time.
TEST_F(SocketIoTest, ConnectingForBytesThatAreReadyTakesAPacketLess) {
  constexpr uint8_t Established =
      1;  // TCP_ESTABLISHED of netinet/tcp.h, which does not go with linux/tcp.h
  const auto packetsToConnect = [this](SocketIo::First first) -> uint32_t {
    auto io = SocketIo::connect(upstream_.address(), first);
    tcp_info info{};
    socklen_t length = sizeof info;
    while (io.ok() && info.tcpi_state != Established) {
      if (getsockopt(io.value()->rawFd(), IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return 0;
    }
    return info.tcpi_segs_out;
  };
  EXPECT_EQ(packetsToConnect(SocketIo::First::Unknown), 2U);
  uint32_t packets = 2;
  for (int i = 0; i < 5 && packets == 2; ++i) packets = packetsToConnect(SocketIo::First::OurBytes);
  EXPECT_EQ(packets, 1U);
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

TEST_F(SocketIoTest, TheEndTravelsWithTheLastBytes) {
  connectAndAccept();
  const auto packetsOut = [this] {
    tcp_info info{};
    socklen_t length = sizeof info;
    EXPECT_EQ(getsockopt(connection_->rawFd(), IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    return info.tcpi_segs_out;
  };
  const uint32_t before = packetsOut();
  write("bye", true);
  EXPECT_EQ(packetsOut() - before, 1U);
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  EXPECT_EQ(upstream_.peer().received(), "bye");
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

// An accepted connection whose client has spoken: its bytes come in the turn in which it is read.
class ReadSoonTest : public SocketIoTest {
 protected:
  ReadSoonTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds_.data()), 0);
    connection_ =
        std::make_unique<Connection>(*loop_, slices_, std::make_unique<SocketIo>(fds_[0]),
                                     Connection::Start::Connected, ConnectionLimits{}, events_);
  }
  ~ReadSoonTest() override { ::close(fds_[1]); }
  void clientSays(std::string_view text) {
    EXPECT_EQ(::write(fds_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::array<int, 2> fds_{};
};

TEST_F(ReadSoonTest, BytesThatAreThereComeEvenIfNothingIsWatched) {
  clientSays("hello");
  connection_->readSoon();
  connection_->expectNothing(true);
  loop_->runOnce(false);
  EXPECT_EQ(events_.take(), Lines{"data:hello"});
}

TEST_F(ReadSoonTest, WhatComesLaterIsToldAsEver) {
  connection_->readSoon();
  loop_->runOnce(false);
  EXPECT_EQ(events_.take(), Lines{});
  clientSays("hello");
  EXPECT_TRUE(told({"data:hello"}));
}

TEST_F(ReadSoonTest, OneOfWhichNothingIsExpectedIsWatchedWhenAWriteIsBlocked) {
  connection_->expectNothing(true);
  write(std::string(10'000'000, 'x'));
  clientSays("hello");
  loop_->runOnce(false);
  EXPECT_EQ(events_.take(), Lines{"data:hello"});
}

}  // namespace
}  // namespace weir::net
