#pragma once

// The counters of one listener on one worker, found once and kept. Names belong to a configuration,
// so a reload makes new handles; those of the same name move the same metric. On its worker's loop.

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "source/config/settings.h"
#include "source/filter/connection_info.h"
#include "source/net/connection.h"
#include "source/server/admission.h"
#include "source/stats/stats.h"

namespace weir::server {

class ListenerStats {
 public:
  // All outlive it. What a dashboard is sure to ask for is there, at zero, from the start: the
  // usual ends, and the chains; unless `all`, of which it is one, has so many listeners or chains
  // that the number of series, which is bounded, is better kept for what happens.
  ListenerStats(const config::ListenerSettings& settings, const config::BootstrapSettings& all,
                stats::Registry& stats);

  static constexpr size_t MaxPreparedListeners = 40;
  static constexpr size_t MaxPreparedChains = 250;  // of all listeners

  void countAccepted() { accepted_.add(1); }
  // Closed at once.
  void countRefusal(Refusal why) { refusals_[static_cast<size_t>(why)]->add(1); }
  void countAcceptError(int error);
  void countOpen() { open_.add(1); }
  // A filter chain was chosen (then it is open on it until its end), or it was found that none will
  // be (then `info.chain` is empty). `info`'s names outlive this.
  void countChoice(const filter::ConnectionInfo& info);
  // A TLS handshake on that chain is over: "ok", or one of a fixed set of names.
  void countHandshake(std::string_view chain, std::string_view result);
  // For the bytes of connections on that chain; the empty name: on none. Lives as long as this.
  const net::ByteMeter& bytesOf(std::string_view chain) { return chainOf(chain).bytes; }
  // The end, `now`, of one that was counted as open.
  void countEnd(const filter::ConnectionInfo& info, MonotonicTime now);

 private:
  struct Chain {
    stats::Value* open = nullptr;
    net::ByteMeter bytes;
  };
  struct Choice {
    stats::Value* count = nullptr;
    stats::Histogram* seconds = nullptr;
  };
  void countHeader(std::string_view header);
  Choice& choiceOf(const filter::ConnectionInfo& info);
  Chain& chainOf(std::string_view name);
  stats::Value& acceptErrors(std::string_view error);
  stats::Value& closes(std::string_view reason);

  const std::string_view listener_;
  stats::Registry& stats_;
  stats::Value& accepted_;
  stats::Value& open_;
  std::array<stats::Value*, RefusalCount> refusals_;
  stats::Histogram& lifetimes_;
  std::unordered_map<std::string, Choice> choices_;     // by chain, protocol, reason
  std::unordered_map<std::string_view, Chain> chains_;  // by name
  std::unordered_map<std::string_view, stats::Value*> closes_;
  std::unordered_map<std::string_view, stats::Value*> headers_;
};

}  // namespace weir::server
