#include "source/http/h2/liveness.h"

#include <utility>

#include "source/http/h2/limits.h"

namespace weir::http {

Http2Liveness::Http2Liveness(event::Loop& loop, const Http2Settings& settings, Actions actions)
    : loop_(loop),
      settings_(settings),
      actions_(std::move(actions)),
      timer_(loop, [this] { onTimer(); }),
      last_bytes_(loop.now()) {}

bool Http2Liveness::onBytes() {
  last_bytes_ = loop_.now();
  unanswered_since_.reset();
  if (!std::exchange(in_doubt_, false)) return false;
  // It may go on to be quiet, and its answer be late: the PING waits behind all that was sent.
  if (!keepsAlive()) timer_.disarm();
  return true;
}

void Http2Liveness::onAnswer() {
  if (!std::exchange(asked_, false)) return;
  trusted_until_ = loop_.now() + Http2TrustAfterAnswer;
  rest();
}

void Http2Liveness::onRequest() {
  if (!unanswered_since_) unanswered_since_ = loop_.now();
}

// What was given up at once says nothing: not even the answer to a PING could have come.
void Http2Liveness::onGivenUp() {
  const MonotonicTime now = loop_.now();
  if (in_doubt_ || !unanswered_since_ || now - *unanswered_since_ < Http2DoubtAfter) return;
  if (now < trusted_until_) return;
  in_doubt_ = true;
  if (!asked_) return ask();
  if (!timer_.armed()) timer_.arm(settings_.keepalive_timeout);
}

void Http2Liveness::rest() {
  keepsAlive() ? timer_.arm(settings_.keepalive_interval) : timer_.disarm();
}

void Http2Liveness::ask() {
  asked_ = true;
  timer_.arm(settings_.keepalive_timeout);
  actions_.ping();
}

// Any bytes show that it is there.
void Http2Liveness::onTimer() {
  const Duration quiet = loop_.now() - last_bytes_;
  const Duration most = asked_ ? settings_.keepalive_timeout : settings_.keepalive_interval;
  if (quiet < most) return timer_.arm(most - quiet);
  asked_ ? actions_.end() : ask();
}

}  // namespace weir::http
