#pragma once

// Whether the peer of an HTTP/2 connection is still there: it is asked by PING after some time
// without a byte, if the settings say so; and on the side of the upstream whenever a request was
// given up on a connection that had brought nothing since it was sent. A host that vanished says
// nothing of it, and of the requests that go on each would wait for its timeout. Any bytes that
// come after the PING are as good as its answer, which may be long on its way where much else is
// sent.
//
// A part of Http2Session, on its loop.

#include <functional>
#include <optional>

#include "source/base/time.h"
#include "source/event/loop.h"
#include "source/http/codec_settings.h"

namespace weir::http {

class Http2Liveness {
 public:
  struct Actions {
    std::function<void()> ping;  // send one
    std::function<void()> end;   // nothing came since
  };

  // All outlive it.
  Http2Liveness(event::Loop& loop, const Http2Settings& settings, Actions actions);

  void start() { rest(); }
  void stop() { timer_.disarm(); }
  // Some came. True if the peer was in doubt, and is no longer.
  bool onBytes();
  // A PING of ours was answered.
  void onAnswer();
  // A request begins. One is given up, whatever for.
  void onRequest();
  void onGivenUp();
  // It was asked after a request that it left without a word: no place for another one.
  bool inDoubt() const { return in_doubt_; }

 private:
  bool keepsAlive() const { return settings_.keepalive_interval > Duration::zero(); }
  void rest();
  void ask();
  void onTimer();

  event::Loop& loop_;
  const Http2Settings& settings_;
  const Actions actions_;
  event::Timer timer_;
  MonotonicTime last_bytes_;
  MonotonicTime trusted_until_{};
  std::optional<MonotonicTime> unanswered_since_;  // the first request behind the last bytes
  bool asked_ = false;  // and the answer is to come: at most one PING is under way
  bool in_doubt_ = false;
};

}  // namespace weir::http
