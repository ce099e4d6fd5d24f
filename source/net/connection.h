#pragma once

// One side of a byte stream on one loop: reads into a bounded buffer, queues and writes, carries
// half-close both ways, and pauses by named reason. It moves bytes; what they mean is its events'
// business.
//
// Loop and lifetime: lives on one loop; owned by whoever made it, who lets go of it by
// loop.retire() (it may be on the call stack). Its events outlive it or are replaced by
// setEvents(). After close(), no event comes. Order of events: onConnected() first and once (only
// for a connection that was still connecting); then onData() any number of times, the last one with
// end_stream; onWriteReady() as said there; onFault() at most once and last. No event comes from
// inside a call to this class.

#include <cstdint>
#include <memory>
#include <utility>

#include "source/base/result.h"
#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/net/io.h"
#include "source/stats/stats.h"

namespace weir::net {

class Connection;

// Why reading is paused. Bits, so that pausing twice for one reason is once, and a dump can name
// them.
enum class Pause : uint8_t {
  BufferFull = 1,    // the read buffer is at its limit; nobody takes from it
  Backpressure = 2,  // the other side does not take what was written to it
  NotReady = 4,      // the consumer is not there yet (upstream connecting)
  Manual = 8,        // the consumer moves bytes itself (splice) and is told by onReadReady()
  Waiting = 16,      // a filter holds as many bytes back as it may
};

class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  // Connecting succeeded.
  virtual void onConnected() {}
  // `data` is the connection's read buffer: take from its front what is wanted, leave the rest for
  // the next call. `end_stream`: the peer sends no more (half-close); may come with bytes.
  virtual void onData(buffer::Buffer& data, bool end_stream) = 0;
  // Writing is no longer blocked (see writeBlocked()), the queued end has gone out, or
  // awaitWritable() was answered.
  virtual void onWriteReady() {}
  // Only while reading is paused for Manual: the socket has bytes, or the end.
  virtual void onReadReady() {}
  // Connecting failed, or the connection broke (Reset if the peer reset it). It cannot be read or
  // written any more; the owner closes and retires it.
  virtual void onFault(const Error& error) = 0;
};

// Where bytes can be written to, and read from only as long as it is not paused: a connection, or a
// filter chain's way to one.
class Stream {
 public:
  virtual ~Stream() = default;
  // Takes all of `data`; with `end_stream` nothing may be written afterwards. Never fails at once:
  // a broken peer is an onFault() in a later turn.
  virtual void write(buffer::Buffer& data, bool end_stream) = 0;
  // More than the limit is queued: stop writing until onWriteReady(), or memory grows.
  virtual bool writeBlocked() const = 0;
  virtual void pauseReading(Pause why) = 0;
  // Reading goes on (in a later turn) once no reason is left.
  virtual void resumeReading(Pause why) = 0;
  // Nothing is expected of the peer until told otherwise, as of one that has asked and waits: its
  // next bytes, its end and its reset may be noticed late, by milliseconds. Saves the system call
  // that would watch a connection which ends with the answer.
  virtual void expectNothing(bool) {}
};

// What the bytes of many connections are added to, as they move.
struct ByteMeter {
  stats::Value* read = nullptr;
  stats::Value* written = nullptr;
};

struct ConnectionLimits {
  size_t buffer_bytes = 32768;  // for each direction
};

class Connection final : public Stream, public event::Retirable, private event::IoHandler {
 public:
  enum class Start : uint8_t { Connected, Connecting };

  Connection(event::Loop& loop, buffer::SlicePool& pool, std::unique_ptr<Io> io, Start start,
             ConnectionLimits limits, ConnectionEvents& events);
  ~Connection() override;

  void setEvents(ConnectionEvents& events) { events_ = &events; }

  void write(buffer::Buffer& data, bool end_stream) override;
  bool writeBlocked() const override { return write_buffer_.size() >= limit_; }
  void pauseReading(Pause why) override;
  void resumeReading(Pause why) override;
  void expectNothing(bool nothing) override { io_->hold(nothing); }
  // Puts `transport` between the socket and this; what was read already goes to it. Then
  // onConnected() comes once bytes can pass, or onFault(); nothing is read or written until then.
  // Once, while it is open and nothing was written. What is counted as read begins anew.
  void secure(const Transport& transport, event::StepQueue& costly);
  // See Io::security().
  const Security* security() const { return io_->security(); }
  // At the end of this turn reads what is there already. For a consumer that is there from the
  // first moment, and whose peer speaks first. Once, for a connection that is fresh().
  void readSoon();

