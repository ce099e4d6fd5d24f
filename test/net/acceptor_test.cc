// How a listening socket is left.

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "source/net/io.h"
#include "source/net/listen_socket.h"
#include "test/support/test_loop.h"

namespace weir::net {
namespace {

using std::chrono::milliseconds;

class AcceptorTest : public testing::Test, protected Acceptor::Events {
 protected:
  void SetUp() override {
    // A sanitizer looks at an object's type once, and needs a descriptor for that: not when there
    // are none.
    static_cast<Acceptor::Events&>(*this).onAcceptError(0);
    listenOn("127.0.0.1:0");
  }
  void listenOn(const std::string& address) {
    acceptor_.reset();
    auto socket = ListenSocket::open(*SocketAddress::parse(address), {}, true);
    ASSERT_TRUE(socket.ok());
    address_ = socket.value().address();
    acceptor_.emplace(*loop_, std::move(socket).value(), static_cast<Acceptor::Events&>(*this));
    loop_.runUntilIdle();
  }
  void TearDown() override {
    acceptor_.reset();
    for (const int fd : clients_) ::close(fd);
  }
  // Errno of a connect that does not wait.
  int connect() {
    const int family = address_.isUnix()                     ? AF_UNIX
                       : address_.ip.ip.family == Family::V6 ? AF_INET6
                                                             : AF_INET;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    clients_.push_back(fd);
    sockaddr_storage storage;
    const unsigned length = toSockaddr(address_, &storage);
    const bool done = ::connect(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0;
    return done ? 0 : errno;
  }
  // Whether the last client is connected.
  bool stands() {
    sockaddr_storage storage;
    socklen_t length = sizeof storage;
    return ::getpeername(clients_.back(), reinterpret_cast<sockaddr*>(&storage), &length) == 0;
  }

  void onAccept(AcceptedFd accepted) override {
    ++accepted_;
    ::close(accepted.fd);
    if (accepted_ <= refill_) {
      ::close(clients_.back());
      clients_.pop_back();
      connect();
    }
  }
  void onAcceptError(int error) override { error_ = error; }
  void onAcceptorClosed() override { closed_ = true; }

  test::TestLoop loop_;
  SocketAddress address_;
  std::optional<Acceptor> acceptor_;
  std::vector<int> clients_;
  int accepted_ = 0;
  int refill_ = 0;  // for so many of them another one comes at once
  int error_ = 0;
  bool closed_ = false;
};

TEST_F(AcceptorTest, WhoHasConnectedBeforeItFinishesIsAcceptedAndNobodyNewIsTaken) {
  for (const char* address : {"127.0.0.1:0", "[::1]:0"}) {
    listenOn(address);
    accepted_ = 0;
    closed_ = false;
    for (int i = 0; i < 200; ++i) connect();
    acceptor_->finish();
    connect();
    EXPECT_FALSE(stands()) << address;
    loop_.runUntilIdle();
    EXPECT_EQ(accepted_, 200);
    EXPECT_FALSE(closed_);
    // Where they come, more handshakes may be under way.
    loop_.advance(Acceptor::FinishGrace - milliseconds(1));
    EXPECT_FALSE(closed_);
    loop_.advance(milliseconds(1));
    EXPECT_TRUE(closed_);
    EXPECT_EQ(accepted_, 200);
  }
}

TEST_F(AcceptorTest, TheGraceIsCountedFromFinishAndNotFromTheLastConnection) {
  const MonotonicTime begin = loop_->now();
  connect();
  loop_.runUntilIdle();
  EXPECT_EQ(accepted_, 1);
  loop_.advance(milliseconds(700));
  acceptor_->finish();
  loop_.advance(Acceptor::FinishGrace - milliseconds(1));
  EXPECT_FALSE(closed_);
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(closed_);
  EXPECT_EQ(loop_->now() - begin, milliseconds(700) + Acceptor::FinishGrace);
}

TEST_F(AcceptorTest, WhereNobodyHasComeLatelyItIsClosedSooner) {
  connect();
  loop_.runUntilIdle();
  loop_.advance(Acceptor::FinishGrace);
  acceptor_->finish();
  loop_.advance(Acceptor::IdleFinishGrace - milliseconds(1));
  EXPECT_FALSE(closed_);
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(closed_);
}

// As fast as the queue is emptied.
TEST_F(AcceptorTest, AQueueThatIsRefilledForEverDoesNotKeepItOpen) {
  listenOn("unix:@weir-acceptor-test-" + std::to_string(::getpid()));
  refill_ = 100'000;
  for (int i = 0; i < 100; ++i) connect();
  acceptor_->finish();
  loop_.runUntilIdle();
  EXPECT_TRUE(closed_);
  EXPECT_LT(accepted_, refill_);
}

TEST_F(AcceptorTest, AQueueThatCannotBeEmptiedDoesNotKeepItOpen) {
  connect();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  acceptor_->finish();
  loop_.advance(std::chrono::minutes(1));
  EXPECT_FALSE(closed_);
  loop_.advance(std::chrono::minutes(1));
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(closed_);
  EXPECT_EQ(accepted_, 0);
}

TEST_F(AcceptorTest, OutOfDescriptorsWhatWaitsIsKeptUntilThereAreSome) {
  for (int i = 0; i < 10; ++i) connect();
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  acceptor_->finish();
  loop_.advance(std::chrono::seconds(10));
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(error_, EMFILE);
  EXPECT_EQ(accepted_, 0);
  EXPECT_FALSE(closed_);
  loop_.advance(milliseconds(100));
  EXPECT_EQ(accepted_, 10);
  EXPECT_TRUE(closed_);
}

// Who has it, too, goes on with it.
TEST_F(AcceptorTest, ASocketThatOthersHaveTooGoesOnTakingConnections) {
  auto theirs = ListenSocket::open(*SocketAddress::parse("127.0.0.1:0"), {}, true);
  ASSERT_TRUE(theirs.ok());
  auto ours = theirs.value().duplicate();
  ASSERT_TRUE(ours.ok());
  EXPECT_FALSE(ours.value().takeNoMore());
  address_ = theirs.value().address();
  connect();
  EXPECT_TRUE(stands());
}

}  // namespace
}  // namespace weir::net
