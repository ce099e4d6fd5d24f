#include "source/event/poller.h"

#include <unistd.h>

#include "source/base/check.h"

namespace weir::event {

namespace {

unsigned eventsFor(Trigger trigger) {
  switch (trigger) {
    case Trigger::Edge: return EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    case Trigger::LevelRead: return EPOLLIN | EPOLLRDHUP;
    case Trigger::LevelReadWrite: return EPOLLIN | EPOLLOUT | EPOLLRDHUP;
  }
  return 0;
}

}  // namespace

Poller::Poller() : fd_(epoll_create1(EPOLL_CLOEXEC)) { WEIR_CHECK(fd_ >= 0); }
Poller::~Poller() { ::close(fd_); }

void Poller::add(int fd, IoWatch& watch, Trigger trigger) {
  epoll_event event{};
  event.events = eventsFor(trigger);
  event.data.ptr = &watch;
  WEIR_CHECK(epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void Poller::remove(int fd, const IoWatch& watch, bool closing) {
  if (!closing) (void)epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
  for (size_t i = at_; i < ready_; ++i) {
    if (batch_[i].data.ptr == &watch) batch_[i].data.ptr = nullptr;
  }
}

size_t Poller::wait(int timeout_ms) {
  const int n = epoll_wait(fd_, batch_.data(), static_cast<int>(batch_.size()), timeout_ms);
  ready_ = n > 0 ? static_cast<size_t>(n) : 0;  // interrupted is as good as nothing ready
  at_ = 0;
  return ready_;
}

IoWatch* Poller::next(unsigned& events) {
  while (at_ < ready_) {
    const epoll_event& event = batch_[at_++];
    if (event.data.ptr == nullptr) continue;
    events = event.events;
    return static_cast<IoWatch*>(event.data.ptr);
  }
  return nullptr;
}

}  // namespace weir::event
