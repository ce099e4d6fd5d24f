#pragma once

// A server on a free port of 127.0.0.1, on the test's own loop: what a cluster connects to. Each
// connection that it accepts is a TestPeer.

#include <memory>
#include <string>
#include <vector>

#include "source/net/listen_socket.h"
#include "test/support/test_loop.h"
#include "test/support/test_peer.h"

namespace weir::test {

class LoopbackUpstream final : private net::Acceptor::Events {
 public:
  // `loop` outlives it.
  explicit LoopbackUpstream(TestLoop& loop);
  ~LoopbackUpstream() override;

  const net::SocketAddress& address() const { return acceptor_.socket().address(); }
  // Each connection gets this as soon as it is accepted: a server that speaks first.
  void greetWith(std::string text) { greeting_ = std::move(text); }
  size_t connections() const { return peers_.size(); }
  TestPeer& peer(size_t i = 0) { return *peers_.at(i); }

  // An address of 127.0.0.1 that refuses connections: bound, and not listened on, as long as the
  // upstream lives.
  net::SocketAddress refusingAddress();
  // An address of 127.0.0.1 that answers no connection, as long as the upstream lives: its queue of
  // connections is full.
  net::SocketAddress unansweringAddress();

 private:
  void onAccept(net::AcceptedFd accepted) override;
  void onAcceptError(int) override {}

  event::Loop& loop_;
  std::string greeting_;
  std::vector<std::unique_ptr<TestPeer>> peers_;
  int refusing_fd_ = -1;
  int unanswering_fd_ = -1;
  std::vector<Result<std::unique_ptr<net::SocketIo>>> fillers_;
  net::Acceptor acceptor_;
};

}  // namespace weir::test
