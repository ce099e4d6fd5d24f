#include "source/http/h1/server_codec.h"

#include <array>
#include <utility>

namespace weir::http {

Http1ServerCodec::Http1ServerCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                                   const Http1Settings& settings, ServerCodecEvents& events)
    : settings_(settings),
      loop_(loop),
      events_(events),
      pool_(pool),
      head_(pool, settings_.headers),
      incoming_(pool, settings_.headers),
      head_timer_(loop, [this] { onHeadTimeout(); }),
      outlet_(loop, out, pool, settings.buffer_limit, [this] { atTurnEnd(); }) {
  head_.begin(HeadScanner::Kind::Request);
}

void Http1ServerCodec::onBytes(buffer::Buffer& data, bool end_stream) {
  while (step(data, end_stream)) {
  }
  waiting_ = !data.empty() || end_stream;
}

// True if there may be more to do.
bool Http1ServerCodec::step(buffer::Buffer& data, bool end_stream) {
  switch (state_) {
    case State::Head: return readHead(data, end_stream);
    case State::Body:
    case State::Tunnel: return readBody(data, end_stream);
    case State::Held:
    case State::Answering: return false;
    case State::Dropping:
      // Until the response has ended, what is not wanted stays where it is, and slows the client.
      if (ending_.wanted) data.clear();
      return false;
  }
  return false;
}

bool Http1ServerCodec::readHead(buffer::Buffer& data, bool end_stream) {
  // Who does not read the responses gets no further ones.
  if (outlet_.blocked()) return false;
  switch (head_.gather(data)) {
    case HeadScanner::Status::Bad: return refuseUnread(head_.bad(), data, head_.version());
    case HeadScanner::Status::Whole: return beginRequest(data);
    case HeadScanner::Status::More: break;
  }
  if (end_stream) {
    endBetweenRequests();
  } else if (head_.begun()) {
    noteHeadBegun();
  }
  return false;
}

void Http1ServerCodec::noteHeadBegun() {
  if (!head_begun_at_) head_begun_at_ = loop_.now();
  const Duration bound = settings_.request_headers_timeout;
  if (bound > Duration::zero() && !head_timer_.armed()) head_timer_.arm(bound);
}

void Http1ServerCodec::endBetweenRequests() {
  if (head_.begun()) return end(ConnectionEnd::Flush, "h1_incomplete_head", true);
  end(ConnectionEnd::Flush, "closed_by_peer", false);
}

void Http1ServerCodec::beginStream(Version version) {
  head_timer_.disarm();
  request_ = {};
  request_.version = version;
  response_ = Response::None;
  keep_alive_ = true;
  last_word_ = false;
  head_sent_ = false;
  const MonotonicTime begun = head_begun_at_.value_or(loop_.now());
  head_begun_at_.reset();
  decoder_ = &events_.onNewStream(*this, version, begun);
}

bool Http1ServerCodec::beginRequest(buffer::Buffer& data) {
  beginStream(head_.version());
  HeaderMap& fields = decoder_->fields(StreamDecoder::Part::Head);
  const auto bad = parseRequestHead(head_.finish(data, fields), settings_, fields, request_);
  head_.begin(HeadScanner::Kind::Request);
  if (bad) {
    // What the log has of it; the rest could be taken for anything.
    fields.removeIf([](const HeaderEntry& entry) { return !entry.name.starts_with(':'); });
    return refuse(*bad);
  }
  dropped_fields_ += request_.dropped_fields;
  keep_alive_ = request_.keep_alive;
  const bool held =
      request_.kind == RequestHead::Kind::Connect || request_.kind == RequestHead::Kind::Upgrade;
  const bool whole = !held && request_.body.framing == Framing::None;
  state_ = held ? State::Held : whole ? State::Answering : State::Body;
  incoming_.begin(*decoder_, request_.body);
  last_word_ = whole && !keep_alive_ && data.empty();
  if (last_word_) outlet_.expectNothing();
  decoder_->onHeaders(whole);
  return true;
}

// What came with it could be taken for anything: it is the last request.
bool Http1ServerCodec::refuse(const BadMessage& bad) {
  state_ = State::Dropping;
  keep_alive_ = false;
  if (request_.kind != RequestHead::Kind::Head) request_.kind = RequestHead::Kind::Plain;
  decoder_->onBadMessage(bad);
  return true;
}

