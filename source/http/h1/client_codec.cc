#include "source/http/h1/client_codec.h"

#include <utility>

#include "source/base/check.h"

namespace weir::http {
namespace {

constexpr unsigned MaxInformational = 100;

// Underscores in names could deceive an application that gets a request; a response deceives
// nobody.
Http1Settings forResponses(Http1Settings settings) {
  settings.headers.underscores = Underscores::Allow;
  return settings;
}

}  // namespace

Http1ClientCodec::Http1ClientCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                                   const Http1Settings& settings, CodecEvents& events)
    : settings_(forResponses(settings)),
      events_(events),
      head_(pool, settings_.headers),
      incoming_(pool, settings_.headers),
      held_(pool),
      outlet_(loop, out, pool, settings.buffer_limit, [this] { atTurnEnd(); }) {}

bool Http1ClientCodec::canTake() const {
  return decoder_ == nullptr && !stream_ended_ && !finished();
}

StreamEncoder& Http1ClientCodec::newStream(StreamDecoder& decoder) {
  WEIR_CHECK(canTake());
  decoder_ = &decoder;
  request_ = Request::None;
  informational_ = 0;
  sent_ = held_end_ = false;
  return *this;
}

bool Http1ClientCodec::encodeHeaders(const HeaderMap& headers, bool end_stream) {
  if (decoder_ == nullptr || request_ != Request::None) return false;
  const auto plan = planRequest(headers, end_stream);
  if (!plan) return false;
  kind_ = plan->kind;
  writeRequest(headers, *plan, draining_, outlet_.bytes());
  body_.begin(plan->body);
  request_ = Request::Begun;
  state_ = State::Head;
  head_.begin(HeadScanner::Kind::Response);
  if (end_stream && awaitsTunnel()) held_end_ = true;
  if (end_stream && !awaitsTunnel()) endRequest();
  return true;
}

bool Http1ClientCodec::awaitsTunnel() const {
  const bool asked = kind_ == RequestHead::Kind::Connect || kind_ == RequestHead::Kind::Upgrade;
  return asked && body_.mode() != BodyMode::Tunnel;
}

void Http1ClientCodec::encodeData(buffer::Buffer& data, bool end_stream) {
  if (decoder_ == nullptr || request_ == Request::None || request_ == Request::Ended || broken_) {
    return data.clear();
  }
  if (awaitsTunnel()) {
    held_.take(data);
    held_end_ = held_end_ || end_stream;
    return;
  }
  if (!body_.write(data, end_stream, outlet_.bytes())) return failRequest();
  if (end_stream) endRequest();
}

void Http1ClientCodec::encodeTrailers(const HeaderMap& trailers) {
  if (decoder_ == nullptr || request_ == Request::None || request_ == Request::Ended || broken_) {
    return;
  }
  if (!body_.writeTrailers(trailers, outlet_.bytes())) return failRequest();
  endRequest();
}

void Http1ClientCodec::endRequest() {
  const bool tunnel = body_.mode() == BodyMode::Tunnel;
  if (tunnel) outlet_.end();
  request_ = Request::Ended;
  // The other direction of a tunnel has ended before.
  if (tunnel && state_ == State::Dropping) endResponse();
}

bool Http1ClientCodec::writeBlocked() const {
  return held_.size() >= settings_.buffer_limit || outlet_.blocked();
}

void Http1ClientCodec::pauseReading(bool paused) {
  incoming_.pause(paused);
  outlet_.pauseReading(paused);
  if (paused) return;
  more_wanted_ = true;
  outlet_.schedule();
}

// The upstream must not take what it has got for the whole, nor the rest for another request.
void Http1ClientCodec::failRequest() {
  broken_ = true;
  incoming_.stop();
  end(ConnectionEnd::Reset, "h1_request_length", true);
}

void Http1ClientCodec::reset(ResetReason reason) {
  if (decoder_ == nullptr) return;
  if (request_ != Request::None) {
    outlet_.dropGathered();
    end(ConnectionEnd::Reset, toString(reason), false);
  }
  closeStream();
}

void Http1ClientCodec::onBytes(buffer::Buffer& data, bool end_stream) {
  while (step(data, end_stream)) {
  }
  waiting_ = !data.empty() || end_stream;
}

// True if there may be more to do.
bool Http1ClientCodec::step(buffer::Buffer& data, bool end_stream) {
  switch (state_) {
    case State::Idle: return readUnasked(data, end_stream);
    case State::Head: return readHead(data, end_stream);
    case State::Body:
    case State::Tunnel: return readBody(data, end_stream);
    case State::Dropping: data.clear(); return false;
  }
  return false;
}

// What nobody asked for must not become the response to the next request.
bool Http1ClientCodec::readUnasked(buffer::Buffer& data, bool end_stream) {
  const bool fault = !data.empty();
  if (!fault && !end_stream) return false;
  data.clear();
  if (decoder_ != nullptr) {
    fail(ResetReason::ConnectionGone, fault ? "h1_premature_response" : "closed_by_peer");
  } else if (fault) {
    end(ConnectionEnd::Reset, UnaskedBytes, true);
  } else {
    end(ConnectionEnd::Flush, "closed_by_peer", false);
  }
  return false;
}

bool Http1ClientCodec::readHead(buffer::Buffer& data, bool end_stream) {
  if (!sent_) return readUnasked(data, end_stream);
  switch (head_.gather(data)) {
    case HeadScanner::Status::Bad:
      fail(ResetReason::ProtocolError, head_.bad().reason);
      return true;
    case HeadScanner::Status::Whole: return beginResponse(data);
    case HeadScanner::Status::More: break;
  }
  if (!end_stream) return false;
  fail(ResetReason::ConnectionGone, answerBegun() ? IncompleteHead : "h1_closed_before_response");
  return true;
}

