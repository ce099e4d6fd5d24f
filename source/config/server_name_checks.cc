#include <string>

#include "source/config/field_checks.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

constexpr size_t MaxName = 253;  // RFC 1035, 2.3.4, without the root's dot
constexpr size_t MaxLabel = 63;

std::string lowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The underscore is no host name's, but is in use.
bool isNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string badByte(std::string_view name, char c) {
  if (c == '*') {
    return "a wildcard is only allowed as the whole first label: \"*.example.com\" matches every "
           "name below "
           "example.com";
  }
  if (c == ':' || c == '/') return "a server name has no scheme, port or path";
  if (static_cast<unsigned char>(c) >= 0x80) {
    return "names outside ASCII are sent in their xn-- form: write that";
  }
  return "the character " + quote(std::string(1, c)) + " cannot be in " + quote(name);
}

// What is wrong with the labels of a lower-case name; "" if nothing.
std::string labelFault(std::string_view name) {
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return "a label between two dots is empty";
      label = 0;
    } else if (!isNameByte(c)) {
      return badByte(name, c);
    } else if (++label > MaxLabel) {
      return "a label has at most 63 bytes";
    }
  }
  return label == 0 ? "it ends in a dot; leave that out" : "";
}

std::string nameFault(std::string_view name) {
  if (name == "*" || name == "*.") return "it would match every name: leave it out";
  if (name.size() > MaxName) return "a name has at most 253 bytes";
  return labelFault(name.starts_with("*.") ? name.substr(2) : name);
}

}  // namespace

std::optional<std::string> checkServerName(const FieldScope& field, std::string_view name) {
  if (!checkRequired(field, name, "a name such as \"db.example.com\" or \"*.example.com\"")) {
    return std::nullopt;
  }
  std::string lower = lowerCase(name);
  const std::string fault = nameFault(lower);
  if (fault.empty()) return lower;
  field.error(quote(name) + " is not a server name: " + fault);
  return std::nullopt;
}

}  // namespace weir::config
