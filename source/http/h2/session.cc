#include "source/http/h2/session.h"

#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "source/base/check.h"
#include "source/http/h2/callbacks.h"
#include "source/http/h2/error_codes.h"
#include "source/http/h2/limits.h"
#include "source/http/h2/session_memory.h"

namespace weir::http {
namespace {

constexpr size_t OutputChunk = 32768;   // gathered before it is written
constexpr size_t InputPiece = 16384;    // looked at before streams are told
constexpr size_t QueueBeforePump = 64;  // frames that wait while there are more bytes to look at
constexpr int MaxRounds = 4;            // of telling and sending in one turn
constexpr size_t KeptStreams = 32;
// Tells the answer to that PING from one to a keepalive's, which is all zeros.
constexpr std::array<uint8_t, 8> GoawayPing = {'g', 'o', 'a', 'w', 'a', 'y', 0, 1};

}  // namespace

Http2Session::Http2Session(Side side, event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                           const Http2Settings& settings, CodecEvents& events, Owner& owner)
    : side_(side),
      loop_(loop),
      out_(out),
      pool_(pool),
      settings_(settings),
      events_(events),
      owner_(owner),
      guard_(settings_),
      output_(pool),
      task_(loop, [this] { run(); }),
      liveness_(loop, settings_,
                {[this] { sendPing(); },
                 [this] { end(ConnectionEnd::Reset, "h2_keepalive_timeout", true); }}),
      settings_timer_(loop, [this] { fail("h2_settings_timeout", NGHTTP2_SETTINGS_TIMEOUT); }),
      fields_timer_(loop, [this] { fail("h2_head_timeout", NGHTTP2_ENHANCE_YOUR_CALM); }),
      stream_timer_(loop, [this] { onStreamTimer(); }),
      walk_(side == Side::Server ? NGHTTP2_CLIENT_MAGIC_LEN : 0) {
  start();
}

Http2Session::~Http2Session() { nghttp2_session_del(session_); }

void Http2Session::start() {
  nghttp2_option* options = nullptr;
  WEIR_CHECK(nghttp2_option_new(&options) == 0);
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_deflate_dynamic_table_size(options, settings_.hpack_table_size);
  nghttp2_option_set_max_send_header_block_length(options, Http2MaxHeadSent);
  nghttp2_option_set_max_outbound_ack(options, settings_.max_outbound_control_frames);
  nghttp2_option_set_max_continuations(options, http2MaxContinuations(settings_.headers.max_bytes));
  // Left to the flood guard, which looks at how long the streams lived.
  nghttp2_option_set_stream_reset_rate_limit(options, uint64_t{1} << 32, uint64_t{1} << 32);
  const bool server = side_ == Side::Server;
  const auto make = server ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  WEIR_CHECK(make(&session_, Http2Callbacks::all(), this, options, http2SessionMemory()) == 0);
  nghttp2_option_del(options);
  submitSettings();
  settings_timer_.arm(Http2SettingsTimeout);
  liveness_.start();
  wake();
}

void Http2Session::submitSettings() {
  std::vector<nghttp2_settings_entry> entries = {
      {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, settings_.hpack_table_size},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings_.initial_stream_window_size},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(settings_.headers.max_bytes)},
  };
  if (side_ == Side::Client) {
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
    entries.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});
  } else {
    entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings_.max_concurrent_streams});
    if (settings_.allow_connect) {
      entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
    }
  }
  WEIR_CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) ==
             0);
  nghttp2_session_set_local_window_size(
      session_, NGHTTP2_FLAG_NONE, 0,
      static_cast<int32_t>(settings_.initial_connection_window_size));
}

// --- Streams.

Http2Stream& Http2Session::take(int32_t id) {
  if (free_.empty()) free_.push_back(std::make_unique<Http2Stream>(*this, pool_));
  all_.push_back(std::move(free_.back()));
  free_.pop_back();
  Http2Stream& stream = *all_.back();
  stream.index = all_.size() - 1;
  stream.begin(id, loop_.now());
  guard_.onStreamBegin();
  return stream;
}

Http2Stream& Http2Session::newStream() {
  liveness_.onRequest();
  return take(0);
}

