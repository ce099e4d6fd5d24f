#include "source/server/active_connection.h"

#include <utility>

#include "source/server/worker_listener.h"

namespace weir::server {
namespace {

// So many handshakes of one worker may wait for their turn: some seconds of work for a processor.
constexpr size_t MaxWaitingHandshakes = 4096;

// Nothing is expected of a connection between its making and its first consumer.
struct NoEvents final : net::ConnectionEvents {
  void onData(buffer::Buffer&, bool) override {}
  void onFault(const Error&) override {}
};

NoEvents& noEvents() {
  static NoEvents events;
  return events;
}

}  // namespace

class ActiveConnection::Finding final : public event::Retirable,
                                        private filter::AcceptedSocket,
                                        private DetectionOwner {
 public:
  explicit Finding(ActiveConnection& record)
      : record_(record),
        accepted_at_(record.info_.facts.destination),
        choice_(record.member_->settings, *this, record.info_) {}

  void start();
  // From outside.
  void cancel() {
    if (detection_ != nullptr) detection_->cancel();
  }
  const ChainChoice& choice() const { return choice_; }

 private:
  bool originalDestination(net::IpPort& destination) const override;
  bool onHeader() override {
    seeWhetherSelf();
    return record_.onHeader();
  }
  void onDecided(ChainChoice::Status status, filter::Reason reason,
                 std::unique_ptr<upstream::EarlyConnection> early) override {
    seeWhetherSelf();  // a filter may have found another destination since
    record_.onDecided(status, reason, std::move(early));
  }
  void onDetectionClosed(std::string_view reason) override { record_.onDetectionClosed(reason); }

  void seeWhetherSelf() { record_.info_.destination_is_self = destinationIsSelf(); }
  bool destinationIsSelf() const;

  ActiveConnection& record_;
  const net::IpPort accepted_at_;  // the socket's own address
  ChainChoice choice_;
  std::unique_ptr<Detection> detection_;
};

void ActiveConnection::Finding::start() {
  const auto status = choice_.begin();
  seeWhetherSelf();
  if (status != ChainChoice::Status::Wait)
    return record_.onDecided(status, filter::Reason::Match, nullptr);
  detection_ =
      std::make_unique<Detection>(record_.member_->detection, choice_, record_.info_,
                                  *record_.connection_, static_cast<DetectionOwner&>(*this));
  detection_->start();
}

bool ActiveConnection::Finding::originalDestination(net::IpPort& destination) const {
  net::IpPort original;
  if (record_.member_->settings.transparent) {
    // TPROXY leaves the address as it was dialled.
    destination = accepted_at_;
    return !destinationIsSelf();
  }
  const int fd = record_.connection_->rawFd();
  if (!net::originalDestination(fd, original) || original == accepted_at_) return false;
  destination = original;
  return true;
}

// Whether relaying the connection to its destination would come back to us: no redirect brought it
// here, or the client dialled this listener under another of its addresses, to which a redirect
// does not apply the second time. Another listener's address is no loop yet; it is found there.
bool ActiveConnection::Finding::destinationIsSelf() const {
  const filter::Facts& facts = record_.info_.facts;
  const WorkerListener& listener = record_.member_->listener;
  // A rule that should have let our own connection pass has caught it.
  if (listener.ownAddresses().has(facts.source, facts.destination)) return true;
  if (facts.destination == accepted_at_ && !record_.member_->settings.transparent) return true;
  return net::leadsTo(listener.boundAddress(), facts.destination);
}

class ActiveConnection::Handshaking final : public event::Retirable, private net::ConnectionEvents {
 public:
  Handshaking(ActiveConnection& record, const config::FilterChainSettings& chain)
      : record_(record), chain_(chain), timer_(record.worker().loop, [this] { onTimeout(); }) {}

  void start() {
    timer_.arm(chain_.handshake_timeout);
    record_.connection_->setEvents(*this);
    record_.connection_->secure(*chain_.transport, record_.worker().costly);
  }

