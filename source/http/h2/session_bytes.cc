// Bytes of the connection: into nghttp2 and out of it, and the windows that let more of them come.

#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/http/h2/session.h"

namespace weir::http {
namespace {

constexpr size_t OutputChunk = 32768;   // gathered before it is written
constexpr size_t InputPiece = 16384;    // looked at before streams are told
constexpr size_t QueueBeforePump = 64;  // frames that wait while there are more bytes to look at
constexpr int MaxRounds = 4;            // of telling and sending in one turn

}  // namespace

void Http2Session::receive(buffer::Buffer& data, bool end_stream) {
  if (dead()) return data.clear();
  if (liveness_.onBytes()) events_.onRoomChange();
  const bool was_running = std::exchange(running_, true);
  while (!data.empty() && !dead() && fault_.empty()) {
    feed(data);
    tellStreams();
  }
  if (dead() || !fault_.empty()) data.clear();
  if (end_stream && !dead() && !peer_ended_) peerEnds();
  running_ = was_running;
  wake();
}

void Http2Session::feed(buffer::Buffer& data) {
  iovec piece{};
  data.peek({&piece, 1});
  const size_t size = std::min(piece.iov_len, InputPiece);
  const auto* bytes = static_cast<const uint8_t*>(piece.iov_base);
  Http2FrameTally seen;
  const uint64_t fields_begun = walk_.fieldsBegun();
  walk_.walk({bytes, size}, seen);
  watchFields(fields_begun);
  announced_ = {};
  const bool reads = nghttp2_session_want_read(session_) != 0;
  const ssize_t used = nghttp2_session_mem_recv(session_, bytes, size);
  data.drain(size);
  if (used < 0) return onReceiveError(static_cast<int>(used));
  if (reads) judgePassedOver(seen);
  if (nghttp2_session_get_outbound_queue_size(session_) > QueueBeforePump) pump();
  failIf(guard_.onQueue(nghttp2_session_get_outbound_queue_size(session_), all_.size()));
}

// A head that drips holds up all that the peer could send on the connection.
void Http2Session::watchFields(uint64_t begun_before) {
  if (!walk_.inFields()) return fields_timer_.disarm();
  const Duration bound = settings_.request_headers_timeout;
  if (side_ == Side::Client || bound <= Duration::zero()) return;
  if (walk_.fieldsBegun() != begun_before) fields_timer_.arm(bound);
}

// nghttp2 has no word for what it passed over: what may be ignored, or all that follows an error.
void Http2Session::judgePassedOver(const Http2FrameTally& seen) {
  const bool gave_up = seen.announced > announced_.announced;
  const uint32_t others = seen.others - announced_.others;
  const uint64_t late = seen.data_bytes - announced_.data_bytes;
  if (!gave_up && others == 0 && late == 0) return;
  pump();  // its GOAWAY names the error, if there was one and it has a way out
  if (gave_up) {
    if (out_.writeBlocked()) fail("h2_protocol_error", NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  failIf(guard_.onUnknown(others, loop_.now()));
  failIf(guard_.onLateData(late));
}

void Http2Session::onReceiveError(int error) {
  switch (error) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: return fail("h2_bad_preface", NGHTTP2_PROTOCOL_ERROR);
    case NGHTTP2_ERR_FLOODED: return failIf(floodOfAnswers());
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
      return fail("h2_continuation_flood", NGHTTP2_ENHANCE_YOUR_CALM);
    case NGHTTP2_ERR_TOO_MANY_SETTINGS: return fail("h2_settings_flood", NGHTTP2_ENHANCE_YOUR_CALM);
    default: return fail("h2_internal_error", NGHTTP2_INTERNAL_ERROR);
  }
}

// Its queue of acknowledgements is full: what it has just read is one more to acknowledge.
std::string_view Http2Session::floodOfAnswers() const {
  if (frame_type_ == NGHTTP2_SETTINGS) return "h2_settings_flood";
  const bool pings = frame_type_ == NGHTTP2_PING && !out_.writeBlocked();
  return pings ? "h2_ping_flood" : "h2_outbound_control_flood";
}

void Http2Session::peerEnds() {
  peer_ended_ = true;
  for (const auto& stream : all_) stream->onPeerEnd();
}

// All that could be sent was: what is left waits for a window that the peer opens no more.
void Http2Session::endHeldByWindows() {
  if (dead() || out_.writeBlocked()) return;
  for (const auto& stream : all_) stream->endIfHeldByWindow();
}

bool Http2Session::writeData(Http2Stream& stream, std::span<const uint8_t> head, size_t bytes) {
  if (output_.size() >= OutputChunk) return false;
  output_.append(head);
  stream.moveData(output_, bytes);
  return true;
}

void Http2Session::pump() {
  while (!dead() && !out_.writeBlocked()) {
    const bool more = pull();
    if (output_.empty()) return;
    out_.write(output_, false);
    if (!more) return;
  }
}

bool Http2Session::pull() {
  while (output_.size() < OutputChunk) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0) fail("h2_internal_error", NGHTTP2_INTERNAL_ERROR);
    if (size <= 0) break;
    output_.append({bytes, static_cast<size_t>(size)});
  }
  return output_.size() >= OutputChunk;
}

void Http2Session::wake() {
  if (dead()) return;
  again_ = true;
  if (!running_) task_.schedule();
}

void Http2Session::run() {
  if (running_ || dead()) return;
  running_ = true;
  for (int round = 0; round < MaxRounds && !dead(); ++round) {
    again_ = false;
    tellStreams();
    pump();
    if (peer_ended_) endHeldByWindows();
    if (!again_) break;
  }
  running_ = false;
  if (again_ && !dead()) task_.schedule();
  conclude();
}

void Http2Session::hold(size_t bytes) {
  const size_t window = settings_.initial_connection_window_size;
  held_ += bytes;
  const size_t owed = held_ > window ? std::min(bytes, held_ - window) : 0;
  owed_ += owed;
  nghttp2_session_consume_connection(session_, bytes - owed);
}

void Http2Session::release(int32_t id, size_t bytes) {
  const size_t window = settings_.initial_connection_window_size;
  WEIR_CHECK(held_ >= bytes);
  held_ -= bytes;
  const size_t owed = held_ > window ? held_ - window : 0;
  nghttp2_session_consume_connection(session_, owed_ - std::min(owed, owed_));
  owed_ = std::min(owed, owed_);
  nghttp2_session_consume_stream(session_, id, bytes);
  wake();
}

}  // namespace weir::http
