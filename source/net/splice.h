#pragma once

// Moves bytes from one connection to another inside the kernel, through a pipe. Worth its extra
// calls only for bulk. One worker's loop.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "source/net/connection.h"

namespace weir::net {

struct Pipe {
  int read_fd = -1;
  int write_fd = -1;
  size_t capacity = 0;  // bytes
};

// Empty pipes kept for reuse, and a bound on how many there are. Outlives every SplicePump.
class PipePool {
 public:
  explicit PipePool(size_t max_pipes = 64) : max_pipes_(max_pipes) {}
  ~PipePool();
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;

  // False if there are as many as allowed, or the system has no more: then bytes are copied.
  bool take(Pipe& pipe);
  // `empty`: it holds no bytes and can be used again.
  void giveBack(Pipe pipe, bool empty);

 private:
  const size_t max_pipes_;
  size_t open_ = 0;
  std::vector<Pipe> free_;
};

// One direction. Requires: both connections have a rawFd(), the source is paused for Manual and has
// an empty read buffer, the sink has nothing queued. Call pump() when the source is ready to be
// read or the sink to be written.
class SplicePump {
 public:
  // Takes a pipe from `pool`; check valid().
  SplicePump(PipePool& pool, Connection& source, Connection& sink);
  ~SplicePump();
  SplicePump(const SplicePump&) = delete;
  SplicePump& operator=(const SplicePump&) = delete;

  bool valid() const { return pipe_.read_fd >= 0; }

  enum class State : uint8_t {
    Idle,     // nothing to move now; more may come
    Blocked,  // the sink takes no more; it will say onWriteReady()
    Stopped,  // at the source's end, or at something that only a read gets past; all is with the
              // sink's kernel
    Again,    // the bound for one turn was reached: pump() again in a later turn
  };
  State pump();
  // Bytes taken from the source and not yet with the sink.
  size_t holding() const { return in_pipe_; }
  // Bytes that pump() has moved to the sink since the last call to this.
  uint64_t takeMoved() { return std::exchange(moved_, 0); }

 private:
  void fill();
  void empty();

  PipePool& pool_;
  Connection& source_;
  Connection& sink_;
  Pipe pipe_;
  size_t in_pipe_ = 0;
  uint64_t moved_ = 0;
  bool sink_blocked_ = false;
  bool stopped_ = false;
};

}  // namespace weir::net
