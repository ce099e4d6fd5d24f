#include "source/http/pool/pooled_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/http/h1/client_codec.h"
#include "source/http/h2/client_codec.h"
#include "source/upstream/cluster_settings.h"
#include "source/upstream/flushing_connections.h"

namespace weir::http {

PooledConnection::PooledConnection(ConnectionPool& pool)
    : pool_(pool),
      settle_(pool.parts_.loop, [this] { settle(); }),
      started_(pool.parts_.loop.now()),
      idle_since_(started_) {}

PooledConnection::~PooledConnection() = default;

Result<bool> PooledConnection::connect(const upstream::ConnectRequest& request,
                                       upstream::PlaceWaiter* waiter) {
  upstream::ConnectRequest spoken = request;
  spoken.protocol =
      pool_.version_ == Version::Http2 ? net::SessionProtocol::Http2 : net::SessionProtocol::Http1;
  auto started = pool_.parts_.cluster.connectTo(pool_.host_, spoken, *this, waiter);
  if (!started.ok()) return started.error();
  if (started.value().connection == nullptr) return false;
  connection_ = std::move(started.value().connection);
  place_ = std::move(started.value().place);
  connect_timeout_.emplace(pool_.parts_.loop, [this] {
    failConnecting({ErrorCode::TimedOut, Side::Upstream, "connecting took too long"});
  });
  connect_timeout_->arm(pool_.parts_.cluster.settings().connect_timeout);
  return true;
}

void PooledConnection::adopt(std::unique_ptr<net::Connection> connection, upstream::Place place) {
  connection_ = std::move(connection);
  place_ = std::move(place);
  connection_->setEvents(*this);
  makeCodec();
  connection_->redeliver();
}

// Not before the connection stands: the codec bounds the time that the server takes to answer.
void PooledConnection::makeCodec() {
  const ConnectionPool::Parts& parts = pool_.parts_;
  CodecEvents& events = *this;
  if (pool_.version_ == Version::Http2) {
    codec_ = std::make_unique<Http2ClientCodec>(parts.loop, *connection_, parts.slices,
                                                pool_.http2_, events);
  } else {
    codec_ = std::make_unique<Http1ClientCodec>(parts.loop, *connection_, parts.slices,
                                                pool_.http1_, events);
  }
}

bool PooledConnection::canTake() const {
  if (connecting() || ending_ || worn() || !codec_->canTake()) return false;
  return maxStreams() || codec_->openStreams() < pool_.streamsUnsaid();
}

bool PooledConnection::inDoubt() const {
  if (connecting() || codec_->finished() || codec_->canTake()) return false;
  return codec_->openStreams() < maxStreams().value_or(0);
}

// It has had as many requests as it may.
bool PooledConnection::worn() const {
  const uint64_t most = pool_.parts_.cluster.settings().http.max_requests_per_connection;
  return most != 0 && streams_ >= most;
}

StreamEncoder& PooledConnection::newStream(StreamDecoder& decoder) {
  leaveIdle();
  ++streams_;
  return codec_->newStream(decoder);
}

void PooledConnection::onConnected() {
  connect_timeout_.reset();
  makeCodec();
  const std::chrono::duration<double> took = pool_.parts_.loop.now() - started_;
  pool_.parts_.cluster.countConnected(place_, took.count());
  pool_.onConnected(*this);
}

void PooledConnection::onData(buffer::Buffer& data, bool end_stream) {
  codec_->onBytes(data, end_stream);
}

void PooledConnection::onFault(const Error& error) {
  if (connecting()) return failConnecting(error);
  used() ? close(false) : endUnused();
}

void PooledConnection::failConnecting(const Error& error) {
  pool_.parts_.cluster.countFailed(place_, error.code);
  pool_.onConnectFailed(*this, error);
}

void PooledConnection::onStreamEnd() {
  idle_since_ = pool_.parts_.loop.now();
  pool_.onStreamEnd();
  if (ending_) return;
  if (worn()) codec_->startDrain();
  if (canTake()) return pool_.onRoom(*this);
  if (codec_->finished() && codec_->openStreams() == 0) onEnd(ConnectionEnd::Flush, {}, false);
}

void PooledConnection::onEnd(ConnectionEnd how, std::string_view reason, bool) {
  // No request knows of it.
  if (reason == UnaskedBytes) pool_.parts_.cluster.counters().failedBy(UnaskedBytes);
  leaveIdle();
  ending_ = true;
  flush_ = how != ConnectionEnd::Reset;
  pool_.leaveReady(*this);
  settle_.schedule();
}

void PooledConnection::settle() {
  // A tunnel's last bytes are on their way. Else, what the codec had to say to the server (GOAWAY)
  // goes with the kernel; a server that does not take it loses nothing that it could need.
  if (flush_ && connection_->writeEnding() && !connection_->writeEnded()) return leaveFlushing();
  used() ? close(!flush_) : endUnused();
}

// For those who wait for it this is as if connecting had failed: another one would fare no better.
void PooledConnection::endUnused() {
  pool_.onConnectFailed(*this, {ErrorCode::Reset, Side::Upstream, "closed before it was used"});
}

void PooledConnection::leaveFlushing() {
  codec_->onConnectionGone();
  pool_.parts_.flushing.add(std::move(connection_), std::move(place_));
  pool_.forget(*this);  // the last line: it may be gone
}

void PooledConnection::noteIdle() {
  if (in_making || !canTake() || openStreams() > 0) return;
  pool_.parts_.cluster.idle().add(*this, *pool_.host_);
}

void PooledConnection::giveWay() {
  if (pool_.version_ != Version::Http2) return close(false);
  // Its codec may be on the stack.
  place_.leave();
  streams_ = std::max<uint64_t>(streams_, 1);  // it is not its server that ends it unused
  onEnd(ConnectionEnd::Flush, {}, false);
}

void PooledConnection::close(bool reset) {
  leaveIdle();
  ending_ = true;
  settle_.cancel();
  connect_timeout_.reset();
  if (codec_ != nullptr) codec_->onConnectionGone();
  connection_->close(reset);
  place_.leave();
  pool_.forget(*this);  // the last line: it may be gone
}

}  // namespace weir::http
