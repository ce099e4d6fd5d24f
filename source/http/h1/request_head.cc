#include <algorithm>

#include "source/http/characters.h"
#include "source/http/h1/field_parser.h"
#include "source/http/h1/head.h"

namespace weir::http {
namespace {

using Bad = std::optional<BadMessage>;

constexpr size_t MaxNotedMethod = 32;

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
  size_t size = 0;  // with the line's end
};

struct Target {
  std::string_view scheme = "http";
  std::string_view authority;
  std::string_view path;
};

Bad splitLine(std::string_view text, const HeaderLimits& limits, RequestLine& line) {
  const std::string_view first = text.substr(0, text.find("\r\n"));
  line.size = first.size() + 2;
  const size_t method_end = first.find(' ');
  const size_t target_end = first.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end) {
    return BadMessage{400, "h1_request_line"};
  }
  line.method = first.substr(0, method_end);
  line.target = first.substr(method_end + 1, target_end - method_end - 1);
  line.version = first.substr(target_end + 1);
  if (!isToken(line.method)) return BadMessage{400, "h1_method"};
  if (line.target.size() > limits.max_target_bytes) return BadMessage{414, "target_too_long"};
  if (!isTarget(line.target)) return BadMessage{400, "h1_target"};
  return std::nullopt;
}

Bad readVersion(std::string_view text, Version& version) {
  const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 8 || !text.starts_with("HTTP/") || !isDigit(text[5]) || text[6] != '.' ||
      !isDigit(text[7])) {
    return BadMessage{400, "h1_version"};
  }
  if (text[5] != '1' || text[7] > '1') return BadMessage{505, "h1_version_not_supported"};
  version = text[7] == '0' ? Version::Http10 : Version::Http11;
  return std::nullopt;
}

// RFC 9112 3.2.2. An empty path is "/", and "*" for OPTIONS (3.2.4). `room` has a byte more than
// the target has.
Bad readAbsolute(const RequestLine& line, HeaderMap& map, Target& target) {
  const size_t scheme_end = line.target.find("://");
  if (scheme_end == std::string_view::npos) return BadMessage{400, "h1_target"};
  const std::string_view scheme = line.target.substr(0, scheme_end);
  const bool https = equalIgnoringCase(scheme, "https");
  if (!https && !equalIgnoringCase(scheme, "http")) return BadMessage{400, "unknown_scheme"};
  const std::string_view rest = line.target.substr(scheme_end + 3);
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  target.scheme = https ? "https" : "http";
  target.authority = rest.substr(0, authority_end);
  target.path = rest.substr(authority_end);
  if (!isAuthority(target.authority)) return BadMessage{400, "h1_authority"};
  if (target.path.empty()) {
    target.path = line.method == "OPTIONS" ? "*" : "/";
  } else if (target.path.front() == '?') {
    char* path = map.room(target.path.size() + 1);
    path[0] = '/';
    std::copy(target.path.begin(), target.path.end(), path + 1);
    target.path = {path, target.path.size() + 1};
  }
  return std::nullopt;
}

Bad readTarget(const RequestLine& line, HeaderMap& map, Target& target) {
  if (line.method == "CONNECT") {
    target.authority = line.target;
    if (isAuthority(line.target) && hasPort(line.target)) return std::nullopt;
    return BadMessage{400, "h1_authority"};
  }
  if (line.target == "*") {
    target.path = line.target;
    if (line.method == "OPTIONS") return std::nullopt;
    return BadMessage{400, "h1_target"};
  }
  if (line.target.front() != '/') return readAbsolute(line, map, target);
  target.path = line.target;
  return std::nullopt;
}

// RFC 9112 3.2: one Host, which HTTP/1.0 may leave out; an absolute target overrules it, but does
// not excuse an invalid one.
Bad checkHost(const FieldFacts& facts, Version version) {
  if (facts.hosts > 1) return BadMessage{400, "h1_repeated_host"};
  if (facts.hosts == 1) {
    return isAuthority(facts.host) ? Bad{} : BadMessage{400, "h1_host"};
  }
  return version == Version::Http10 ? Bad{} : BadMessage{400, "h1_no_host"};
}

// RFC 9112 6.1: the framing of a body is known if chunked stands last, and once, whatever codings
// we do not know stand before it. With parameters none is looked at.
bool endsInChunked(std::string_view codings) {
  if (codings.ends_with(',')) return false;
  bool chunked = false;
  while (!codings.empty()) {
    const std::string_view coding = takeElement(codings);
    if (chunked || !isToken(coding)) return false;
    chunked = equalIgnoringCase(coding, "chunked");
  }
  return chunked;
}

// RFC 9112 6.3: whatever could be read in two ways is refused.
Bad readBody(const FieldFacts& facts, RequestHead& head) {
  if (facts.content_lengths > 1) return BadMessage{400, "h1_repeated_content_length"};
  if (facts.transfer_encodings > 0) {
    if (facts.content_lengths > 0) return BadMessage{400, "h1_length_and_chunked"};
    if (head.version == Version::Http10) return BadMessage{400, "h1_transfer_encoding_in_http_10"};
    if (facts.transfer_encodings > 1 || !equalIgnoringCase(facts.transfer_encoding, "chunked")) {
      const bool framed = facts.transfer_encodings == 1 && endsInChunked(facts.transfer_encoding);
      return framed ? BadMessage{501, "h1_unknown_transfer_coding"}
                    : BadMessage{400, "h1_transfer_encoding"};
    }
    head.body = {Framing::Chunked, 0};
    return std::nullopt;
  }
  if (facts.content_lengths == 0) return std::nullopt;
  const std::optional<uint64_t> length = parseLength(facts.content_length);
  if (!length) return BadMessage{400, "h1_content_length"};
  if (*length > 0) head.body = {Framing::Length, *length};
  return std::nullopt;
}

