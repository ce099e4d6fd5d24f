#include "source/event/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "source/base/check.h"

namespace weir::event {
namespace {

sigset_t setOf(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

}  // namespace

void blockSignals(std::initializer_list<int> signals) {
  const sigset_t set = setOf(signals);
  WEIR_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  ::signal(SIGPIPE, SIG_IGN);
}

void unblockSignals(std::initializer_list<int> signals) {
  const sigset_t set = setOf(signals);
  WEIR_CHECK(pthread_sigmask(SIG_UNBLOCK, &set, nullptr) == 0);
}

SignalWatch::SignalWatch(Loop& loop, std::initializer_list<int> signals,
                         std::function<void(int)> callback)
    : callback_(std::move(callback)) {
  const sigset_t set = setOf(signals);
  fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  WEIR_CHECK(fd_ >= 0);
  watch_ = std::make_unique<IoWatch>(loop, fd_, static_cast<IoHandler&>(*this));
}

SignalWatch::~SignalWatch() {
  watch_.reset();
  ::close(fd_);
}

void SignalWatch::onIoReady(IoReady) noexcept {
  signalfd_siginfo info;
  while (::read(fd_, &info, sizeof info) == sizeof info)
    callback_(static_cast<int>(info.ssi_signo));
}

}  // namespace weir::event
