#pragma once

// Drives a ChainChoice that has to wait: reads the client's bytes, keeps the deadlines of the
// SilencePolicy, and, while the client is silent, opens the connection that the TCP fallback would
// open anyway and listens to the server as well.
//
// One connection's loop. Made only for a connection whose choice waits; its owner retires it once
// it has decided.

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "source/filter/silence_policy.h"
#include "source/filter/worker.h"
#include "source/net/connection.h"
#include "source/server/chain_choice.h"
#include "source/server/detection_budget.h"
#include "source/server/learned_servers.h"
#include "source/stats/stats.h"
#include "source/upstream/early_connection.h"

namespace weir::server {

// What the detections of one listener on one worker share, in one generation of its settings.
struct DetectionShared {
  const config::ListenerSettings& settings;
  const filter::SilencePolicy& policy;
  filter::Worker& worker;
  LearnedServers& learned;
  size_t& probes;           // open now, in all generations
  DetectionBudget& budget;  // of the process
  // Tells the other workers that a destination's server speaks first (true), or does not after all.
  std::function<void(const net::IpPort& destination, bool speaks_first)> tell_others;
  // Counters, looked up when they are counted first.
  std::unordered_map<std::string_view, stats::Value*> probe_outcomes{};  // static storage
  stats::Value* overflows = nullptr;
};

class DetectionOwner {
 public:
  virtual ~DetectionOwner() = default;
  // A header in front of the client's bytes was read: addresses may be others since. At most once,
  // and first. False if the owner has ended the connection for that; nothing more is told then.
  virtual bool onHeader() { return true; }
  // `choice.chain()` is to be used, or the connection closed if it is null or `status` is Refused.
  // `early`: the probe's connection, or null. Called once, from the loop.
  virtual void onDecided(ChainChoice::Status status, filter::Reason reason,
                         std::unique_ptr<upstream::EarlyConnection> early) = 0;
  // The connection ended before anything was decided. `reason` as in the access log. Called once.
  virtual void onDetectionClosed(std::string_view reason) = 0;
};

class Detection final : public event::Retirable,
                        private net::ConnectionEvents,
                        private upstream::EarlyEvents {
 public:
  // All outlive it. `choice` has answered Wait.
  Detection(DetectionShared& shared, ChainChoice& choice, filter::ConnectionInfo& info,
            net::Connection& connection, DetectionOwner& owner);
  ~Detection() override;

  void start();
  // Stops it from outside; nothing is called any more.
  void cancel();

 private:
  enum class Probe : uint8_t { None, Connecting, Listening, Over };

  void onData(buffer::Buffer& data, bool end_stream) override;
  void onFault(const Error& error) override;
  void onEarlyConnected() override { probe_ = Probe::Listening; }
  void onServerSpoke() override;
  void onEarlyFailed(const Error& error) override;

  void awaitServer();
  ChainChoice::Status finish();
  bool noteHeader();
  bool mayProbe() const;
  bool takeGrants(const config::FilterChainSettings& chain);
  void startProbe();
  void endProbe(std::string_view outcome);
  void takeServersWord();
  void contradictIfWrong();
  void armDeadline();
  void onDeadline();
  void onBudgetSpent();
  void endWait(std::string_view reason);
  bool hold(uint64_t bytes);
  void decide(ChainChoice::Status status, filter::Reason reason);

  DetectionShared& shared_;
  ChainChoice& choice_;
  filter::ConnectionInfo& info_;
  net::Connection& connection_;
  DetectionOwner& owner_;
  std::unique_ptr<upstream::EarlyConnection> early_;
  event::Timer deadline_;
  event::Timer probe_timer_;  // until the probe starts; then until an expected server's word counts
  const MonotonicTime started_;
  MonotonicTime silent_since_;  // nothing of the client's own: from accept, or from its header on
  const config::FilterChainSettings* probe_chain_ = nullptr;  // for which the probe was made
  uint64_t held_ = 0;                                         // of the budget
  bool over_budget_ = false;
  bool waits_for_header_;
  Probe probe_ = Probe::None;
  bool expected_ = false;  // the destination was known to speak first
  bool spoke_ = false;     // the server has
  bool decided_ = false;
};

}  // namespace weir::server
