#pragma once

// TLS over another Io, by OpenSSL. Bytes are neither kept nor copied more than the records demand:
// ciphertext is read far ahead, and the records of one write leave by one call.
//
// The end of the stream is the peer's close_notify. A peer that closes without one may have been
// cut off: that is a fault (Closed), as a reset is.
//
// One loop; owned by its Connection. `handshakes` and the pool outlive it.

#include <memory>
#include <string>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/event/step_queue.h"
#include "source/net/io.h"
#include "source/tls/openssl_ptr.h"

namespace weir::tls {

class TlsIo final : public net::Io, private event::IoHandler, private event::StepQueue::Step {
 public:
  struct Parts {
    std::unique_ptr<net::Io> io;
    OpensslPtr<SSL> ssl;  // told which side it is on, and nothing else that has to do with bytes
    event::StepQueue& handshakes;
    buffer::Buffer read;  // what was read from `io` already
    bool connected;       // `io` is; else its first writable readiness says so
    std::shared_ptr<const net::Transport> made_by;  // what the callbacks of `ssl` need
    std::string_view preamble{};                    // see net::Transport::Start
    std::string_view required_protocol{};
  };
  explicit TlsIo(Parts parts);
  ~TlsIo() override;

  void watch(event::Loop& loop, event::IoHandler& handler) override;
  net::IoResult read(std::span<const iovec> room) override;
  // Takes bytes when their records have left: what is told as not taken is to be written again.
  net::IoResult write(std::span<const iovec> bytes, bool last) override;
  void shutdownWrite() override;
  void close(bool reset) override;
  int takeError() override;
  int rawFd() const override { return -1; }
  void settle() override { io_->settle(); }
  const Error* failure() const override { return failure_.get(); }
  const net::Security* security() const override { return security_.get(); }

 private:
  enum class State : uint8_t { Handshaking, Open, Failed, Closed };
  class Bio;

  void onIoReady(event::IoReady ready) noexcept override;
  void runStep() override;
  void established();
  void fail();
  void failWith(ErrorCode code, std::string detail);
  Side peerSide() const;
  net::IoResult stopped(size_t bytes);
  bool encrypt(std::span<const iovec> bytes, size_t skip);
  bool encryptPiece(const void* bytes, size_t size);
  bool flush(bool last);
  void sendCloseNotify();
  int readCiphertext(char* to, size_t size);

  const std::unique_ptr<net::Io> io_;
  const std::shared_ptr<const net::Transport> made_by_;  // before ssl_
  const OpensslPtr<SSL> ssl_;
  event::StepQueue& handshakes_;
  event::IoHandler* handler_ = nullptr;
  buffer::Buffer in_;   // was read before this was there
  buffer::Buffer out_;  // records that did not leave yet
  size_t ahead_ = 0;    // so many bytes of the next write are in out_, or left with it
  std::unique_ptr<const std::string> required_protocol_;  // until it is agreed on; null: none
  std::unique_ptr<const Error> failure_;
  std::unique_ptr<const net::Security> security_;
  int socket_error_ = 0;
  State state_ = State::Handshaking;
  bool connected_;
  bool drained_ = false;  // nothing to read from io_ until it says so
  bool hangup_ = false;
  bool urgent_ = false;
  bool ended_ = false;      // io_ has
  bool notified_ = false;   // our close_notify was written
  bool end_waits_ = false;  // io_ is told the end once out_ has left
};

}  // namespace weir::tls
