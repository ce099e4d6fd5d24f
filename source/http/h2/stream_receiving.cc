// What comes from the peer: judged and noted, to be told later.

#include "source/http/h2/error_codes.h"
#include "source/http/h2/limits.h"
#include "source/http/h2/session.h"
#include "source/http/h2/stream.h"

namespace weir::http {
namespace {

std::string_view textOf(nghttp2_rcbuf* bytes) {
  const nghttp2_vec vec = nghttp2_rcbuf_get_buf(bytes);
  return {reinterpret_cast<const char*>(vec.base), vec.len};
}

}  // namespace

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

}  // namespace weir::http
