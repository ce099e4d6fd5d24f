#include "source/event/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "source/base/check.h"

namespace weir::event {
namespace {

event_base* newBase() {
  event_config* config = event_config_new();
  // One thread uses a base: no locks. The precise timer would cost a timerfd and a call for each
  // turn.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  WEIR_CHECK(base != nullptr);
  return base;
}

timeval toTimeval(Duration d) {
  // Rounded up: a timer must not find that it woke a microsecond early and spin.
  const auto us = std::chrono::ceil<std::chrono::microseconds>(d).count();
  return {static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
}

}  // namespace

IoWatch::IoWatch(Loop& loop, int fd, IoHandler& handler)
    : loop_(loop),
      handler_(handler),
      event_(event_new(loop.base_, fd, EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST,
                       &IoWatch::onReady, this),
             event_free) {
  WEIR_CHECK(event_ != nullptr);
  WEIR_CHECK(event_add(event_.get(), nullptr) == 0);
  ++loop_.watches_;
}

IoWatch::~IoWatch() { --loop_.watches_; }

void IoWatch::onReady(int, short what, void* self) noexcept {
  const auto& watch = *static_cast<IoWatch*>(self);
  watch.loop_.beginCallbacks();
  watch.handler_.onIoReady({.readable = (what & EV_READ) != 0,
                            .writable = (what & EV_WRITE) != 0,
                            .hangup = (what & EV_CLOSED) != 0});
}

Timer::Timer(Loop& loop, std::function<void()> callback)
    : loop_(loop), callback_(std::move(callback)) {}
Timer::~Timer() { disarm(); }
void Timer::arm(Duration delay) { loop_.armTimer(*this, loop_.now_ + delay); }
void Timer::disarm() { loop_.disarmTimer(*this); }

Task::Task(Loop& loop, std::function<void()> callback)
    : loop_(loop), callback_(std::move(callback)) {}
Task::~Task() { cancel(); }

void Task::schedule() {
  if (scheduled()) return;
  index_ = loop_.tasks_.size();
  loop_.tasks_.push_back(this);
}

void Task::cancel() {
  if (!scheduled()) return;
  // It stands in one of the two lists, at the same index: in the one that is run now, or in the one
  // for later.
  if (index_ < loop_.tasks_.size() && loop_.tasks_[index_] == this) loop_.tasks_[index_] = nullptr;
  if (index_ < loop_.running_tasks_.size() && loop_.running_tasks_[index_] == this) {
    loop_.running_tasks_[index_] = nullptr;
  }
  index_ = NotScheduled;
}

Loop::Loop(const Clock& clock)
    : clock_(clock), now_(clock.monotonicNow()), thread_(std::this_thread::get_id()) {
  base_ = newBase();
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  WEIR_CHECK(wake_fd_ >= 0);
  wake_event_ = event_new(base_, wake_fd_, EV_READ | EV_PERSIST, &Loop::onWake, this);
  deadline_event_ = evtimer_new(base_, &Loop::onDeadline, this);
  WEIR_CHECK(wake_event_ != nullptr && deadline_event_ != nullptr);
  WEIR_CHECK(event_add(wake_event_, nullptr) == 0);
}

Loop::~Loop() {
  // Posted work that has not run is dropped: what it is about may be gone.
  destroyRetired();
  WEIR_CHECK(watches_ == 0);
  WEIR_CHECK(timers_.empty());
  event_free(wake_event_);
  event_free(deadline_event_);
  event_base_free(base_);
  close(wake_fd_);
}

void Loop::run() {
  thread_ = std::this_thread::get_id();
  while (!stop_.load(std::memory_order_acquire)) runOnce(true);
  stop_ = false;
}

void Loop::stop() {
  stop_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  (void)!write(wake_fd_, &one, sizeof one);  // a full counter wakes the loop as well
}

bool Loop::inLoop() const { return thread_.load() == std::this_thread::get_id(); }

bool Loop::runOnce(bool wait) {
  anything_ = false;
  waitAndDispatch(wait && tasks_.empty());
  bool did = anything_;
  did |= runTimers();
  did |= runPosted();
  did |= runTasks();
  did |= !retired_.empty();
  destroyRetired();
  return did;
}

void Loop::refreshNow() {
  now_ = clock_.monotonicNow();
  now_stale_ = false;
}

// The wait happens inside libevent, and so do the callbacks: the first one sets the turn's time.
void Loop::beginCallbacks() {
  anything_ = true;
  if (now_stale_) refreshNow();
}

void Loop::waitAndDispatch(bool wait) {
  if (wait && !timers_.empty()) {
    refreshNow();
    const Duration left = timers_.front().deadline - now_;
    if (left <= Duration::zero()) {
      wait = false;
    } else {
      const timeval tv = toTimeval(left);
      event_add(deadline_event_, &tv);
    }
  }
  now_stale_ = true;
  event_base_loop(base_, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
  if (now_stale_) refreshNow();
}

void Loop::onWake(int fd, short, void* self) noexcept {
  uint64_t count = 0;
  (void)!read(fd, &count, sizeof count);
  static_cast<Loop*>(self)->beginCallbacks();
}

void Loop::onDeadline(int, short, void*) noexcept {}

void Loop::post(std::function<void()> work) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (!first) return;
  const uint64_t one = 1;
  (void)!write(wake_fd_, &one, sizeof one);
}

void Loop::retire(std::unique_ptr<Retirable> object) { retired_.push_back(std::move(object)); }

bool Loop::runPosted() {
  std::vector<std::function<void()>> batch;
  {
    const std::lock_guard lock(posted_mutex_);
    batch.swap(posted_);
  }
  for (auto& work : batch) work();
  return !batch.empty();
}

bool Loop::runTasks() {
  if (tasks_.empty()) return false;
  bool ran = false;
  running_tasks_.swap(tasks_);
  for (size_t i = 0; i < running_tasks_.size(); ++i) {
    Task* task = std::exchange(running_tasks_[i], nullptr);
    if (task == nullptr) continue;
    task->index_ = Task::NotScheduled;
    task->callback_();  // may destroy the task
    ran = true;
  }
  running_tasks_.clear();
  return ran;
}

void Loop::destroyRetired() {
  // A destructor may retire more.
  while (!retired_.empty()) {
    std::vector<std::unique_ptr<Retirable>> batch;
    batch.swap(retired_);
    for (auto& object : batch) object.reset();
  }
}

bool Loop::runTimers() {
  bool ran = false;
  while (!timers_.empty() && timers_.front().deadline <= now_) {
    Timer* timer = timers_.front().timer;
    disarmTimer(*timer);
    timer->callback_();  // may destroy the timer, or arm it anew (then later than now_, unless for
                         // zero)
    ran = true;
  }
  return ran;
}

void Loop::armTimer(Timer& timer, MonotonicTime deadline) {
  if (!timer.armed()) {
    timers_.push_back({});
    place(timers_.size() - 1, {deadline, &timer});
    siftUp(timer.heap_index_);
    return;
  }
  const size_t i = timer.heap_index_;
  const bool later = deadline > timers_[i].deadline;
  timers_[i].deadline = deadline;
  later ? siftDown(i) : siftUp(i);
}

void Loop::disarmTimer(Timer& timer) {
  if (!timer.armed()) return;
  const size_t i = std::exchange(timer.heap_index_, Timer::NotArmed);
  const HeapEntry last = timers_.back();
  timers_.pop_back();
  if (i == timers_.size()) return;
  place(i, last);
  siftUp(i);
  siftDown(last.timer->heap_index_);
}

void Loop::place(size_t i, HeapEntry entry) {
  timers_[i] = entry;
  entry.timer->heap_index_ = i;
}

void Loop::siftUp(size_t i) {
  const HeapEntry entry = timers_[i];
  while (i > 0) {
    const size_t parent = (i - 1) / 2;
    if (timers_[parent].deadline <= entry.deadline) break;
    place(i, timers_[parent]);
    i = parent;
  }
  place(i, entry);
}

void Loop::siftDown(size_t i) {
  const HeapEntry entry = timers_[i];
  for (;;) {
    size_t child = 2 * i + 1;
    if (child >= timers_.size()) break;
    if (child + 1 < timers_.size() && timers_[child + 1].deadline < timers_[child].deadline)
      ++child;
    if (entry.deadline <= timers_[child].deadline) break;
    place(i, timers_[child]);
    i = child;
  }
  place(i, entry);
}

}  // namespace weir::event
