#include "source/extensions/http/router/connect_tunnel.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "source/base/check.h"
#include "source/extensions/http/router/failure_answer.h"
#include "source/filter/connect_request.h"
#include "source/http/connect_target.h"
#include "source/http/pool/pool_set.h"

namespace weir::http_filters {
namespace {

// Of its addresses no more are tried.
constexpr size_t MaxAddresses = 4;

}  // namespace

ConnectTunnel::ConnectTunnel(http::FilterContext& context, NameLookups& names)
    : context_(context),
      names_(names),
      connect_timeout_(context.worker().loop,
                       [this] {
                         fail({ErrorCode::TimedOut, Side::Upstream, "connecting took too long"});
                       }),
      early_(context.worker().slices) {}

ConnectTunnel::~ConnectTunnel() { cancel(); }

void ConnectTunnel::start(const http::Tunnel& route, bool end_stream) {
  early_end_ = end_stream;
  allow_local_ = route.allow_local_destinations;
  if (route.cluster.empty()) return connectToAuthority();
  cluster_ = context_.worker().clusters.find(route.cluster);
  WEIR_CHECK(cluster_ != nullptr);  // the configuration was checked
  connect(*cluster_, filter::connectRequest(context_.connection()));
}

void ConnectTunnel::connectToAuthority() {
  const std::string_view authority = context_.requestHeaders().get(http::HeaderId::Authority);
  const auto target = http::connectTargetOf(authority);
  if (!target) return reply(400, "bad_authority");
  if (target->address) {
    untried_.push_back(*target->address);
    return connectToNext();
  }
  name_ = target->name;
  lookUp(target->port);
}

void ConnectTunnel::lookUp(uint16_t port) {
  if (const upstream::DnsAnswer* known = names_.known(name_)) return tryAddresses(*known, port);
  query_ = names_.resolve(name_, [this, port](const Result<upstream::DnsAnswer>& answer) {
    query_.reset();
    if (!answer.ok()) return reply(503, "dns_resolution_failure");
    tryAddresses(answer.value(), port);
  });
  if (query_ == nullptr) return reply(503, "dns_overflow");
  context_.pauseRequest(true);
}

void ConnectTunnel::tryAddresses(const upstream::DnsAnswer& answer, uint16_t port) {
  for (const net::IpAddress& ip : answer.addresses) {
    if (untried_.size() < MaxAddresses) untried_.push_back({ip, port});
  }
  connectToNext();
}

void ConnectTunnel::connectToNext() {
  const net::IpPort to = untried_.front();
  untried_.pop_front();
  filter::Worker& worker = context_.worker();
  const net::OwnAddresses& own = worker.clusters.ownAddresses();
  if (const auto bad = http::refuseTunnelTo(to, allow_local_, own)) {
    return reply(bad->status, bad->reason);
  }
  upstream::ConnectRequest request = filter::connectRequest(context_.connection());
  request.destination = to;
  request.destination_is_self = false;
  connect(worker.clusters.bypass(), request);
}

void ConnectTunnel::connect(upstream::Cluster& cluster, const upstream::ConnectRequest& request) {
  http::StreamInfo& info = context_.info();
  cluster_ = &cluster;
  info.cluster = cluster.settings().name;
  started_ = context_.worker().loop.now();
  auto started = cluster.connect(request, *this);
  if (!started.ok()) {
    const UpstreamFailure failure{UpstreamFailure::Kind::NoConnection, started.error().code};
    if (!failure.unsent()) ++info.attempts;
    return notConnected(started.error().code);
  }
  ++info.attempts;
  connection_ = std::move(started.value().connection);
  place_ = std::move(started.value().place);
  info.upstream = place_.host();
  if (info.upstream == nullptr) {
    info.upstream = std::make_shared<upstream::Host>(started.value().address, 1);
  }
  connect_timeout_.arm(cluster.settings().connect_timeout);
  context_.pauseRequest(true);
}

void ConnectTunnel::onConnected() {
  connect_timeout_.disarm();
  open_ = true;
  const std::chrono::duration<double> took = context_.worker().loop.now() - started_;
  cluster_->countConnected(place_, took.count());
  context_.info().details = "tunnel";
  http::setStatus(context_.responseHeaders(), 200);
  context_.encodeHeaders(false);
  if (connection_ != nullptr) onClientData(early_, early_end_);
}

void ConnectTunnel::onClientData(buffer::Buffer& data, bool end_stream) {
  if (!open_) {
    early_end_ |= end_stream;
    return early_.take(data);
  }
  if (connection_ == nullptr || connection_->writeEnding()) return data.clear();
  connection_->write(data, end_stream);
  context_.pauseRequest(connection_->writeBlocked());
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
  if (open_) return breakOff();
  const ErrorCode code = error.code;
  cluster_->countFailed(place_, code);
  close(true);
  notConnected(code);
}

void ConnectTunnel::notConnected(ErrorCode code) {
  if (!untried_.empty()) return connectToNext();
  if (!name_.empty()) names_.forget(name_);
  const FailureAnswer answer = answerTo(code);
  reply(answer.status, answer.reason);
}

void ConnectTunnel::breakOff() {
  close(true);
  context_.info().upstream_gone = true;
  cluster_->counters().happened(upstream::RequestEvent::ConnectionEnded);
  context_.resetStream(http::ResetReason::ConnectError, "upstream_reset");
}

void ConnectTunnel::reply(unsigned status, std::string_view reason) {
  context_.sendLocalReply({status, reason});
}

void ConnectTunnel::cancel() {
  query_.reset();
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
