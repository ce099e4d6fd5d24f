#include "source/http/h2/stream.h"

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/http/h2/callbacks.h"
#include "source/http/h2/error_codes.h"
#include "source/http/h2/limits.h"
#include "source/http/h2/session.h"
#include "source/http/upgrade.h"

namespace weir::http {
namespace {

// A client that is told that it may stop has most often ended its request, or reset it, by then.
constexpr Duration LingerTime = std::chrono::milliseconds(500);

std::string_view textOf(nghttp2_rcbuf* bytes) {
  const nghttp2_vec vec = nghttp2_rcbuf_get_buf(bytes);
  return {reinterpret_cast<const char*>(vec.base), vec.len};
}

}  // namespace

Http2Stream::Http2Stream(Http2Session& session, buffer::SlicePool& pool)
    : session_(session), in_(pool), out_(pool) {}

void Http2Stream::begin(int32_t id, MonotonicTime now) {
  id_ = id;
  bad_ = {};
  informational_ = 0;
  state_ = {};
  state_.in_session = id != 0;
  state_.submitted_or_dropped = id != 0;
  begun_at_ = last_progress_ = now;
}

void Http2Stream::recycle() {
  WEIR_CHECK(over() && !queued);
  in_.clear();
  dropOutbound();
  id_ = 0;
}

void Http2Stream::detach() {
  decoder_ = nullptr;
  map_ = nullptr;
  dropInbound();
  session_.queue(*this);
}

void Http2Stream::dropInbound() {
  if (!in_.empty()) session_.release(id_, in_.size());
  in_.clear();
}

void Http2Stream::dropOutbound() {
  out_.clear();
  trailers_.reset();
  tunnel_.reset();
}

void Http2Stream::submitReset(uint32_t code) {
  if (!state_.in_session || state_.reset_by_us || session_.dead()) return;
  state_.reset_by_us = true;
  nghttp2_submit_rst_stream(session_.raw(), NGHTTP2_FLAG_NONE, id_, code);
  session_.wake();
}

// --- What goes to the peer.

bool Http2Stream::encodeHeaders(const HeaderMap& headers, bool end_stream) {
  if (decoder_ == nullptr) return true;
  if (session_.dead()) {
    if (end_stream) endLocal();
    return true;
  }
  const bool server = session_.side() == Http2Session::Side::Server;
  std::vector<nghttp2_nv>& fields = session_.scratch();
  const auto kind = server ? Http2Message::Response : Http2Message::Request;
  if (!collectFields(headers, kind, fields)) return false;
  if (server) {
    submitResponse(headers, end_stream);
  } else if (headers.has(HeaderId::Protocol)) {
    submitTunnel(headers);
    if (end_stream) endLocal();
  } else {
    submitRequest(headers, end_stream);
  }
  session_.wake();
  return true;
}

void Http2Stream::submitResponse(const HeaderMap& headers, bool end_stream) {
  const std::vector<nghttp2_nv>& fields = session_.scratch();
  const unsigned status = statusOf(headers);
  if (status < 200) {
    nghttp2_submit_headers(session_.raw(), NGHTTP2_FLAG_NONE, id_, nullptr, fields.data(),
                           fields.size(), nullptr);
    return;
  }
  state_.response_begun = true;
  state_.tunnel = state_.connect && status < 300;
  const nghttp2_data_provider body = Http2Callbacks::bodyOf(*this);
  nghttp2_submit_response(session_.raw(), id_, fields.data(), fields.size(),
                          end_stream ? nullptr : &body);
  if (end_stream) endLocal();
}

void Http2Stream::submitRequest(const HeaderMap& headers, bool end_stream) {
  const std::vector<nghttp2_nv>& fields = session_.scratch();
  state_.connect = headers.get(HeaderId::Method) == "CONNECT";
  state_.submitted_or_dropped = true;
  const nghttp2_data_provider body = Http2Callbacks::bodyOf(*this);
  const int32_t id = nghttp2_submit_request(session_.raw(), nullptr, fields.data(), fields.size(),
                                            end_stream ? nullptr : &body, this);
  if (id < 0) return noteReset(ResetReason::Refused, "h2_no_stream_id");
  id_ = id;
  state_.in_session = true;
  if (end_stream) endLocal();
}

// RFC 8441 3: not before the server has said that it takes such requests.
void Http2Stream::submitTunnel(const HeaderMap& headers) {
  if (!session_.peerSettled()) {
    tunnel_ = std::make_unique<HeaderMap>();
    tunnel_->copyFrom(headers);
  } else if (session_.peerTakesConnect()) {
    submitRequest(headers, false);
  } else {
    noteReset(ResetReason::Refused, NoExtendedConnect);
  }
}

void Http2Stream::onPeerSettled() {
  if (tunnel_ == nullptr) return;
  const std::unique_ptr<HeaderMap> headers = std::move(tunnel_);
  // It was looked at before, and the session's fields have been used for others since.
  if (collectFields(*headers, Http2Message::Request, session_.scratch())) submitTunnel(*headers);
  session_.wake();
}

void Http2Stream::encodeData(buffer::Buffer& data, bool end_stream) {
  if (decoder_ == nullptr) return data.clear();
  if (session_.dead()) {
    data.clear();
    if (end_stream) endLocal();
    return;
  }
  if (out_.empty()) last_progress_ = session_.loop().now();
  out_.take(data);
  if (out_.size() >= session_.settings().buffer_limit) state_.blocked = true;
  resume();
  if (end_stream) endLocal();
}

void Http2Stream::encodeTrailers(const HeaderMap& trailers) {
  if (decoder_ == nullptr) return;
  if (session_.dead()) return endLocal();
  // Those that must not be sent are left out as a whole; the message is whole without them.
  if (collectFields(trailers, Http2Message::Trailers, session_.scratch()) &&
      !session_.scratch().empty()) {
    trailers_ = std::make_unique<HeaderMap>();
    trailers_->copyFrom(trailers);
  }
  resume();
  endLocal();
}

void Http2Stream::resume() {
  if (state_.deferred) {
    state_.deferred = false;
    nghttp2_session_resume_data(session_.raw(), id_);
  }
  session_.wake();
}

void Http2Stream::endLocal() {
  state_.local_ended = true;
  last_progress_ = session_.loop().now();
  const Duration flush = session_.settings().stream_flush_timeout;
  if (flush > Duration::zero()) session_.lookWithin(flush);
  letGoIfDone();
}

size_t Http2Stream::nextData(size_t room, uint32_t* flags) {
  const size_t bytes = std::min(room, out_.size());
  const bool last = state_.local_ended && bytes == out_.size();
  state_.deferred = bytes == 0 && !last;
  if (state_.deferred) return 0;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!last) return bytes;
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (trailers_ != nullptr && submitTrailers()) *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
  return bytes;
}

