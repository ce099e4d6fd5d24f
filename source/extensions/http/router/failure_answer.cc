#include "source/extensions/http/router/failure_answer.h"

namespace weir::http_filters {

FailureAnswer answerTo(ErrorCode code) {
  switch (code) {
    case ErrorCode::NoHost: return {503, "no_healthy_upstream"};
    case ErrorCode::NotFound: return {503, "no_destination"};
    case ErrorCode::Overflow: return {503, "upstream_overflow"};
    case ErrorCode::Refused: return {503, "upstream_refused"};
    case ErrorCode::Unreachable: return {503, "upstream_unreachable"};
    case ErrorCode::TimedOut: return {503, "upstream_connect_timeout"};
    default: return {503, "upstream_connect_failed"};
  }
}

FailureAnswer answerTo(const UpstreamFailure& failure) {
  using Kind = UpstreamFailure::Kind;
  switch (failure.kind) {
    case Kind::NoConnection: return answerTo(failure.code);
    case Kind::Loop: return {508, "loop"};
    case Kind::Refused: return {503, "upstream_refused_stream"};
    case Kind::NotHttp2: return {502, "upstream_not_http2"};
    case Kind::SilentOnHttp2: return {503, "upstream_closed_before_http2"};
    case Kind::Unsupported: return {502, "upgrade_unsupported"};
    case Kind::BadAuthority: return {400, "bad_authority"};
    case Kind::ProtocolError: return {502, "upstream_protocol_error"};
    case Kind::Reset: break;
  }
  return {503, "upstream_reset"};
}

std::string_view detailOf(const UpstreamFailure& failure) {
  using Kind = UpstreamFailure::Kind;
  switch (failure.kind) {
    case Kind::Refused:
    case Kind::ProtocolError:
    case Kind::Reset: return failure.detail;
    case Kind::NoConnection:
    case Kind::Loop:
    case Kind::BadAuthority:
    case Kind::NotHttp2:
    case Kind::SilentOnHttp2:
    case Kind::Unsupported: break;
  }
  return {};
}

std::optional<upstream::RequestEvent> eventOf(const UpstreamFailure& failure) {
  using Event = upstream::RequestEvent;
  using Kind = UpstreamFailure::Kind;
  if (failure.stale) return std::nullopt;
  switch (failure.kind) {
    case Kind::NoConnection:
    case Kind::Loop:  // counted as such
    case Kind::BadAuthority:
    case Kind::Unsupported: return std::nullopt;
    case Kind::Refused: return Event::RefusedStream;
    case Kind::NotHttp2:
    case Kind::ProtocolError: return Event::ProtocolError;
    case Kind::SilentOnHttp2:
    case Kind::Reset: break;
  }
  return failure.gone ? Event::ConnectionEnded : Event::Reset;
}

}  // namespace weir::http_filters
