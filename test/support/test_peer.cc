#include "test/support/test_peer.h"

#include <array>
#include <cerrno>
#include <utility>

#include "source/base/check.h"

namespace weir::test {

TestPeer::TestPeer(event::Loop& loop, std::unique_ptr<net::Io> io) : io_(std::move(io)) {
  io_->watch(loop, *this);
}

TestPeer::~TestPeer() = default;

void TestPeer::send(std::string_view text) {
  WEIR_CHECK(!end_wanted_ && io_ != nullptr);
  unsent_ += text;
  writeSome();
}

void TestPeer::sendEnd() {
  end_wanted_ = true;
  writeSome();
}

void TestPeer::close() { io_.reset(); }

void TestPeer::reset() {
  io_->close(true);
  io_.reset();
}

void TestPeer::readOn() {
  reading_ = true;
  readAll();
}

void TestPeer::onIoReady(event::IoReady ready) noexcept {
  if (io_ == nullptr) return;
  if (ready.writable) writeSome();
  readAll();
}

void TestPeer::writeSome() {
  while (!allSent() && error_ == 0) {
    const iovec piece{unsent_.data() + sent_, unsent_.size() - sent_};
    const net::IoResult result = io_->write({&piece, 1}, false);
    if (result.error == EAGAIN) return;
    error_ = result.error;
    sent_ += result.bytes;
  }
  unsent_.clear();
  sent_ = 0;
  if (error_ == 0 && end_wanted_ && !std::exchange(end_sent_, true)) io_->shutdownWrite();
}

void TestPeer::readAll() {
  std::array<char, 65536> block;
  while (reading_ && !ended_ && io_ != nullptr) {
    const iovec room{block.data(), block.size()};
    const net::IoResult result = io_->read({&room, 1});
    if (result.error == EAGAIN) return;
    if (result.error != 0 && error_ == 0) error_ = result.error;
    if (result.error != 0 || result.bytes == 0) {
      ended_ = true;
      return;
    }
    received_.append(block.data(), result.bytes);
  }
}

}  // namespace weir::test
