#include "source/config/node.h"

#include <cstdio>

namespace weir::config {
namespace {

constexpr size_t MaxQuoted = 80;

void appendEscaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (byte < 0x20 || byte == 0x7f) {
    char buffer[5];
    std::snprintf(buffer, sizeof(buffer), "\\x%02x", byte);
    out += buffer;
  } else {
    out += c;
  }
}

bool isContinuationByte(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

Node Node::null(Position at) {
  Node node;
  node.position = at;
  return node;
}

Node Node::scalar(Position at, std::string_view text, Style style) {
  Node node;
  node.kind = Kind::Scalar;
  node.style = style;
  node.position = at;
  node.text = text;
  return node;
}

std::string quote(std::string_view text) {
  size_t length = text.size();
  if (length > MaxQuoted) {
    length = MaxQuoted;
    while (length > 0 && isContinuationByte(text[length])) --length;  // do not cut a character
  }
  std::string out = "\"";
  for (const char c : text.substr(0, length)) appendEscaped(out, c);
  if (length < text.size()) out += "...";
  return out + '"';
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null: return "null";
    case Node::Kind::Scalar:
      return node.style == Node::Style::Quoted ? quote(node.text) : node.text;
    case Node::Kind::Sequence: return "a list";
    case Node::Kind::Mapping: return "a mapping";
  }
  return "null";
}

}  // namespace weir::config