bool Http2Stream::submitTrailers() {
  std::vector<nghttp2_nv>& fields = session_.scratch();
  return collectFields(*trailers_, Http2Message::Trailers, fields) &&
         nghttp2_submit_trailer(session_.raw(), id_, fields.data(), fields.size()) == 0;
}

void Http2Stream::moveData(buffer::Buffer& to, size_t bytes) {
  to.take(out_, bytes);
  last_progress_ = session_.loop().now();
  if (!state_.blocked || out_.size() > session_.settings().buffer_limit / 2) return;
  state_.blocked = false;
  state_.write_ready = true;
  session_.queue(*this);
}

void Http2Stream::onLocalEndSent() {
  state_.local_end_sent = true;
  const bool server = session_.side() == Http2Session::Side::Server;
  if (!server || state_.in_ended || state_.tunnel) return;
  state_.lingers = true;
  came_late_ = 0;
  last_progress_ = session_.loop().now();
  session_.lookWithin(LingerTime);
}

void Http2Stream::onHeadersNotSent(bool refused) {
  if (state_.reset_by_us) return;
  noteReset(refused ? ResetReason::Refused : ResetReason::InternalError, "h2_headers_not_sent");
  dropOutbound();
  if (!refused) submitReset(NGHTTP2_INTERNAL_ERROR);
}

void Http2Stream::reset(ResetReason reason) {
  if (decoder_ == nullptr) return;
  state_.submitted_or_dropped = true;
  detach();
  dropOutbound();
  session_.onGivenUp();
  submitReset(http2CodeOf(reason));
}

void Http2Stream::pauseReading(bool paused) {
  if (state_.paused == paused) return;
  state_.paused = paused;
  if (!paused && !session_.dead()) session_.queue(*this);
}

// --- What comes from the peer.

void Http2Stream::onFieldsBegin() {
  count_ = {};
  map_ = nullptr;
  state_.head_begun = true;
  if (decoder_ == nullptr || state_.reset_noted) return;
  if (state_.head_whole) {
    map_ = &decoder_->fields(StreamDecoder::Part::Trailers);
    return;
  }
  tellHead();
  if (decoder_ != nullptr) map_ = &decoder_->fields(StreamDecoder::Part::Head);
}

