#include "source/server/service_manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace weir::server {
namespace {

// A service manager's end: a datagram socket at a path, or at an abstract name with @.
class Receiver {
 public:
  explicit Receiver(const std::string& address)
      : address_(address), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::memcpy(own.sun_path, address.data(), address.size());
    if (address[0] == '@') own.sun_path[0] = '\0';
    const size_t length =
        offsetof(sockaddr_un, sun_path) + address.size() + (address[0] == '@' ? 0 : 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&own), static_cast<socklen_t>(length)), 0);
  }
  ~Receiver() {
    ::close(fd_);
    if (address_[0] != '@') ::unlink(address_.c_str());
  }
  // The next message; "-" if there is none.
  std::string next() const {
    char text[1024];
    const ssize_t got = ::recv(fd_, text, sizeof text, 0);
    return got < 0 ? "-" : std::string(text, static_cast<size_t>(got));
  }

 private:
  const std::string address_;
  const int fd_;
};

std::string name(const std::string& start) { return start + std::to_string(::getpid()); }

TEST(ServiceManagerTest, TellsWhatHappensAtAPathAndAtAnAbstractName) {
  for (const std::string& address : {name("/tmp/weir-notify-"), name("@weir-notify-")}) {
    const Receiver receiver(address);
    const ServiceManager manager(address);
    manager.ready("serving");
    manager.reloading(MonotonicTime(std::chrono::nanoseconds(1'234'567'890)));
    manager.stopping("draining");
    EXPECT_EQ(receiver.next(), "READY=1\nSTATUS=serving\n");
    EXPECT_EQ(receiver.next(), "RELOADING=1\nMONOTONIC_USEC=1234567\nSTATUS=reloading\n");
    EXPECT_EQ(receiver.next(), "STOPPING=1\nSTATUS=draining\n");
    EXPECT_EQ(receiver.next(), "-");
  }
}

TEST(ServiceManagerTest, IsToldWhenThereAreNoDescriptorsLeft) {
  const std::string address = name("@weir-notify-exhausted-");
  const Receiver receiver(address);
  const ServiceManager manager(address);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  manager.stopping("draining");
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(receiver.next(), "STOPPING=1\nSTATUS=draining\n");
}

TEST(ServiceManagerTest, IsTakenFromTheEnvironmentOnce) {
  const std::string address = name("@weir-notify-env-");
  const Receiver receiver(address);
  ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
  ServiceManager::fromEnvironment().ready("a");
  ServiceManager::fromEnvironment().ready("b");
  EXPECT_EQ(receiver.next(), "READY=1\nSTATUS=a\n");
  EXPECT_EQ(receiver.next(), "-");
}

TEST(ServiceManagerTest, AManagerThatIsNotThereIsNoFault) {
  ServiceManager("").ready("x");
  ServiceManager(name("/tmp/weir-nobody-")).ready("x");
  ServiceManager("relative").ready("x");
  ServiceManager("/" + std::string(200, 'x')).ready("x");
}

TEST(ServiceManagerTest, SocketsForAnotherProcessAreNotTaken) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  const auto sockets = takeInheritedSockets();
  ASSERT_TRUE(sockets.ok());
  EXPECT_TRUE(sockets.value().empty());
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST(ServiceManagerTest, NonsenseInTheEnvironmentIsNoSocket) {
  for (const char* count : {"", "x", "-1", "1x"}) {
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    const auto sockets = takeInheritedSockets();
    ASSERT_TRUE(sockets.ok()) << count;
    EXPECT_TRUE(sockets.value().empty()) << count;
  }
}

TEST(ServiceManagerTest, ASocketThatDoesNotListenIsRefused) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_FALSE(net::ListenSocket::adopt(fd).ok());
  const int datagrams = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  EXPECT_FALSE(net::ListenSocket::adopt(datagrams).ok());
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  EXPECT_FALSE(net::ListenSocket::adopt(file).ok());
}

TEST(ServiceManagerTest, AdoptedSocketsKnowTheirAddress) {
  for (const std::string& text : {std::string("127.0.0.1:0"), "unix:" + name("/tmp/weir-adopt-"),
                                  "unix:" + name("@weir-adopt-")}) {
    const auto original =
        net::ListenSocket::open(*net::SocketAddress::parse(text), net::ListenOptions{}, true);
    ASSERT_TRUE(original.ok());
    const auto adopted = net::ListenSocket::adopt(::dup(original.value().fd()));
    ASSERT_TRUE(adopted.ok());
    EXPECT_EQ(adopted.value().address(), original.value().address());
    net::removeSocketFile(adopted.value().address());
  }
}

}  // namespace
}  // namespace weir::server
