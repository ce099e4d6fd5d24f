// What nghttp2 tells of frames, and the two GOAWAYs of a drain.

#include <algorithm>
#include <array>
#include <utility>

#include "source/http/h2/error_codes.h"
#include "source/http/h2/session.h"

namespace weir::http {
namespace {

// Tells the answer to that PING from one to a keepalive's, which is all zeros.
constexpr std::array<uint8_t, 8> GoawayPing = {'g', 'o', 'a', 'w', 'a', 'y', 0, 1};

}  // namespace

void Http2Session::onFrameBegin(uint8_t type, int32_t id, size_t length, bool ends_stream) {
  announced_.add(type, length);
  frame_type_ = type;
  if (type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) judgeLateFrame(id);
  switch (type) {
    case NGHTTP2_DATA:
      if (length == 0) onPayload(length, ends_stream);
      break;
    case NGHTTP2_HEADERS: onPayload(length, ends_stream); break;
    case NGHTTP2_CONTINUATION:
      if (!guard_.onPayload(length, ends_stream).empty()) failIf("h2_continuation_flood");
      break;
    case NGHTTP2_PRIORITY: failIf(guard_.onPriority()); break;
    default: break;
  }
}

// nghttp2 sees to it only as far as it remembers closed streams, and takes no identifier that was
// skipped for an error.
void Http2Session::judgeLateFrame(int32_t id) {
  if (side_ == Side::Client || id % 2 == 0 || !closed_.passed(id)) return;
  if (nghttp2_session_get_stream_user_data(session_, id) != nullptr) return;
  switch (closed_.meaningOf(id)) {
    case Http2ClosedStreams::Meaning::InFlight: return;
    case Http2ClosedStreams::Meaning::Closed:
      return fail("h2_stream_closed", NGHTTP2_STREAM_CLOSED);
    case Http2ClosedStreams::Meaning::NeverBegun:
      return fail("h2_protocol_error", NGHTTP2_PROTOCOL_ERROR);
  }
}

void Http2Session::onSettings(bool ack) {
  if (ack) return settings_timer_.disarm();
  failIf(guard_.onSettings(loop_.now()));
  owner_.onPeerSettings();
  if (std::exchange(peer_settled_, true)) return;
  for (const auto& stream : all_) stream->onPeerSettled();
}

bool Http2Session::peerTakesConnect() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) ==
         1;
}

std::string_view Http2Session::peerEndDetail() const {
  const bool said_nothing = side_ == Side::Client && !peer_settled_;
  return said_nothing ? ClosedBeforeHttp2 : "closed_by_peer";
}

// What answers to a preface is not of HTTP/2: mostly a server of HTTP/1 that refuses it.
void Http2Session::onNoSettings() {
  if (side_ == Side::Client) fail(NotHttp2, NGHTTP2_PROTOCOL_ERROR);
}

void Http2Session::onPing(bool ack, std::span<const uint8_t, 8> opaque) {
  if (!ack) return failIf(guard_.onPing(loop_.now()));
  if (std::equal(opaque.begin(), opaque.end(), GoawayPing.begin())) return owner_.onGoawaySeen();
  liveness_.onAnswer();
}

void Http2Session::onPeerReset(const Http2Stream& stream) {
  // One that got its response cost no more than any other.
  if (side_ == Side::Client || stream.lingering()) return;
  failIf(guard_.onPeerReset(loop_.now() - stream.begunAt()));
}

void Http2Session::onResetSent(int32_t id, uint32_t code, Http2Stream* stream) {
  closed_.onResetSent(id);
  // One that nobody here asked for answers something that was wrong.
  if (stream != nullptr && stream->resetByUs()) return;
  if (stream != nullptr && code == NGHTTP2_PROTOCOL_ERROR) stream->onRefused();
  failIf(guard_.onProvokedReset());
}

void Http2Session::onGoawaySent(uint32_t code) {
  if (code == NGHTTP2_NO_ERROR || !fault_.empty()) return;
  fault_ = http2FaultOf(code);
  wake();
}

void Http2Session::onHeadersNotSent(int32_t id, int error) {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [id](const auto& stream) { return stream->id() == id; });
  if (found == all_.end()) return;
  const bool refused =
      error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED || error == NGHTTP2_ERR_SESSION_CLOSING;
  (*found)->onHeadersNotSent(refused);
}

void Http2Session::announceGoaway() {
  nghttp2_submit_shutdown_notice(session_);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, GoawayPing.data());
  wake();
}

void Http2Session::sendGoaway() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
  wake();
}

}  // namespace weir::http
