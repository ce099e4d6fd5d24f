#include "source/http/h2/error_codes.h"

#include <nghttp2/nghttp2.h>

namespace weir::http {

uint32_t http2CodeOf(ResetReason reason) {
  switch (reason) {
    case ResetReason::Cancel:
    case ResetReason::ConnectionGone: break;
    case ResetReason::InternalError: return NGHTTP2_INTERNAL_ERROR;
    case ResetReason::Refused: return NGHTTP2_REFUSED_STREAM;
    case ResetReason::ProtocolError: return NGHTTP2_PROTOCOL_ERROR;
    case ResetReason::NoError: return NGHTTP2_NO_ERROR;
    case ResetReason::Overload: return NGHTTP2_ENHANCE_YOUR_CALM;
    case ResetReason::ConnectError: return NGHTTP2_CONNECT_ERROR;
  }
  return NGHTTP2_CANCEL;
}

ResetReason resetReasonOf(uint32_t code) {
  switch (code) {
    case NGHTTP2_NO_ERROR: return ResetReason::NoError;
    case NGHTTP2_CANCEL: return ResetReason::Cancel;
    case NGHTTP2_INTERNAL_ERROR: return ResetReason::InternalError;
    case NGHTTP2_REFUSED_STREAM: return ResetReason::Refused;
    case NGHTTP2_ENHANCE_YOUR_CALM: return ResetReason::Overload;
    case NGHTTP2_CONNECT_ERROR: return ResetReason::ConnectError;
    default: return ResetReason::ProtocolError;
  }
}

std::string_view http2FaultOf(uint32_t code) {
  switch (code) {
    case NGHTTP2_INTERNAL_ERROR: return "h2_internal_error";
    case NGHTTP2_FLOW_CONTROL_ERROR: return "h2_flow_control_error";
    case NGHTTP2_SETTINGS_TIMEOUT: return "h2_settings_timeout";
    case NGHTTP2_STREAM_CLOSED: return "h2_stream_closed";
    case NGHTTP2_FRAME_SIZE_ERROR: return "h2_frame_size_error";
    case NGHTTP2_COMPRESSION_ERROR: return "h2_compression_error";
    // What nghttp2 by itself finds to be too much: entries in one SETTINGS.
    case NGHTTP2_ENHANCE_YOUR_CALM: return "h2_settings_flood";
    default: return "h2_protocol_error";
  }
}

bool brokeProtocol(std::string_view fault) {
  const bool silent = fault == "h2_settings_timeout" || fault == "h2_keepalive_timeout" ||
                      fault == "h2_flush_timeout";
  const bool of_http2 = fault != NotHttp2 && fault != ClosedBeforeHttp2;
  return !fault.empty() && !silent && of_http2 && fault != "h2_internal_error";
}

}  // namespace weir::http
