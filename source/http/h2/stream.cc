#include "source/http/h2/stream.h"

#include <utility>

#include "source/base/check.h"
#include "source/http/h2/session.h"

namespace weir::http {

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
