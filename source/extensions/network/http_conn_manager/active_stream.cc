#include "source/extensions/network/http_conn_manager/active_stream.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "source/base/check.h"
#include "source/extensions/network/http_conn_manager/http_connection.h"
#include "source/http/grpc.h"
#include "source/http/grpc_status.h"
#include "source/http/header_changes.h"
#include "source/http/path.h"
#include "source/http/redirect.h"
#include "source/http/request_rules.h"

namespace weir::extensions {
namespace {

using http::HeaderId;
using http::HeaderMap;

}  // namespace

ActiveStream::ActiveStream(ManagerOnWorker& manager, size_t buffer_limit)
    : manager_(manager), filters_(manager.worker(), *this, buffer_limit) {}

void ActiveStream::begin(HttpConnection& connection, http::StreamEncoder& encoder,
                         const Start& start) {
  connection_ = &connection;
  encoder_ = &encoder;
  filtered_ = response_ended_ = false;
  form_ = http::TunnelForm::None;
  last_active_ = manager_.worker().loop.now();
  info().id = start.id;
  info().version = start.version;
  info().client = connection.peer().address;
  info().started = start.at;
  info().started_wall = manager_.worker().loop.wallNow() - (last_active_ - start.at);
  manager_.stats().onRequest(start.version);
}

void ActiveStream::recycle() {
  filters_.complete();
  filters_.reset();
  connection_ = nullptr;
  encoder_ = nullptr;
}

HeaderMap& ActiveStream::fields(Part part) {
  return part == Part::Head ? filters_.requestHeaders() : filters_.requestTrailers();
}

void ActiveStream::onHeaders(bool end_stream) {
  last_active_ = manager_.worker().loop.now();
  info().is_grpc = http::isGrpc(filters_.requestHeaders());
  form_ = http::tunnelFormOf(filters_.requestHeaders());
  info().path = filters_.requestHeaders().get(HeaderId::Path);
  if (end_stream) requestEnded();
  if (const auto bad = http::checkRequest(filters_.requestHeaders())) return onBadMessage(*bad);
  tellOfClient();
  if (!checkPath()) return;
  filtered_ = true;
  filters_.start(manager_.settings().filters, connection_->info());
  filters_.decodeHeaders(end_stream);
}

void ActiveStream::tellOfClient() {
  const HttpConnManagerSettings& settings = manager_.settings();
  if (settings.transparent)
    return http::applyScheme(connection_->peer(), filters_.requestHeaders());
  Random& random = manager_.random();
  const uint64_t high = random.next();
  info().client = http::applyForwarded(settings.forwarded, connection_->peer(), high, random.next(),
                                       filters_.requestHeaders());
}

// False: it was answered.
bool ActiveStream::checkPath() {
  HeaderMap& headers = filters_.requestHeaders();
  if (!headers.has(HeaderId::Path) || headers.get(HeaderId::Path) == "*") return true;
  const http::PathResult path = manager_.settings().normalize(headers.get(HeaderId::Path));
  switch (path.kind) {
    case http::PathResult::Kind::Unchanged: return true;
    case http::PathResult::Kind::Rewritten: headers.set(HeaderId::Path, path.target); return true;
    case http::PathResult::Kind::Redirect: {
      http::LocalReply reply{.status = 307, .details = "path_redirect"};
      reply.headers.emplace_back("location", http::locationOf(headers, path.target));
      replyDirectly(std::move(reply));
      return false;
    }
    case http::PathResult::Kind::Reject: break;
  }
  info().bad_request = true;
  manager_.stats().onRejected(path.reason);
  replyDirectly({400, path.reason});
  return false;
}

void ActiveStream::onData(buffer::Buffer& data, bool end_stream) {
  last_active_ = manager_.worker().loop.now();
  info().request_bytes += data.size();
  if (end_stream) requestEnded();
  if (!filtered_) return data.clear();
  filters_.decodeData(data, end_stream);
}

void ActiveStream::onTrailers() {
  last_active_ = manager_.worker().loop.now();
  requestEnded();
  if (!manager_.settings().transparent) http::cleanTrailers(filters_.requestTrailers());
  if (filtered_) filters_.decodeTrailers();
}

void ActiveStream::requestEnded() { info().request_done = manager_.worker().loop.now(); }

void ActiveStream::onReset(http::ResetReason reason, std::string_view detail) {
  forgetUnsent();
  encoder_ = nullptr;
  if (info().reason.empty()) {
    info().reason = !detail.empty() ? detail : http::toString(reason);
    if (reason == http::ResetReason::ConnectionGone) info().reason = "client_gone";
    if (reason == http::ResetReason::Cancel) info().reason = "client_reset";
    info().bad_request = reason == http::ResetReason::ProtocolError;
  }
  const bool malformed = reason == http::ResetReason::ProtocolError && !detail.empty();
  if (malformed && info().version == http::Version::Http2) {
    // With HTTP/1 it ends the connection, which counts it.
    manager_.stats().onRejected(info().reason);
    if (info().path.empty()) info().path = filters_.requestHeaders().get(HeaderId::Path);
  }
  manager_.stats().onReset(HttpStats::Side::Client, info().reason);
  done();
}

void ActiveStream::onBadMessage(const http::BadMessage& bad) {
  info().bad_request = true;
  manager_.stats().onRejected(bad.reason);
  if (filtered_) return filters_.sendLocalReply({bad.status, bad.reason});
  info().path = filters_.requestHeaders().get(HeaderId::Path);
  info().is_grpc = http::isGrpc(filters_.requestHeaders());
  replyDirectly({bad.status, bad.reason});
}

void ActiveStream::onWriteReady() {
  last_active_ = manager_.worker().loop.now();
  if (filtered_) filters_.onSendReady();
}

// Past the filters, which were not made: the request is none that they should see.
void ActiveStream::replyDirectly(http::LocalReply reply) {
  info().reason = reply.reason;
  info().details = reply.details;
  HeaderMap& head = filters_.responseHeaders();
  std::string body;
  http::makeLocalReply(reply, filters_.requestHeaders(), head, body);
  buffer::Buffer data(manager_.worker().slices);
  data.append(body);
  sendHeaders(head, data.empty());
  if (encoder_ != nullptr && !data.empty()) sendData(data, true);
}

void ActiveStream::sendHeaders(HeaderMap& headers, bool end_stream) {
  if (encoder_ == nullptr) return;
  last_active_ = manager_.worker().loop.now();
  const unsigned status = http::statusOf(headers);
  if (status >= 100 && status < 200 && status != 101) {
    // What the client must not see is better left out than made an error of the response.
    static_cast<void>(encoder_->encodeHeaders(headers, false));
    return;
  }
  info().status = status;
  info().first_byte = last_active_;
  info().is_tunnel = http::opensTunnel(form_, status);
  noteGrpcStatus(headers);
  finishHead(headers);
  connection_->onResponse();
  if (!encoder_->encodeHeaders(headers, end_stream)) {
    info().reason = "invalid_response_headers";
    info().status = 502;
    info().is_tunnel = false;
    headers.clear();
    http::setStatus(headers, 502);
    headers.add(HeaderId::WeirError, info().reason);
    headers.add(HeaderId::ContentLength, "0");
    if (!encoder_->encodeHeaders(headers, true)) {
      return resetStream(http::ResetReason::InternalError, info().reason);
    }
    return responseEnded();
  }
  if (info().is_tunnel) manager_.stats().upgradeBegan();
  if (end_stream) responseEnded();
}

void ActiveStream::finishHead(HeaderMap& headers) {
  if (const http::Route* route = info().route) {
    http::apply(route->response_headers, headers);
  }
  if (manager_.settings().transparent) return;
  const std::string& via = manager_.settings().forwarded.via;
  if (!via.empty()) headers.add(HeaderId::Via, via);
  // RFC 9110 6.6.1: of a response that comes without one, by whoever passes it on.
  if (!info().is_tunnel && !headers.has(HeaderId::Date)) {
    headers.add(HeaderId::Date, manager_.dateOf(manager_.worker().loop.wallNow()));
  }
}

void ActiveStream::sendData(buffer::Buffer& data, bool end_stream) {
  if (encoder_ == nullptr) return data.clear();
  WEIR_DCHECK(info().status != 0);  // FilterManager sees to that
  last_active_ = manager_.worker().loop.now();
  info().response_bytes += data.size();
  encoder_->encodeData(data, end_stream);
  if (end_stream) responseEnded();
}

void ActiveStream::sendTrailers(HeaderMap& trailers) {
  if (encoder_ == nullptr) return;
  WEIR_DCHECK(info().status != 0);
  noteGrpcStatus(trailers);
  encoder_->encodeTrailers(trailers);
  responseEnded();
}

void ActiveStream::noteGrpcStatus(const HeaderMap& fields) {
  if (!info().is_grpc || !fields.has(HeaderId::GrpcStatus)) return;
  info().grpc_status = http::parseGrpcStatus(fields.get(HeaderId::GrpcStatus));
}

bool ActiveStream::sendBlocked() const { return encoder_ != nullptr && encoder_->writeBlocked(); }

void ActiveStream::pauseRequest(bool paused) {
  if (encoder_ != nullptr) encoder_->pauseReading(paused);
}

void ActiveStream::resetStream(http::ResetReason reason, std::string_view why) {
  if (encoder_ == nullptr) return;
  forgetUnsent();
  if (!why.empty()) info().reason = why;
  info().reset_here = true;
  manager_.stats().onReset(HttpStats::Side::Self, info().reason);
  connection_->onResponseCut(info().reason);
  std::exchange(encoder_, nullptr)->reset(reason);
  done();
}

const http::Route* ActiveStream::chooseRoute(const HeaderMap& request) {
  const http::Route* route = manager_.settings().routes->find(request);
  if (route == nullptr) return nullptr;
  if (const auto* forward = std::get_if<http::Forward>(&route->action)) {
    if (forward->idle_timeout) connection_->lookWithin(*forward->idle_timeout);
    connection_->lookWithin(forward->max_stream_duration);
  } else if (const auto* tunnel = std::get_if<http::Tunnel>(&route->action)) {
    connection_->lookWithin(tunnel->idle_timeout);
  }
  return route;
}

bool ActiveStream::upgradeAllowed(std::string_view token) const {
  return manager_.settings().upgradeAllowed(token);
}

http::PathResult ActiveStream::normalizeRewritten(std::string_view path) const {
  return manager_.settings().normalizeRewritten(path);
}

std::unique_ptr<upstream::EarlyConnection> ActiveStream::takeEarly(
    const upstream::Cluster& cluster) {
  return connection_->takeEarly(cluster);
}

// The codec does what is left of the stream by itself. Of a tunnel, the other way goes on.
void ActiveStream::responseEnded() {
  response_ended_ = true;
  if (info().is_tunnel && !filters_.requestTaken()) return;
  encoder_ = nullptr;
  done();
}

// A response that is given up before any of it went out is none, whatever it would have said.
void ActiveStream::forgetUnsent() {
  if (encoder_ == nullptr || info().status == 0 || encoder_->headSent()) return;
  info().status = 0;
  info().first_byte = {};
  info().response_bytes = 0;
  info().grpc_status = -1;
}

void ActiveStream::onRequestTaken() {
  if (encoder_ != nullptr && response_ended_) responseEnded();
}

// The codec has let the stream go: encoder_ is null only once it did.
void ActiveStream::done() {
  WEIR_DCHECK(encoder_ == nullptr);
  filters_.complete();
  const MonotonicTime now = manager_.worker().loop.now();
  manager_.stats().onStreamDone(info(), now);
  if (manager_.logsRequests()) log(now);
  connection_->onStreamDone(*this);
}

// Of the response it tells what went out: an upstream may have said more.
void ActiveStream::log(MonotonicTime now) {
  static const HeaderMap Nothing;
  const bool begun = info().status != 0;
  manager_.log({connection_->info(), info(), filters_.requestHeaders(),
                begun ? filters_.responseHeaders() : Nothing,
                begun && response_ended_ ? filters_.responseTrailers() : Nothing, now});
}

MonotonicTime ActiveStream::checkTimeouts(MonotonicTime now) {
  const HttpConnManagerSettings& settings = manager_.settings();
  MonotonicTime next = MonotonicTime::max();
  // What asks for a tunnel is whole with its head.
  const bool request_open =
      info().request_done == MonotonicTime{} && form_ == http::TunnelForm::None;
  if (settings.request_timeout > Duration::zero() && request_open && info().status == 0) {
    next = info().started + settings.request_timeout;
    if (now >= next) {
      next = MonotonicTime::max();
      timedOut("request_timeout", 408);
      if (encoder_ == nullptr) return next;
    }
  }
  if (!checkIdle(now, next)) return MonotonicTime::max();
  const auto* forward =
      info().route != nullptr ? std::get_if<http::Forward>(&info().route->action) : nullptr;
  if (forward != nullptr && forward->max_stream_duration > Duration::zero()) {
    const MonotonicTime most = info().started + forward->max_stream_duration;
    if (now >= most) {
      timedOut("max_stream_duration", 504);
      if (encoder_ == nullptr) return MonotonicTime::max();
    } else {
      next = std::min(next, most);
    }
  }
  return next;
}

Duration ActiveStream::idleTimeout() const {
  if (info().route != nullptr) {
    if (const auto* forward = std::get_if<http::Forward>(&info().route->action)) {
      if (forward->idle_timeout) return *forward->idle_timeout;
    } else if (const auto* tunnel = std::get_if<http::Tunnel>(&info().route->action)) {
      return tunnel->idle_timeout;
    }
  }
  return manager_.settings().stream_idle_timeout;
}

// False: the stream is over.
bool ActiveStream::checkIdle(MonotonicTime now, MonotonicTime& next) {
  const Duration idle = idleTimeout();
  if (idle <= Duration::zero()) return true;
  if (now >= last_active_ + idle) {
    const bool client = info().request_done == MonotonicTime{} && form_ == http::TunnelForm::None;
    timedOut("stream_idle_timeout", client ? 408 : 504);
    if (encoder_ == nullptr) return false;
  }
  next = std::min(next, last_active_ + idle);
  return true;
}

// Answers, if no answer has begun; else gives the stream up.
void ActiveStream::timedOut(std::string_view reason, unsigned status) {
  if (info().status != 0) return resetStream(http::ResetReason::Cancel, reason);
  last_active_ = manager_.worker().loop.now();
  if (filtered_) return filters_.sendLocalReply({status, reason});
  replyDirectly({status, reason});
}

}  // namespace weir::extensions
