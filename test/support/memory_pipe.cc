#include "test/support/memory_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "source/base/check.h"

namespace weir::test {

// What one end sees: the way that leads to it, and who is to be told.
class MemoryPipe::End {
 public:
  explicit End(event::Loop& loop)
      : loop_(loop), tell_(loop, [this] { tell(); }), arrive_(loop, [this] { arrive(); }) {}

  class Handle;

  void join(End& other) { other_ = &other; }
  PipeWay& way() { return way_; }

  // The other end's side of this way.
  net::IoResult accept(std::span<const iovec> bytes);
  void acceptEnd() {
    if (!closed_) send({{}, dueTime(), true});
  }
  // Nothing more can pass: `error` for whoever reads or writes here.
  void breakWith(int error);

  // This end's Io.
  void watch(event::IoHandler& handler);
  net::IoResult read(std::span<const iovec> room);
  net::IoResult write(std::span<const iovec> bytes);
  void shutdownWrite();
  void close(bool reset);
  int takeError() { return std::exchange(error_, 0); }
  void hold(bool held) { held_ = held; }
  bool held() const { return held_; }

  void setConnecting() { connecting_ = true; }
  void setConnected();

 private:
  struct Packet {
    std::string bytes;
    MonotonicTime due;
    bool end;
  };

  MonotonicTime dueTime() const { return loop_.now() + way_.delay; }
  void send(Packet packet);
  void arrive();
  void tell();
  void raise(event::IoReady ready);

  event::Loop& loop_;
  End* other_ = nullptr;
  PipeWay way_;
  std::deque<Packet> in_flight_;
  size_t size_ = 0;      // in flight and arrived
  std::string arrived_;  // what a read gets
  bool ended_ = false;   // the end arrived
  bool write_shut_ = false;
  bool closed_ = false;
  bool held_ = false;
  bool connecting_ = false;
  bool broken_ = false;
  int error_ = 0;
  // A read or write came back short since it was last told.
  bool read_drained_ = true;
  bool write_drained_ = true;
  event::IoReady pending_;
  event::IoHandler* handler_ = nullptr;
  event::Task tell_;
  event::Timer arrive_;
};

class MemoryPipe::End::Handle final : public net::Io {
 public:
  explicit Handle(End& end) : end_(end) {}
  ~Handle() override { close(false); }
  void watch(event::Loop&, event::IoHandler& handler) override { end_.watch(handler); }
  net::IoResult read(std::span<const iovec> room) override { return end_.read(room); }
  net::IoResult write(std::span<const iovec> bytes, bool) override { return end_.write(bytes); }
  void shutdownWrite() override { end_.shutdownWrite(); }
  void close(bool reset) override { end_.close(reset); }
  int takeError() override { return end_.takeError(); }
  void hold(bool held) override { end_.hold(held); }
  int rawFd() const override { return -1; }

