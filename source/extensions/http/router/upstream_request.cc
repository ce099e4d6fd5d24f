#include "source/extensions/http/router/upstream_request.h"

#include <utility>

#include "source/base/check.h"
#include "source/http/characters.h"
#include "source/http/pool/pool_set.h"

namespace weir::http_filters {
namespace {

using Outcome = upstream::RequestOutcome::Kind;

UpstreamFailure failureOf(const Error& error) {
  return {UpstreamFailure::Kind::NoConnection, error.code};
}

// Before anything was tried: nobody but the cluster itself has refused.
UpstreamFailure failureToChoose(const Error& error) {
  if (error.code == ErrorCode::Refused) return {UpstreamFailure::Kind::Loop, error.code};
  return failureOf(error);
}

}  // namespace

UpstreamRequest::UpstreamRequest(filter::Worker& worker, Maps maps, UpstreamRequestEvents& events)
    : worker_(worker), maps_(maps), events_(events), pending_(worker.slices) {}

UpstreamRequest::~UpstreamRequest() { cancel(http::ResetReason::Cancel); }

std::optional<UpstreamFailure> UpstreamRequest::start(const Plan& plan,
                                                      const http::HeaderMap& headers,
                                                      bool end_stream) {
  WEIR_CHECK(state_ == State::Over);
  started_ = worker_.loop.now();
  first_byte_ = {};
  headers_ = &headers;
  request_trailers_ = nullptr;
  pending_.clear();
  request_ended_ = end_stream;
  head_sent_ = headers_seen_ = heard_ = reused_ = tunnel_ = response_ended_ = false;
  version_ = plan.version;
  form_ = plan.form;
  status_ = 0;
  auto place = plan.cluster.startRequest(plan.pick);
  if (!place.ok()) return failureToChoose(place.error());
  place_ = std::move(place).value();
  host_ = place_.host();
  if (plan.to_name != nullptr && !host_->name().empty()) {
    plan.to_name->set(http::HeaderId::Authority, host_->name());
  }
  http::ConnectionPool& pool =
      http::PoolSet::of(worker_).pool(plan.cluster, host_, plan.version, plan.owner);
  // TLS was set up for other bytes than HTTP.
  const bool fits = plan.early != nullptr && plan.early->address() == host_->address();
  if (fits && !host_->transport()) pool.adopt(*plan.early);
  auto stream = pool.newStream(*this, *this, plan.connect, plan.fresh);
  if (!stream.ok()) {
    finish(Outcome::LocalFailure);
    return failureOf(stream.error());
  }
  state_ = State::Waiting;
  if (stream.value().encoder == nullptr) return std::nullopt;
  return begin(stream.value());
}

void UpstreamRequest::onPoolReady(const http::PooledStream& stream) {
  if (const auto failure = begin(stream)) return events_.onUpstreamFailure(*failure);
  events_.onUpstreamWriteReady();
}

void UpstreamRequest::onPoolFailure(const Error& error) { fail(failureOf(error)); }

// A failure: the request has what must not be sent, and it is over.
std::optional<UpstreamFailure> UpstreamRequest::begin(const http::PooledStream& stream) {
  state_ = State::Open;
  encoder_ = stream.encoder;
  reused_ = stream.reused;
  // The head of a request for a tunnel is never its end, even if nothing follows.
  const bool end = request_ended_ && pending_.empty() && request_trailers_ == nullptr &&
                   form_ == http::TunnelForm::None;
  if (!encoder_->encodeHeaders(*headers_, end)) {
    std::exchange(encoder_, nullptr)->reset(http::ResetReason::InternalError);
    finish(Outcome::Cancelled);
    return failureToSend();
  }
  head_sent_ = true;
  if (!end) flushPending();
  return std::nullopt;
}

// Why the codec has refused the head. HTTP/2 lets clients name several servers, which would be an
// ambiguous Host; all else that is refused has been put there by a filter, or by the route.
UpstreamFailure UpstreamRequest::failureToSend() const {
  using Kind = UpstreamFailure::Kind;
  const bool to_http1 = version_ != http::Version::Http2;
  if (to_http1 && !http::isAuthority(headers_->get(http::HeaderId::Authority))) {
    return {Kind::BadAuthority};
  }
  return {Kind::ProtocolError, ErrorCode::Reset, "request_cannot_be_sent"};
}

void UpstreamRequest::flushPending() {
  const bool ends = request_ended_ && request_trailers_ == nullptr;
  if (!pending_.empty() || ends) encoder_->encodeData(pending_, ends);
  if (request_trailers_ != nullptr) encoder_->encodeTrailers(*request_trailers_);
}

void UpstreamRequest::encodeData(buffer::Buffer& data, bool end_stream) {
  request_ended_ |= end_stream;
  if (state_ == State::Waiting) return pending_.take(data);
  if (state_ != State::Open || encoder_ == nullptr) return data.clear();
  encoder_->encodeData(data, end_stream);
  if (end_stream && response_ended_) endStream();
}

void UpstreamRequest::encodeTrailers(const http::HeaderMap& trailers) {
  request_ended_ = true;
  if (state_ == State::Waiting) {
    request_trailers_ = &trailers;
  } else if (state_ == State::Open && encoder_ != nullptr) {
    encoder_->encodeTrailers(trailers);
  }
}

bool UpstreamRequest::sendBlocked() const {
  if (state_ == State::Waiting) return !pending_.empty();
  return state_ == State::Open && encoder_ != nullptr && encoder_->writeBlocked();
}

void UpstreamRequest::pauseResponse(bool paused) {
  if (state_ == State::Open && encoder_ != nullptr) encoder_->pauseReading(paused);
}

void UpstreamRequest::cancel(http::ResetReason reason) { giveUp(reason, Outcome::Cancelled); }

void UpstreamRequest::timeOut() {
  const bool by_host = state_ == State::Open || hostKeepsWaiting();
  giveUp(http::ResetReason::Cancel, by_host ? Outcome::LocalFailure : Outcome::Cancelled);
}

void UpstreamRequest::giveUp(http::ResetReason reason, Outcome unanswered) {
  if (state_ == State::Over) return;
  leavePool();
  if (encoder_ != nullptr) std::exchange(encoder_, nullptr)->reset(reason);
  finish(headers_seen_ ? Outcome::Response : unanswered);
}

http::HeaderMap& UpstreamRequest::fields(Part part) {
  return part == Part::Head ? maps_.headers : maps_.trailers;
}

void UpstreamRequest::onHeaders(bool end_stream) {
  const unsigned status = http::statusOf(maps_.headers);
  heard_ = true;
  if (status < 100) return refuseHead();
  const bool informational = status < 200 && status != 101;
  if (!informational) {
    headers_seen_ = true;
    status_ = status;
    first_byte_ = worker_.loop.now();
    tunnel_ = http::opensTunnel(form_, status);
    // What the host is judged by is known now; it counts as busy until the response has ended.
    if (end_stream) responseEnded();
  }
  events_.onUpstreamHeaders(end_stream);
}

// Neither informational nor a response.
void UpstreamRequest::refuseHead() {
  if (encoder_ != nullptr) {
    std::exchange(encoder_, nullptr)->reset(http::ResetReason::ProtocolError);
  }
  fail({UpstreamFailure::Kind::ProtocolError, ErrorCode::Reset, "h2_status"});
}

void UpstreamRequest::onData(buffer::Buffer& data, bool end_stream) {
  if (end_stream) responseEnded();
  events_.onUpstreamData(data, end_stream);
}

void UpstreamRequest::onTrailers() {
  responseEnded();
  events_.onUpstreamTrailers();
}

void UpstreamRequest::responseEnded() {
  response_ended_ = true;
  // The codec lets go of the rest of the request by itself. Of a tunnel, it goes on.
  if (!tunnel_ || request_ended_) endStream();
}

void UpstreamRequest::endStream() {
  encoder_ = nullptr;
  finish(Outcome::Response);
}

void UpstreamRequest::onReset(http::ResetReason reason, std::string_view detail) {
  using Kind = UpstreamFailure::Kind;
  encoder_ = nullptr;
  Kind kind = Kind::Reset;
  if (reason == http::ResetReason::Refused) kind = Kind::Refused;
  if (detail == http::NoExtendedConnect) kind = Kind::Unsupported;
  if (reason == http::ResetReason::ProtocolError) kind = Kind::ProtocolError;
  if (detail == http::NotHttp2) kind = Kind::NotHttp2;
  if (detail == http::ClosedBeforeHttp2) kind = Kind::SilentOnHttp2;
  const bool gone = reason == http::ResetReason::ConnectionGone;
  const bool heard = heard_ || detail == http::IncompleteHead;
  const bool unseen = kind == Kind::Refused && !headers_seen_;
  if (detail.empty()) detail = toString(reason);
  fail({kind, ErrorCode::Reset, detail, gone, gone && reused_ && !heard, unseen});
}

void UpstreamRequest::onBadMessage(const http::BadMessage&) {
  WEIR_CHECK(false);  // only requests are bad messages
}

void UpstreamRequest::onWriteReady() { events_.onUpstreamWriteReady(); }

void UpstreamRequest::fail(const UpstreamFailure& failure) {
  // A connection that was closed while it was idle says nothing about its host, nor does one that
  // takes no tunnels.
  const bool blameless = failure.stale || failure.kind == UpstreamFailure::Kind::Unsupported;
  finish(blameless ? Outcome::Cancelled : Outcome::LocalFailure);
  events_.onUpstreamFailure(failure);
}

void UpstreamRequest::finish(Outcome kind) {
  state_ = State::Over;
  pending_.clear();
  const MonotonicTime until = headers_seen_ ? first_byte_ : worker_.loop.now();
  place_.end({kind, status_, until - started_});
}

}  // namespace weir::http_filters
