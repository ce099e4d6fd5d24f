#include "source/http/h1/head_writer.h"

#include <http_parser.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "source/http/characters.h"
#include "source/http/h1/field_parser.h"

namespace weir::http {
namespace {

// Text at the end of a buffer, without a call for each piece.
class TextEnd {
 public:
  explicit TextEnd(buffer::Buffer& out) : out_(out) { open(); }
  ~TextEnd() { close(); }
  TextEnd(const TextEnd&) = delete;
  TextEnd& operator=(const TextEnd&) = delete;

  void put(std::string_view text) {
    if (text.empty()) return;
    if (text.size() > static_cast<size_t>(end_ - at_)) return putInPieces(text);
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }

 private:
  void open() {
    iovec room{};
    out_.reserve(buffer::Slice::PooledCapacity, {&room, 1});
    begin_ = at_ = static_cast<char*>(room.iov_base);
    end_ = begin_ + room.iov_len;
  }
  void close() { out_.commit(static_cast<size_t>(at_ - begin_)); }
  void putInPieces(std::string_view text) {
    while (!text.empty()) {
      if (at_ == end_) {
        close();
        open();
      }
      const size_t here = std::min(text.size(), static_cast<size_t>(end_ - at_));
      std::memcpy(at_, text.data(), here);
      at_ += here;
      text.remove_prefix(here);
    }
  }

  buffer::Buffer& out_;
  char* begin_ = nullptr;
  char* at_ = nullptr;
  char* end_ = nullptr;
};

bool isPseudo(HeaderId id) { return id <= HeaderId::Status; }

// Fields that are the codec's, or the connection's.
bool isOurs(HeaderId id) {
  switch (id) {
    case HeaderId::Connection:
    case HeaderId::ContentLength:
    case HeaderId::Host:
    case HeaderId::Http2Settings:
    case HeaderId::KeepAlive:
    case HeaderId::ProxyConnection:
    case HeaderId::Te:
    case HeaderId::TransferEncoding:
    case HeaderId::Upgrade: return true;
    default: return isPseudo(id);
  }
}

bool listNames(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    if (equalIgnoringCase(takeElement(list), name)) return true;
  }
  return false;
}

// A filter, or an upstream of another version, may have left a Connection.
bool namedInConnection(const HeaderMap& headers, std::string_view name) {
  if (!headers.has(HeaderId::Connection)) return false;
  return std::any_of(headers.entries().begin(), headers.entries().end(), [&](const auto& entry) {
    return entry.id == HeaderId::Connection && listNames(entry.value, name);
  });
}

// All that may be written is what RFC 9110 5.5 allows, and a pseudo-header field comes once.
bool areWritable(const HeaderMap& headers) {
  uint64_t seen = 0;
  return std::all_of(headers.entries().begin(), headers.entries().end(), [&](const auto& entry) {
    if (isPseudo(entry.id)) {
      const uint64_t bit = uint64_t{1} << static_cast<unsigned>(entry.id);
      return (std::exchange(seen, seen | bit) & bit) == 0;
    }
    return isFieldValue(entry.value) && (entry.id != HeaderId::Other || isToken(entry.name));
  });
}

// False if there is a length, and it is not one.
bool readLength(const HeaderMap& headers, std::optional<uint64_t>& length) {
  if (!headers.has(HeaderId::ContentLength)) return true;
  if (headers.count(HeaderId::ContentLength) > 1) return false;
  length = parseLength(headers.get(HeaderId::ContentLength));
  return length.has_value();
}

bool expectsBody(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

bool isUpgradeRequest(const HeaderMap& headers, bool end_stream, std::optional<uint64_t> length) {
  return !end_stream && headers.has(HeaderId::Upgrade) && length.value_or(0) == 0;
}

bool hasRequestLine(const HeaderMap& headers) {
  const std::string_view method = headers.get(HeaderId::Method);
  const std::string_view authority = headers.get(HeaderId::Authority);
  if (!isToken(method) || headers.has(HeaderId::Protocol)) return false;
  if (!authority.empty() && !isAuthority(authority)) return false;
  if (method == "CONNECT") return !authority.empty();
  const std::string_view path = headers.get(HeaderId::Path);
  return isTarget(path) && (path.front() == '/' || (path == "*" && method == "OPTIONS"));
}

void putFields(const HeaderMap& headers, TextEnd& text) {
  const bool connection = headers.has(HeaderId::Connection);
  for (const HeaderEntry& entry : headers.entries()) {
    if (isOurs(entry.id)) continue;
    if (connection && namedInConnection(headers, entry.name)) continue;
    text.field(entry.name, entry.value);
  }
}

void putFraming(const MessagePlan& plan, TextEnd& text) {
  if (plan.content_length) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), *plan.content_length).ptr;
    text.field("content-length", {digits, static_cast<size_t>(end - digits)});
  } else if (plan.mode == BodyMode::Chunked) {
    text.field("transfer-encoding", "chunked");
  }
}

void putUpgrade(const HeaderMap& headers, TextEnd& text) {
  for (const HeaderEntry& entry : headers.entries()) {
    if (entry.id == HeaderId::Upgrade) text.field("upgrade", entry.value);
  }
  text.field("connection", "upgrade");
}

