#include "source/http/grpc.h"

#include "source/http/characters.h"

namespace weir::http {

bool isGrpc(const HeaderMap& headers) {
  constexpr std::string_view Type = "application/grpc";
  const std::string_view type = headers.get(HeaderId::ContentType);
  const bool same = equalIgnoringCase(type.substr(0, Type.size()), Type);
  return same &&
         (type.size() == Type.size() || type[Type.size()] == '+' || type[Type.size()] == ';');
}

unsigned grpcStatusFor(unsigned http_status) {
  switch (http_status) {
    case 400: return 13;  // INTERNAL
    case 401: return 16;  // UNAUTHENTICATED
    case 403: return 7;   // PERMISSION_DENIED
    case 404: return 12;  // UNIMPLEMENTED
    case 429:
    case 502:
    case 503:
    case 504: return 14;  // UNAVAILABLE
    default: return 2;    // UNKNOWN
  }
}

std::string shownStatus(const HeaderMap& request, unsigned http_status) {
  if (!isGrpc(request)) return std::to_string(http_status);
  return "200 and grpc-status " + std::to_string(grpcStatusFor(http_status));
}

}  // namespace weir::http
