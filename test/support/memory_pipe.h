#pragma once

// Two ends of a byte stream in memory: what a pair of connected sockets does, without the kernel
// and without time. Each end is a net::Io for a Connection (or a TestPeer).
//
// An end is told of readiness as an edge-triggered socket is: in a later turn, once, and anew only
// after a read or write came back short or with EAGAIN. The end of the stream is told as readable
// and hangup together with the last bytes; a reset as an error with all of these, and then by
// ECONNRESET. Closing an end ordinarily while bytes for it lie unread, or writing to an end
// that was closed, resets the other one, as TCP does.
//
// Loop: the one it was made with. The pipe outlives the two ends that were taken from it.

#include <array>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <limits>
#include <memory>
#include <string>

#include "source/net/io.h"

namespace weir::test {

// One direction of a pipe. May be changed at any time; holds for what is written from then on.
struct PipeWay {
  static constexpr size_t Unlimited = std::numeric_limits<size_t>::max();

  size_t capacity = 1 << 20;     // bytes written and not yet read; then EAGAIN
  size_t max_write = Unlimited;  // a write takes at most so many
  size_t segment = Unlimited;    // so many arrive at once, the next ones when those were read
  Duration delay{};              // from a write until its bytes arrive
  bool end_alone = false;        // the end arrives after the last bytes were read, not with them
};

class MemoryPipe {
 public:
  enum class Start : uint8_t { Connected, Connecting };

  // Connecting: the first end is, until connect() or refuse().
  explicit MemoryPipe(event::Loop& loop, Start start = Start::Connected);
  ~MemoryPipe();
  MemoryPipe(const MemoryPipe&) = delete;
  MemoryPipe& operator=(const MemoryPipe&) = delete;

  // Each once.
  std::unique_ptr<net::Io> takeFirst();
  std::unique_ptr<net::Io> takeSecond();

  PipeWay& toFirst();
  PipeWay& toSecond();

  // The first end was told last that nothing is expected of it (net::Io::hold()).
  bool firstHeld() const;

  void connect();
  // Connecting failed, by that errno.
  void refuse(int error = ECONNREFUSED);
  // The path between the ends breaks: both are reset.
  void breakPath();

 private:
  class End;
  std::array<std::unique_ptr<End>, 2> ends_;
};

}  // namespace weir::test
