#include "source/event/loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/base/log.h"

namespace weir::event {
namespace {

// What libevent has to say, such as that accepting for the admin port fails, is said as everything
// else is.
void logOfLibevent(int severity, const char* text) {
  static log::LimitedLog limit;
  const log::Level level = severity >= EVENT_LOG_WARN ? log::Level::Warn : log::Level::Debug;
  limit.write(std::chrono::steady_clock::now(), log::Component::Main, level, "libevent: {}", text);
}

// How long a loop that has nothing else to do leaves a held descriptor alone.
constexpr int HeldForMs = 5;

event_base* newBase() {
  event_set_log_callback(&logOfLibevent);
  event_config* config = event_config_new();
  // One thread uses a base: no locks. The precise timer would cost a timerfd and a call for each
  // turn.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  WEIR_CHECK(base != nullptr);
  return base;
}

}  // namespace

IoWatch::IoWatch(Loop& loop, int fd, IoHandler& handler, Trigger trigger)
    : loop_(loop),
      handler_(&handler),
      fd_(fd),
      trigger_(trigger),
      place_(static_cast<uint32_t>(loop.new_watches_.size())) {
  loop_.new_watches_.push_back(this);
  ++loop_.watches_;
}

IoWatch::~IoWatch() {
  if (state_ == State::Added) {
    loop_.poller_.remove(fd_, *this, closing_);
  } else {
    loop_.forget(*this);
  }
  --loop_.watches_;
}

void IoWatch::hold() {
  if (state_ != State::New) return;
  loop_.forget(*this);
  state_ = State::Held;
  place_ = loop_.held_before_ + static_cast<uint32_t>(loop_.held_watches_.size());
  loop_.held_watches_.push_back({this, loop_.turn_ + Loop::MaxTurnsHeld});
}

void IoWatch::release() {
  if (state_ != State::Held) return;
  loop_.forget(*this);
  loop_.addWatch(*this);
}

Timer::Timer(Loop& loop, Callback callback) : loop_(loop), callback_(std::move(callback)) {}
Timer::~Timer() { disarm(); }
void Timer::arm(Duration delay) { loop_.armTimer(*this, loop_.now_ + delay); }
void Timer::armWithin(Duration delay) {
  const MonotonicTime deadline = loop_.now_ + delay;
  if (armed() && loop_.timers_[heap_index_].deadline <= deadline) return;
  loop_.armTimer(*this, deadline);
}
void Timer::disarm() { loop_.disarmTimer(*this); }

Task::Task(Loop& loop, Callback callback) : loop_(loop), callback_(std::move(callback)) {}
Task::~Task() { cancel(); }

void Task::schedule() {
  if (scheduled()) return;
  index_ = loop_.tasks_.size();
  loop_.tasks_.push_back(this);
}

void Task::cancel() {
  if (!scheduled()) return;
  // It stands in one of the two lists, at this index.
  for (std::vector<Task*>* list : {&loop_.tasks_, &loop_.running_tasks_}) {
    if (index_ < list->size() && (*list)[index_] == this) (*list)[index_] = nullptr;
  }
  index_ = NotScheduled;
}

Loop::Loop(const Clock& clock)
    : clock_(clock),
      now_(clock.monotonicNow()),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_(std::this_thread::get_id()) {
  WEIR_CHECK(wake_.fd >= 0);
  wake_watch_ = std::make_unique<IoWatch>(*this, wake_.fd, wake_);
}

Loop::~Loop() {
  // Posted work that has not run is dropped: what it is about may be gone.
  destroyRetired();
  wake_watch_.reset();
  WEIR_CHECK(watches_ == 0);
  WEIR_CHECK(timers_.empty());
  close(wake_.fd);
  if (base_ == nullptr) return;
  event_free(poller_event_);
  event_free(deadline_event_);
  event_base_free(base_);
}

event_base* Loop::base() {
  if (base_ != nullptr) return base_;
  base_ = newBase();
  poller_event_ = event_new(base_, poller_.fd(), EV_READ | EV_PERSIST, &Loop::onReadyInBase, this);
  deadline_event_ = evtimer_new(base_, &Loop::onDeadlineInBase, this);
  WEIR_CHECK(poller_event_ != nullptr && deadline_event_ != nullptr);
  WEIR_CHECK(event_add(poller_event_, nullptr) == 0);
  return base_;
}

void Loop::run() {
  thread_ = std::this_thread::get_id();
  while (!stop_.load(std::memory_order_acquire)) runOnce(true);
  stop_ = false;
}

void Loop::stop() {
  stop_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  (void)!write(wake_.fd, &one, sizeof one);  // a full counter wakes the loop as well
}

bool Loop::inLoop() const { return thread_.load() == std::this_thread::get_id(); }

bool Loop::runOnce(bool wait) {
  anything_ = false;
  ++turn_;
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

// The wait happens inside a call, and so may the callbacks: the first one sets the turn's time.
void Loop::beginCallbacks() {
  anything_ = true;
  if (now_stale_) refreshNow();
}

// Rounded up: a timer must not find that it woke a moment early and spin.
int Loop::timeoutMs(bool wait) {
  if (!wait) return 0;
  if (timers_.empty()) return -1;
  refreshNow();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.front().deadline - now_);
  constexpr auto Longest = std::chrono::milliseconds(std::chrono::hours(1));
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), Longest).count());
}

