#include "source/http/h2/message_rules.h"

#include <algorithm>

#include "source/http/characters.h"

namespace weir::http {
namespace {

const uint8_t* bytesOf(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

// RFC 9113 8.3.1: they must agree.
bool takeHost(HeaderMap& head) {
  if (!head.has(HeaderId::Host)) return true;
  const std::string_view host = head.get(HeaderId::Host);
  if (!head.has(HeaderId::Authority)) {
    head.remove(HeaderId::Host);
    head.addView(HeaderId::Authority, nameOf(HeaderId::Authority), host);
    return true;
  }
  const bool agree = equalIgnoringCase(host, head.get(HeaderId::Authority));
  head.remove(HeaderId::Host);
  return agree;
}

std::string_view pathFault(const HeaderMap& head) {
  const std::string_view path = head.get(HeaderId::Path);
  if (head.get(HeaderId::Method) == "CONNECT" && !head.has(HeaderId::Protocol)) return {};
  if (path == "*") return head.get(HeaderId::Method) == "OPTIONS" ? "" : "bad_path";
  if (path.empty() || path.front() != '/') return "bad_path";
  return isTarget(path) ? "" : "bad_path";
}

bool belongsToConnection(HeaderId id) {
  switch (id) {
    case HeaderId::Connection:
    case HeaderId::Http2Settings:
    case HeaderId::KeepAlive:
    case HeaderId::ProxyConnection:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade: return true;
    default: return false;
  }
}

bool isPseudo(const HeaderEntry& entry) { return !entry.name.empty() && entry.name[0] == ':'; }

bool pseudoAllowed(HeaderId id, Http2Message kind) {
  switch (id) {
    case HeaderId::Method:
    case HeaderId::Scheme:
    case HeaderId::Authority:
    case HeaderId::Path:
    case HeaderId::Protocol: return kind == Http2Message::Request;
    case HeaderId::Status: return kind == Http2Message::Response;
    default: return false;
  }
}

bool validValue(std::string_view value) {
  return nghttp2_check_header_value_rfc9113(bytesOf(value), value.size()) != 0;
}

bool validField(const HeaderEntry& entry) {
  return nghttp2_check_header_name(bytesOf(entry.name), entry.name.size()) != 0 &&
         validValue(entry.value);
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool validStatus(std::string_view status) {
  if (status == "101") return false;  // RFC 9113 8.6
  return status.size() == 3 && status[0] >= '1' && status[0] <= '9' &&
         std::all_of(status.begin(), status.end(), isDigit);
}

// Tokens and targets must not be able to become something else behind the next hop.
bool validPseudo(const HeaderEntry& entry) {
  const auto* value = bytesOf(entry.value);
  const size_t size = entry.value.size();
  switch (entry.id) {
    case HeaderId::Method: return nghttp2_check_method(value, size) != 0;
    case HeaderId::Path: return size > 0 && nghttp2_check_path(value, size) != 0;
    case HeaderId::Authority: return nghttp2_check_authority(value, size) != 0;
    case HeaderId::Status: return validStatus(entry.value);
    default: return size > 0 && validValue(entry.value);
  }
}

// RFC 9113 8.2.2; a length that none is.
bool resetsStream(const HeaderEntry& entry) {
  const std::string_view value = entry.value;
  switch (entry.id) {
    case HeaderId::Http2Settings: return false;
    case HeaderId::Te: return !equalIgnoringCase(value, "trailers");
    case HeaderId::ContentLength:
      return value.empty() || !std::all_of(value.begin(), value.end(), isDigit);
    default: break;
  }
  if (isPseudo(entry)) return value.empty() || !validPseudo(entry);
  return belongsToConnection(entry.id);
}

nghttp2_nv fieldOf(std::string_view name, std::string_view value) {
  return {const_cast<uint8_t*>(bytesOf(name)), const_cast<uint8_t*>(bytesOf(value)), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

bool collectPseudo(const HeaderMap& from, Http2Message kind, std::vector<nghttp2_nv>& to) {
  uint64_t seen = 0;
  for (const HeaderEntry& entry : from.entries()) {
    if (!isPseudo(entry)) continue;
    const uint64_t bit = uint64_t{1} << static_cast<unsigned>(entry.id);
    if (!pseudoAllowed(entry.id, kind) || (seen & bit) != 0 || !validPseudo(entry)) return false;
    seen |= bit;
    to.push_back(fieldOf(entry.name, entry.value));
  }
  const bool host =
      kind == Http2Message::Request && !from.has(HeaderId::Authority) && from.has(HeaderId::Host);
  if (!host) return true;
  const HeaderEntry authority{nameOf(HeaderId::Authority), from.get(HeaderId::Host),
                              HeaderId::Authority};
  to.push_back(fieldOf(authority.name, authority.value));
  return validPseudo(authority);
}

bool hasRequiredPseudo(const HeaderMap& from, Http2Message kind) {
  if (kind == Http2Message::Trailers) return true;
  if (kind == Http2Message::Response) return from.has(HeaderId::Status);
  if (!from.has(HeaderId::Method)) return false;
  const bool tunnel = from.get(HeaderId::Method) == "CONNECT" && !from.has(HeaderId::Protocol);
  const bool target = from.has(HeaderId::Scheme) && from.has(HeaderId::Path);
  return tunnel ? !from.has(HeaderId::Scheme) && !from.has(HeaderId::Path) : target;
}

// RFC 9110 8.6: a response that has no body by its status has no length either. HTTP/1 looks past
// one; a client of HTTP/2 takes the response for malformed.
bool hasNoLength(const HeaderMap& from, Http2Message kind) {
  if (kind != Http2Message::Response) return false;
  const unsigned status = statusOf(from);
  return status < 200 || status == 204;
}

bool leftOut(const HeaderEntry& entry, Http2Message kind) {
  if (belongsToConnection(entry.id)) return true;
  if (entry.id == HeaderId::Host) return kind != Http2Message::Response;
  // RFC 9113 8.2.2: nothing but "trailers".
  return entry.id == HeaderId::Te && entry.value.find("trailers") == std::string_view::npos;
}

}  // namespace

// Clients of gRPC that have several addresses name all of them, with commas between them.
bool namesServers(std::string_view authorities) {
  do {
    if (!isAuthority(takeElement(authorities))) return false;
  } while (!authorities.empty());
  return true;
}

bool resetsRequest(const HeaderMap& head) {
  const bool connect = head.get(HeaderId::Method) == "CONNECT";
  if (connect == head.has(HeaderId::Path)) return true;
  if (head.get(HeaderId::Path) == "*" && head.get(HeaderId::Method) != "OPTIONS") return true;
  return head.count(HeaderId::ContentLength) > 1 ||
         std::any_of(head.entries().begin(), head.entries().end(), resetsStream);
}

bool malformedField(std::string_view name, std::string_view value) {
  return !validField({name, value, HeaderId::Other});
}

bool overLimits(const Http2FieldCount& count, const HeaderLimits& limits) {
  return count.fields > limits.max_count || count.bytes > limits.max_bytes;
}

BadMessage checkRequestHead(HeaderMap& head, const Http2FieldCount& count,
                            const HeaderLimits& limits) {
  if (overLimits(count, limits)) return {431, "headers_too_large"};
  if (count.malformed) return {400, "h2_malformed_head"};
  if (head.get(HeaderId::Path).size() > limits.max_target_bytes) return {414, "target_too_long"};
  if (count.underscore && limits.underscores == Underscores::Reject) {
    return {400, "underscore_in_header"};
  }
  if (const std::string_view fault = pathFault(head); !fault.empty()) return {400, fault};
  if (!takeHost(head)) return {400, "host_mismatch"};
  // RFC 9113 8.3.1: among others no user information.
  if (!namesServers(head.get(HeaderId::Authority))) return {400, "bad_authority"};
  // RFC 9113 8.2.3: one field again, as others than HTTP/2 know it.
  if (head.count(HeaderId::Cookie) > 1) head.set(HeaderId::Cookie, head.joined("cookie"));
  return {};
}

bool collectFields(const HeaderMap& from, Http2Message kind, std::vector<nghttp2_nv>& to) {
  to.clear();
  if (!hasRequiredPseudo(from, kind) || !collectPseudo(from, kind, to)) return false;
  const bool no_length = hasNoLength(from, kind);
  for (const HeaderEntry& entry : from.entries()) {
    if (isPseudo(entry) || leftOut(entry, kind)) continue;
    if (no_length && entry.id == HeaderId::ContentLength) continue;
    if (!validField(entry)) return false;
    to.push_back(fieldOf(entry.name, entry.id == HeaderId::Te ? "trailers" : entry.value));
  }
  return true;
}

}  // namespace weir::http
