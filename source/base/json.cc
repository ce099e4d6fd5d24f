#include "source/base/json.h"

#include <cmath>
#include <cstdio>

namespace weir {
namespace {

constexpr std::string_view Replacement = "\xEF\xBF\xBD";

bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Length of the UTF-8 sequence at the front of `text`, or 0 if it is not one: overlong forms,
// surrogates and what is past U+10FFFF are not.
size_t sequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80                   ? 1
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                        : lead >= 0xE0 && lead < 0xF0 ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!isContinuation(text[i])) return 0;
  }
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) >= 0xA0) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;
  return length;
}

void appendAscii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (const auto byte = static_cast<unsigned char>(c); byte < 0x20 || byte == 0x7F) {
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", byte);
    out += text;
  } else {
    out += c;
  }
}

}  // namespace

void appendJsonString(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t length = sequenceLength(text);
    if (length == 1) {
      appendAscii(out, text[0]);
    } else {
      out += length == 0 ? Replacement : text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void JsonWriter::separate() {
  if (!after_key_ && !first_) out_ += ',';
  first_ = after_key_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  first_ = false;
}

void JsonWriter::key(std::string_view name) {
  separate();
  appendJsonString(out_, name);
  out_ += ':';
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
  separate();
  appendJsonString(out_, text);
}

void JsonWriter::value(bool yes) { raw(yes ? "true" : "false"); }

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", number);
  raw(text);
}

void JsonWriter::raw(std::string_view json) {
  if (json.empty()) return;
  separate();
  out_ += json;
}

void JsonWriter::textOrNull(std::string_view name, std::string_view text) {
  key(name);
  text.empty() ? null() : value(text);
}

}  // namespace weir
