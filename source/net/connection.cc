#include "source/net/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "source/base/check.h"

namespace weir::net {
namespace {

// Reads of one wake-up are bounded, so that one busy connection does not keep the others waiting.
constexpr int MaxReadsPerTurn = 4;
constexpr size_t MaxIovecs = 16;

constexpr uint8_t bit(Pause why) { return static_cast<uint8_t>(why); }

}  // namespace

Connection::Connection(event::Loop& loop, buffer::SlicePool& pool, std::unique_ptr<Io> io,
                       Start start, ConnectionLimits limits, ConnectionEvents& events)
    : loop_(loop),
      io_(std::move(io)),
      events_(&events),
      limit_(static_cast<uint32_t>(limits.buffer_bytes)),
      read_limit_(limit_),
      read_buffer_(pool),
      write_buffer_(pool),
      deliver_task_(loop, [this] { runTask(); }),
      last_active_(loop.now()),
      state_(start == Start::Connected ? State::Open : State::Connecting),
      // A fresh socket takes bytes; should it not, the first write says so.
      writable_(start == Start::Connected) {
  io_->watch(loop_, *this);
}

Connection::~Connection() { close(false); }

void Connection::close(bool reset) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  deliver_task_.cancel();
  io_->close(reset);
  read_buffer_.clear();
  write_buffer_.clear();
}

void Connection::onIoReady(event::IoReady ready) noexcept {
  if (state_ == State::Closed || state_ == State::Faulted) return;
  fresh_ = false;
  if (state_ == State::Connecting) {
    finishConnecting(ready);
    if (state_ != State::Open) return;
  }
  readable_ |= ready.readable && !read_ended_;
  hangup_ |= ready.hangup && !read_ended_;
  error_ |= ready.error;
  if (ready.urgent) {
    short_reads_lie_ = true;
    settle();
  }
  if (error_ && (!readable_ || heldBack())) return fault(io_->takeError());
  if (ready.writable) {
    writable_ = true;
    flush();
    if (state_ != State::Open) return;
  }
  if (readable_ || hangup_) readSome();
  faultIfNoTaker();
}

// After an error what could be read and moved has been, and what is left has no taker for now: no
// other edge will tell.
void Connection::faultIfNoTaker() {
  const bool no_taker = (pauses_ & ~bit(Pause::BufferFull)) != 0;
  if (error_ && no_taker && state_ == State::Open && pending_error_ == 0) fault(io_->takeError());
}

void Connection::readSoon() {
  if (!fresh_ || state_ != State::Open) return;
  readable_ = true;
  deliver_task_.schedule();
}

// Somebody else's pause: nothing would be read for who knows how long, and a peer that is gone
// should be known now.
bool Connection::heldBack() const {
  return (pauses_ & ~(bit(Pause::Manual) | bit(Pause::BufferFull))) != 0;
}

void Connection::finishConnecting(event::IoReady ready) {
  if (ready.error) return fault(io_->takeError());
  if (!ready.writable) return;
  state_ = State::Open;
  writable_ = true;
  last_active_ = loop_.now();
  events_->onConnected();
}

void Connection::secure(const Transport& transport, event::StepQueue& costly) {
  WEIR_CHECK(state_ == State::Open && bytes_written_ == 0 && write_buffer_.empty());
  WEIR_CHECK(meter_ == nullptr && write_half_ == WriteHalf::Open);
  settle();
  io_->hold(false);
  io_ = transport.over(std::move(io_), read_buffer_, costly, {});
  state_ = State::Connecting;
  bytes_read_ = 0;
  // An end that was read is read by the transport once more.
  readable_ = writable_ = hangup_ = read_ended_ = end_delivered_ = false;
  io_->watch(loop_, *this);
}

void Connection::countIn(const ByteMeter& meter) {
  WEIR_DCHECK(meter_ == nullptr);
  meter_ = &meter;
  meter.read->add(bytes_read_);
  meter.written->add(bytes_written_);
}

void Connection::pauseReading(Pause why) { pauses_ |= bit(why); }

void Connection::resumeReading(Pause why) {
  const uint8_t before = std::exchange(pauses_, static_cast<uint8_t>(pauses_ & ~bit(why)));
  if ((before & bit(why)) == 0 || state_ != State::Open) return;
  // BufferFull is looked at anew when the bytes are delivered.
  if ((pauses_ & ~bit(Pause::BufferFull)) != 0) return;
  if (readable_ || hangup_ || !read_buffer_.empty() || (read_ended_ && !end_delivered_)) {
    deliver_task_.schedule();
  }
}

// The loop's later turn for what could not be told at once: a fault, or bytes after a pause.
void Connection::runTask() {
  if (state_ == State::Closed || state_ == State::Faulted) return;
  if (pending_error_ != 0) return fault(std::exchange(pending_error_, 0));
  if (state_ != State::Open) return;
  if (!read_buffer_.empty() && (pauses_ & ~bit(Pause::BufferFull)) == 0) {
    deliver();
    if (state_ != State::Open) return;
  }
  readSome();
  faultIfNoTaker();
}

void Connection::readSome() {
  if ((pauses_ & bit(Pause::Manual)) != 0) {
    if (!read_ended_) events_->onReadReady();
    return;
  }
  for (int i = 0; i < MaxReadsPerTurn; ++i) {
    if (state_ != State::Open || end_delivered_) return;
    // What is left untaken at the limit pauses by itself, and goes on when somebody takes from it
    // (redeliver).
    if (read_buffer_.size() >= read_limit_) {
      pauses_ |= bit(Pause::BufferFull);
    } else {
      pauses_ &= static_cast<uint8_t>(~bit(Pause::BufferFull));
    }
    if (pauses_ != 0) return;
    if (!readOnce()) return;
    deliver();
    if ((pauses_ & bit(Pause::Manual)) != 0 || (!readable_ && !hangup_)) return;
  }
  deliver_task_.schedule();
}