std::string_view phraseOf(unsigned status) {
  const std::string_view phrase = http_status_str(static_cast<http_status>(status));
  return phrase == "<unknown>" ? std::string_view{} : phrase;
}

bool isStatus(std::string_view text) {
  return text.size() == 3 && text[0] >= '1' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9' &&
         text[2] >= '0' && text[2] <= '9';
}

std::optional<MessagePlan> planTunnel(const HeaderMap& headers, const ResponseContext& context,
                                      unsigned status) {
  const bool asked = context.request == RequestHead::Kind::Upgrade;
  if (status == 101 && (!asked || !headers.has(HeaderId::Upgrade))) return std::nullopt;
  return MessagePlan{BodyMode::Tunnel, std::nullopt};
}

// A message that has no body, and may tell the length of one all the same (RFC 9110 8.6).
MessagePlan planBodyless(unsigned status, std::optional<uint64_t> length) {
  if (status == 204 || status < 200) length.reset();
  return {BodyMode::Nothing, length};
}

}  // namespace

std::optional<RequestPlan> planRequest(const HeaderMap& headers, bool end_stream) {
  std::optional<uint64_t> length;
  if (!hasRequestLine(headers) || !areWritable(headers) || !readLength(headers, length)) {
    return std::nullopt;
  }
  const std::string_view method = headers.get(HeaderId::Method);
  if (method == "CONNECT") return RequestPlan{RequestHead::Kind::Connect, {}};
  if (isUpgradeRequest(headers, end_stream, length)) {
    return RequestPlan{RequestHead::Kind::Upgrade, {BodyMode::Nothing, length}};
  }
  const auto kind = method == "HEAD" ? RequestHead::Kind::Head : RequestHead::Kind::Plain;
  if (end_stream) {
    if (length.value_or(0) > 0) return std::nullopt;
    if (expectsBody(method)) length = 0;
    return RequestPlan{kind, {BodyMode::Nothing, length}};
  }
  return RequestPlan{kind, {length ? BodyMode::Length : BodyMode::Chunked, length}};
}

std::optional<MessagePlan> planResponse(const HeaderMap& headers, const ResponseContext& context,
                                        bool end_stream) {
  std::optional<uint64_t> length;
  if (!isStatus(headers.get(HeaderId::Status)) || !areWritable(headers)) return std::nullopt;
  const unsigned status = statusOf(headers);
  const bool success = status >= 200 && status < 300;
  if (status == 101 || (success && context.request == RequestHead::Kind::Connect)) {
    return planTunnel(headers, context, status);
  }
  if (!readLength(headers, length)) return std::nullopt;
  const bool head = context.request == RequestHead::Kind::Head;
  if (head || status < 200 || status == 204 || status == 304) return planBodyless(status, length);
  if (end_stream) {
    if (length.value_or(0) > 0) return std::nullopt;
    return MessagePlan{BodyMode::Nothing, 0};
  }
  if (length) return MessagePlan{BodyMode::Length, length};
  const bool old = context.version == Version::Http10;
  return MessagePlan{old ? BodyMode::UntilClose : BodyMode::Chunked, std::nullopt};
}

void writeRequest(const HeaderMap& headers, const RequestPlan& plan, bool close,
                  buffer::Buffer& out) {
  TextEnd text(out);
  const bool connect = plan.kind == RequestHead::Kind::Connect;
  text.put(headers.get(HeaderId::Method));
  text.put(" ");
  text.put(headers.get(connect ? HeaderId::Authority : HeaderId::Path));
  // A Host has to be there, and is empty if the authority is not known (RFC 9112 3.2).
  text.put(" HTTP/1.1\r\n");
  text.field("host", headers.get(HeaderId::Authority));
  putFields(headers, text);
  putFraming(plan.body, text);
  if (plan.kind == RequestHead::Kind::Upgrade) {
    putUpgrade(headers, text);
  } else if (close) {
    text.field("connection", "close");
  }
  text.put("\r\n");
}

void writeResponse(const HeaderMap& headers, const MessagePlan& plan,
                   const ResponseContext& context, bool keep_alive, buffer::Buffer& out) {
  const unsigned status = statusOf(headers);
  TextEnd text(out);
  text.put("HTTP/1.1 ");
  text.put(headers.get(HeaderId::Status));
  text.put(" ");
  text.put(phraseOf(status));
  text.put("\r\n");
  putFields(headers, text);
  putFraming(plan, text);
  if (status == 101 || (status == 426 && headers.has(HeaderId::Upgrade))) putUpgrade(headers, text);
  if (status >= 200 && plan.mode != BodyMode::Tunnel) {
    if (!keep_alive) text.field("connection", "close");
    if (keep_alive && context.version == Version::Http10) text.field("connection", "keep-alive");
  }
  text.put("\r\n");
}

bool writeTrailers(const HeaderMap& trailers, buffer::Buffer& out) {
  if (!areWritable(trailers)) return false;
  TextEnd text(out);
  for (const HeaderEntry& entry : trailers.entries()) {
    if (!forbiddenInTrailers(entry.id)) text.field(entry.name, entry.value);
  }
  text.put("\r\n");
  return true;
}

}  // namespace weir::http
