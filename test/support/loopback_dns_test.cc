#include "test/support/loopback_dns.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "source/net/io.h"
#include "test/support/test_loop.h"

namespace weir::test {
namespace {

using namespace std::string_literals;

constexpr std::string_view Question("\x12\x34\1\0\0\1\0\0\0\0\0\0\2db\4test\0\0\1\0\1", 25);
const std::string Answer =
    "\x12\x34\x81\x80\0\1\0\1\0\0\0\0\2db\4test\0\0\1\0\1"
    "\2db\4test\0\0\1\0\1\0\0\0\x1e\0\4\x0a\0\0\1"s;

// A client of one question.
class LoopbackDnsTest : public testing::Test {
 protected:
  ~LoopbackDnsTest() override {
    if (fd_ >= 0) ::close(fd_);
  }
  void connectTo(const net::IpPort& address, int type) {
    fd_ = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_storage storage;
    const unsigned length = net::toSockaddr({address, {}}, &storage);
    ASSERT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&storage), length), 0);
  }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(fd_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  std::string receive(size_t count) {
    std::string received;
    loop_.runUntil([&] {
      std::array<char, 512> buffer;
      const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (n > 0) received.append(buffer.data(), static_cast<size_t>(n));
      return received.size() >= count;
    });
    return received;
  }

  TestLoop loop_;
  LoopbackDns dns_{*loop_};
  int fd_ = -1;
};

TEST_F(LoopbackDnsTest, AnswersOverUdp) {
  dns_.answer("db.test", {"fd00::1", "10.0.0.1"}, 30);
  ASSERT_NO_FATAL_FAILURE(connectTo(dns_.address(), SOCK_DGRAM));
  ASSERT_NO_FATAL_FAILURE(send(Question));
  EXPECT_EQ(receive(Answer.size()), Answer);
  EXPECT_EQ(dns_.questions(), std::vector<std::string>{"db.test A"});
}

TEST_F(LoopbackDnsTest, AnswersOverTcpByteByByte) {
  dns_.answer("db.test", {"10.0.0.1"}, 30);
  dns_.trickle();
  ASSERT_NO_FATAL_FAILURE(connectTo(dns_.address(), SOCK_STREAM));
  ASSERT_NO_FATAL_FAILURE(send("\0\x19"s));
  ASSERT_NO_FATAL_FAILURE(send(Question));
  EXPECT_EQ(receive(2 + Answer.size()), "\0"s + static_cast<char>(Answer.size()) + Answer);
  EXPECT_EQ(dns_.openConnections(), 1U);
  ::shutdown(fd_, SHUT_WR);
  EXPECT_TRUE(loop_.runUntil([&] { return dns_.openConnections() == 0; }));
}

TEST_F(LoopbackDnsTest, KnowsNothingOfOtherNames) {
  ASSERT_NO_FATAL_FAILURE(connectTo(dns_.address(), SOCK_DGRAM));
  ASSERT_NO_FATAL_FAILURE(send(Question));
  EXPECT_EQ(receive(1).substr(0, 12), "\x12\x34\x81\x83\0\1\0\0\0\0\0\0"s);
}

}  // namespace
}  // namespace weir::test