// True if there is something to deliver.
bool Connection::readOnce() {
  if (read_ended_) return !end_delivered_;
  if (!readable_ && !hangup_) return false;
  if (bytes_read_ > 0 && !hangup_) settle();
  std::array<iovec, MaxIovecs> room;
  const size_t want = read_limit_ - read_buffer_.size();
  // One slice at first; more only for a connection that filled it, since most messages are small.
  const size_t entries =
      read_buffer_.reserve(want, {room.data(), bytes_read_ < 65536 ? 1U : room.size()});
  size_t asked = 0;
  for (size_t i = 0; i < entries; ++i) asked += room[i].iov_len;
  const IoResult result = io_->read({room.data(), entries});
  read_buffer_.commit(result.bytes);
  movedIn(result, asked);
  return result.bytes > 0 || (read_ended_ && state_ == State::Open && pending_error_ == 0);
}

void Connection::movedIn(IoResult result, size_t asked) {
  if (result.error == EAGAIN) {
    readable_ = false;
    if (error_) faultLater(io_->takeError());
    return;
  }
  if (result.error == EINTR) return deliver_task_.schedule();  // and once more
  if (result.error != 0) {
    readable_ = false;
    return faultLater(result.error);
  }
  if (result.bytes == 0) {
    readable_ = hangup_ = false;
    read_ended_ = true;
    return;
  }
  bytes_read_ += result.bytes;
  if (meter_ != nullptr) meter_->read->add(result.bytes);
  last_active_ = loop_.now();
  if (result.bytes < asked && !result.more && !short_reads_lie_) {
    readable_ = false;
    // A reset that came right behind the bytes was told together with them, and is not told again.
    if (error_) return faultLater(io_->takeError());
    // The hangup was told before this read, so all that was sent has been in the queue: the end
    // needs no read.
    if (std::exchange(hangup_, false)) read_ended_ = true;
  }
}

void Connection::deliver() {
  const bool end = read_ended_;
  end_delivered_ |= end;
  events_->onData(read_buffer_, end);
}

void Connection::write(buffer::Buffer& data, bool end_stream) {
  const bool gone = state_ == State::Closed || state_ == State::Faulted || pending_error_ != 0;
  if (gone) return data.clear();
  WEIR_DCHECK(write_half_ == WriteHalf::Open);
  write_buffer_.take(data);
  if (end_stream) write_half_ = WriteHalf::Ending;
  if (state_ == State::Open) pushOut();
  was_blocked_ |= writeBlocked();
}

void Connection::pushOut() {
  if (bytes_written_ > 0 && !write_buffer_.empty()) settle();
  while (writable_ && !write_buffer_.empty()) {
    std::array<iovec, MaxIovecs> bytes;
    const size_t entries = write_buffer_.peek(bytes);
    size_t asked = 0;
    for (size_t i = 0; i < entries; ++i) asked += bytes[i].iov_len;
    const bool last = write_half_ == WriteHalf::Ending && asked == write_buffer_.size();
    const IoResult result = io_->write({bytes.data(), entries}, last);
    write_buffer_.drain(result.bytes);
    movedOut(result);
    if (pending_error_ != 0) return;
    // A short write is as good as EAGAIN: the kernel will tell when there is room.
    if (result.error == 0 && result.bytes < asked) writable_ = false;
  }
  if (!writable_) io_->hold(false);
  if (write_half_ == WriteHalf::Ending && write_buffer_.empty()) {
    write_half_ = WriteHalf::Ended;
    io_->shutdownWrite();
  }
}

void Connection::movedOut(IoResult result) {
  if (result.error == EAGAIN) {
    writable_ = false;
  } else if (result.error != 0 && result.error != EINTR) {
    faultLater(result.error);
  } else if (result.bytes > 0) {
    bytes_written_ += result.bytes;
    if (meter_ != nullptr) meter_->written->add(result.bytes);
    last_active_ = loop_.now();
  }
}

// The socket takes bytes again.
void Connection::flush() {
  const bool ending = write_half_ == WriteHalf::Ending;
  pushOut();
  const bool end_went_out = ending && write_half_ == WriteHalf::Ended;
  const bool unblocked = was_blocked_ && write_buffer_.size() <= limit_ / 2;
  const bool awaited = await_writable_ && write_buffer_.empty() && writable_;
  if (!end_went_out && !unblocked && !awaited) return;
  was_blocked_ = false;
  if (awaited) await_writable_ = false;
  events_->onWriteReady();
}

void Connection::faultLater(int error) {
  if (state_ == State::Faulted || state_ == State::Closed) return;
  pending_error_ = error != 0 ? error : ECONNRESET;  // 0: somebody asked the socket before
  deliver_task_.schedule();
}

void Connection::fault(int error) {
  pending_error_ = 0;
  readable_ = writable_ = hangup_ = error_ = false;
  if (error == 0) error = ECONNRESET;  // somebody asked for it before
  state_ = State::Faulted;
  deliver_task_.cancel();
  const Error* failure = io_->failure();
  events_->onFault(failure != nullptr ? *failure : errnoError(Side::Self, "connection", error));
}

}  // namespace weir::net
