#include "source/server/detection.h"

#include <algorithm>
#include <utility>

#include "source/filter/connect_request.h"
#include "source/stats/stats.h"

namespace weir::server {

using filter::Reason;
using Status = ChainChoice::Status;

namespace {

// What a server that is expected to speak first says, counts at the earliest when the client has
// been silent for this long.
constexpr Duration ExpectedPatience = std::chrono::milliseconds(2);

}  // namespace

Detection::Detection(DetectionShared& shared, ChainChoice& choice, filter::ConnectionInfo& info,
                     net::Connection& connection, DetectionOwner& owner)
    : shared_(shared),
      choice_(choice),
      info_(info),
      connection_(connection),
      owner_(owner),
      deadline_(shared.worker.loop, [this] { onDeadline(); }),
      probe_timer_(shared.worker.loop, [this] { spoke_ ? takeServersWord() : startProbe(); }),
      started_(shared.worker.loop.now()),
      silent_since_(started_),
      waits_for_header_(choice.waitsForHeader()) {}

Detection::~Detection() {
  cancel();
  hold(0);
}

// From now on it holds so much of the memory that all detections may have.
bool Detection::hold(uint64_t bytes) {
  const uint64_t before = std::exchange(held_, bytes);
  return before == bytes || shared_.budget.change(before, bytes);
}

void Detection::start() {
  connection_.setEvents(*this);
  connection_.setReadLimit(std::max(connection_.limit(), choice_.bytesWanted()));
  armDeadline();
  over_budget_ = !hold(DetectionBudget::BytesOfEach);
  if (over_budget_) return deadline_.arm(Duration::zero());
  // Where the connection leads to is not known before its header.
  if (!choice_.waitsForHeader()) awaitServer();
}

// The client is silent from now on, until it speaks.
void Detection::awaitServer() {
  const auto& server_first = shared_.policy.server_first;
  if (!server_first.enabled) return;
  silent_since_ = shared_.worker.loop.now();
  expected_ = server_first.learn && shared_.learned.expects(info_.facts.destination, silent_since_);
  probe_timer_.arm(expected_ ? Duration::zero() : server_first.probe_after);
}

void Detection::cancel() {
  decided_ = true;
  deadline_.disarm();
  probe_timer_.disarm();
  if (early_ != nullptr) endProbe("client_closed");
}

// The client's bytes.

void Detection::onData(buffer::Buffer& data, bool end_stream) {
  if (decided_) return;
  if (!data.empty()) probe_timer_.disarm();  // the bytes decide from now on
  const bool waited_for_header = waits_for_header_;
  const Status status = choice_.onBytes(data.contiguous());
  data.drain(choice_.takeHeader());
  if (!noteHeader()) return;
  // A chain that is chosen right behind the header needed no bytes of the client's own.
  if (status != Status::Wait)
    return decide(status, choice_.usedBytes() ? Reason::ClientBytes : Reason::Match);
  if (end_stream) return decide(finish(), Reason::ClientClosed);
  connection_.setReadLimit(std::max(connection_.limit(), choice_.bytesWanted()));
  data.compact();
  over_budget_ = !hold(DetectionBudget::BytesOfEach + data.size());
  if (over_budget_) return onBudgetSpent();
  armDeadline();
  if (waited_for_header && !waits_for_header_ && data.empty()) awaitServer();
}

// False if it was the owner's end.
bool Detection::noteHeader() {
  if (!waits_for_header_ || choice_.waitsForHeader()) return true;
  waits_for_header_ = false;
  return owner_.onHeader();
}

// With what there is.
Status Detection::finish() {
  buffer::Buffer& data = connection_.readBuffer();
  const Status status = choice_.finish(data.contiguous());
  data.drain(choice_.takeHeader());
  return status;
}

void Detection::onFault(const Error& error) {
  if (std::exchange(decided_, true)) return;
  cancel();
  owner_.onDetectionClosed(error.code == ErrorCode::Reset ? "client_reset" : "client_error");
}

// Time.

void Detection::armDeadline() {
  const MonotonicTime now = shared_.worker.loop.now();
  Duration left = started_ + shared_.policy.detection_timeout - now;
  if (choice_.partial()) left = std::min(left, shared_.policy.partial_timeout);
  deadline_.arm(left);
}

void Detection::onDeadline() {
  if (over_budget_) return onBudgetSpent();
  const bool silent_too_long =
      shared_.worker.loop.now() >= started_ + shared_.policy.detection_timeout;
  if (silent_too_long) return endWait("detection_timeout");
  decide(finish(), Reason::Timeout);
}

// All detections together hold as much as they may: this one ends now, as if its time were over.
void Detection::onBudgetSpent() {
  if (shared_.overflows == nullptr) {
    shared_.overflows = &shared_.worker.stats.counter(
        "weir_detection_overflow_total",
        "Detections that were cut short because of max_detection_bytes.",
        {{"listener", shared_.settings.name}});
  }
  shared_.overflows->add(1);
  endWait("detection_overflow");
}

void Detection::endWait(std::string_view reason) {
  if (shared_.policy.on_timeout == filter::OnTimeout::Continue)
    return decide(finish(), Reason::Timeout);
  if (early_ != nullptr) endProbe("silence");
  cancel();
  owner_.onDetectionClosed(reason);
}

// The server.

bool Detection::mayProbe() const {
  const config::FilterChainSettings* chain = choice_.fallback();
  // In TLS the client speaks first.
  if (chain == nullptr || !chain->early_connect || chain->transport != nullptr ||
      !connection_.readBuffer().empty())
    return false;
  return std::all_of(chain->filters.begin(), chain->filters.end(),
                     [&](const auto& factory) { return factory->allowsEarly(info_); });
}

// A client that waits is to cost its limits what one that speaks costs them, before it costs the
// upstream a connection.
bool Detection::takeGrants(const config::FilterChainSettings& chain) {
  return std::all_of(chain.filters.begin(), chain.filters.end(), [&](const auto& factory) {
    std::unique_ptr<filter::Grant> grant;
    const bool taken = factory->takeEarly(shared_.worker, grant);
    if (grant != nullptr) info_.grants.add(*factory, std::move(grant));
    return taken;
  });
}

void Detection::startProbe() {
  if (probe_ != Probe::None || !mayProbe()) return;
  if (shared_.probes >= shared_.policy.server_first.max_probes) return endProbe("limited");
  const config::FilterChainSettings& chain = *choice_.fallback();
  if (!chain.filters.back()->connectsEarly() || !takeGrants(chain)) return;
  early_ = chain.filters.back()->makeEarly(shared_.worker, info_);
  probe_chain_ = &chain;
  if (early_ == nullptr) return;  // a chain that answers by itself: nothing to listen to
  ++shared_.probes;
  probe_ = Probe::Connecting;
  if (auto started = early_->start(filter::connectRequest(info_), *this); !started.ok())
    endProbe("failed");
}

void Detection::onServerSpoke() {
  if (decided_ || spoke_) return;
  // A server that closes without a word has said nothing about who speaks first.
  if (early_->serverBytes().empty()) return endProbe("server_closed");
  spoke_ = true;
  // A greeting that was sent for may overtake the bytes of a client that speaks first, which are
  // right behind its connecting.
  const Duration waited = shared_.worker.loop.now() - silent_since_;
  if (expected_ && waited < ExpectedPatience) return probe_timer_.arm(ExpectedPatience - waited);
  if (connection_.readBuffer().empty()) takeServersWord();
}

void Detection::takeServersWord() {
  const Reason reason = expected_ ? Reason::Learned : Reason::ServerFirst;
  const net::IpPort& destination = info_.facts.destination;
  if (shared_.policy.server_first.learn &&
      shared_.learned.learn(destination, shared_.worker.loop.now())) {
    shared_.tell_others(destination, true);
  }
  const Status status = finish();
  const auto greeting = early_->serverBytes();
  for (const auto& factory : shared_.settings.listener_filters) {
    if (const auto name = factory->nameGreeting(greeting); !name.empty()) info_.protocol = name;
  }
  decide(status, reason);
}

// An expected server was connected, and the client's bytes lead elsewhere: the memory was wrong,
// which has cost this connection and is not to cost the next ones.
void Detection::contradictIfWrong() {
  if (!expected_ || probe_chain_ == nullptr || choice_.chain() == probe_chain_) return;
  const net::IpPort& destination = info_.facts.destination;
  if (shared_.learned.contradict(destination, shared_.worker.loop.now())) {
    shared_.tell_others(destination, false);
  }
}

// The probe's failure decides nothing: a client that speaks may be served by another chain.
void Detection::onEarlyFailed(const Error&) {
  if (!decided_) endProbe("failed");
}

void Detection::endProbe(std::string_view outcome) {
  stats::Value*& counter = shared_.probe_outcomes[outcome];
  if (counter == nullptr) {
    counter =
        &shared_.worker.stats.counter("weir_probe_total", "Server-first probes, by outcome.",
                                      {{"listener", shared_.settings.name}, {"outcome", outcome}});
  }
  counter->add(1);
  if (probe_ == Probe::Connecting || probe_ == Probe::Listening) --shared_.probes;
  probe_ = Probe::Over;
  spoke_ = false;
  probe_timer_.disarm();
  if (early_ == nullptr) return;
  early_->cancel();
  shared_.worker.loop.retire(std::move(early_));
}

void Detection::decide(Status status, Reason reason) {
  if (!noteHeader()) return;
  decided_ = true;
  deadline_.disarm();
  probe_timer_.disarm();
  connection_.setReadLimit(connection_.limit());
  auto early = std::move(early_);
  if (probe_ == Probe::Connecting || probe_ == Probe::Listening) {
    if (reason == Reason::ClientBytes) contradictIfWrong();
    const bool server = reason == Reason::ServerFirst || reason == Reason::Learned;
    endProbe(server ? "server_spoke" : reason == Reason::Timeout ? "silence" : "client_spoke");
  }
  owner_.onDecided(status, reason, std::move(early));
}

}  // namespace weir::server
