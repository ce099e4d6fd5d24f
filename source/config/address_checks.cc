#include <algorithm>
#include <charconv>

#include "source/config/field_checks.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

constexpr std::string_view Unix = "unix:";
constexpr size_t MaxUnixPath = 107;
constexpr int MaxPort = 65535;

std::optional<int> parseNumber(std::string_view text, int most) {
  if (text.size() > 1 && text[0] == '0') return std::nullopt;  // is it octal?
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc() && end == text.data() + text.size();
  return good && value >= 0 && value <= most ? std::optional(value) : std::nullopt;
}

std::string explainUnix(std::string_view path) {
  if (path.empty()) return "the path is missing: write \"unix:/path\"";
  if (path.size() > MaxUnixPath) {
    return "the path has " + std::to_string(path.size()) + " bytes; a Unix socket's has at most " +
           std::to_string(MaxUnixPath);
  }
  return "the path must begin with \"/\" (or \"@\" for the abstract namespace)";
}

std::string explainHost(std::string_view host, std::string_view port) {
  if (host.empty()) return "the IP address is missing: for all addresses write 0.0.0.0 or [::]";
  if (host == "localhost")
    return "names are not resolved: write \"127.0.0.1:" + std::string(port) + "\"";
  if (host == "*")
    return "for all addresses write \"0.0.0.0:" + std::string(port) +
           "\" or \"[::]:" + std::string(port) + "\"";
  const bool letters = std::any_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  return quote(host) + " is not an IP address" +
         (letters && host.find(':') == std::string_view::npos ? "; names are not resolved" : "");
}

std::string maskedPrefix(net::IpAddress ip, int length) {
  for (int bit = length; bit < 128; ++bit) {
    ip.bytes[static_cast<size_t>(bit) / 8] &= static_cast<uint8_t>(~(0x80U >> (bit % 8)));
  }
  return ip.toString() + "/" + std::to_string(length);
}

std::string explainBadPrefix(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const auto ip = net::IpAddress::parse(address);
  if (!ip) {
    return quote(address) + " is not an IP address" +
           (address.find(':') != std::string_view::npos && address.starts_with('[')
                ? "; an IPv6 range has no brackets: 2001:db8::/32"
                : "; a range is written 10.0.0.0/8 or 2001:db8::/32");
  }
  const int most = ip->family == net::Family::V4 ? 32 : 128;
  const auto length =
      parseNumber(slash == std::string_view::npos ? "" : text.substr(slash + 1), most);
  if (!length) {
    return "the prefix length of " + quote(text) + " must be a number from 0 to " +
           std::to_string(most);
  }
  return quote(text) + " has bits set behind its prefix; did you mean \"" +
         maskedPrefix(*ip, *length) + "\"?";
}

}  // namespace

std::string explainBadAddress(std::string_view text) {
  const std::string start = quote(text) + " is not an address: ";
  if (text.starts_with(Unix)) return start + explainUnix(text.substr(Unix.size()));
  if (text.starts_with('/'))
    return start + "a Unix socket is written \"unix:" + std::string(text) + "\"";
  const size_t colon = text.rfind(':');
  if (net::IpAddress::parse(text)) {
    const bool six = colon != std::string_view::npos;
    return start + "the port is missing: write \"" + (six ? "[" : "") + std::string(text) +
           (six ? "]" : "") + ":PORT\"";
  }
  if (colon == std::string_view::npos || text.ends_with(']')) {
    return start + "the port is missing: write \"IP:PORT\", \"[IPV6]:PORT\" or \"unix:/path\"";
  }
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool brackets = host.size() >= 2 && host.starts_with('[') && host.ends_with(']');
  if (!brackets && host.find(':') != std::string_view::npos && net::IpAddress::parse(host)) {
    return start + "an IPv6 address stands in brackets: \"[" + std::string(host) +
           "]:" + std::string(port) + "\"";
  }
  if (brackets) host = host.substr(1, host.size() - 2);
  if (!net::IpAddress::parse(host)) return start + explainHost(host, port);
  if (!parseNumber(port, MaxPort)) return start + "the port must be a number from 0 to 65535";
  if (brackets) return start + "only an IPv6 address stands in brackets";
  return start + "write \"IP:PORT\", \"[IPV6]:PORT\" or \"unix:/path\"";
}

std::optional<net::SocketAddress> checkAddress(const FieldScope& field, std::string_view text) {
  if (!checkRequired(field, text, "\"IP:PORT\", \"[IPV6]:PORT\" or \"unix:/path\""))
    return std::nullopt;
  auto address = net::SocketAddress::parse(text);
  if (!address) field.error(explainBadAddress(text));
  return address;
}

std::optional<net::IpPrefix> checkPrefix(const FieldScope& field, std::string_view text) {
  if (!checkRequired(field, text, "a range such as 10.0.0.0/8")) return std::nullopt;
  auto prefix = net::IpPrefix::parse(text);
  if (!prefix) field.error(explainBadPrefix(text));
  return prefix;
}

}  // namespace weir::config
