#include "source/http/h2/server_codec.h"

namespace weir::http {

Http2ServerCodec::Http2ServerCodec(event::Loop& loop, net::Stream& out, buffer::SlicePool& pool,
                                   const Http2Settings& settings, ServerCodecEvents& events)
    : events_(events),
      max_requests_(settings.max_requests),
      most_under_way_(settings.max_concurrent_streams),
      session_(Http2Session::Side::Server, loop, out, pool, settings, events, *this) {}

StreamDecoder& Http2ServerCodec::onPeerStream(Http2Stream& stream) {
  ++requests_;
  if (hadItsRequests()) startDrain();
  // It goes on as if it had not been told.
  if (hadItsRequests() && requests_ - max_requests_ >= most_under_way_) finishDrain();
  return events_.onNewStream(stream, Version::Http2, stream.begunAt());
}

// What was on its way when the client was told is here.
void Http2ServerCodec::onGoawaySeen() {
  if (hadItsRequests()) finishDrain();
}

void Http2ServerCodec::startDrain() {
  if (session_.dead() || drain_ != Drain::None) return;
  drain_ = Drain::Announced;
  session_.announceGoaway();
}

void Http2ServerCodec::finishDrain() {
  if (session_.dead() || drain_ == Drain::Final) return;
  drain_ = Drain::Final;
  session_.sendGoaway();
}

bool Http2ServerCodec::wantsEnd(std::string_view& reason) const {
  reason = peer_went_ ? "peer_goaway" : "drained";
  return peer_went_ || drain_ == Drain::Final;
}

}  // namespace weir::http
