#include "source/http/h2/session.h"

#include <algorithm>

#include "source/base/check.h"
#include "source/http/h2/callbacks.h"
#include "source/http/h2/error_codes.h"
#include "source/http/h2/limits.h"
#include "source/http/h2/session_memory.h"

namespace weir::http {
namespace {

constexpr size_t KeptStreams = 32;

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

// --- Timers.

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
