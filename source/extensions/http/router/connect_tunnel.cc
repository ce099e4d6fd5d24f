#include "source/extensions/http/router/connect_tunnel.h"

#include <chrono>
#include <optional>
#include <utility>

#include "source/base/check.h"
#include "source/extensions/http/router/failure_answer.h"
#include "source/filter/connect_request.h"
#include "source/http/pool/pool_set.h"

namespace weir::http_filters {
namespace {

// Where the client's connection was accepted, if it came there by itself: to connect there again
// would lead to ourselves.
bool isOwnListener(const net::IpPort& to, const filter::ConnectionInfo& client) {
  const net::IpPort& listener = client.facts.destination;
  if (!client.destination_is_self || to.port != listener.port) return false;
  const bool any = to.ip == net::IpAddress{{}, to.ip.family};
  return any || to.ip == listener.ip || to.ip.isLoopback();
}

}  // namespace

ConnectTunnel::ConnectTunnel(http::FilterContext& context)
    : context_(context), connect_timeout_(context.worker().loop, [this] {
        fail({ErrorCode::TimedOut, Side::Upstream, "connecting took too long"});
      }) {}

ConnectTunnel::~ConnectTunnel() { cancel(); }

void ConnectTunnel::start(const http::Tunnel& route, bool end_stream) {
  if (route.cluster.empty()) {
    connectToAuthority();
  } else {
    cluster_ = context_.worker().clusters.find(route.cluster);
    WEIR_CHECK(cluster_ != nullptr);  // the configuration was checked
    connect(*cluster_, filter::connectRequest(context_.connection()));
  }
  if (connection_ == nullptr) return;
  context_.pauseRequest(true);
  if (!end_stream) return;
  buffer::Buffer none(context_.worker().slices);
  onClientData(none, true);
}

// A name would have to be resolved first.
void ConnectTunnel::connectToAuthority() {
  const auto to = net::IpPort::parse(context_.requestHeaders().get(http::HeaderId::Authority));
  if (!to || to->port == 0) return reply(501, "tunnel_needs_address");
  if (isOwnListener(*to, context_.connection())) return reply(508, "loop");
  upstream::ConnectRequest request = filter::connectRequest(context_.connection());
  request.destination = *to;
  request.destination_is_self = false;
  connect(context_.worker().clusters.bypass(), request);
}

void ConnectTunnel::connect(upstream::Cluster& cluster, const upstream::ConnectRequest& request) {
  http::StreamInfo& info = context_.info();
  cluster_ = &cluster;
  info.cluster = cluster.settings().name;
  info.attempts = 1;
  started_ = context_.worker().loop.now();
  auto started = cluster.connect(request, *this);
  if (!started.ok()) {
    const FailureAnswer answer = answerTo(started.error().code);
    return reply(answer.status, answer.reason);
  }
  connection_ = std::move(started.value().connection);
  place_ = std::move(started.value().place);
  info.upstream = place_.host();
  if (info.upstream == nullptr) {
    info.upstream = std::make_shared<upstream::Host>(started.value().address, 1);
  }
  connect_timeout_.arm(cluster.settings().connect_timeout);
}

void ConnectTunnel::onConnected() {
  connect_timeout_.disarm();
  open_ = true;
  const std::chrono::duration<double> took = context_.worker().loop.now() - started_;
  cluster_->countConnected(place_, took.count());
  http::setStatus(context_.responseHeaders(), 200);
  context_.encodeHeaders(false);
  if (connection_ != nullptr) context_.pauseRequest(connection_->writeBlocked());
}

void ConnectTunnel::onClientData(buffer::Buffer& data, bool end_stream) {
  if (connection_ == nullptr || connection_->writeEnding()) return data.clear();
  connection_->write(data, end_stream);
  context_.pauseRequest(!open_ || connection_->writeBlocked());
}

void ConnectTunnel::onClientWriteReady() {
  if (connection_ == nullptr || !std::exchange(paused_, false)) return;
  connection_->resumeReading(net::Pause::Backpressure);
}

void ConnectTunnel::onData(buffer::Buffer& data, bool end_stream) {
  read_ended_ |= end_stream;
  context_.encodeData(data, end_stream);
  if (end_stream || connection_ == nullptr || paused_ || !context_.writeBlocked()) return;
  paused_ = true;
  connection_->pauseReading(net::Pause::Backpressure);
}

void ConnectTunnel::onWriteReady() {
  if (open_) context_.pauseRequest(connection_->writeBlocked());
}

void ConnectTunnel::onFault(const Error& error) { fail(error); }

void ConnectTunnel::fail(const Error& error) {
  const ErrorCode code = error.code;
  if (!open_) cluster_->countFailed(place_, code);
  close(true);
  if (open_) return context_.resetStream(http::ResetReason::ConnectError, "upstream_reset");
  const FailureAnswer answer = answerTo(code);
  reply(answer.status, answer.reason);
}

void ConnectTunnel::reply(unsigned status, std::string_view reason) {
  context_.sendLocalReply({status, reason});
}

void ConnectTunnel::cancel() {
  if (connection_ == nullptr) return;
  const bool whole = open_ && read_ended_ && connection_->writeEnding();
  if (!whole || connection_->writeEnded()) return close(!whole);
  http::PoolSet::of(context_.worker()).flushing().add(std::move(connection_), std::move(place_));
}

void ConnectTunnel::close(bool reset) {
  connect_timeout_.disarm();
  connection_->close(reset);
  place_.leave();
  context_.worker().loop.retire(std::move(connection_));
}

}  // namespace weir::http_filters