// A head that is not whole: the log has what its first line says.
bool Http1ServerCodec::refuseUnread(const BadMessage& bad, const buffer::Buffer& data,
                                    Version version) {
  constexpr size_t Noted = 512;  // of the line, with empty ones before it
  beginStream(version);
  HeaderMap& fields = decoder_->fields(StreamDecoder::Part::Head);
  std::array<char, Noted> room{};
  noteRequestLine(head_.firstBytes(data, room), fields);
  if (fields.get(HeaderId::Method) == "HEAD") request_.kind = RequestHead::Kind::Head;
  return refuse(bad);
}

void Http1ServerCodec::onHeadTimeout() {
  // The rest of the head may be there: nothing is read while the client does not read.
  if (outlet_.blocked()) return head_timer_.arm(settings_.request_headers_timeout);
  const buffer::Buffer none(pool_);  // all that has come was taken
  refuseUnread({408, "h1_head_timeout"}, none, Version::Http11);
}

bool Http1ServerCodec::readBody(buffer::Buffer& data, bool end_stream) {
  switch (incoming_.read(data, end_stream)) {
    case Incoming::Status::More: return false;
    case Incoming::Status::End:
      if (state_ == State::Body) state_ = State::Answering;
      if (state_ == State::Tunnel) {
        state_ = State::Dropping;
        if (response_ == Response::Ended) endResponse();
      }
      return true;
    case Incoming::Status::Bad: return refuseBody();
    case Incoming::Status::Cut:
      failRequest(ResetReason::ConnectionGone, "h1_incomplete_body");
      return true;
  }
  return false;
}

// Where no response has begun, the client gets one all the same.
bool Http1ServerCodec::refuseBody() {
  const BadMessage bad = incoming_.bad();
  if (response_ == Response::None) {
    incoming_.stop();
    return refuse(bad);
  }
  failRequest(ResetReason::ProtocolError, bad.reason);
  return true;
}

// The stream cannot go on.
void Http1ServerCodec::failRequest(ResetReason reason, std::string_view detail) {
  StreamDecoder& decoder = *decoder_;
  end(ConnectionEnd::Reset, detail, true);
  closeStream();
  decoder.onReset(reason, detail);
}

bool Http1ServerCodec::encodeHeaders(const HeaderMap& headers, bool end_stream) {
  if (decoder_ == nullptr || response_ != Response::None) return false;
  const ResponseContext context{request_.kind, request_.version, true};
  const auto plan = planResponse(headers, context, end_stream);
  if (!plan) return false;
  const unsigned status = statusOf(headers);
  if (status >= 200 || status == 101) {
    beginResponse(headers, *plan, end_stream);
  } else if (end_stream) {
    return false;
  } else if (request_.version == Version::Http11) {
    // HTTP/1.0 knows no informational responses (RFC 9110 15.2).
    writeResponse(headers, *plan, context, true, outlet_.bytes());
  }
  return true;
}

void Http1ServerCodec::beginResponse(const HeaderMap& headers, const MessagePlan& plan,
                                     bool end_stream) {
  // One that is no success mostly ends before the request, and the client has to know whether it is
  // to send the rest of that, above all if it waits for a 100 (RFC 9110 10.1.1).
  const bool early = requestUnderWay() && (end_stream || statusOf(headers) >= 300);
  const bool refused_connect =
      request_.kind == RequestHead::Kind::Connect && plan.mode != BodyMode::Tunnel;
  if (drain_ != Drain::No || early || refused_connect || plan.mode == BodyMode::UntilClose) {
    keep_alive_ = false;
  }
  const ResponseContext context{request_.kind, request_.version, keep_alive_};
  writeResponse(headers, plan, context, keep_alive_, outlet_.bytes());
  response_ = Response::Begun;
  body_.begin(plan);
  if (state_ == State::Held) leaveHeld(plan.mode);
  if (!end_stream) return;
  if (plan.mode == BodyMode::Tunnel) outlet_.end();
  endResponse();
}

// What was held is the tunnel's, or the next request.
void Http1ServerCodec::leaveHeld(BodyMode mode) {
  if (mode == BodyMode::Tunnel) {
    state_ = State::Tunnel;
    incoming_.beginTunnel(*decoder_);
    more_wanted_ = true;
    return;
  }
  state_ = keep_alive_ ? State::Answering : State::Dropping;
  request_ended_ = true;
}

void Http1ServerCodec::encodeData(buffer::Buffer& data, bool end_stream) {
  if (decoder_ == nullptr || response_ != Response::Begun) return data.clear();
  if (broken_ || !body_.write(data, end_stream, outlet_.bytes())) {
    data.clear();
    return failResponse(end_stream);
  }
  if (!end_stream) return;
  if (body_.mode() == BodyMode::Tunnel) outlet_.end();
  endResponse();
}

