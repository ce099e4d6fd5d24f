#pragma once

// The descriptors of one loop, in an epoll set of its own. Told apart from libevent's, since here
// an error is told from readiness (a reset that came with the last bytes must not be lost), a
// descriptor that is closed needs no call to be taken out, and a turn costs one call however many
// descriptors are ready. One loop; owned by it.

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace weir::event {

class IoWatch;

// When a descriptor's readiness is told.
enum class Trigger : uint8_t {
  Edge,            // once, for everything: reading, writing, the end, urgent data
  LevelRead,       // as long as it is readable: for one that is not drained at once (accepting)
  LevelReadWrite,  // as long as it is readable or writable: for one that waits to write
};

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // The set itself: readable when one of its descriptors is ready.
  int fd() const { return fd_; }

  void add(int fd, IoWatch& watch, Trigger trigger);
  // `closing`: the caller closes the descriptor, its last one, directly afterwards. Nothing is told
  // of it any more, not even what was found ready already.
  void remove(int fd, const IoWatch& watch, bool closing);

  // Waits at most so long (-1: as long as it takes). Returns how many are ready.
  size_t wait(int timeout_ms);
  // The next one of those that wait() found, or null: `events` are epoll's.
  IoWatch* next(unsigned& events);

 private:
  int fd_;
  size_t ready_ = 0;
  size_t at_ = 0;
  std::array<epoll_event, 128> batch_;
};

}  // namespace weir::event
