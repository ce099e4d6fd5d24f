#pragma once

// Where a connection's bytes come from and go to: a socket, in tests a memory pipe, and the place
// for a transport that changes bytes on the way (TLS is an Io over another Io). One loop; owned by
// one Connection.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "source/base/result.h"
#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/event/step_queue.h"
#include "source/net/address.h"
#include "source/net/own_addresses.h"
#include "source/net/security.h"

namespace weir::net {

// What a read or write did: `bytes` moved, or an errno (EAGAIN: not now). Zero bytes from a read is
// the end.
struct IoResult {
  size_t bytes = 0;
  int error = 0;
  bool more = false;  // a read that came back short may have left something all the same
};

class Io {
 public:
  // Destroying an Io closes it, in the ordinary way (FIN).
  virtual ~Io() = default;

  // Tells `handler` of readiness from now on, edge-triggered. Before anything else, and again for
  // another handler to be told from then on; the handler outlives the Io.
  virtual void watch(event::Loop& loop, event::IoHandler& handler) = 0;
  virtual IoResult read(std::span<const iovec> room) = 0;
  // `last`: shutdownWrite() follows at once if all of them are taken, so that the end can travel
  // together with them.
  virtual IoResult write(std::span<const iovec> bytes, bool last) = 0;
  // Says to the peer that no more will come.
  virtual void shutdownWrite() = 0;
  // Closes now. `reset`: the peer is told that the connection failed (RST), and unsent bytes are
  // dropped.
  virtual void close(bool reset) = 0;
  // The error that is pending on it; 0 for none. After connecting: how that went.
  virtual int takeError() = 0;
  // The socket if bytes pass as they are (so that the kernel may move them), else -1.
  virtual int rawFd() const = 0;
  // This is not over after one message each way: what only a longer connection is worth may be set
  // up now. Idempotent.
  virtual void settle() {}
  // Why a read or write failed with EPROTO, or connecting did: null if it was the socket.
  virtual const Error* failure() const { return nullptr; }
  // What protects the bytes; null if nothing does. From the first byte that passes on.
  virtual const Security* security() const { return nullptr; }
  // Nothing is expected of it for a moment, or something is again: what happens to it meanwhile may
  // be told late. See event::IoWatch::hold().
  virtual void hold(bool) {}
};

// Makes the Io that changes bytes on their way through another one, for instance TLS. Any thread;
// outlives what it makes only for the time of the call.
class Transport {
 public:
  // What is particular to one connection. The views are for the call.
  struct Start {
    std::string_view preamble{};  // goes out as it is, in front of the transport's own first byte
    std::string_view protocol{};  // offered (ALPN), instead of what the transport's settings have
    bool protocol_required = false;  // a peer that does not agree on `protocol` is a failure
  };

  virtual ~Transport() = default;
  // `read`: what was read from `io` already; it is taken. The result says that it is writable once
  // bytes can pass, and reports an error with failure() if they never will.
  // `costly`: for its cryptography; outlives the result, as the pool of `read` does.
  virtual std::unique_ptr<Io> over(std::unique_ptr<Io> io, buffer::Buffer& read,
                                   event::StepQueue& costly, const Start& start) const = 0;
};

// A non-blocking stream socket.
class SocketIo final : public Io {
 public:
  // Takes over an accepted or connecting socket.
  explicit SocketIo(int fd, bool is_unix = false) : fd_(fd), is_unix_(is_unix) {}
  ~SocketIo() override;

  enum class First : uint8_t { Unknown, OurBytes };
  // Starts to connect to `to`; how it went is told by readiness and takeError(). TCP_NODELAY and
  // keep-alive are set by settle(): they change nothing about the first bytes each way, and for
  // many connections these are the last. `first`: OurBytes if there are bytes to be written at
  // once, which saves the packet that would only acknowledge the server's SYN.
  static Result<std::unique_ptr<SocketIo>> connect(const SocketAddress& to,
                                                   First first = First::Unknown);

  void watch(event::Loop& loop, event::IoHandler& handler) override;
  IoResult read(std::span<const iovec> room) override;
  IoResult write(std::span<const iovec> bytes, bool last) override;
  void shutdownWrite() override;
  void close(bool reset) override;
  int takeError() override;
  int rawFd() const override { return fd_; }
  void settle() override;
  void hold(bool held) override;

  // Remembers it as this process's own connection to `to`, as long as it is open.
  void registerIn(OwnAddresses& own, const IpPort& to);

 private:
  int fd_;
  const bool is_unix_;  // reads stop behind a message that carries descriptors
  bool settled_ = true;
  std::unique_ptr<OwnAddresses::Entry> own_;
  std::optional<event::IoWatch> watch_;
};

// The local or peer address of a socket; family None for a Unix socket.
IpPort localAddress(int fd);
IpPort peerAddress(int fd);

// What a REDIRECT rule replaced (SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST); false if there was none.
bool originalDestination(int fd, IpPort& destination);

// `address` as the kernel wants it, in `storage` (sockaddr_storage); returns its length.
unsigned toSockaddr(const SocketAddress& address, void* storage);

}  // namespace weir::net
