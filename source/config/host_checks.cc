#include "source/config/host_checks.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "source/config/field_checks.h"
#include "source/config/node.h"
#include "source/http/domain_index.h"

namespace weir::config {
namespace {

// Names, with the underscore that some have.
bool isNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// What is wrong with a host, or with the part of it that a wildcard leaves; "" if nothing.
std::string hostFault(std::string_view host) {
  if (host.find("//") != std::string_view::npos) return "it has neither a scheme nor a path";
  if (host.starts_with('[') && host.ends_with(']')) {
    const auto address = net::IpAddress::parse(host.substr(1, host.size() - 2));
    return address && address->family == net::Family::V6
               ? ""
               : "there is no IPv6 address in the brackets";
  }
  const auto bad = std::find_if_not(host.begin(), host.end(), isNameByte);
  if (bad == host.end()) return {};
  if (*bad == '*') return "a wildcard is only allowed at the begin or at the end";
  if (static_cast<unsigned char>(*bad) >= 0x80) {
    return "names outside ASCII are sent in their xn-- form: write that";
  }
  return "the character " + quote(std::string(1, *bad)) + " cannot be in it";
}

std::string portFault(std::string_view port) {
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool right = error == std::errc() && end == port.data() + port.size() && number != 0;
  return right && port[0] != '0' ? "" : "a port is from 1 to 65535";
}

std::string authorityFault(std::string_view text) {
  const auto [host, port] = http::splitAuthority(text);
  std::string fault = hostFault(host);
  if (fault.empty() && host.size() != text.size()) fault = portFault(port);
  return fault;
}

std::string domainFault(std::string_view domain) {
  if (domain == "*") return {};
  if (domain.starts_with('*')) return authorityFault(domain.substr(1));
  if (domain.ends_with('*')) return hostFault(domain.substr(0, domain.size() - 1));
  if (domain.starts_with(':')) return "the host is missing";
  return authorityFault(domain);
}

bool report(const FieldScope& field, std::string_view text, std::string_view what,
            const std::string& fault) {
  if (fault.empty()) return true;
  field.error(quote(text) + " is not " + std::string(what) + ": " + fault);
  return false;
}

}  // namespace

bool checkHost(const FieldScope& field, std::string_view text) {
  if (!checkRequired(field, text, "the name of a host")) return false;
  return report(field, text, "a host", hostFault(text));
}

bool checkAuthority(const FieldScope& field, std::string_view text) {
  if (!checkRequired(field, text, "the name of a host")) return false;
  const std::string fault = text.starts_with(':') ? "the host is missing" : authorityFault(text);
  return report(field, text, "a host", fault);
}

bool checkDomain(const FieldScope& field, std::string_view text) {
  if (!checkRequired(field, text, "a name such as \"a.example.com\", or \"*\"")) return false;
  return report(field, text, "a domain", domainFault(text));
}

}  // namespace weir::config
