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
      timer_(context.worker().loop, [this] { onTimer(); }),
      step_(context.worker().loop, [this] { onStep(); }) {}

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
  early_ = context_.takeEarly(cluster_);
  if (early_ == nullptr) {
    const bool new_client = client_ != nullptr && client_->fresh();
    return new_client ? awaitFirstBytes() : connect();
  }
  context_.pauseReading(net::Pause::NotReady);
  attempts_ = 1;
  early_->setEvents(*this);
  if (early_->connected()) attach();
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
  turns_to_wait_ = 2;  // the end of this turn, and of the next
  step_.schedule();
}

void UpstreamRelay::onStep() {
  if (failure_ != nullptr) return connectFailed(*std::exchange(failure_, nullptr));
  if (turns_to_wait_ == 0) return;
  --turns_to_wait_;
  turns_to_wait_ == 0 ? connect() : step_.schedule();
}

void UpstreamRelay::connect() {
  ++attempts_;
  context_.pauseReading(net::Pause::NotReady);
  early_ = std::make_unique<upstream::EarlyConnection>(cluster_, context_.worker().loop);
  upstream::ConnectRequest request = filter::connectRequest(context_.info());
  request.bytes_ready = client_ != nullptr && !client_->readBuffer().empty();
  if (bounds_ != nullptr) request.tried = bounds_->tried;
  if (auto started = early_->start(request, *this); !started.ok()) {
    failure_ = std::make_unique<Error>(started.error());
    step_.schedule();
  }
}

void UpstreamRelay::onEarlyConnected() {
  if (!closing_) attach();
}

void UpstreamRelay::onEarlyFailed(const Error& error) { connectFailed(error); }

void UpstreamRelay::connectFailed(const Error& error) {
  filter::ConnectionInfo& info = context_.info();
  if (early_->address() != net::SocketAddress{}) info.upstream = early_->address().toString();
  const upstream::Host* host = early_->host();
  context_.worker().loop.retire(std::move(early_));
  const bool another_may_do = error.side == weir::Side::Upstream;
  if (closing_) return;
  if (!another_may_do || attempts_ >= settings_.max_connect_attempts) {
    return end(Close::Reset, connectFailure(error));
  }
  if (host != nullptr) bounds().tried.push_back(host);
  settings_.backoff ? retryLater() : connect();
}

void UpstreamRelay::retryLater() {
  bounds().retry.arm(backoff(*settings_.backoff, attempts_, cluster_.random()));
}

void UpstreamRelay::giveUpConnecting() {
  if (early_ != nullptr && early_->address() != net::SocketAddress{}) {
    context_.info().upstream = early_->address().toString();
  }
  end(Close::Reset, "upstream_connect_timeout");
}

void UpstreamRelay::end(Close how, std::string_view reason) {
  if (std::exchange(closing_, true)) return;
  context_.close(how, reason);
}

void UpstreamRelay::attach() {
  filter::Worker& worker = context_.worker();
  context_.info().upstream = early_->address().toString();
  context_.info().upstream_connected = true;
  upstream_ = early_->release();
  place_ = early_->takePlace();
  worker.loop.retire(std::move(early_));
  upstream_->setEvents(*this);
  if (bounds_ != nullptr) bounds_->connect.disarm();
  relay_.emplace(worker.loop, worker.slices, worker.pipes, context_, client_, *upstream_,
                 [this] { afterProgress(); });
  upstream_->redeliver();
  context_.resumeReading(net::Pause::NotReady);
  // What the client or other filters brought meanwhile, and the end.
  client_ != nullptr ? client_->redeliver() : context_.redeliver();
  onTimer();
}

void UpstreamRelay::onClientData(buffer::Buffer& data, bool end_stream) {
  if (!relay_) {  // it stays in the buffer until the upstream stands
    if (std::exchange(turns_to_wait_, 0) > 0) connect();
    return;
  }
  relay_->onData(Side::Client, data, end_stream);
  afterProgress();
}

void UpstreamRelay::onClientWriteReady() {
  if (!relay_) return;
  relay_->onWriteReady(Side::Client);
  afterProgress();
}

void UpstreamRelay::onData(buffer::Buffer& data, bool end_stream) {
  relay_->onData(Side::Upstream, data, end_stream);
  afterProgress();
}

void UpstreamRelay::onWriteReady() {
  relay_->onWriteReady(Side::Upstream);
  afterProgress();
}

void UpstreamRelay::onReadReadyOf(net::Relay::Side side) {
  if (!relay_) return;
  relay_->onReadReady(side);
  afterProgress();
}

void UpstreamRelay::afterProgress() {
  if (closing_) return;
  if (first_end_.empty() && (relay_->ended(Side::Client) || relay_->ended(Side::Upstream))) {
    first_end_ = relay_->ended(Side::Client) ? "client_fin" : "upstream_fin";
    onTimer();  // another timeout holds from now on
  }
  if (!relay_->done()) return;
  closing_ = true;
  // Without other filters all bytes are with the kernel; else their last bytes have to go out.
  context_.close(client_ != nullptr ? Close::Now : Close::Flush, first_end_);
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
  const bool half_open = !first_end_.empty();
  Duration limit = orNever(settings_.idle_timeout);
  if (half_open) limit = std::min(limit, orNever(settings_.half_open_timeout));
  const Duration quiet = context_.worker().loop.now() - lastActive();
  if (quiet >= SettleAfter) upstream_->settle();
  const Duration next = upstream_->settled() ? limit : std::min(limit, SettleAfter);
  if (next == Duration::max()) return timer_.disarm();
  if (quiet < next) return timer_.arm(next - quiet);
  closing_ = true;
  // What is cut off must not look complete.
  cut_off_ = relay_->holding();
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
  const bool orderly = relay_ && (relay_->done() || (timed_out && !cut_off_));
  dropUpstream(!orderly);
}

void UpstreamRelay::dropUpstream(bool reset) {
  event::Loop& loop = context_.worker().loop;
  relay_.reset();
  step_.cancel();
  if (early_ != nullptr) {
    early_->cancel();
    loop.retire(std::move(early_));
  }
  if (upstream_ == nullptr) return;
  upstream_->close(reset);
  place_.leave();
  loop.retire(std::move(upstream_));
}

}  // namespace weir::extensions
