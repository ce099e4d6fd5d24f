#pragma once

// Keeps the hosts of one STRICT_DNS cluster up to date: asks for its names again and again, each by
// its own TTL. A name that cannot be resolved, or that has no address, keeps the addresses it had;
// that is logged when it begins and when it ends, counted each time, and shown in the state. An
// address that is no longer in the answers is remembered as long as it has connections, and for ten
// minutes: if it comes back meanwhile it is the same host.
//
// Main loop, which outlives it. It does not hold the state: once nobody else does, it asks no more.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "source/base/random.h"
#include "source/event/loop.h"
#include "source/stats/stats.h"
#include "source/upstream/cluster_state.h"
#include "source/upstream/dns_resolver.h"

namespace weir::upstream {

class StrictDns {
 public:
  struct Events {
    std::function<void()> on_warm;   // once: every name has an answer or a failure
    std::function<void()> on_hosts;  // the list of hosts is another one
    std::function<void()> on_gone;   // nobody holds the state any more; may be told again
  };
  // All but `state` outlive it. Nothing is told from inside the constructor, and it may not be
  // dropped from inside an event.
  StrictDns(event::Loop& loop, DnsResolver& resolver, stats::Registry& stats,
            const std::shared_ptr<ClusterState>& state, Events events);
  ~StrictDns();

  // Starts with what the same names were resolved to before: other settings of a cluster are no
  // reason to be without hosts while DNS is down. Once, directly after it was made.
  void inherit(const StrictDns& before);

  bool warm() const { return waiting_ == 0; }
  // Logs the names that have neither an answer nor a failure. Once, when nobody waits any more.
  void tellUnanswered(const std::string& cluster);

 private:
  struct Name;

  void ask(Name& name);
  void onAnswer(Name& name, Result<DnsAnswer> result);
  void count(const ClusterState& state, const Result<DnsAnswer>& result);
  void tell(const ClusterState& state, Name& name, const Error* failure);
  Duration accept(ClusterState& state, Name& name, const DnsAnswer& answer);
  Duration reject(const ClusterState& state, Name& name, const Error& error);
  void rebuild(ClusterState& state);
  void forgetGone();
  void publish(ClusterState& state);

  event::Loop& loop_;
  DnsResolver& resolver_;
  stats::Registry& stats_;
  const std::weak_ptr<ClusterState> state_;
  const Events events_;
  Random random_;
  std::vector<std::unique_ptr<Name>> names_;
  // Hosts that left the list, by address: should they come back, they are the same.
  struct Gone {
    std::shared_ptr<Host> host;
    MonotonicTime since;
  };
  std::unordered_map<std::string, Gone> gone_;
  size_t waiting_ = 0;  // names without a first outcome
  bool told_unanswered_ = false;
};

}  // namespace weir::upstream