 private:
  End& end_;
};

void MemoryPipe::End::watch(event::IoHandler& handler) {
  const bool first = handler_ == nullptr;
  handler_ = &handler;
  if (!first) return;
  if (!connecting_) raise({.writable = true});
  arrive();
}

void MemoryPipe::End::setConnected() {
  connecting_ = false;
  raise({.writable = true});
  arrive();
}

net::IoResult MemoryPipe::End::accept(std::span<const iovec> bytes) {
  size_t room = std::min(way_.max_write, way_.capacity - std::min(size_, way_.capacity));
  Packet packet{{}, dueTime(), false};
  for (const iovec& piece : bytes) {
    const size_t here = std::min(room, piece.iov_len);
    packet.bytes.append(static_cast<const char*>(piece.iov_base), here);
    room -= here;
  }
  const size_t taken = packet.bytes.size();
  if (taken == 0) return {0, EAGAIN};
  size_ += taken;
  send(std::move(packet));
  return {taken, 0};
}

void MemoryPipe::End::send(Packet packet) {
  in_flight_.push_back(std::move(packet));
  if (closed_) return other_->breakWith(ECONNRESET);
  arrive_.arm(in_flight_.front().due - loop_.now());
}

// Moves what is due, a segment at a time, and tells.
void MemoryPipe::End::arrive() {
  if (connecting_) return;
  while (!in_flight_.empty() && in_flight_.front().due <= loop_.now()) {
    Packet& packet = in_flight_.front();
    const bool wait = packet.end && way_.end_alone && !arrived_.empty();
    const size_t here =
        std::min(packet.bytes.size(), way_.segment - std::min(way_.segment, arrived_.size()));
    if (wait || (!packet.bytes.empty() && here == 0)) return;
    arrived_.append(packet.bytes, 0, here);
    packet.bytes.erase(0, here);
    ended_ |= packet.end;
    raise({.readable = read_drained_ || packet.end, .writable = false, .hangup = packet.end});
    if (packet.bytes.empty()) in_flight_.pop_front();
  }
  if (!in_flight_.empty()) arrive_.arm(in_flight_.front().due - loop_.now());
}

void MemoryPipe::End::raise(event::IoReady ready) {
  pending_.readable |= ready.readable;
  pending_.writable |= ready.writable;
  pending_.hangup |= ready.hangup;
  pending_.error |= ready.error;
  if (handler_ != nullptr && (pending_.readable || pending_.writable || pending_.hangup))
    tell_.schedule();
}

void MemoryPipe::End::tell() {
  const event::IoReady ready = std::exchange(pending_, {});
  if (ready.readable) read_drained_ = false;
  if (ready.writable) write_drained_ = false;
  handler_->onIoReady(ready);
}

net::IoResult MemoryPipe::End::read(std::span<const iovec> room) {
  size_t asked = 0;
  size_t done = 0;
  for (const iovec& piece : room) {
    const size_t here = std::min(piece.iov_len, arrived_.size() - done);
    if (here > 0) std::memcpy(piece.iov_base, arrived_.data() + done, here);
    asked += piece.iov_len;
    done += here;
  }
  if (done == 0 && asked > 0) {
    read_drained_ = true;
    if (const int error = takeError(); error != 0) return {0, error};
    return {0, ended_ || broken_ ? 0 : EAGAIN};
  }
  arrived_.erase(0, done);
  size_ -= done;
  read_drained_ |= done < asked;
  // Room for the writer at the other end, and for the next segment at this one.
  if (other_->write_drained_ && !other_->closed_ && !other_->write_shut_)
    other_->raise({.writable = true});
  arrive();
  return {done, 0};
}

net::IoResult MemoryPipe::End::write(std::span<const iovec> bytes) {
  WEIR_CHECK(!write_shut_ && !connecting_);
  if (const int error = takeError(); error != 0) return {0, error};
  if (broken_) return {0, EPIPE};
  size_t asked = 0;
  for (const iovec& piece : bytes) asked += piece.iov_len;
  const net::IoResult result = other_->accept(bytes);
  write_drained_ |= result.bytes < asked;
  // A short write that did not fill the pipe: there is room at once.
  if (result.bytes < asked && other_->size_ < other_->way_.capacity) raise({.writable = true});
  return result;
}

void MemoryPipe::End::shutdownWrite() {
  if (std::exchange(write_shut_, true) || broken_) return;
  other_->acceptEnd();
}

void MemoryPipe::End::close(bool reset) {
  if (std::exchange(closed_, true)) return;
  handler_ = nullptr;
  tell_.cancel();
  arrive_.disarm();
  if (broken_ || connecting_) return;
  if (reset || size_ > 0) return other_->breakWith(ECONNRESET);
  shutdownWrite();
}

void MemoryPipe::End::breakWith(int error) {
  if (closed_ || std::exchange(broken_, true)) return;
  arrive();  // what was sent before can still be read
  error_ = error;
  in_flight_.clear();
  arrive_.disarm();
  raise({.readable = true, .writable = true, .hangup = true, .error = true});
}

MemoryPipe::MemoryPipe(event::Loop& loop, Start start)
    : ends_{std::make_unique<End>(loop), std::make_unique<End>(loop)} {
  ends_[0]->join(*ends_[1]);
  ends_[1]->join(*ends_[0]);
  if (start == Start::Connecting) ends_[0]->setConnecting();
}

MemoryPipe::~MemoryPipe() = default;

std::unique_ptr<net::Io> MemoryPipe::takeFirst() {
  return std::make_unique<End::Handle>(*ends_[0]);
}
std::unique_ptr<net::Io> MemoryPipe::takeSecond() {
  return std::make_unique<End::Handle>(*ends_[1]);
}
bool MemoryPipe::firstHeld() const { return ends_[0]->held(); }
PipeWay& MemoryPipe::toFirst() { return ends_[0]->way(); }
PipeWay& MemoryPipe::toSecond() { return ends_[1]->way(); }
void MemoryPipe::connect() { ends_[0]->setConnected(); }
void MemoryPipe::refuse(int error) { ends_[0]->breakWith(error); }

void MemoryPipe::breakPath() {
  ends_[0]->breakWith(ECONNRESET);
  ends_[1]->breakWith(ECONNRESET);
}

}  // namespace weir::test
