#pragma once

// THE CONTRACT of a listener filter: a provider of facts. It answers, it does not drive: the runner
// asks it only when the choice of a filter chain hangs on one of its facts, shows it the client's
// bytes, and asks the chooser again.
//
// Loop and lifetime: one instance per connection that needs it, made by its factory when it is
// first asked, on the connection's loop, and destroyed when the chain is chosen or the connection
// ends, never inside a hook. Order of calls: start() once; then onBytes() each time there are more
// bytes, until it answers anything but NeedMore; onEnd() at most once, perhaps without an onBytes()
// before it.
//
// Inside a hook it may only look and answer. It has no timers (the deadlines are the runner's, see
// silence_policy.h), writes nothing, and keeps no reference to what a hook was given.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "source/filter/facts.h"

namespace weir::filter {

struct SilencePolicy;  // source/filter/silence_policy.h

enum class FactStatus : uint8_t {
  NeedMore,  // not decided: more of the client's bytes are needed
  Done,      // decided, and not asked again: Sniffed::settled says which facts it answers for
  Reject,    // the connection must be closed; the filter says why by Sniffed::reject_reason
};

// What a listener filter may look at and set. New for each call: of what was set only `facts`
// outlast it, and those are to be set together with Done.
//
// Two filters may provide the same fact; the runner asks them in configured order. A filter whose
// answer is Done names in `settled` the facts that it answers for, which are then known, with the
// values in `facts` or empty. A fact that it provides and did not settle is left to the next
// provider, and is known and empty if there is none. So a fact is never taken from a later provider
// while an earlier one is undecided. Example: tls_inspector settles ApplicationProtocols (the ALPN
// list) for TLS, and leaves it to proto_detect for anything else.
struct Sniffed {
  Facts& facts;       // set values here; the runner, not the filter, changes `known`
  FactSet settled{};  // read when the answer is Done; within provides()
  // A name for telemetry ("ssh", "redis"), with static storage; never changes bytes.
  std::string_view protocol{};
  std::string_view reject_reason{};  // static storage; the label of the counter and the log line
  // True while the bytes seen are a proper prefix of something that this filter would recognise,
  // and may still turn out to be something else. The runner then holds them at most partial_timeout
  // (SilencePolicy). False with NeedMore: only the client itself is kept waiting, and
  // detection_timeout holds.
  bool partial = false;
  // Of a filter that strips a header (ListenerFilterFactory::stripsHeader()), with Done: how many
  // bytes at the front of `prefix` the header is. They are dropped: neither another listener filter
  // nor the chain sees them.
  size_t consumed = 0;
  // The same: what the header was, for telemetry; static storage.
  std::string_view header{};
};

// Where the connection comes from, for filters that need the socket and not the bytes.
class AcceptedSocket {
 public:
  virtual ~AcceptedSocket() = default;
  // The destination that the client dialled before a REDIRECT or TPROXY rule; false if there was
  // none.
  virtual bool originalDestination(net::IpPort& destination) const = 0;
};

class ListenerFilter {
 public:
  virtual ~ListenerFilter() = default;

  // Called once, before any bytes. A filter that needs none answers Done here.
  virtual FactStatus start(const AcceptedSocket& socket, Sniffed& out) = 0;

  // `prefix` is everything that the client has sent, from the first byte (behind a header that
  // another filter stripped); it only ever grows, and is valid for the call. The same bytes must
  // give the same answer however they were cut.
  virtual FactStatus onBytes(std::span<const uint8_t> prefix, Sniffed& out) = 0;

  // The client will send no more (it half-closed, or the time is up): decide with what there was.
  // Never NeedMore.
  virtual FactStatus onEnd(std::span<const uint8_t> prefix, Sniffed& out) = 0;
};

// Makes instances; one per listener filter in the configuration, built from its validated settings.
// Immutable; any thread.
class ListenerFilterFactory {
 public:
  virtual ~ListenerFilterFactory() = default;
  // The name in messages and in `weir explain`.
  virtual std::string_view name() const = 0;
  // The facts for which it is asked: only while the choice of a chain hangs on one of them.
  virtual FactSet provides() const = 0;
  virtual std::unique_ptr<ListenerFilter> create() const = 0;
  // How many of the client's bytes it may ever want to see; the runner stops there and calls
  // onEnd(). 0: none.
  virtual size_t maxBytes() const = 0;
  // Whether its bytes are not the client's but stand in front of them (a PROXY header). Then it is
  // the first of its listener, and is asked for every connection before anything else, even if no
  // chain depends on its facts; until it is Done the server is not probed.
  virtual bool stripsHeader() const { return false; }
  // What to do about a silent client, if this filter is the one that says so (proto_detect); else
  // null.
  virtual const SilencePolicy* silencePolicy() const { return nullptr; }
  // A name for telemetry from the first bytes of a server that spoke first, with static storage;
  // empty if this filter knows none. Any thread.
  virtual std::string_view nameGreeting(std::span<const uint8_t>) const { return {}; }
};

}  // namespace weir::filter
