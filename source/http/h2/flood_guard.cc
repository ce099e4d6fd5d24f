#include "source/http/h2/flood_guard.h"

#include <algorithm>

#include "source/http/h2/limits.h"

namespace weir::http {

uint32_t Http2FloodGuard::Rate::add(uint32_t events, MonotonicTime now) {
  if (count_ == 0 || now - since_ >= std::chrono::seconds(1)) {
    since_ = now;
    count_ = 0;
  }
  return count_ += events;
}

std::string_view Http2FloodGuard::onPing(MonotonicTime now) {
  const bool flood = pings_.add(1, now) > settings_.max_inbound_control_frames_per_second;
  return flood ? "h2_ping_flood" : "";
}

std::string_view Http2FloodGuard::onSettings(MonotonicTime now) {
  const bool flood = settings_frames_.add(1, now) > settings_.max_inbound_control_frames_per_second;
  return flood ? "h2_settings_flood" : "";
}

std::string_view Http2FloodGuard::onUnknown(uint32_t frames, MonotonicTime now) {
  if (frames == 0) return {};
  const bool flood = unknown_.add(frames, now) > settings_.max_inbound_unknown_frames_per_second;
  return flood ? "h2_unknown_frames_flood" : "";
}

std::string_view Http2FloodGuard::onLateData(uint64_t bytes) {
  // What was on its way when a stream was reset is at most its window.
  const uint64_t window = std::max(settings_.initial_stream_window_size, Http2DefaultWindow);
  late_data_ += bytes;
  return late_data_ > streams_begun_ * window ? "h2_late_data_flood" : "";
}

std::string_view Http2FloodGuard::onPriority() {
  const uint64_t per_stream = settings_.max_inbound_priority_frames_per_stream;
  return ++priorities_ > per_stream * (1 + streams_begun_) ? "h2_priority_flood" : "";
}

std::string_view Http2FloodGuard::onWindowUpdate() {
  // Some for the connection at its begin; for each stream at its begin and its end; and as many as
  // the settings allow for each frame of data that they may answer, on stream and connection.
  const uint64_t per_data = settings_.max_inbound_window_update_frames_per_data_frame_sent;
  const uint64_t allowed = 5 + 2 * (streams_begun_ + per_data * data_sent_);
  return ++window_updates_ > allowed ? "h2_window_update_flood" : "";
}

std::string_view Http2FloodGuard::onPayload(size_t bytes, bool ends_stream) {
  if (bytes > 0 || ends_stream) {
    empty_in_a_row_ = 0;
    return {};
  }
  const bool flood =
      ++empty_in_a_row_ > settings_.max_consecutive_inbound_frames_with_empty_payload;
  return flood ? "h2_empty_frames_flood" : "";
}

std::string_view Http2FloodGuard::onFields(size_t count, size_t bytes) const {
  const bool flood = count > Http2HeaderOverflow * settings_.headers.max_count ||
                     bytes > Http2HeaderOverflow * settings_.headers.max_bytes;
  return flood ? "h2_header_overflow" : "";
}

bool Http2FloodGuard::tooManyResets(uint64_t resets) const {
  // Before so many streams have ended, once the good ones could not outnumber the others any more.
  const uint64_t total = settings_.premature_reset_total_stream_count;
  return resets * 2 > (streams_ended_ < total ? total : streams_ended_);
}

std::string_view Http2FloodGuard::onPeerReset(Duration lifetime) {
  if (lifetime >= settings_.premature_reset_min_stream_lifetime) return {};
  return tooManyResets(++premature_resets_) ? "h2_rapid_reset" : "";
}

std::string_view Http2FloodGuard::onProvokedReset() {
  return tooManyResets(++provoked_resets_) ? "h2_rst_flood" : "";
}

std::string_view Http2FloodGuard::onQueue(size_t frames, size_t heads) const {
  if (frames > settings_.max_outbound_frames) return "h2_outbound_flood";
  const size_t control = frames > heads ? frames - heads : 0;
  return control > settings_.max_outbound_control_frames ? "h2_outbound_control_flood" : "";
}

}  // namespace weir::http
