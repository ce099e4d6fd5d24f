#include "source/http/health/check_session.h"

#include <utility>

namespace weir::http {

CheckSession::CheckSession(event::Loop& loop, buffer::SlicePool& slices,
                           std::unique_ptr<net::Io> io, std::string_view preamble,
                           CheckSessionEvents& events)
    : events_(&events),
      connection_(loop, slices, std::move(io), net::Connection::Start::Connecting, {}, *this),
      codec_(loop, connection_, slices, settings_, *this) {
  if (preamble.empty()) return;
  buffer::Buffer bytes(slices);
  bytes.append(preamble);
  connection_.write(bytes, false);
}

CheckSession::~CheckSession() {
  events_ = nullptr;
  codec_.onConnectionGone();
}

void CheckSession::ask(const HeaderMap& request) {
  asked_ = true;
  heard_ = false;
  answer_.clear();
  if (!codec_.newStream(answer_).encodeHeaders(request, true)) lose("the request cannot be sent");
}

void CheckSession::close() {
  events_ = nullptr;
  connection_.close(false);
}

void CheckSession::moreWanted() {
  if (events_ != nullptr) connection_.redeliver();
}

// The rest of the connection is not waited for: the answer was told before, or will not come.
void CheckSession::onEnd(ConnectionEnd /*how*/, std::string_view reason, bool /*fault*/) {
  lose(reason);
}

void CheckSession::finish(unsigned status) {
  asked_ = false;
  ++answers_;
  if (events_ != nullptr) events_->onAnswer(status);
}

void CheckSession::lose(std::string_view why) {
  if (events_ != nullptr) events_->onLost(std::string(why));
}

void CheckSession::Answer::clear() {
  head_.clear();
  trailers_.clear();
  status_ = 0;
}

void CheckSession::Answer::onHeaders(bool end_stream) {
  session_.heard_ = true;
  status_ = statusOf(head_);
  // One that is not final; but a 101 is, and nothing follows it that could be understood.
  if (status_ < 200 && status_ != 101) return;
  if (end_stream || status_ == 101) session_.finish(status_);
}

void CheckSession::Answer::onData(buffer::Buffer& data, bool end_stream) {
  data.clear();
  if (end_stream) session_.finish(status_);
}

void CheckSession::Answer::onReset(ResetReason reason, std::string_view detail) {
  session_.lose(detail.empty() ? toString(reason) : detail);
}

}  // namespace weir::http