void Http2Stream::onField(nghttp2_rcbuf* name_bytes, nghttp2_rcbuf* value_bytes) {
  const std::string_view name = textOf(name_bytes);
  const std::string_view value = textOf(value_bytes);
  const HeaderLimits& limits = session_.settings().headers;
  const bool underscore = name.find('_') != std::string_view::npos;
  countField(name, value);
  count_.underscore |= underscore;
  if (map_ == nullptr || overLimits(count_, limits)) return;
  const bool server = session_.side() == Http2Session::Side::Server;
  if (server && underscore && limits.underscores == Underscores::Drop) {
    return session_.countDroppedField();
  }
  map_->add(name, value);
}

void Http2Stream::countField(std::string_view name, std::string_view value) {
  ++count_.fields;
  count_.bytes += name.size() + value.size() + 32;
  session_.failIf(session_.guard().onFields(count_.fields, count_.bytes));
}

bool Http2Stream::onBadField(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
  if (session_.side() == Http2Session::Side::Client || state_.head_whole) return false;
  countField(textOf(name), textOf(value));
  count_.malformed = true;
  return true;
}

void Http2Stream::onFieldsEnd(bool end_stream) {
  if (map_ != nullptr) {
    if (state_.head_whole) {
      onTrailers();
    } else if (session_.side() == Http2Session::Side::Server) {
      onRequestHead(end_stream);
    } else {
      onResponseHead(end_stream);
    }
    session_.queue(*this);
  }
  state_.in_ended |= end_stream;
  map_ = nullptr;
}

void Http2Stream::onRequestHead(bool end_stream) {
  bad_ = checkRequestHead(*map_, count_, session_.settings().headers);
  state_.connect = map_->get(HeaderId::Method) == "CONNECT";
  state_.head_whole = true;
  state_.head_ended = end_stream;
  state_.head_news = true;
}

void Http2Stream::onResponseHead(bool end_stream) {
  if (overLimits(count_, session_.settings().headers)) return breakRules("headers_too_large");
  const unsigned status = statusOf(*map_);
  if (status < 200 && ++informational_ > Http2MaxInformational) {
    return breakRules("h2_informational_responses");
  }
  state_.head_whole = status >= 200;
  state_.tunnel = state_.connect && status >= 200 && status < 300;
  state_.head_ended = end_stream;
  state_.head_news = true;
}

void Http2Stream::onTrailers() {
  const HeaderLimits& limits = session_.settings().headers;
  const bool server = session_.side() == Http2Session::Side::Server;
  if (overLimits(count_, limits)) return refuseTrailers({431, "trailers_too_large"});
  if (server && count_.underscore && limits.underscores == Underscores::Reject) {
    return refuseTrailers({400, "underscore_in_trailers"});
  }
  state_.trailers_came = true;
}

// Where no response has begun, the client gets one all the same. That cannot be had for what
// nghttp2 refuses (a body that is not of its content-length, say): once it has found that, it lets
// nothing out for the stream but its RST_STREAM.
void Http2Stream::refuseTrailers(const BadMessage& bad) {
  const bool server = session_.side() == Http2Session::Side::Server;
  if (!server || state_.response_begun) return breakRules(bad.reason);
  bad_ = bad;
  state_.bad_news = !state_.head_news;  // else it is told in the head's place
  dropInbound();
}

void Http2Stream::breakRules(std::string_view detail) {
  noteReset(ResetReason::ProtocolError, detail);
  submitReset(NGHTTP2_PROTOCOL_ERROR);
  session_.failIf(session_.guard().onProvokedReset());
}

void Http2Stream::onDataChunk(const uint8_t* bytes, size_t size) {
  session_.hold(size);
  const bool wanted = decoder_ != nullptr && bad_.reason.empty() && !state_.reset_noted;
  if (!wanted) return dropData(size);
  in_.append({bytes, size});
  session_.queue(*this);
}

void Http2Stream::dropData(size_t size) {
  session_.release(id_, size);
  if (!lingering()) return;
  // Half of the window it can always send.
  came_late_ += size;
  const size_t most = session_.settings().initial_stream_window_size / 2;
  if (came_late_ >= most) submitReset(NGHTTP2_NO_ERROR);
}

void Http2Stream::onDataEnd() {
  state_.in_ended = true;
  session_.queue(*this);
}

