#pragma once

// Signals as events of a loop. Block them first in the main thread, before any other thread starts,
// so that every thread inherits that; then one SignalWatch receives them.

#include <functional>
#include <initializer_list>
#include <memory>

#include "source/event/loop.h"

namespace weir::event {

// Blocks `signals` in the calling thread and those that it starts. SIGPIPE is ignored process-wide.
void blockSignals(std::initializer_list<int> signals);

// Undoes it for `signals`: one that comes now ends the process.
void unblockSignals(std::initializer_list<int> signals);

class SignalWatch final : private IoHandler {
 public:
  // Calls back on the loop, with the signal's number. Requires: they are blocked.
  SignalWatch(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> callback);
  ~SignalWatch() override;
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void onIoReady(IoReady ready) noexcept override;
  int fd_;
  std::function<void(int)> callback_;
  std::unique_ptr<IoWatch> watch_;
};

}  // namespace weir::event