void Loop::waitAndDispatch(bool wait) {
  addNewWatches();
  addHeldWatches(false);
  const bool held = wait && !held_watches_.empty();
  const int timeout = timeoutMs(wait);
  const bool bounded = held && (timeout < 0 || timeout > HeldForMs);
  now_stale_ = true;
  if (base_ != nullptr) {
    waitInBase(bounded ? HeldForMs : timeout);
  } else if (poller_.wait(bounded ? HeldForMs : timeout) > 0) {
    dispatch();
  }
  if (now_stale_) refreshNow();
  if (held && !anything_) addHeldWatches(true);
}

void Loop::addWatch(IoWatch& watch) {
  watch.state_ = IoWatch::State::Added;
  poller_.add(watch.fd_, watch, watch.trigger_);
}

void Loop::addNewWatches() {
  for (IoWatch* watch : new_watches_) {
    if (watch != nullptr) addWatch(*watch);
  }
  new_watches_.clear();
}

// Those that were held long enough, or all.
void Loop::addHeldWatches(bool all) {
  while (!held_watches_.empty()) {
    const HeldWatch first = held_watches_.front();
    const bool due = static_cast<int32_t>(turn_ - first.until) >= 0;
    if (first.watch != nullptr && !due && !all) return;
    held_watches_.pop_front();
    ++held_before_;
    if (first.watch != nullptr) addWatch(*first.watch);
  }
}

// It does not wait to be added any more.
void Loop::forget(const IoWatch& watch) {
  if (watch.state_ == IoWatch::State::New) new_watches_[watch.place_] = nullptr;
  if (watch.state_ == IoWatch::State::Held) {
    held_watches_[watch.place_ - held_before_].watch = nullptr;
  }
}

void Loop::dispatch() {
  unsigned events = 0;
  while (const IoWatch* watch = poller_.next(events)) {
    beginCallbacks();
    watch->handler_->onIoReady({.readable = (events & (EPOLLIN | EPOLLHUP)) != 0,
                                .writable = (events & EPOLLOUT) != 0,
                                .hangup = (events & (EPOLLRDHUP | EPOLLHUP)) != 0,
                                .error = (events & EPOLLERR) != 0,
                                .urgent = (events & EPOLLPRI) != 0});
  }
}

void Loop::waitInBase(int timeout_ms) {
  if (timeout_ms > 0) {
    const timeval tv{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    event_add(deadline_event_, &tv);
  }
  event_base_loop(base_, timeout_ms == 0 ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
}

void Loop::onReadyInBase(int, short, void* self) noexcept {
  Loop& loop = *static_cast<Loop*>(self);
  if (loop.poller_.wait(0) > 0) loop.dispatch();
}

void Loop::onDeadlineInBase(int, short, void*) noexcept {}

void Loop::Wake::onIoReady(IoReady) noexcept {
  uint64_t count = 0;
  (void)!read(fd, &count, sizeof count);
}

void Loop::post(std::function<void()> work) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (!first) return;
  const uint64_t one = 1;
  (void)!write(wake_.fd, &one, sizeof one);
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