  // onWriteReady() when the socket takes bytes again, even if nothing is queued here.
  void awaitWritable() { await_writable_ = true; }
  // Ends it now; unsent bytes are lost to this side. `reset`: the peer gets a RST. Idempotent.
  void close(bool reset);

  // Hands out what is in the read buffer, and the end if it came, once more, in a later turn, as
  // onData(). For a consumer that left bytes there, and for one that follows another.
  void redeliver() {
    end_delivered_ = false;
    deliver_task_.schedule();
  }
  buffer::Buffer& readBuffer() { return read_buffer_; }

  bool connecting() const { return state_ == State::Connecting; }
  bool closed() const { return state_ == State::Closed; }
  bool readEnded() const { return read_ended_; }  // the peer's end was delivered or is next
  bool writeEnding() const {
    return write_half_ != WriteHalf::Open;
  }  // write() may not be called any more
  bool writeEnded() const { return write_half_ == WriteHalf::Ended; }  // our end went out
  bool allWritten() const { return write_buffer_.empty(); }
  size_t limit() const { return limit_; }
  // For a consumer that has to see more at once than the usual limit, while it lasts.
  void setReadLimit(size_t bytes) { read_limit_ = static_cast<uint32_t>(bytes); }
  uint64_t bytesRead() const { return bytes_read_; }
  uint64_t bytesWritten() const { return bytes_written_; }
  MonotonicTime lastActive() const {
    return last_active_;
  }  // a byte in either direction, or the start
  // Its bytes are added to `meter`'s values from now on, and those that were moved before at once.
  // Once; the meter outlives it.
  void countIn(const ByteMeter& meter);
  event::Loop& loop() { return loop_; }

  // For moving bytes in the kernel: the socket or -1; what a mover did must be told, so that
  // counters, the end and the readiness stay right.
  int rawFd() const { return io_->rawFd(); }
  // No readiness was told yet: the first one comes in a later turn, at once.
  bool fresh() const { return fresh_; }
  bool settled() const { return settled_; }
  // See Io::settle(). The second read and the second write do it by themselves.
  void settle() {
    if (state_ != State::Closed && !std::exchange(settled_, true)) io_->settle();
  }
  bool readReady() const { return readable_; }
  bool urgentSeen() const { return short_reads_lie_; }  // splice() does not get past its mark
  void movedIn(IoResult result, size_t asked);
  void movedOut(IoResult result);

 private:
  // Faulted: told so; nothing is read, written or told any more. close() still has to come.
  enum class State : uint8_t { Connecting, Open, Faulted, Closed };
  enum class WriteHalf : uint8_t { Open, Ending, Ended };

  void onIoReady(event::IoReady ready) noexcept override;
  bool heldBack() const;
  void faultIfNoTaker();
  void finishConnecting(event::IoReady ready);
  void readSome();
  bool readOnce();
  void deliver();
  void pushOut();
  void flush();
  void faultLater(int error);
  void fault(int error);
  void runTask();

  event::Loop& loop_;
  std::unique_ptr<Io> io_;
  ConnectionEvents* events_;
  const uint32_t limit_;  // bytes, each way
  uint32_t read_limit_;
  buffer::Buffer read_buffer_;
  buffer::Buffer write_buffer_;
  event::Task deliver_task_;
  MonotonicTime last_active_;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  const ByteMeter* meter_ = nullptr;
  int pending_error_ = 0;
  State state_;
  WriteHalf write_half_ = WriteHalf::Open;
  uint8_t pauses_ = 0;
  // What the kernel last said; edges are told once, so they are kept until used up.
  bool readable_ = false;
  bool writable_ = false;
  bool hangup_ = false;
  bool error_ = false;
  bool short_reads_lie_ = false;  // urgent data was seen: a read stops at its mark
  bool read_ended_ = false;
  bool end_delivered_ = false;
  bool was_blocked_ = false;
  bool await_writable_ = false;
  bool fresh_ = true;
  bool settled_ = false;
};

}  // namespace weir::net