Http2Stream& Http2Session::onPeerStream(int32_t id) {
  Http2Stream& stream = take(id);
  closed_.onBegin(id);
  nghttp2_session_set_stream_user_data(session_, id, &stream);
  stream.setDecoder(owner_.onPeerStream(stream));
  return stream;
}

void Http2Session::drop(Http2Stream& stream) {
  const size_t index = stream.index;
  std::unique_ptr<Http2Stream> dropped = std::move(all_[index]);
  if (index + 1 < all_.size()) {
    all_[index] = std::move(all_.back());
    all_[index]->index = index;
  }
  all_.pop_back();
  dropped->recycle();
  if (free_.size() < KeptStreams) free_.push_back(std::move(dropped));
  guard_.onStreamEnd();
  events_.onStreamEnd();
}

void Http2Session::queue(Http2Stream& stream) {
  if (dead() || stream.queued) return;
  stream.queued = true;
  queue_.push_back(&stream);
  wake();
}

void Http2Session::tellStreams() {
  // Grows while it is walked through.
  for (size_t i = 0; i < queue_.size() && !dead(); ++i) {
    Http2Stream& stream = *queue_[i];
    stream.queued = false;
    if (fault_.empty()) stream.deliver();
    if (!dead() && !stream.queued && stream.over()) drop(stream);
  }
  if (!dead()) queue_.clear();
}

// --- Bytes.

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

// --- Ends.

void Http2Session::fail(std::string_view reason, uint32_t code) {
  if (dead() || !fault_.empty()) return;
  fault_ = reason;
  nghttp2_session_terminate_session(session_, code);
  wake();
}

void Http2Session::failIf(std::string_view flood) {
  if (!flood.empty()) fail(flood, NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2Session::conclude() {
  if (dead()) return;
  if (!fault_.empty()) {
    return end(out_.writeBlocked() ? ConnectionEnd::Reset : ConnectionEnd::Flush, fault_, true);
  }
  if (!all_.empty()) return;
  if (peer_ended_) return end(ConnectionEnd::Flush, "closed_by_peer", false);
  std::string_view reason;
  if (!owner_.wantsEnd(reason)) return;
  if (out_.writeBlocked()) pushControl();
  if (nghttp2_session_want_write(session_) == 0) end(ConnectionEnd::Flush, reason, false);
}

// A peer that does not read would hold the connection for as long as it likes. Without streams it
// is control frames alone that wait, of which the guard lets no more than so many.
void Http2Session::pushControl() {
  while (!dead()) {
    pull();
    if (output_.empty()) return;
    out_.write(output_, false);
  }
}

void Http2Session::end(ConnectionEnd how, std::string_view reason, bool fault) {
  over_ = true;
  if (fault) fault_ = reason;
  stopTimers();
  events_.onEnd(how, reason, fault);
}

void Http2Session::stopTimers() {
  task_.cancel();
  liveness_.stop();
  settings_timer_.disarm();
  fields_timer_.disarm();
  stream_timer_.disarm();
}

void Http2Session::onConnectionGone() {
  gone_ = true;
  stopTimers();
  // Those that are told may begin nothing, and none is dropped any more.
  std::string_view detail;
  if (side_ == Side::Client) detail = fault_.empty() && !peer_settled_ ? peerEndDetail() : fault_;
  const auto reason =
      brokeProtocol(detail) ? ResetReason::ProtocolError : ResetReason::ConnectionGone;
  for (size_t i = 0; i < all_.size(); ++i) all_[i]->giveUp(reason, detail);
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

// --- Frames and timers.

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

void Http2Session::sendPing() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  wake();
}

void Http2Session::lookWithin(Duration duration) {
  if (!dead()) stream_timer_.armWithin(duration);
}

void Http2Session::onStreamTimer() {
  const MonotonicTime now = loop_.now();
  MonotonicTime next = MonotonicTime::max();
  for (const auto& stream : all_) {
    const MonotonicTime due = stream->due();
    if (due > now) {
      next = std::min(next, due);
      continue;
    }
    // The connection itself is stuck: no RST_STREAM would go out either.
    if (stream->flushing() && out_.writeBlocked()) {
      return end(ConnectionEnd::Reset, "h2_flush_timeout", true);
    }
    stream->onDue();
  }
  if (next != MonotonicTime::max()) lookWithin(next - now);
}

}  // namespace weir::http
