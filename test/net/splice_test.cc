#include "source/net/splice.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include "source/net/relay.h"
#include "test/net/relay_fixture.h"
#include "test/support/loopback_upstream.h"

namespace weir::net {
namespace {

using Side = Relay::Side;

constexpr size_t Limit = 32768;
constexpr size_t Bulk = 20 << 20;

std::array<std::unique_ptr<Io>, 2> socketPair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {std::make_unique<SocketIo>(fds[0]), std::make_unique<SocketIo>(fds[1])};
}

// Two connected TCP sockets on loopback.
std::array<std::unique_ptr<Io>, 2> tcpPair() {
  auto listening = ListenSocket::open(*SocketAddress::parse("127.0.0.1:0"), {}, false);
  EXPECT_TRUE(listening.ok());
  auto connecting = SocketIo::connect(listening.value().address());
  EXPECT_TRUE(connecting.ok());
  const int fd = ::accept4(listening.value().fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  EXPECT_GE(fd, 0);
  return {std::move(connecting).value(), std::make_unique<SocketIo>(fd)};
}

// A relay between two pairs of real sockets.
class SpliceTest : public testing::Test {
 protected:
  // As the program does: unlike send(), splice() cannot be asked not to raise it.
  static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

  template <class MakePair>
  void relayOver(MakePair make, PipePool& pipes) {
    auto client = make();
    auto upstream = make();
    client_.emplace(Side::Client, *loop_, slices_, std::move(client[0]), std::move(client[1]),
                    Limit);
    upstream_.emplace(Side::Upstream, *loop_, slices_, std::move(upstream[0]),
                      std::move(upstream[1]), Limit);
    relay_.emplace(pipes, client_->connection, &client_->connection, upstream_->connection,
                   [this] { ++progress_; });
    client_->relay = upstream_->relay = &*relay_;
  }
  bool until(auto condition) { return loop_.runUntil(condition); }
  // Turns until the upstream has `n` bytes; tells if the kernel moved some of them.
  bool splicesUntilUpstreamHas(size_t n) {
    bool spliced = false;
    EXPECT_TRUE(until([&] {
      spliced |= relay_->splicing(Side::Client);
      return upstream_->peer.received().size() >= n;
    }));
    return spliced;
  }

  // In this order: each uses those above it.
  buffer::SlicePool slices_;
  PipePool pipes_;
  test::TestLoop loop_;
  std::optional<RelaySide> client_;
  std::optional<RelaySide> upstream_;
  std::optional<Relay> relay_;
  int progress_ = 0;
};

TEST_F(SpliceTest, CarriesBulkBothWaysAtOnceOverTcp) {
  relayOver(tcpPair, pipes_);
  const std::string up = numberedBytes(Bulk, 1);
  const std::string down = numberedBytes(Bulk, 2);
  client_->peer.send(up);
  client_->peer.sendEnd();
  upstream_->peer.send(down);
  upstream_->peer.sendEnd();
  EXPECT_TRUE(until([&] { return relay_->done(); }));
  client_->connection.close(false);
  upstream_->connection.close(false);
  EXPECT_TRUE(until([&] { return client_->peer.ended() && upstream_->peer.ended(); }));
  EXPECT_TRUE(upstream_->peer.received() == up);
  EXPECT_TRUE(client_->peer.received() == down);
  EXPECT_EQ(client_->connection.bytesRead(), Bulk);
  EXPECT_EQ(client_->connection.bytesWritten(), Bulk);
}

TEST_F(SpliceTest, BulkIsMovedByTheKernelAndSmallMessagesAreNot) {
  relayOver(tcpPair, pipes_);
  client_->peer.send("small");
  EXPECT_FALSE(splicesUntilUpstreamHas(5));
  client_->peer.send(numberedBytes(Bulk));
  EXPECT_TRUE(splicesUntilUpstreamHas(Bulk + 5));
  EXPECT_GT(progress_, 0);
}

TEST_F(SpliceTest, GoesBackToCopyingWhenMessagesAreSmallAgain) {
  relayOver(tcpPair, pipes_);
  client_->peer.send(numberedBytes(Bulk));
  EXPECT_TRUE(splicesUntilUpstreamHas(Bulk));
  size_t sent = Bulk;
  for (int i = 0; i < 50 && relay_->splicing(Side::Client); ++i) {
    client_->peer.send("small");
    splicesUntilUpstreamHas(sent += 5);
  }
  EXPECT_FALSE(relay_->splicing(Side::Client));
  client_->peer.send("copied");
  splicesUntilUpstreamHas(sent + 6);
  EXPECT_TRUE(upstream_->peer.received().ends_with("smallcopied"));
}

TEST_F(SpliceTest, TheEndIsCarriedWhileSplicing) {
  relayOver(socketPair, pipes_);
  const std::string text = numberedBytes(Bulk);
  client_->peer.send(text);
  EXPECT_TRUE(splicesUntilUpstreamHas(Bulk / 2));
  client_->peer.sendEnd();
  EXPECT_TRUE(until([&] { return upstream_->peer.ended(); }));
  EXPECT_TRUE(upstream_->peer.received() == text);
  upstream_->peer.send("answer");
  EXPECT_TRUE(until([&] { return client_->peer.received() == "answer"; }));
}

TEST_F(SpliceTest, ASlowSinkHoldsTheSourceBackAndLosesNothing) {
  relayOver(tcpPair, pipes_);
  const std::string text = numberedBytes(Bulk);
  client_->peer.send(text);
  EXPECT_TRUE(splicesUntilUpstreamHas(Bulk / 8));
  upstream_->peer.stopReading();
  loop_.runUntilIdle();
  const uint64_t stuck = client_->connection.bytesRead();
  loop_.runUntilIdle();
  EXPECT_EQ(client_->connection.bytesRead(), stuck);
  EXPECT_EQ(slices_.inUse(), 0U);  // nothing is held here
  while (upstream_->peer.received().size() < Bulk) {
    upstream_->peer.readOn();
    upstream_->peer.stopReading();
    loop_->runOnce(false);
  }
  EXPECT_TRUE(upstream_->peer.received() == text);
}

TEST_F(SpliceTest, WithoutPipesBytesAreCopied) {
  PipePool none(0);
  relayOver(tcpPair, none);
  client_->peer.send(numberedBytes(Bulk));
  EXPECT_FALSE(splicesUntilUpstreamHas(Bulk));
  EXPECT_TRUE(upstream_->peer.received() == numberedBytes(Bulk));
  relay_.reset();
}

TEST_F(SpliceTest, AResetWhileSplicingIsAFault) {
  relayOver(tcpPair, pipes_);
  client_->peer.send(numberedBytes(Bulk));
  EXPECT_TRUE(splicesUntilUpstreamHas(Bulk / 2));
  client_->peer.reset();
  EXPECT_TRUE(until([&] { return client_->fault == "reset"; }));
}

TEST_F(SpliceTest, AResetOfTheSinkWhileSplicingIsAFault) {
  relayOver(tcpPair, pipes_);
  client_->peer.send(numberedBytes(Bulk));
  EXPECT_TRUE(splicesUntilUpstreamHas(Bulk / 2));
  upstream_->peer.reset();
  EXPECT_TRUE(until([&] { return upstream_->fault == "reset"; }));
}

TEST(PipePoolTest, IsBoundedAndReusesEmptyPipes) {
  PipePool pool(1);
  Pipe first;
  Pipe second;
  ASSERT_TRUE(pool.take(first));
  EXPECT_GE(first.capacity, 4096U);
  EXPECT_FALSE(pool.take(second));
  pool.giveBack(first, true);
  ASSERT_TRUE(pool.take(second));
  EXPECT_EQ(second.read_fd, first.read_fd);
  pool.giveBack(second, false);  // closed: a new one may be made
  EXPECT_TRUE(pool.take(first));
  pool.giveBack(first, true);
}

}  // namespace
}  // namespace weir::net