// The protocols that are offered, without those that are HTTP/2: with it we would have to speak it
// here. In place of all fields of that name, one.
std::string_view offeredProtocols(HeaderMap& map) {
  size_t size = 0;
  for (const HeaderEntry& entry : map.entries()) {
    if (entry.id != HeaderId::Upgrade) continue;
    // A comma that had no space behind it gets one.
    size += entry.value.size() + std::ranges::count(entry.value, ',') + 2;
  }
  char* const all = map.room(size);
  char* end = all;
  for (const HeaderEntry& entry : map.entries()) {
    if (entry.id != HeaderId::Upgrade) continue;
    for (std::string_view list = entry.value; !list.empty();) {
      const std::string_view protocol = takeElement(list);
      if (protocol.empty() || equalIgnoringCase(protocol, "h2c")) continue;
      if (end != all) end = std::copy_n(", ", 2, end);
      end = std::copy(protocol.begin(), protocol.end(), end);
    }
  }
  return {all, static_cast<size_t>(end - all)};
}

// RFC 9110 7.8: an Upgrade may be left aside. We do so if the client does not mean it for us, or if
// a body would stand between the request and the tunnel.
void readUpgrade(const FieldFacts& facts, HeaderMap& map, RequestHead& head) {
  if (facts.upgrades == 0) return;
  const std::string_view protocols = offeredProtocols(map);
  const bool wanted = facts.upgrade && head.version == Version::Http11 && !protocols.empty() &&
                      head.body.framing == Framing::None && head.kind == RequestHead::Kind::Plain;
  map.remove(HeaderId::Upgrade);
  if (!wanted) return;
  map.addView(HeaderId::Upgrade, nameOf(HeaderId::Upgrade), protocols);
  head.kind = RequestHead::Kind::Upgrade;
}

void addPseudo(HeaderMap& map, const RequestLine& line, const Target& target, bool connect) {
  map.addView(HeaderId::Method, nameOf(HeaderId::Method), line.method);
  if (!connect) map.addView(HeaderId::Scheme, nameOf(HeaderId::Scheme), target.scheme);
  // Of an origin form it is known once Host was read.
  map.addView(HeaderId::Authority, nameOf(HeaderId::Authority), target.authority);
  if (!connect) map.addView(HeaderId::Path, nameOf(HeaderId::Path), target.path);
}

RequestHead::Kind kindOf(std::string_view method) {
  if (method == "CONNECT") return RequestHead::Kind::Connect;
  return method == "HEAD" ? RequestHead::Kind::Head : RequestHead::Kind::Plain;
}

Bad readFacts(const FieldFacts& facts, HeaderMap& map, RequestHead& head) {
  if (Bad bad = checkHost(facts, head.version)) return bad;
  if (Bad bad = readBody(facts, head)) return bad;
  if (head.kind == RequestHead::Kind::Connect && head.body.framing != Framing::None) {
    return BadMessage{400, "h1_connect_with_body"};
  }
  readUpgrade(facts, map, head);
  head.keep_alive = !facts.close && (head.version == Version::Http11 || facts.keep_alive);
  head.dropped_fields = facts.dropped;
  return std::nullopt;
}

// The first line, and with it the pseudo-header fields; of one that is wrong, those that it has.
Bad readLine(std::string_view text, const HeaderLimits& limits, HeaderMap& map, RequestHead& head,
             RequestLine& line, Target& target) {
  Bad bad = splitLine(text, limits, line);
  if (!bad) bad = readVersion(line.version, head.version);
  if (!bad) {
    head.kind = kindOf(line.method);
    bad = readTarget(line, map, target);
  }
  if (!bad) {
    addPseudo(map, line, target, head.kind == RequestHead::Kind::Connect);
  } else if (isToken(line.method)) {
    map.addView(HeaderId::Method, nameOf(HeaderId::Method), line.method);
    map.addView(HeaderId::Path, nameOf(HeaderId::Path), line.target);
  }
  return bad;
}

void setAuthority(const FieldFacts& facts, HeaderMap& map) {
  if (facts.hosts > 0) {
    map.setView(HeaderId::Authority, facts.host);
  } else {
    map.remove(HeaderId::Authority);
  }
}

}  // namespace

Bad parseRequestHead(std::span<char> text, const Http1Settings& settings, HeaderMap& map,
                     RequestHead& head) {
  const HeaderLimits& limits = settings.headers;
  RequestLine line;
  Target target;
  if (Bad bad = readLine({text.data(), text.size()}, limits, map, head, line, target)) return bad;
  FieldFacts facts;
  Bad bad = parseFields(FieldsOf::Request, text.subspan(line.size), limits, map, facts);
  if (!bad) bad = readFacts(facts, map, head);
  if (target.authority.empty()) setAuthority(facts, map);
  if (!bad && head.version == Version::Http10 && !settings.accept_http_10) {
    bad = BadMessage{426, "h1_http_10_not_accepted"};
  }
  return bad;
}

void noteRequestLine(std::string_view text, HeaderMap& map) {
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  const size_t method_end = line.find(' ');
  if (method_end == std::string_view::npos || method_end > MaxNotedMethod) return;
  const std::string_view method = line.substr(0, method_end);
  if (!isToken(method)) return;
  map.add(HeaderId::Method, method);
  const std::string_view rest = line.substr(method_end + 1);
  const std::string_view target = rest.substr(0, std::min(rest.find(' '), MaxNotedTarget));
  if (isTarget(target)) map.add(HeaderId::Path, target);
}

}  // namespace weir::http