 private:
  void onConnected() override {
    timer_.disarm();
    record_.info_.security = record_.connection_->security();
    record_.member_->stats.countHandshake(chain_.name, "ok");
    record_.startChain(chain_, nullptr);
  }
  void onData(buffer::Buffer&, bool) override {}
  void onFault(const Error& error) override {
    if (error.code == ErrorCode::Reset) return fail("client_reset", {});
    fail("tls_handshake_failed", error.detail);
  }
  void onTimeout() { fail("tls_handshake_timeout", {}); }

  void fail(std::string_view reason, const std::string& detail) {
    timer_.disarm();
    const std::string_view name = detail.empty() ? reason : detail;
    record_.member_->stats.countHandshake(chain_.name, name.substr(0, name.find(':')));
    record_.onHandshakeFailed(reason, detail);
  }

  ActiveConnection& record_;
  const config::FilterChainSettings& chain_;
  event::Timer timer_;
};

ActiveConnection::ActiveConnection(ListenerGeneration& listener, net::AcceptedFd accepted,
                                   uint64_t id)
    : member_(listener) {
  filter::Worker& worker = this->worker();
  connection_ = std::make_unique<net::Connection>(
      worker.loop, worker.slices,
      std::make_unique<net::SocketIo>(accepted.fd, accepted.peer.ip.family == net::Family::None),
      net::Connection::Start::Connected,
      net::ConnectionLimits{listener.settings.per_connection_buffer_limit}, noEvents());
  info_.id = id;
  info_.listener = listener.settings.name;
  info_.draw = listener.listener.draw();
  info_.accepted = worker.loop.now();
  info_.accepted_wall = worker.loop.wallNow();
  learnFacts(accepted.peer);
}

ActiveConnection::~ActiveConnection() = default;

// What the socket says by itself. Facts that a configured filter provides are left to it.
void ActiveConnection::learnFacts(const net::IpPort& peer) {
  filter::Facts& facts = info_.facts;
  facts.source = peer;
  facts.direct_source = peer.ip;
  const config::ListenerSettings& settings = member_->settings;
  const net::IpPort& bound = member_->listener.boundAddress();
  const bool wildcard = bound.ip == net::IpAddress{{}, bound.ip.family};
  facts.destination =
      wildcard || settings.transparent ? net::localAddress(connection_->rawFd()) : bound;
  filter::FactSet provided;
  for (const auto& factory : settings.listener_filters) provided = provided | factory->provides();
  facts.known = filter::FactSet::all().without(provided) | filter::Fact::DirectSource;
}

void ActiveConnection::start() {
  finding_ = std::make_unique<Finding>(*this);
  finding_->start();
}

bool ActiveConnection::onHeader() {
  if (!member_->listener.changeSource(*this)) {
    info_.detection_time = worker().loop.now() - info_.accepted;
    member_->stats.countChoice(info_);
    close("source_overflow");
    return false;
  }
  const net::IpAddress& source = info_.facts.source.ip;
  if (source != info_.facts.direct_source)
    header_source_ = std::make_unique<const net::IpAddress>(source);
  return true;
}

void ActiveConnection::onDecided(ChainChoice::Status status, filter::Reason reason,
                                 std::unique_ptr<upstream::EarlyConnection> early) {
  const config::FilterChainSettings* chain = finding_->choice().chain();
  const std::string_view refused = finding_->choice().rejectReason();
  worker().loop.retire(std::move(finding_));  // may be on the call stack
  info_.detection_time = worker().loop.now() - info_.accepted;
  info_.reason = reason;
  if (status == ChainChoice::Status::Chosen && chain != nullptr)
    return run(*chain, std::move(early));
  if (early != nullptr) worker().loop.retire(std::move(early));
  info_.reason = filter::Reason::Error;
  member_->stats.countChoice(info_);
  if (status == ChainChoice::Status::Refused) return end(refused);
  if (info_.facts.tls) refuseServerName();
  end("no_filter_chain_match");
}

// A client that asks for a name that nobody has here is told so (RFC 6066, 3), by an alert in
// plaintext.
void ActiveConnection::refuseServerName() {
  constexpr std::string_view UnrecognizedName("\x15\x03\x01\x00\x02\x02\x70", 7);
  buffer::Buffer alert(worker().slices);
  alert.append(UnrecognizedName);
  connection_->write(alert, true);
}

void ActiveConnection::run(const config::FilterChainSettings& chain,
                           std::unique_ptr<upstream::EarlyConnection> early) {
  info_.chain = chain.name;
  member_->stats.countChoice(info_);
  if (chain.transport == nullptr) return startChain(chain, std::move(early));
  // Made for another chain, while the client was silent.
  if (early != nullptr) worker().loop.retire(std::move(early));
  if (worker().costly.waiting() >= MaxWaitingHandshakes) {
    member_->stats.countHandshake(chain.name, "tls_handshake_overflow");
    return onHandshakeFailed("tls_handshake_overflow", {});
  }
  handshaking_ = std::make_unique<Handshaking>(*this, chain);
  handshaking_->start();
}

void ActiveConnection::onHandshakeFailed(std::string_view reason, std::string detail) {
  info_.transport_failure = std::move(detail);
  if (handshaking_ != nullptr) worker().loop.retire(std::move(handshaking_));
  end(reason);
}

void ActiveConnection::startChain(const config::FilterChainSettings& chain,
                                  std::unique_ptr<upstream::EarlyConnection> early) {
  if (handshaking_ != nullptr) worker().loop.retire(std::move(handshaking_));
  connection_->countIn(member_->stats.bytesOf(chain.name));
  chain_.emplace(worker(), *connection_, info_, static_cast<filter::ChainOwner&>(*this));
  chain_->start(chain.filters, std::move(early));
}

void ActiveConnection::onDetectionClosed(std::string_view reason) {
  info_.detection_time = worker().loop.now() - info_.accepted;
  member_->stats.countChoice(info_);
  end(reason);
}

void ActiveConnection::onChainClosed() { end(info_.close_reason); }

void ActiveConnection::close(std::string_view reason) {
  if (ended_) return;
  if (chain_) return chain_->close(filter::Close::Reset, reason);
  if (finding_ != nullptr) finding_->cancel();
  if (handshaking_ != nullptr) worker().loop.retire(std::move(handshaking_));
  end(reason, true);
}

ActiveConnection::State ActiveConnection::state() const {
  if (handshaking_ != nullptr) return State::Handshaking;
  if (!chain_) return State::Detecting;
  if (chain_->ending()) return State::Closing;
  if (connection_->readEnded() || connection_->writeEnding()) return State::HalfClosed;
  return !info_.cluster.empty() && !info_.upstream_connected ? State::Connecting : State::Open;
}

std::string_view toString(ActiveConnection::State state) {
  switch (state) {
    case ActiveConnection::State::Detecting: return "detecting";
    case ActiveConnection::State::Handshaking: return "handshaking";
    case ActiveConnection::State::Connecting: return "connecting";
    case ActiveConnection::State::Open: return "open";
    case ActiveConnection::State::HalfClosed: return "half_closed";
    case ActiveConnection::State::Closing: return "closing";
  }
  return "";
}

// The one line where a connection dies.
void ActiveConnection::end(std::string_view reason, bool reset) {
  if (std::exchange(ended_, true)) return;
  if (!chain_) connection_->countIn(member_->stats.bytesOf({}));
  info_.close_reason = reason;
  info_.rx_bytes = connection_->bytesRead();
  info_.tx_bytes = connection_->bytesWritten();
  connection_->close(reset);
  member_->listener.onConnectionEnded(*this);
}

}  // namespace weir::server
