#include "source/http/codec.h"

namespace weir::http {

std::string_view toString(Version version) {
  switch (version) {
    case Version::Http10: return "HTTP/1.0";
    case Version::Http11: return "HTTP/1.1";
    case Version::Http2: break;
  }
  return "HTTP/2";
}

std::string_view toString(ResetReason reason) {
  switch (reason) {
    case ResetReason::Cancel: return "cancel";
    case ResetReason::InternalError: return "internal_error";
    case ResetReason::Refused: return "refused";
    case ResetReason::ProtocolError: return "protocol_error";
    case ResetReason::NoError: return "no_error";
    case ResetReason::Overload: return "overload";
    case ResetReason::ConnectionGone: return "connection_gone";
    case ResetReason::ConnectError: break;
  }
  return "connect_error";
}

}  // namespace weir::http
