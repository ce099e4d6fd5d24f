#include "source/http/request_rules.h"

#include <algorithm>
#include <string_view>

#include "source/http/characters.h"
#include "source/http/forwarded.h"

namespace weir::http {
namespace {

constexpr std::string_view NotInTrailers[] = {
    "authorization", "forwarded",           "if-match",     "if-modified-since",   "if-none-match",
    "if-range",      "if-unmodified-since", "max-forwards", "proxy-authorization", "range",
    "set-cookie",    "x-real-ip",
};

bool isOneProtocol(std::string_view protocol) {
  const size_t slash = protocol.find('/');
  if (slash == std::string_view::npos) return isToken(protocol);
  return isToken(protocol.substr(0, slash)) && isToken(protocol.substr(slash + 1));
}

bool canBeMet(std::string_view expectations) {
  while (!expectations.empty()) {
    const std::string_view one = takeElement(expectations);
    if (!one.empty() && !equalIgnoringCase(one, "100-continue")) return false;
  }
  return true;
}

bool staysOut(const HeaderEntry& entry) {
  switch (entry.id) {
    case HeaderId::CacheControl:
    case HeaderId::Connection:
    case HeaderId::ContentEncoding:
    case HeaderId::ContentLength:
    case HeaderId::ContentType:
    case HeaderId::Cookie:
    case HeaderId::Expect:
    case HeaderId::Host:
    case HeaderId::Te:
    case HeaderId::Trailer:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade:
    case HeaderId::Via:
    case HeaderId::XRequestId: return true;
    default: break;
  }
  return entry.name.starts_with(':') || isBetweenProxies(entry.name) ||
         entry.name.starts_with("x-forwarded-") ||
         std::find(std::begin(NotInTrailers), std::end(NotInTrailers), entry.name) !=
             std::end(NotInTrailers);
}

}  // namespace

std::optional<BadMessage> checkRequest(const HeaderMap& head) {
  const std::string_view scheme = head.get(HeaderId::Scheme);
  if (!scheme.empty() && !equalIgnoringCase(scheme, "http") &&
      !equalIgnoringCase(scheme, "https")) {
    return BadMessage{400, "unknown_scheme"};
  }
  if (head.has(HeaderId::Protocol) && !isOneProtocol(head.get(HeaderId::Protocol))) {
    return BadMessage{400, "malformed_protocol"};
  }
  if (!head.has(HeaderId::Expect)) return std::nullopt;
  for (const HeaderEntry& entry : head.entries()) {
    if (entry.id == HeaderId::Expect && !canBeMet(entry.value)) {
      return BadMessage{417, "unknown_expectation"};
    }
  }
  return std::nullopt;
}

void cleanTrailers(HeaderMap& trailers) { trailers.removeIf(staysOut); }

}  // namespace weir::http
