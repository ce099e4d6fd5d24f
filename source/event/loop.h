#pragma once

// The event loop of one thread: readiness of descriptors, timers, tasks for the next turn, work
// posted from other threads, and the one place where retired objects are freed. It knows nothing of
// connections.
//
// A turn: wait (or not, if a task is ready) -> readiness callbacks -> timers that are due -> posted
// work -> tasks -> retired objects are destroyed, in the order in which they were retired. `now()`
// is constant within a turn.
//
// Thread: everything but post() and stop() is for the thread that runs the loop (before run(): the
// thread that made it). Callbacks must not throw. The loop outlives every Timer, Task and IoWatch
// made on it; its destructor checks that none is left.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "source/base/time.h"
#include "source/event/callback.h"
#include "source/event/poller.h"

struct event;
struct event_base;

namespace weir::event {

class Loop;
class Task;
class Timer;

// What happened to a descriptor. Edge-triggered, each is told once, until the descriptor was
// drained (a read or write came back short or with EAGAIN) and became ready anew.
struct IoReady {
  bool readable = false;
  bool writable = false;
  // The peer closed its sending side, or the connection is gone. If it comes with `readable`,
  // everything that the peer sent is already in the receive queue: a short read is the last one.
  bool hangup = false;
  // The descriptor has a pending error (a reset); bytes that came before it may still be read.
  bool error = false;
  // TCP urgent data is or was in the receive queue: a read stops at its mark, and a short one does
  // not mean that nothing is left.
  bool urgent = false;
};

// Gets the readiness of one descriptor. Called by the loop only.
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual void onIoReady(IoReady ready) noexcept = 0;
};

// A descriptor's registration: one system call to add it, none to change it. Dropping it ends it.
// The call is made before the loop waits next, so a descriptor that is done with by then costs
// none. Does not own the descriptor. Edge-triggered unless told otherwise (see Trigger in
// poller.h); with a level trigger the handler is called in each turn until what it waits for is
// used up, and is not told of urgent data, nor of readiness that it did not ask for.
class IoWatch {
 public:
  IoWatch(Loop& loop, int fd, IoHandler& handler, Trigger trigger = Trigger::Edge);
  // Takes the descriptor out, which must still be open.
  ~IoWatch();
  IoWatch(const IoWatch&) = delete;
  IoWatch& operator=(const IoWatch&) = delete;

  // The owner closes the descriptor, of which there is no duplicate, directly after dropping this:
  // saves the call.
  void closing() { closing_ = true; }

  // Another one is told from now on.
  void setHandler(IoHandler& handler) { handler_ = &handler; }

  // While the call is not made: puts it off, since nothing is expected of the descriptor for a
  // moment, after which it may be closed. What happens to it meanwhile is told late, by a few
  // milliseconds or Loop::MaxTurnsHeld busy turns at most. Afterwards: nothing.
  void hold();
  // Ends a hold().
  void release();

 private:
  friend class Loop;
  enum class State : uint8_t { New, Held, Added };
  Loop& loop_;
  IoHandler* handler_;
  const int fd_;
  bool closing_ = false;
  const Trigger trigger_;
  State state_ = State::New;
  uint32_t place_;  // New: in new_watches_; Held: in held_watches_, counted from the loop's start
};

// Runs a callback once, some time after arm(). A member of the object that it calls back; dropping
// it cancels.
class Timer {
 public:
  Timer(Loop& loop, Callback callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Fires in the first turn at or after now() + delay; arming again moves it.
  void arm(Duration delay);
  // Fires no later than that: moves it to an earlier time, and never to a later one.
  void armWithin(Duration delay);
  void disarm();
  bool armed() const { return heap_index_ != NotArmed; }

 private:
  friend class Loop;
  static constexpr size_t NotArmed = static_cast<size_t>(-1);
  Loop& loop_;
  Callback callback_;
  size_t heap_index_ = NotArmed;
};

// Runs a callback at the end of this turn's callbacks (or of the next turn, when scheduled by a
// task): never inside schedule(). Dropping it cancels.
class Task {
 public:
  Task(Loop& loop, Callback callback);
  ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Twice is once.
  void schedule();
  void cancel();
  bool scheduled() const { return index_ != NotScheduled; }

