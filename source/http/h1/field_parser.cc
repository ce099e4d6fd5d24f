#include "source/http/h1/field_parser.h"

#include <http_parser.h>

#include <limits>

#include "source/http/characters.h"

namespace weir::http {
namespace {

constexpr size_t MaxConnectionOptions = 32;

bool isPseudo(HeaderId id) { return id <= HeaderId::Status; }

// Gets what http-parser finds. A head is given to it whole, so each name and each value comes once.
class FieldSink {
 public:
  FieldSink(FieldsOf what, std::span<char> text, const HeaderLimits& limits, HeaderMap& map,
            FieldFacts& facts)
      : what_(what), text_(text), limits_(limits), map_(map), facts_(facts) {}

  bool onName(const char* at, size_t size);
  bool onValue(const char* at, size_t size);
  // After the last field.
  bool finish();
  bool refuse(unsigned status, std::string_view reason) {
    bad_ = {status, reason};
    return false;
  }
  const std::optional<BadMessage>& bad() const { return bad_; }

 private:
  void add(HeaderId id, std::string_view value) {
    map_.addView(id, id == HeaderId::Other ? name_ : nameOf(id), value);
  }
  void take(HeaderId id, std::string_view value);
  bool takeOptions(std::string_view list);
  void dropNamed(std::string_view list);

