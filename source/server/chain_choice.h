#pragma once

// Finds the filter chain of one connection: asks the matcher, lets the listener filters answer for
// the facts that it needs, in the configured order, and asks again. No I/O and no clock: whoever
// has the bytes, and knows when to give up, drives it. `weir explain` drives it, too.
//
// One connection's loop. Order of calls: begin() once; while it answers Wait: onBytes() or
// finish().

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "source/config/settings.h"
#include "source/filter/connection_info.h"
#include "source/filter/listener_filter.h"

namespace weir::server {

// What a listener does about a silent client: its first filter that says so decides, else the
// defaults. Lives as long as the settings.
const filter::SilencePolicy& silencePolicyOf(const config::ListenerSettings& listener);

class ChainChoice {
 public:
  enum class Status : uint8_t {
    Chosen,   // chain() is final; it is null if none holds and there is no default
    Wait,     // the choice hangs on the client's bytes
    Refused,  // a listener filter refused the connection; see rejectReason()
  };

  // All outlive it. Facts that are known at the start must be marked so in `info.facts`.
  ChainChoice(const config::ListenerSettings& listener, const filter::AcceptedSocket& socket,
              filter::ConnectionInfo& info);

  Status begin();
  // `prefix`: all that the client has sent.
  Status onBytes(std::span<const uint8_t> prefix);
  // No more bytes will come, or there is no more time: what is still missing stays empty. Never
  // Wait.
  Status finish(std::span<const uint8_t> prefix);

  const config::FilterChainSettings* chain() const { return chain_; }
  std::string_view rejectReason() const { return reject_reason_; }
  // While it waits: the bytes so far are a proper prefix of something that would be recognised.
  bool partial() const { return waiting_ != nullptr && waiting_->partial; }
  // While it waits: as many bytes as the filter that is asked may want to see.
  size_t bytesWanted() const { return waiting_ == nullptr ? 0 : waiting_->factory->maxBytes(); }
  // The first so many bytes of what was shown are a header that is not part of the stream: the
  // caller drops them, before it shows more. Tells them once.
  size_t takeHeader() { return std::exchange(header_bytes_, 0); }
  // While it waits: for the header, or the rest of it. The destination is not known, then.
  bool waitsForHeader() const { return waiting_ != nullptr && waiting_->factory->stripsHeader(); }
  // Whoever describes a connection (weir explain) has taken the header off: it is not asked for.
  void assumeHeader() { header_done_ = true; }
  // The filters were shown bytes of the client, or told that there will be none.
  bool usedBytes() const { return used_bytes_; }
  // Who is waited for: the name of a listener filter, or empty.
  std::string_view waitingFor() const {
    return waiting_ == nullptr ? "" : waiting_->factory->name();
  }
  // While it waits: the chain if all facts still missing stay empty; null if none.
  const config::FilterChainSettings* fallback() const;

 private:
  struct Provider {
    const filter::ListenerFilterFactory* factory;
    std::unique_ptr<filter::ListenerFilter> filter;  // made when it is first asked
    bool partial = false;
    bool done = false;
  };

  Status advance();
  Status choose();
  Provider* header();
  void prepareFallback();
  filter::FactSet requiredBy(const config::FilterChainSettings* chain) const;
  void makeProviders();
  Provider* nextProvider(filter::FactSet needed);
  filter::FactStatus ask(Provider& provider);
  void settle(Provider& provider, filter::FactStatus status, const filter::Sniffed& sniffed);
  const config::FilterChainSettings* chainOf(const match::Choice& choice) const;

  const config::ListenerSettings& listener_;
  const filter::AcceptedSocket& socket_;
  filter::ConnectionInfo& info_;
  std::span<const uint8_t> prefix_;  // valid during a call
  std::vector<Provider> providers_;
  const config::FilterChainSettings* chain_ = nullptr;
  std::string_view reject_reason_;
  Provider* waiting_ = nullptr;
  size_t header_bytes_ = 0;
  bool header_done_ = false;  // there is none, or it was read
  bool ending_ = false;       // finish() was called
  bool used_bytes_ = false;
};

}  // namespace weir::server