 private:
  friend class Loop;
  static constexpr size_t NotScheduled = static_cast<size_t>(-1);
  Loop& loop_;
  Callback callback_;
  size_t index_ = NotScheduled;
};

// Something that may still be on the call stack when its owner lets go of it.
class Retirable {
 public:
  virtual ~Retirable() = default;
};

class Loop {
 public:
  // `clock` outlives the loop.
  explicit Loop(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs turns on the calling thread until stop().
  void run();
  // Any thread, also a signal-safe moment of another loop: run() returns after the current turn.
  void stop();
  // One turn; waits for something to happen only if `wait`. True if anything was called.
  bool runOnce(bool wait);

  // Calls `work` on the loop's thread in a later turn. Any thread; in the order of the calls.
  void post(std::function<void()> work);
  // Takes ownership; destroys at the end of the turn. Twice for the same object is a fault.
  void retire(std::unique_ptr<Retirable> object);

  // See IoWatch::hold().
  static constexpr uint32_t MaxTurnsHeld = 64;

  MonotonicTime now() const { return now_; }
  WallTime wallNow() const { return clock_.wallNow(); }
  const Clock& clock() const { return clock_; }
  bool inLoop() const;
  // When the next timer is due; MonotonicTime::max() if none is armed.
  MonotonicTime nextDeadline() const {
    return timers_.empty() ? MonotonicTime::max() : timers_.front().deadline;
  }
  // For libraries that use libevent (the admin port's HTTP server): from the first call on, the
  // loop waits inside this base. A loop that needs none waits on its descriptors directly.
  event_base* base();

 private:
  friend class IoWatch;
  friend class Timer;
  friend class Task;
  struct HeapEntry {
    MonotonicTime deadline;
    Timer* timer;
  };

  void armTimer(Timer& timer, MonotonicTime deadline);
  void disarmTimer(Timer& timer);
  void siftUp(size_t i);
  void siftDown(size_t i);
  void place(size_t i, HeapEntry entry);
  bool runTimers();
  bool runPosted();
  bool runTasks();
  void destroyRetired();
  void waitAndDispatch(bool wait);
  void addWatch(IoWatch& watch);
  void addNewWatches();
  void addHeldWatches(bool all);
  void forget(const IoWatch& watch);
  void refreshNow();
  void beginCallbacks();
  int timeoutMs(bool wait);
  void dispatch();
  void waitInBase(int timeout_ms);
  static void onReadyInBase(int fd, short what, void* self) noexcept;
  static void onDeadlineInBase(int fd, short what, void* self) noexcept;

  // Another thread wants something.
  struct Wake final : IoHandler {
    explicit Wake(int event_fd) : fd(event_fd) {}
    void onIoReady(IoReady ready) noexcept override;
    const int fd;
  };

  const Clock& clock_;
  MonotonicTime now_;
  Poller poller_;
  Wake wake_;
  event_base* base_ = nullptr;  // once it was asked for
  struct event* poller_event_ = nullptr;
  struct event* deadline_event_ = nullptr;
  std::atomic<bool> stop_{false};
  std::atomic<std::thread::id> thread_;
  bool anything_ = false;   // something was called in this turn
  bool now_stale_ = false;  // the turn waits, or has waited and called nothing yet
  size_t watches_ = 0;
  std::unique_ptr<IoWatch> wake_watch_;

  struct HeldWatch {
    IoWatch* watch;  // null: not held any more
    uint32_t until;  // the turn
  };
  std::vector<IoWatch*> new_watches_;  // a null entry is gone
  std::deque<HeldWatch> held_watches_;
  uint32_t held_before_ = 0;  // how many have left the front of held_watches_
  uint32_t turn_ = 0;

  std::vector<HeapEntry> timers_;
  std::vector<Task*> tasks_;          // a null entry was cancelled
  std::vector<Task*> running_tasks_;  // swapped with tasks_ while they run
  std::vector<std::unique_ptr<Retirable>> retired_;

  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace weir::event