void Http2Stream::onClosed(uint32_t code) {
  state_.in_session = false;
  dropOutbound();
  session_.queue(*this);
  // A whole response is told to its end, however long that takes.
  const bool server = session_.side() == Http2Session::Side::Server;
  const bool whole = state_.in_ended && (!server || state_.local_end_sent);
  if (!whole) noteReset(resetReasonOf(code), state_.refused ? refusal() : std::string_view());
}

// What nghttp2 has refused is not said.
std::string_view Http2Stream::refusal() const {
  return state_.head_whole ? "h2_malformed_body" : "h2_malformed_head";
}

void Http2Stream::onPeerEnd() {
  if (state_.in_ended) return;
  noteReset(ResetReason::ConnectionGone, session_.peerEndDetail());
  submitReset(lingering() ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
}

MonotonicTime Http2Stream::due() const {
  const Duration flush = session_.settings().stream_flush_timeout;
  if (flushing() && flush > Duration::zero()) return last_progress_ + flush;
  return lingering() ? last_progress_ + LingerTime : MonotonicTime::max();
}

void Http2Stream::onDue() {
  if (lingering()) return submitReset(NGHTTP2_NO_ERROR);
  noteReset(ResetReason::Cancel, "h2_flush_timeout");
  dropOutbound();
  submitReset(NGHTTP2_CANCEL);
}

void Http2Stream::noteReset(ResetReason reason, std::string_view detail) {
  if (decoder_ == nullptr || state_.reset_noted) return;
  state_.reset_noted = true;
  reset_reason_ = reason;
  reset_detail_ = detail;
  session_.queue(*this);
}

// --- Telling.

void Http2Stream::deliver() {
  tellHead();
  tellBad();
  tellData();
  tellReset();
  if (state_.write_ready && decoder_ != nullptr && !state_.local_ended) {
    state_.write_ready = false;
    decoder_->onWriteReady();
  }
}

void Http2Stream::tellHead() {
  if (!state_.head_news || decoder_ == nullptr) return;
  state_.head_news = false;
  if (!bad_.reason.empty()) return decoder_->onBadMessage(bad_);
  decoder_->onHeaders(state_.head_ended);
  if (decoder_ == nullptr) return;
  if (!state_.head_whole) decoder_->fields(StreamDecoder::Part::Head).clear();
  if (state_.head_ended) endTold();
}

void Http2Stream::tellBad() {
  if (!std::exchange(state_.bad_news, false) || decoder_ == nullptr) return;
  if (state_.response_begun) return breakRules(bad_.reason);
  decoder_->onBadMessage(bad_);
}

void Http2Stream::tellData() {
  if (decoder_ == nullptr || state_.paused || !state_.head_whole || !bad_.reason.empty()) return;
  const bool end =
      state_.in_ended && !state_.trailers_came && !state_.end_told && !state_.reset_noted;
  if (!in_.empty() || end) {
    buffer::Buffer data(in_.pool());
    data.take(in_);
    session_.release(id_, data.size());
    decoder_->onData(data, end);
    if (decoder_ == nullptr) return;
    if (end) return endTold();
  }
  if (!state_.trailers_came || state_.paused || state_.end_told || state_.reset_noted) return;
  decoder_->onTrailers();
  if (decoder_ != nullptr) endTold();
}

void Http2Stream::tellReset() {
  if (state_.reset_noted && decoder_ != nullptr) giveUp(reset_reason_, reset_detail_);
}

void Http2Stream::giveUp(ResetReason reason, std::string_view detail) {
  if (decoder_ == nullptr) return;
  StreamDecoder& decoder = *decoder_;
  const bool cut = state_.head_begun && !state_.head_whole;
  if (cut && reason == ResetReason::ConnectionGone) detail = IncompleteHead;
  state_.submitted_or_dropped = true;
  detach();
  dropOutbound();
  decoder.onReset(reason, detail);
}

void Http2Stream::endTold() {
  state_.end_told = true;
  letGoIfDone();
}

void Http2Stream::letGoIfDone() {
  if (decoder_ == nullptr) return;
  if (state_.local_ended && state_.end_told) return detach();
  // A response that is whole before its request ends the stream; a tunnel's ways end each by
  // itself.
  const bool server = session_.side() == Http2Session::Side::Server;
  const bool response_ended = server ? state_.local_ended : state_.end_told;
  if (!response_ended || state_.tunnel) return;
  detach();
  if (server) return;  // it lingers once all is sent
  dropOutbound();
  submitReset(NGHTTP2_NO_ERROR);
}

}  // namespace weir::http
