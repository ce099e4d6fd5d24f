// What goes to the peer, and what becomes of a stream that has written all of it.

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/http/h2/callbacks.h"
#include "source/http/h2/error_codes.h"
#include "source/http/h2/session.h"
#include "source/http/h2/stream.h"
#include "source/http/upgrade.h"

namespace weir::http {
namespace {

// A client that is told that it may stop has most often ended its request, or reset it, by then.
constexpr Duration LingerTime = std::chrono::milliseconds(500);

}  // namespace

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

void Http2Stream::endIfHeldByWindow() {
  const bool waits = !out_.empty() || flushing();
  if (!waits || !state_.in_session || state_.reset_by_us) return;
  const bool open = nghttp2_session_get_remote_window_size(session_.raw()) > 0 &&
                    nghttp2_session_get_stream_remote_window_size(session_.raw(), id_) > 0;
  if (open) return;
  noteReset(ResetReason::ConnectionGone, session_.peerEndDetail());
  dropOutbound();
  submitReset(NGHTTP2_CANCEL);
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

}  // namespace weir::http
