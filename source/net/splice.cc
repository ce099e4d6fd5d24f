#include "source/net/splice.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weir::net {
namespace {

constexpr size_t WantedPipeBytes = 1 << 20;
constexpr int MaxRoundsPerTurn = 4;

IoResult moveBytes(int from, int to, size_t bytes) {
  const ssize_t n = ::splice(from, nullptr, to, nullptr, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n >= 0) return {static_cast<size_t>(n), 0};
  return {0, errno};
}

void closePipe(const Pipe& pipe) {
  ::close(pipe.read_fd);
  ::close(pipe.write_fd);
}

}  // namespace

PipePool::~PipePool() {
  for (const Pipe& pipe : free_) closePipe(pipe);
}

bool PipePool::take(Pipe& pipe) {
  if (!free_.empty()) {
    pipe = free_.back();
    free_.pop_back();
    return true;
  }
  if (open_ >= max_pipes_) return false;
  int fds[2];
  if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return false;
  // An unprivileged user has a bound on pipe memory; a smaller pipe still works.
  int capacity = fcntl(fds[1], F_SETPIPE_SZ, WantedPipeBytes);
  if (capacity < 0) capacity = fcntl(fds[1], F_GETPIPE_SZ);
  if (capacity <= 0) capacity = 65536;
  pipe = {fds[0], fds[1], static_cast<size_t>(capacity)};
  ++open_;
  return true;
}

void PipePool::giveBack(Pipe pipe, bool empty) {
  if (empty) {
    free_.push_back(pipe);
    return;
  }
  closePipe(pipe);
  --open_;
}

SplicePump::SplicePump(PipePool& pool, Connection& source, Connection& sink)
    : pool_(pool), source_(source), sink_(sink) {
  pool_.take(pipe_);
}

SplicePump::~SplicePump() {
  if (valid()) pool_.giveBack(pipe_, in_pipe_ == 0);
}

void SplicePump::fill() {
  const size_t asked = pipe_.capacity - in_pipe_;
  const IoResult result = moveBytes(source_.rawFd(), pipe_.write_fd, asked);
  in_pipe_ += result.bytes;
  // The end, or the mark of urgent data: splice() says the same of both.
  if (result.bytes == 0 && result.error == 0) {
    stopped_ = true;
    return;
  }
  // EAGAIN may mean that the pipe has no free page left rather than that the socket is empty: the
  // readiness is used up only if the pipe was empty. For the same reason a short move says nothing
  // about the socket.
  if (result.error == EAGAIN && in_pipe_ > 0) return;
  source_.movedIn(result, result.bytes);
}

void SplicePump::empty() {
  const IoResult result = moveBytes(pipe_.read_fd, sink_.rawFd(), in_pipe_);
  in_pipe_ -= result.bytes;
  moved_ += result.bytes;
  sink_blocked_ = result.error == EAGAIN;
  if (sink_blocked_) sink_.awaitWritable();
  sink_.movedOut(result);
}

SplicePump::State SplicePump::pump() {
  sink_blocked_ = false;
  for (int round = 0; round < MaxRoundsPerTurn; ++round) {
    stopped_ |= source_.urgentSeen();
    const bool more = source_.readReady() && !stopped_;
    if (more && in_pipe_ < pipe_.capacity) fill();
    if (in_pipe_ == 0) {
      if (stopped_) return State::Stopped;
      if (!source_.readReady()) return State::Idle;
      continue;
    }
    empty();
    if (sink_blocked_) return State::Blocked;
  }
  return State::Again;
}

}  // namespace weir::net
