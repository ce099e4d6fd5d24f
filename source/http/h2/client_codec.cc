#include "source/http/h2/client_codec.h"

#include <algorithm>

#include "source/base/check.h"

namespace weir::http {

Http2ClientCodec::Http2ClientCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                                   const Http2Settings& settings, CodecEvents& events)
    : events_(events),
      max_streams_(settings.max_concurrent_streams),
      session_(Http2Session::Side::Client, loop, out, pool, settings, events, *this) {}

StreamEncoder& Http2ClientCodec::newStream(StreamDecoder& decoder) {
  WEIR_CHECK(canTake());
  Http2Stream& stream = session_.newStream();
  stream.setDecoder(decoder);
  return stream;
}

bool Http2ClientCodec::canTake() const {
  return !finished() && !session_.inDoubt() && openStreams() < maxStreams().value_or(max_streams_);
}

std::optional<size_t> Http2ClientCodec::maxStreams() const {
  if (!settings_came_) return std::nullopt;
  const uint32_t allowed = nghttp2_session_get_remote_settings(
      const_cast<nghttp2_session*>(session_.raw()), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return std::min(allowed, max_streams_);
}

bool Http2ClientCodec::finished() const {
  // Identifiers may have run out (RFC 9113 5.1.1).
  return draining_ || peer_went_ || session_.dead() || session_.peerEnded() ||
         nghttp2_session_check_request_allowed(const_cast<nghttp2_session*>(session_.raw())) == 0;
}

void Http2ClientCodec::finishDrain() {
  if (session_.dead() || drain_finished_) return;
  draining_ = drain_finished_ = true;
  session_.wake();
}

// There is no push: nghttp2 refuses it.
StreamDecoder& Http2ClientCodec::onPeerStream(Http2Stream&) { WEIR_CHECK(false); }

void Http2ClientCodec::onPeerSettings() {
  settings_came_ = true;
  events_.onRoomChange();
}

void Http2ClientCodec::onPeerGoaway() {
  peer_went_ = true;
  events_.onRoomChange();
}

bool Http2ClientCodec::wantsEnd(std::string_view& reason) const {
  reason = peer_went_ ? "peer_goaway" : "drained";
  return peer_went_ || drain_finished_;
}

}  // namespace weir::http
