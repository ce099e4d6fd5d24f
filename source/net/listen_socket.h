#pragma once

// Listening sockets, and accepting from them. Opening is for the main thread; accepting for the
// loop that owns it.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "source/base/result.h"
#include "source/event/loop.h"
#include "source/net/address.h"

namespace weir::net {

struct ListenOptions {
  bool reuse_port = true;    // one socket for each worker; the kernel spreads the connections
  bool transparent = false;  // IP_TRANSPARENT, for TPROXY
  uint32_t backlog = 4096;
  bool operator==(const ListenOptions&) const = default;
};

// Removes the file of a Unix socket that was bound there. Nothing for other addresses.
void removeSocketFile(const SocketAddress& address);

// A bound, listening, non-blocking socket. Owns the descriptor.
class ListenSocket {
 public:
  // An error if the address has an owner, also one that would share it (SO_REUSEPORT): `exclusive`
  // asks for that.
  static Result<ListenSocket> open(const SocketAddress& address, const ListenOptions& options,
                                   bool exclusive);
  // A socket that another process has bound and handed over: takes the descriptor. An error if it
  // is no stream socket that listens.
  static Result<ListenSocket> adopt(int fd);
  ~ListenSocket();
  ListenSocket(ListenSocket&& other) noexcept;
  ListenSocket& operator=(ListenSocket&&) = delete;

  // Whether this process may have a transparent socket there; makes one for a moment.
  static Result<void> checkTransparent(const SocketAddress& address);
  // Takes the transparency and the backlog over; what waits in the queue stays. Cannot fail where
  // checkTransparent() did not.
  void apply(const ListenOptions& options) const;

  // A second descriptor of the same socket, for Unix sockets, which cannot be bound twice.
  Result<ListenSocket> duplicate() const;

  // Clients that begin to connect from now on hear nothing, and try again after about a second;
  // those whose handshake has begun still come to the queue. For one that is about to be closed,
  // which would reset whoever came in between. False if it cannot be: a socket that others have,
  // too, or a Unix socket.
  bool takeNoMore() const;

  int fd() const { return fd_; }
  // Where it is bound, with the port that the kernel chose if that was 0.
  const SocketAddress& address() const { return address_; }

 private:
  ListenSocket(int fd, SocketAddress address) : fd_(fd), address_(std::move(address)) {}
  int fd_;
  SocketAddress address_;
  bool alone_ = false;  // nobody else has a descriptor of it
};

// A socket that was accepted, and who is at the other end (family None for a Unix socket).
struct AcceptedFd {
  int fd;
  IpPort peer;
};

// Accepts on a loop, a bounded number each turn. Out of descriptors, it pauses and tries again
// after a while. Order of calls: finish() at most once.
class Acceptor final : private event::IoHandler {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    virtual void onAccept(AcceptedFd accepted) = 0;
    // Accepting failed, and how (an errno).
    virtual void onAcceptError(int error) = 0;
    // The socket is closed, after finish().
    virtual void onAcceptorClosed() {}
  };

  // `events` outlives it.
  Acceptor(event::Loop& loop, ListenSocket socket, Events& events);
  ~Acceptor() override;

  // Until it is closed.
  const ListenSocket& socket() const { return *socket_; }
  // Accepts what waits in the queue, in the next turns, and closes the socket then; a TCP socket
  // that is its own only when so much time has gone by since finish(), for handshakes under way.
  // The kernel does not say whether there are any: FinishGrace where a connection has come since,
  // or in as long a time before, and IdleFinishGrace where none has.
  static constexpr Duration FinishGrace = std::chrono::seconds(1);
  static constexpr Duration IdleFinishGrace = std::chrono::milliseconds(100);
  void finish();

 private:
  void onIoReady(event::IoReady ready) noexcept override;
  void acceptSome();
  void onNone(int error);
  Duration graceLeft() const;
  void close();

  event::Loop& loop_;
  std::optional<ListenSocket> socket_;
  Events& events_;
  std::unique_ptr<event::IoWatch> watch_;
  event::Task again_;
  event::Timer retry_;
  std::optional<size_t> turns_left_;  // once it finishes
  bool takes_no_more_ = false;        // has a grace, that is
  MonotonicTime finished_at_;
  MonotonicTime last_accept_{};
};

}  // namespace weir::net
