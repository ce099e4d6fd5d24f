#include "source/http/characters.h"
#include "source/http/h1/field_parser.h"
#include "source/http/h1/head.h"

namespace weir::http {
namespace {

using Bad = std::optional<BadMessage>;

constexpr unsigned UpgradeRequired = 426;

// "HTTP/1.1 200 reason"; the reason, and the space before it, may be missing.
Bad readStatusLine(std::string_view line, ResponseHead& head, std::string_view& status) {
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  if (line.size() < 12 || !line.starts_with("HTTP/") || line[6] != '.' || line[8] != ' ') {
    return BadMessage{502, "h1_status_line"};
  }
  if (line[5] != '1' || (line[7] != '0' && line[7] != '1')) return BadMessage{502, "h1_version"};
  status = line.substr(9, 3);
  const bool number =
      status[0] >= '1' && isDigit(status[0]) && isDigit(status[1]) && isDigit(status[2]);
  if (!number || (line.size() > 12 && line[12] != ' ')) return BadMessage{502, "h1_status"};
  if (!isFieldValue(line.substr(12))) return BadMessage{502, "h1_status_line"};
  head.version = line[7] == '0' ? Version::Http10 : Version::Http11;
  head.status =
      static_cast<unsigned>((status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0'));
  return std::nullopt;
}

bool opensTunnel(unsigned status, RequestHead::Kind request) {
  if (request == RequestHead::Kind::Connect) return status >= 200 && status < 300;
  return request == RequestHead::Kind::Upgrade && status == 101;
}

bool neverHasBody(unsigned status, RequestHead::Kind request) {
  return status < 200 || status == 204 || status == 304 || request == RequestHead::Kind::Head;
}

Bad checkLengths(const FieldFacts& facts, const ResponseHead& head) {
  if (facts.content_lengths > 1) return BadMessage{502, "h1_repeated_content_length"};
  if (facts.content_lengths > 0 && !parseLength(facts.content_length)) {
    return BadMessage{502, "h1_content_length"};
  }
  if (facts.transfer_encodings == 0) return std::nullopt;
  if (facts.content_lengths > 0) return BadMessage{502, "h1_length_and_chunked"};
  if (head.version == Version::Http10) return BadMessage{502, "h1_transfer_encoding_in_http_10"};
  if (facts.transfer_encodings == 1 && equalIgnoringCase(facts.transfer_encoding, "chunked")) {
    return std::nullopt;
  }
  return BadMessage{502, "h1_transfer_encoding"};
}

// RFC 9112 6.3, in its order.
BodyLength bodyOf(const FieldFacts& facts, RequestHead::Kind request, unsigned status) {
  if (neverHasBody(status, request)) return {};
  if (facts.transfer_encodings > 0) return {Framing::Chunked, 0};
  if (facts.content_lengths == 0) return {Framing::UntilClose, 0};
  const uint64_t length = *parseLength(facts.content_length);
  return length == 0 ? BodyLength{} : BodyLength{Framing::Length, length};
}

}  // namespace

Bad parseResponseHead(std::span<char> text, RequestHead::Kind request, const HeaderLimits& limits,
                      HeaderMap& map, ResponseHead& head) {
  const std::string_view all(text.data(), text.size());
  std::string_view status;
  if (Bad bad = readStatusLine(all.substr(0, all.find("\r\n")), head, status)) return bad;
  map.addView(HeaderId::Status, nameOf(HeaderId::Status), status);
  FieldFacts facts;
  if (Bad bad = parseFields(FieldsOf::Response, text, limits, map, facts)) return bad;
  const bool connected = request == RequestHead::Kind::Connect && opensTunnel(head.status, request);
  // A tunnel has no length, whatever is said of one (RFC 9110 9.3.6).
  if (Bad bad = connected ? Bad{} : checkLengths(facts, head)) return bad;
  head.keep_alive = !facts.close && (head.version == Version::Http11 || facts.keep_alive);
  if (opensTunnel(head.status, request)) {
    map.remove(HeaderId::ContentLength);
    return std::nullopt;
  }
  // What an upstream could upgrade to matters only where it demands it (RFC 9110 15.5.22).
  if (head.status != UpgradeRequired) map.remove(HeaderId::Upgrade);
  if (head.status == 101) return BadMessage{502, "h1_unexpected_101"};
  head.body = bodyOf(facts, request, head.status);
  if (head.body.framing == Framing::UntilClose) head.keep_alive = false;
  return std::nullopt;
}

bool forbiddenInTrailers(HeaderId id) {
  switch (id) {
    case HeaderId::Method:
    case HeaderId::Scheme:
    case HeaderId::Authority:
    case HeaderId::Path:
    case HeaderId::Protocol:
    case HeaderId::Status:
    case HeaderId::Connection:
    case HeaderId::ContentEncoding:
    case HeaderId::ContentLength:
    case HeaderId::ContentType:
    case HeaderId::Cookie:
    case HeaderId::Expect:
    case HeaderId::Host:
    case HeaderId::Http2Settings:
    case HeaderId::KeepAlive:
    case HeaderId::ProxyConnection:
    case HeaderId::Te:
    case HeaderId::Trailer:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade: return true;
    default: return false;
  }
}

Bad parseTrailers(std::span<char> text, const HeaderLimits& limits, HeaderMap& map) {
  FieldFacts facts;
  if (Bad bad = parseFields(FieldsOf::Trailers, text, limits, map, facts)) return bad;
  map.removeIf([](const HeaderEntry& entry) { return forbiddenInTrailers(entry.id); });
  return std::nullopt;
}

}  // namespace weir::http