void Http1ServerCodec::encodeTrailers(const HeaderMap& trailers) {
  if (decoder_ == nullptr || response_ != Response::Begun) return;
  if (broken_ || !body_.writeTrailers(trailers, outlet_.bytes())) return failResponse(true);
  endResponse();
}

void Http1ServerCodec::endResponse() {
  response_ = Response::Ended;
  // The other direction of a tunnel goes on.
  if (state_ == State::Tunnel) return;
  if (body_.mode() == BodyMode::Tunnel) {
    end(ConnectionEnd::Flush, "tunnel_ended", false);
  } else if (requestUnderWay()) {
    end(ConnectionEnd::Flush, "h1_early_response", false);
  } else if (!keep_alive_) {
    end(last_word_ && !waiting_ ? ConnectionEnd::FlushWrite : ConnectionEnd::Flush, "last_response",
        false);
  } else if (drain_ == Drain::Finishing) {
    end(ConnectionEnd::Flush, "drained", false);
  }
  closeStream();
}

// The client must not take what it has got for the whole. `ended`: whoever wrote it takes the
// stream for ended, and is not to be told.
void Http1ServerCodec::failResponse(bool ended) {
  broken_ = true;
  incoming_.stop();
  end(ConnectionEnd::Reset, "h1_response_length", true);
  if (ended) closeStream();
}

void Http1ServerCodec::closeStream() {
  decoder_ = nullptr;
  incoming_.stop();
  pauseReading(false);
  stream_ended_ = true;
  outlet_.schedule();
}

void Http1ServerCodec::reset(ResetReason reason) {
  if (decoder_ == nullptr) return;
  outlet_.dropGathered();
  end(ConnectionEnd::Reset, toString(reason), false);
  closeStream();
}

void Http1ServerCodec::pauseReading(bool paused) {
  incoming_.pause(paused);
  outlet_.pauseReading(paused);
  if (paused) return;
  more_wanted_ = true;
  outlet_.schedule();
}

void Http1ServerCodec::end(ConnectionEnd how, std::string_view reason, bool fault) {
  if (ending_.wanted) return;
  head_timer_.disarm();
  state_ = State::Dropping;
  ending_ = {how, reason, fault, true, false};
  // Behind the last bytes, with which it can travel.
  if (how != ConnectionEnd::Reset) outlet_.end();
  outlet_.schedule();
}

void Http1ServerCodec::atTurnEnd() {
  outlet_.flush();
  head_sent_ = response_ != Response::None;
  if (std::exchange(request_ended_, false)) tellRequestEnd();
  if (broken_ && decoder_ != nullptr) {
    StreamDecoder& decoder = *decoder_;
    closeStream();
    decoder.onReset(ResetReason::InternalError, ending_.reason);
  }
  if (decoder_ != nullptr && outlet_.takeUnblocked()) decoder_->onWriteReady();
  if (std::exchange(stream_ended_, false)) tellStreamEnd();
  if (std::exchange(more_wanted_, false) && waiting_ && !ending_.wanted) events_.moreWanted();
  if (ending_.wanted && !std::exchange(ending_.told, true)) {
    events_.onEnd(ending_.how, ending_.reason, ending_.fault);
  }
}

// An Upgrade that was not accepted is a request without a body.
void Http1ServerCodec::tellRequestEnd() {
  if (decoder_ == nullptr) return;
  buffer::Buffer none(pool_);
  decoder_->onData(none, true);
}

void Http1ServerCodec::tellStreamEnd() {
  if (drain_ == Drain::Finishing) end(ConnectionEnd::Flush, "drained", false);
  if (!ending_.wanted) state_ = State::Head;
  more_wanted_ = true;
  events_.onStreamEnd();
}

void Http1ServerCodec::onWriteReady() {
  if (!outlet_.takeUnblocked()) return;
  if (decoder_ != nullptr) return decoder_->onWriteReady();
  if (waiting_ && !ending_.wanted) events_.moreWanted();
}

void Http1ServerCodec::startDrain() {
  if (drain_ == Drain::No) drain_ = Drain::Started;
}

void Http1ServerCodec::finishDrain() {
  drain_ = Drain::Finishing;
  if (decoder_ == nullptr && !stream_ended_) end(ConnectionEnd::Flush, "drained", false);
}

void Http1ServerCodec::onConnectionGone() {
  state_ = State::Dropping;
  ending_.wanted = ending_.told = true;
  head_timer_.disarm();
  outlet_.cancel();
  if (decoder_ == nullptr) return;
  StreamDecoder& decoder = *std::exchange(decoder_, nullptr);
  incoming_.stop();
  decoder.onReset(ResetReason::ConnectionGone, {});
}

}  // namespace weir::http
