#pragma once

// Error codes of RFC 9113 7 and what they are called here. Any thread.

#include <cstdint>
#include <string_view>

#include "source/http/codec.h"

namespace weir::http {

// For RST_STREAM. Requires: not ConnectionGone, for which there is no frame.
uint32_t http2CodeOf(ResetReason reason);
ResetReason resetReasonOf(uint32_t code);
// Of a connection that nghttp2 gave up: "h2_flow_control_error"; of one that is unknown
// "h2_protocol_error".
std::string_view http2FaultOf(uint32_t code);
// A connection that ended by `fault` ended by what its peer sent, in HTTP/2, and not by its
// silence or a failure here.
bool brokeProtocol(std::string_view fault);

}  // namespace weir::http
