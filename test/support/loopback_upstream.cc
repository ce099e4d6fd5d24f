#include "test/support/loopback_upstream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "source/base/check.h"

namespace weir::test {
namespace {

net::SocketAddress anyLoopbackPort() { return *net::SocketAddress::parse("127.0.0.1:0"); }

net::ListenSocket listenOnLoopback() {
  auto socket = net::ListenSocket::open(anyLoopbackPort(), {.reuse_port = false}, false);
  WEIR_CHECK(socket.ok());
  return std::move(socket).value();
}

int bindToLoopback() {
  sockaddr_storage storage;
  const unsigned length = net::toSockaddr(anyLoopbackPort(), &storage);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  WEIR_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0);
  return fd;
}

}  // namespace

LoopbackUpstream::LoopbackUpstream(TestLoop& loop)
    : loop_(*loop), acceptor_(*loop, listenOnLoopback(), *this) {}

LoopbackUpstream::~LoopbackUpstream() {
  for (const int fd : {refusing_fd_, unanswering_fd_}) {
    if (fd >= 0) ::close(fd);
  }
}

net::SocketAddress LoopbackUpstream::refusingAddress() {
  if (refusing_fd_ < 0) refusing_fd_ = bindToLoopback();
  return {net::localAddress(refusing_fd_), {}};
}

net::SocketAddress LoopbackUpstream::unansweringAddress() {
  if (unanswering_fd_ < 0) unanswering_fd_ = bindToLoopback();
  const net::SocketAddress address{net::localAddress(unanswering_fd_), {}};
  if (!fillers_.empty()) return address;
  WEIR_CHECK(::listen(unanswering_fd_, 0) == 0);
  for (int i = 0; i < 4; ++i) fillers_.push_back(net::SocketIo::connect(address));
  return address;
}

void LoopbackUpstream::onAccept(net::AcceptedFd accepted) {
  peers_.push_back(std::make_unique<TestPeer>(loop_, std::make_unique<net::SocketIo>(accepted.fd)));
  if (!greeting_.empty()) peers_.back()->send(greeting_);
}

}  // namespace weir::test