  const FieldsOf what_;
  const std::span<char> text_;
  const HeaderLimits& limits_;
  HeaderMap& map_;
  FieldFacts& facts_;
  std::string_view name_;
  std::optional<BadMessage> bad_;
  size_t options_ = 0;
  bool drop_ = false;          // the field whose name came last
  bool names_fields_ = false;  // Connection lists more than close, keep-alive and upgrade
};

bool FieldSink::onName(const char* at, size_t size) {
  char* name = text_.data() + (at - text_.data());
  bool underscore = false;
  for (size_t i = 0; i < size; ++i) {
    const char lower = tokenLower(name[i]);
    if (lower == 0) return refuse(400, "h1_field_name");
    underscore = underscore || lower == '_';
    name[i] = lower;
  }
  name_ = {name, size};
  drop_ = underscore && limits_.underscores == Underscores::Drop;
  facts_.dropped += drop_ ? 1 : 0;
  if (!underscore || limits_.underscores != Underscores::Reject) return true;
  return refuse(400, "underscore_in_header");
}

bool FieldSink::onValue(const char* at, size_t size) {
  const std::string_view value = trimmed({at, size});
  if (!isFieldValue(value)) return refuse(400, "h1_field_value");
  if (drop_) return true;
  const HeaderId id = headerId(name_);
  if (id == HeaderId::Connection) return takeOptions(value);
  take(id, value);
  return true;
}

void FieldSink::take(HeaderId id, std::string_view value) {
  switch (id) {
    case HeaderId::Host:
      ++facts_.hosts;
      facts_.host = value;
      return;
    case HeaderId::TransferEncoding:
      ++facts_.transfer_encodings;
      facts_.transfer_encoding = value;
      return;
    case HeaderId::KeepAlive:
    case HeaderId::ProxyConnection:
    case HeaderId::Http2Settings: return;
    case HeaderId::Te:
      // The one value that a message may have, too (RFC 9113 8.2.2).
      if (what_ == FieldsOf::Request && equalIgnoringCase(value, "trailers")) add(id, "trailers");
      return;
    case HeaderId::ContentLength:
      ++facts_.content_lengths;
      facts_.content_length = value;
      break;
    case HeaderId::Upgrade: ++facts_.upgrades; break;
    default: break;
  }
  add(id, value);
}

bool FieldSink::takeOptions(std::string_view list) {
  map_.addView(HeaderId::Connection, nameOf(HeaderId::Connection), list);
  while (!list.empty()) {
    const std::string_view option = takeElement(list);
    if (option.empty()) continue;
    // What is no token names no field (RFC 9110 7.6.1), but might name a pseudo-header field.
    if (++options_ > MaxConnectionOptions || !isToken(option)) {
      return refuse(400, "h1_connection_options");
    }
    if (equalIgnoringCase(option, "close")) {
      facts_.close = true;
    } else if (equalIgnoringCase(option, "keep-alive")) {
      facts_.keep_alive = true;
    } else if (equalIgnoringCase(option, "upgrade")) {
      facts_.upgrade = true;
    } else {
      names_fields_ = true;
    }
  }
  return true;
}

// What Connection names goes no further; but for `te: trailers`, which is passed on in our own
// name. What the first line said is none of its business.
void FieldSink::dropNamed(std::string_view list) {
  while (!list.empty()) {
    const std::string_view option = takeElement(list);
    if (option.empty() || equalIgnoringCase(option, "te")) continue;
    if (equalIgnoringCase(option, "upgrade")) continue;
    map_.removeIf([option](const HeaderEntry& entry) {
      return !isPseudo(entry.id) && entry.id != HeaderId::Connection &&
             equalIgnoringCase(option, entry.name);
    });
  }
}

bool FieldSink::finish() {
  if (names_fields_) {
    // The lists are few, and stay in place while fields around them go.
    for (size_t i = 0; i < map_.size(); ++i) {
      const HeaderEntry entry = map_.entries()[i];
      if (entry.id == HeaderId::Connection) dropNamed(entry.value);
    }
  }
  map_.remove(HeaderId::Connection);
  return true;
}

FieldSink& sinkOf(http_parser* parser) { return *static_cast<FieldSink*>(parser->data); }

extern "C" {
int onField(http_parser* parser, const char* at, size_t size) noexcept {
  // It takes any name that begins with Transfer-Encoding for that field, and then refuses a length
  // beside it. What may stand together is decided by what reads the facts.
  parser->uses_transfer_encoding = 0;
  return sinkOf(parser).onName(at, size) ? 0 : 1;
}
int onValue(http_parser* parser, const char* at, size_t size) noexcept {
  return sinkOf(parser).onValue(at, size) ? 0 : 1;
}
}

http_parser_settings makeCallbacks() {
  // Its own bound would hold for the whole process; ours are for each connection.
  http_parser_set_max_header_size(std::numeric_limits<uint32_t>::max());
  http_parser_settings callbacks;
  http_parser_settings_init(&callbacks);
  callbacks.on_header_field = onField;
  callbacks.on_header_value = onValue;
  return callbacks;
}

// What http-parser itself refuses, in our words.
BadMessage reasonOf(const http_parser& parser, const FieldFacts& facts) {
  switch (HTTP_PARSER_ERRNO(&parser)) {
    case HPE_INVALID_URL:
    case HPE_INVALID_HOST:
    case HPE_INVALID_PORT:
    case HPE_INVALID_PATH: return {400, "h1_target"};
    case HPE_INVALID_CONTENT_LENGTH: return {400, "h1_content_length"};
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      if (facts.transfer_encodings > 0) return {400, "h1_length_and_chunked"};
      return {400, "h1_repeated_content_length"};
    case HPE_INVALID_TRANSFER_ENCODING: return {400, "h1_transfer_encoding"};
    case HPE_INVALID_HEADER_TOKEN: return {400, "h1_field"};
    case HPE_LF_EXPECTED: return {400, "h1_bare_cr"};
    default: return {400, "h1_head"};
  }
}

}  // namespace

std::optional<BadMessage> parseFields(FieldsOf what, std::span<char> text,
                                      const HeaderLimits& limits, HeaderMap& map,
                                      FieldFacts& facts) {
  static const http_parser_settings Callbacks = makeCallbacks();
  FieldSink sink(what, text, limits, map, facts);
  http_parser parser;
  http_parser_init(&parser, what == FieldsOf::Response ? HTTP_RESPONSE : HTTP_REQUEST);
  parser.data = &sink;
  if (what != FieldsOf::Response) {
    // It has no entrance for trailers alone: they are the fields of a head as well. Of a request,
    // it knows the methods of a list, and any other that is a token is forwarded, as by HTTP/2:
    // what is implemented is up to the server (RFC 9110 9.1). Its line was read before.
    constexpr std::string_view Line = "GET / HTTP/1.1\r\n";
    http_parser_execute(&parser, &Callbacks, Line.data(), Line.size());
  }
  http_parser_execute(&parser, &Callbacks, text.data(), text.size());
  if (sink.bad()) return sink.bad();
  if (HTTP_PARSER_ERRNO(&parser) != HPE_OK) return reasonOf(parser, facts);
  sink.finish();
  return std::nullopt;
}

std::optional<uint64_t> parseLength(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  uint64_t length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  return length;
}

}  // namespace weir::http