bool Http1ClientCodec::answerBegun() const {
  return state_ == State::Head && (head_.begun() || informational_ > 0);
}

bool Http1ClientCodec::beginResponse(buffer::Buffer& data) {
  HeaderMap& fields = decoder_->fields(StreamDecoder::Part::Head);
  const auto text = head_.finish(data, fields);
  response_ = {};
  const auto bad = parseResponseHead(text, kind_, settings_.headers, fields, response_);
  if (bad) {
    fail(ResetReason::ProtocolError, bad->reason);
    return true;
  }
  if (response_.status < 200 && response_.status != 101) return passInformational(fields);
  const bool connected = kind_ == RequestHead::Kind::Connect && response_.status < 300;
  const bool tunnel = connected || response_.status == 101;
  const bool whole = !tunnel && response_.body.framing == Framing::None;
  tunnel ? beginTunnel() : beginBody();
  decoder_->onHeaders(whole);
  if (whole && decoder_ != nullptr) endResponse();
  return true;
}

bool Http1ClientCodec::passInformational(HeaderMap& fields) {
  if (++informational_ > MaxInformational) {
    fail(ResetReason::ProtocolError, "h1_informational_responses");
    return true;
  }
  head_.begin(HeadScanner::Kind::Response);
  decoder_->onHeaders(false);
  if (decoder_ != nullptr) fields.clear();
  return true;
}

// What was held for a tunnel is not for this upstream any more.
void Http1ClientCodec::beginBody() {
  if (awaitsTunnel()) {
    held_.clear();
    request_ = Request::Ended;
  }
  state_ = State::Body;
  incoming_.begin(*decoder_, response_.body);
}

void Http1ClientCodec::beginTunnel() {
  state_ = State::Tunnel;
  body_.beginTunnel();
  incoming_.beginTunnel(*decoder_);
  outlet_.bytes().take(held_);
  if (held_end_) endRequest();
}

bool Http1ClientCodec::readBody(buffer::Buffer& data, bool end_stream) {
  switch (incoming_.read(data, end_stream)) {
    case Incoming::Status::More: return false;
    case Incoming::Status::End: endIncoming(); return true;
    case Incoming::Status::Bad:
      fail(ResetReason::ProtocolError, incoming_.bad().reason);
      return true;
    case Incoming::Status::Cut:
      fail(ResetReason::ConnectionGone, "h1_incomplete_body");
      return true;
  }
  return false;
}

void Http1ClientCodec::endIncoming() {
  if (decoder_ == nullptr) return;
  if (state_ != State::Tunnel) return endResponse();
  state_ = State::Dropping;
  if (request_ == Request::Ended) endResponse();
}

void Http1ClientCodec::endResponse() {
  state_ = State::Idle;
  if (body_.mode() == BodyMode::Tunnel) {
    end(ConnectionEnd::Flush, "tunnel_ended", false);
  } else if (request_ != Request::Ended) {
    end(ConnectionEnd::Reset, "h1_early_response", false);
  } else if (!response_.keep_alive) {
    end(ConnectionEnd::Flush, "last_response", false);
  } else if (draining_) {
    end(ConnectionEnd::Flush, "drained", false);
  }
  closeStream();
}

void Http1ClientCodec::fail(ResetReason reason, std::string_view detail) {
  StreamDecoder& decoder = *decoder_;
  end(ConnectionEnd::Reset, detail, true);
  closeStream();
  decoder.onReset(reason, detail);
}

void Http1ClientCodec::closeStream() {
  decoder_ = nullptr;
  incoming_.stop();
  held_.clear();
  pauseReading(false);
  stream_ended_ = true;
  outlet_.schedule();
}

void Http1ClientCodec::end(ConnectionEnd how, std::string_view reason, bool fault) {
  if (ending_.wanted) return;
  state_ = State::Dropping;
  ending_ = {how, reason, fault, true, false};
  outlet_.schedule();
}

void Http1ClientCodec::atTurnEnd() {
  outlet_.flush();
  sent_ = sent_ || request_ != Request::None;
  if (broken_ && decoder_ != nullptr) {
    StreamDecoder& decoder = *decoder_;
    closeStream();
    decoder.onReset(ResetReason::InternalError, ending_.reason);
  }
  if (decoder_ != nullptr && !writeBlocked() && outlet_.takeUnblocked()) decoder_->onWriteReady();
  if (std::exchange(stream_ended_, false)) events_.onStreamEnd();
  if (std::exchange(more_wanted_, false) && waiting_ && !ending_.wanted) events_.moreWanted();
  if (ending_.wanted && !std::exchange(ending_.told, true)) {
    events_.onEnd(ending_.how, ending_.reason, ending_.fault);
  }
}

void Http1ClientCodec::onWriteReady() {
  if (outlet_.takeUnblocked() && decoder_ != nullptr) decoder_->onWriteReady();
}

void Http1ClientCodec::startDrain() {
  draining_ = true;
  if (decoder_ == nullptr) end(ConnectionEnd::Flush, "drained", false);
}

void Http1ClientCodec::onConnectionGone() {
  const std::string_view detail = answerBegun() ? IncompleteHead : std::string_view();
  state_ = State::Dropping;
  ending_.wanted = ending_.told = true;
  outlet_.cancel();
  held_.clear();
  if (decoder_ == nullptr) return;
  StreamDecoder& decoder = *std::exchange(decoder_, nullptr);
  incoming_.stop();
  decoder.onReset(ResetReason::ConnectionGone, detail);
}

}  // namespace weir::http
