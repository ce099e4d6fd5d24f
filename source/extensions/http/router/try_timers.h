#pragma once

// How long one attempt at a request may take: per_try_timeout, from the end of the request on, and
// per_try_idle_timeout, without a byte either way. A part of the router.
//
// Loop: its stream's. Nothing happens before follow().

#include <functional>
#include <string_view>
#include <utility>

#include "source/event/loop.h"
#include "source/http/route.h"

namespace weir::http_filters {

class TryTimers {
 public:
  // `on_timeout` gets the reason for log, metrics and `weir-error`.
  TryTimers(event::Loop& loop, std::function<void(std::string_view)> on_timeout)
      : on_timeout_(std::move(on_timeout)),
        whole_(loop, [this] { on_timeout_("upstream_per_try_timeout"); }),
        idle_(loop, [this] { on_timeout_(IdleReason); }) {}

  static constexpr std::string_view IdleReason = "upstream_per_try_idle_timeout";

  // `policy` outlives it.
  void follow(const http::RetryPolicy& policy) { policy_ = &policy; }
  // An attempt has all of the request.
  void requestSent() {
    if (policy_ != nullptr) arm(whole_, policy_->per_try_timeout);
  }
  // It has begun, or a byte went either way.
  void moved() {
    if (policy_ != nullptr) arm(idle_, policy_->per_try_idle_timeout);
  }
  // The response has begun: it may take long.
  void stopWhole() { whole_.disarm(); }
  void stopIdle() { idle_.disarm(); }
  void stop() {
    stopWhole();
    stopIdle();
  }

 private:
  static void arm(event::Timer& timer, Duration duration) {
    if (duration > Duration::zero()) timer.arm(duration);
  }

  const std::function<void(std::string_view)> on_timeout_;
  const http::RetryPolicy* policy_ = nullptr;
  event::Timer whole_;
  event::Timer idle_;
};

}  // namespace weir::http_filters
