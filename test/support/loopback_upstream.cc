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

}  // namespace

LoopbackUpstream::LoopbackUpstream(TestLoop& loop)
    : loop_(*loop), acceptor_(*loop, listenOnLoopback(), *this) {}

LoopbackUpstream::~LoopbackUpstream() {
  if (refusing_fd_ >= 0) ::close(refusing_fd_);
}

net::SocketAddress LoopbackUpstream::refusingAddress() {
  if (refusing_fd_ < 0) {
    sockaddr_storage storage;
    const unsigned length = net::toSockaddr(anyLoopbackPort(), &storage);
    refusing_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    WEIR_CHECK(::bind(refusing_fd_, reinterpret_cast<sockaddr*>(&storage), length) == 0);
  }
  return {net::localAddress(refusing_fd_), {}};
}

void LoopbackUpstream::onAccept(net::AcceptedFd accepted) {
  peers_.push_back(std::make_unique<TestPeer>(loop_, std::make_unique<net::SocketIo>(accepted.fd)));
  if (!greeting_.empty()) peers_.back()->send(greeting_);
}

}  // namespace weir::test
