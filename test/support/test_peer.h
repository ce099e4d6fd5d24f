#pragma once

// The other end of a stream, played by a test: sends text when told, reads whatever comes, and
// keeps it. Over a MemoryPipe's end or a real socket. What it is asked for happens as far as the
// stream takes it, the rest when it takes more; so turn the loop after each step.
//
// Loop: the one it was made with, which outlives it.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/net/io.h"

namespace weir::test {

class TestPeer final : private event::IoHandler {
 public:
  TestPeer(event::Loop& loop, std::unique_ptr<net::Io> io);
  ~TestPeer() override;

  // Queues and writes. Requires: sendEnd() was not called.
  void send(std::string_view text);
  // Half-close, after all that was sent.
  void sendEnd();
  // Closes at once: in the ordinary way, or so that the other end is reset.
  void close();
  void reset();
  // Leaves what comes unread, until readOn().
  void stopReading() { reading_ = false; }
  void readOn();

  const std::string& received() const { return received_; }
  // What was received since the last call to this.
  std::string takeReceived() { return std::exchange(received_, {}); }
  // The other end has half-closed or closed in the ordinary way, and everything before was read.
  bool ended() const { return ended_ && error_ == 0; }
  // The errno that reading or writing failed with, ECONNRESET for a reset; 0 for none.
  int error() const { return error_; }
  // Everything that was sent is with the stream.
  bool allSent() const { return sent_ == unsent_.size(); }

 private:
  void onIoReady(event::IoReady ready) noexcept override;
  void writeSome();
  void readAll();

  std::unique_ptr<net::Io> io_;
  std::string unsent_;
  size_t sent_ = 0;  // of those
  std::string received_;
  bool reading_ = true;
  bool end_wanted_ = false;
  bool end_sent_ = false;
  bool ended_ = false;
  int error_ = 0;
};

}  // namespace weir::test
