#include "source/extensions/network/common/upstream_relay.h"

#include <algorithm>
#include <utility>

#include "source/filter/connect_request.h"

namespace weir::extensions {
namespace {

using Side = net::Relay::Side;
using filter::Close;

// A connection that lasts is given keep-alive.
constexpr Duration SettleAfter = std::chrono::seconds(15);

// A timeout of zero is none.
Duration orNever(Duration timeout) {
  return timeout > Duration::zero() ? timeout : Duration::max();
}

std::string_view connectFailure(const Error& error) {
  if (error.side == weir::Side::Self && error.code == ErrorCode::Refused) return "loop";
  switch (error.code) {
    case ErrorCode::Refused: return "upstream_refused";
    case ErrorCode::TimedOut: return "upstream_connect_timeout";
    case ErrorCode::NotFound: return "no_destination";
    case ErrorCode::Reset: return "upstream_reset";
    case ErrorCode::Exhausted: return "out_of_descriptors";
    case ErrorCode::Overflow: return "upstream_overflow";
    case ErrorCode::NoHost: return "no_healthy_upstream";
    default: return "upstream_unreachable";
  }
}

}  // namespace

UpstreamRelay::UpstreamRelay(filter::FilterContext& context, upstream::Cluster& cluster,
                             const RelaySettings& settings)
    : context_(context),
      cluster_(cluster),
      settings_(settings),
      phase_(std::in_place_type<Connecting>, *this),
      timer_(context.worker().loop, [this] { onTimer(); }) {}

UpstreamRelay::Connecting::Connecting(UpstreamRelay& relay)
    : step(relay.context_.worker().loop, [&relay] { relay.onStep(); }) {}

UpstreamRelay::Bounds::Bounds(UpstreamRelay& relay)
    : life(relay.context_.worker().loop,
           [&relay] { relay.end(Close::Reset, "max_connection_duration"); }),
      connect(relay.context_.worker().loop, [&relay] { relay.giveUpConnecting(); }),
      retry(relay.context_.worker().loop, [&relay] {
        if (!relay.closing_) relay.connect();
      }) {}

void UpstreamRelay::Bounds::disarm() {
  life.disarm();
  connect.disarm();
  retry.disarm();
}

UpstreamRelay::Bounds& UpstreamRelay::bounds() {
  if (bounds_ == nullptr) bounds_ = std::make_unique<Bounds>(*this);
  return *bounds_;
}

UpstreamRelay::~UpstreamRelay() { dropUpstream(false); }

void UpstreamRelay::start() {
  client_ = context_.takeOver(client_events_);
  filter::ConnectionInfo& info = context_.info();
  info.cluster = cluster_.settings().name;
  boundDurations();
  auto& early = connecting()->early;
  early = context_.takeEarly(cluster_);
  if (early == nullptr) {
    const bool new_client = client_ != nullptr && client_->fresh();
    return new_client ? awaitFirstBytes() : connect();
  }
  context_.pauseReading(net::Pause::NotReady);
  connecting()->attempts = 1;
  early->setEvents(*this);
  if (early->connected()) attach();
}

void UpstreamRelay::boundDurations() {
  const Duration life = settings_.max_downstream_connection_duration;
  const Duration connect = settings_.max_connect_duration;
  if (life > Duration::zero()) bounds().life.arm(life);
  if (connect > Duration::zero()) bounds().connect.arm(connect);
}

// The next look at the sockets, which comes without a wait, tells whether the client's first bytes
// are there already, as they mostly are: a connection for bytes that are ready takes a packet less.
void UpstreamRelay::awaitFirstBytes() {
  connecting()->turns_to_wait = 2;  // the end of this turn, and of the next
  connecting()->step.schedule();
}

void UpstreamRelay::onStep() {
  Connecting& now = *connecting();
  if (now.failure != nullptr) return connectFailed(*std::exchange(now.failure, nullptr));
  if (now.turns_to_wait == 0) return;
  --now.turns_to_wait;
  now.turns_to_wait == 0 ? connect() : now.step.schedule();
}

void UpstreamRelay::connect() {
  Connecting& now = *connecting();
  ++now.attempts;
  context_.pauseReading(net::Pause::NotReady);
  now.early = std::make_unique<upstream::EarlyConnection>(cluster_, context_.worker().loop);
  upstream::ConnectRequest request = filter::connectRequest(context_.info());
  request.bytes_ready = client_ != nullptr && !client_->readBuffer().empty();
  if (bounds_ != nullptr) request.tried = bounds_->tried;
  if (auto started = now.early->start(request, *this); !started.ok()) {
    now.failure = std::make_unique<Error>(started.error());
    now.step.schedule();
  }
}

void UpstreamRelay::onEarlyConnected() {
  if (!closing_) attach();
}

void UpstreamRelay::onEarlyFailed(const Error& error) { connectFailed(error); }

void UpstreamRelay::connectFailed(const Error& error) {
  Connecting& now = *connecting();
  noteAddress(*now.early);
  const upstream::Host* host = now.early->host();
  context_.worker().loop.retire(std::move(now.early));
  const bool another_may_do = error.side == weir::Side::Upstream;
  if (closing_) return;
  if (!another_may_do || now.attempts >= settings_.max_connect_attempts) {
    return end(Close::Reset, connectFailure(error));
  }
  if (host != nullptr) bounds().tried.push_back(host);
  settings_.backoff ? retryLater() : connect();
}

void UpstreamRelay::noteAddress(const upstream::EarlyConnection& early) {
  if (early.address() != net::SocketAddress{})
    context_.info().upstream = early.address().toString();
}

void UpstreamRelay::retryLater() {
  bounds().retry.arm(backoff(*settings_.backoff, connecting()->attempts, cluster_.random()));
}

void UpstreamRelay::giveUpConnecting() {
  if (const Connecting* now = connecting(); now != nullptr && now->early != nullptr)
    noteAddress(*now->early);
  end(Close::Reset, "upstream_connect_timeout");
}

void UpstreamRelay::end(Close how, std::string_view reason) {
  if (std::exchange(closing_, true)) return;
  context_.close(how, reason);
}

void UpstreamRelay::attach() {
  filter::Worker& worker = context_.worker();
  std::unique_ptr<upstream::EarlyConnection> early = std::move(connecting()->early);
  noteAddress(*early);
  context_.info().upstream_connected = true;
  upstream_ = early->release();
  place_ = early->takePlace();
  worker.loop.retire(std::move(early));
  upstream_->setEvents(*this);
  if (bounds_ != nullptr) bounds_->connect.disarm();
  phase_.emplace<net::Relay>(worker.pipes, context_, client_, *upstream_,
                             [this] { afterProgress(); });
  upstream_->redeliver();
  context_.resumeReading(net::Pause::NotReady);
  // What the client or other filters brought meanwhile, and the end.
  client_ != nullptr ? client_->redeliver() : context_.redeliver();
  onTimer();
}

void UpstreamRelay::onClientData(buffer::Buffer& data, bool end_stream) {
  if (Connecting* now = connecting()) {  // it stays in the buffer until the upstream stands
    if (std::exchange(now->turns_to_wait, 0) > 0) connect();
    return;
  }
  if (relay() == nullptr) return;
  relay()->onData(Side::Client, data, end_stream);
  afterProgress();
}

void UpstreamRelay::onClientWriteReady() {
  if (relay() == nullptr) return;
  relay()->onWriteReady(Side::Client);
  afterProgress();
}

void UpstreamRelay::onData(buffer::Buffer& data, bool end_stream) {
  relay()->onData(Side::Upstream, data, end_stream);
  afterProgress();
}

void UpstreamRelay::onWriteReady() {
  relay()->onWriteReady(Side::Upstream);
  afterProgress();
}

void UpstreamRelay::onReadReadyOf(net::Relay::Side side) {
  if (relay() == nullptr) return;
  relay()->onReadReady(side);
  afterProgress();
}

void UpstreamRelay::afterProgress() {
  if (closing_) return;
  const bool client_ended = relay()->ended(Side::Client);
  if (first_end_ == FirstEnd::None && (client_ended || relay()->ended(Side::Upstream))) {
    first_end_ = client_ended ? FirstEnd::Client : FirstEnd::Upstream;
    onTimer();  // another timeout holds from now on
  }
  if (!relay()->done()) return;
  closing_ = true;
  // Without other filters all bytes are with the kernel; else their last bytes have to go out.
  context_.close(client_ != nullptr ? Close::Now : Close::Flush,
                 first_end_ == FirstEnd::Client ? "client_fin" : "upstream_fin");
}

// A reset on one side is a reset on the other.
void UpstreamRelay::onFault(const Error& error) {
  if (std::exchange(closing_, true)) return;
  context_.close(Close::Reset,
                 error.code == ErrorCode::Reset ? "upstream_reset" : "upstream_error");
}

void UpstreamRelay::onClientFault(const Error& error) {
  if (std::exchange(closing_, true)) return;
  dropUpstream(true);
  context_.close(Close::Reset, error.code == ErrorCode::Reset ? "client_reset" : "client_error");
}

// Runs when a timeout could have passed, not at each byte: looks at when the last byte was, and
// waits for the rest.
void UpstreamRelay::onTimer() {
  if (closing_) return;
  const bool half_open = first_end_ != FirstEnd::None;
  Duration limit = orNever(settings_.idle_timeout);
  if (half_open) limit = std::min(limit, orNever(settings_.half_open_timeout));
  const Duration quiet = context_.worker().loop.now() - lastActive();
  if (quiet >= SettleAfter) upstream_->settle();
  const Duration next = upstream_->settled() ? limit : std::min(limit, SettleAfter);
  if (next == Duration::max()) return timer_.disarm();
  if (quiet < next) return timer_.arm(next - quiet);
  closing_ = true;
  // What is cut off must not look complete.
  cut_off_ = relay()->holding();
  context_.close(cut_off_ ? Close::Reset : Close::Now,
                 half_open ? "half_open_timeout" : "idle_timeout");
}

MonotonicTime UpstreamRelay::lastActive() const {
  return client_ == nullptr ? upstream_->lastActive()
                            : std::max(upstream_->lastActive(), client_->lastActive());
}

void UpstreamRelay::onClosed() {
  closing_ = true;
  timer_.disarm();
  if (bounds_ != nullptr) bounds_->disarm();
  // A reset on one side is a reset on the other, and so is what was cut off.
  const bool timed_out = context_.info().close_reason.ends_with("_timeout");
  const bool orderly = relay() != nullptr && (relay()->done() || (timed_out && !cut_off_));
  dropUpstream(!orderly);
}

void UpstreamRelay::dropUpstream(bool reset) {
  event::Loop& loop = context_.worker().loop;
  if (Connecting* now = connecting(); now != nullptr && now->early != nullptr) {
    now->early->cancel();
    loop.retire(std::move(now->early));
  }
  phase_.emplace<std::monostate>();
  if (upstream_ == nullptr) return;
  upstream_->close(reset);
  place_.leave();
  loop.retire(std::move(upstream_));
}

}  // namespace weir::extensions
