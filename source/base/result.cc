#include "source/base/result.h"

#include <cerrno>
#include <cstring>

namespace weir {

std::string_view toString(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument: return "invalid_argument";
    case ErrorCode::NotFound: return "not_found";
    case ErrorCode::NoAddress: return "no_address";
    case ErrorCode::ServerFailure: return "server_failure";
    case ErrorCode::Refused: return "refused";
    case ErrorCode::Reset: return "reset";
    case ErrorCode::TimedOut: return "timeout";
    case ErrorCode::Unreachable: return "unreachable";
    case ErrorCode::Exhausted: return "exhausted";
    case ErrorCode::AddressInUse: return "address_in_use";
    case ErrorCode::PermissionDenied: return "permission_denied";
    case ErrorCode::Closed: return "closed";
    case ErrorCode::Overflow: return "overflow";
    case ErrorCode::NoHost: return "no_host";
    case ErrorCode::Os: return "os_error";
  }
  return "os_error";
}

std::string_view toString(Side side) {
  switch (side) {
    case Side::Client: return "client";
    case Side::Upstream: return "upstream";
    case Side::Config: return "config";
    case Side::Self: return "self";
  }
  return "self";
}

ErrorCode codeFromErrno(int error_number) {
  switch (error_number) {
    case ECONNREFUSED: return ErrorCode::Refused;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED: return ErrorCode::Reset;
    case ETIMEDOUT: return ErrorCode::TimedOut;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
    case EHOSTDOWN: return ErrorCode::Unreachable;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN:
    case EADDRNOTAVAIL: return ErrorCode::Exhausted;
    case EADDRINUSE: return ErrorCode::AddressInUse;
    case EPERM:
    case EACCES: return ErrorCode::PermissionDenied;
    case ENOENT: return ErrorCode::NotFound;
    case EINVAL:
    case EAFNOSUPPORT: return ErrorCode::InvalidArgument;
    default: return ErrorCode::Os;
  }
}

Error errnoError(Side side, std::string_view what, int error_number) {
  std::string detail(what);
  detail += ": ";
  detail += std::strerror(error_number);
  return Error{codeFromErrno(error_number), side, std::move(detail)};
}

}  // namespace weir
