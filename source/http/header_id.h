#pragma once

// The names of fields that the proxy itself reads or writes, as small numbers: comparing one is
// cheaper than comparing text. Names are in lower case, as RFC 9113 has them and as RFC 9110 5.1
// allows for HTTP/1.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http {

enum class HeaderId : uint8_t {
  Method,
  Scheme,
  Authority,
  Path,
  Protocol,
  Status,
  AcceptEncoding,
  AccessControlAllowCredentials,
  AccessControlAllowHeaders,
  AccessControlAllowMethods,
  AccessControlAllowOrigin,
  AccessControlExposeHeaders,
  AccessControlMaxAge,
  AccessControlRequestHeaders,
  AccessControlRequestMethod,
  CacheControl,
  Connection,
  ContentEncoding,
  ContentLength,
  ContentType,
  Cookie,
  Date,
  Etag,
  Expect,
  GrpcMessage,
  GrpcStatus,
  GrpcTimeout,
  Host,
  Http2Settings,
  KeepAlive,
  Location,
  Origin,
  ProxyConnection,
  RetryAfter,
  Server,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  Vary,
  Via,
  WeirError,
  XForwardedFor,
  XForwardedProto,
  XRequestId,
  Other,  // every other name; last
};

inline constexpr size_t KnownHeaders = static_cast<size_t>(HeaderId::Other);
static_assert(KnownHeaders < 64, "HeaderMap keeps a bit for each");

// By HeaderId.
inline constexpr std::array<std::string_view, KnownHeaders> HeaderNames = {
    ":method",
    ":scheme",
    ":authority",
    ":path",
    ":protocol",
    ":status",
    "accept-encoding",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-request-headers",
    "access-control-request-method",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "grpc-message",
    "grpc-status",
    "grpc-timeout",
    "host",
    "http2-settings",
    "keep-alive",
    "location",
    "origin",
    "proxy-connection",
    "retry-after",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "weir-error",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
};

constexpr std::string_view nameOf(HeaderId id) { return HeaderNames[static_cast<size_t>(id)]; }

// Other if it is none of them. `name` is in lower case.
HeaderId headerId(std::string_view name);

}  // namespace weir::http
