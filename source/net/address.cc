#include "source/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace weir::net {
namespace {

constexpr size_t MaxUnixPath =
    107;  // sun_path holds 108 bytes, one of which ends or begins the name
constexpr size_t MaxIpText = INET6_ADDRSTRLEN - 1;
constexpr std::string_view UnixScheme = "unix:";
// What logs show for a peer without an IP address.
constexpr std::string_view NoIpText = "unix";

// A decimal number of at most `max`, without sign, blanks or leading zeros.
std::optional<uint32_t> parseNumber(std::string_view text, uint32_t max) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint32_t>(c - '0');
  }
  if (value > max) return std::nullopt;
  return value;
}

uint8_t maxLength(Family family) { return family == Family::V4 ? 32 : 128; }

// The bits of byte `index` that belong to a prefix of `length` bits.
uint8_t byteMask(size_t index, uint8_t length) {
  const int bits = std::clamp(static_cast<int>(length) - static_cast<int>(index) * 8, 0, 8);
  return static_cast<uint8_t>(0xFF << (8 - bits));
}

bool isMappedV4(const uint8_t* bytes) {
  static constexpr uint8_t Mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::memcmp(bytes, Mapped, sizeof(Mapped)) == 0;
}

IpAddress addressFromV6(const in6_addr& v6) {
  IpAddress ip;
  if (isMappedV4(v6.s6_addr)) {
    ip.family = Family::V4;
    std::memcpy(ip.bytes.data(), v6.s6_addr + 12, 4);
    return ip;
  }
  ip.family = Family::V6;
  std::memcpy(ip.bytes.data(), v6.s6_addr, 16);
  return ip;
}

// The path of "unix:PATH": absolute, or "@name" in the abstract namespace.
bool isUnixPath(std::string_view path) {
  if (path.size() < 2 || path.size() > MaxUnixPath) return false;
  if (path.find('\0') != std::string_view::npos) return false;
  return path[0] == '/' || path[0] == '@';
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[MaxIpText + 1];
  if (text.empty() || text.size() > MaxIpText) return std::nullopt;
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  IpAddress ip;
  ip.family = text.find(':') == std::string_view::npos ? Family::V4 : Family::V6;
  const int family = ip.family == Family::V4 ? AF_INET : AF_INET6;
  if (inet_pton(family, terminated, ip.bytes.data()) != 1) return std::nullopt;
  return ip;
}

std::string IpAddress::toString() const {
  if (family == Family::None) return std::string(NoIpText);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family == Family::V4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

bool IpAddress::isLoopback() const {
  if (family == Family::V4) return bytes[0] == 127;
  static constexpr std::array<uint8_t, 16> V6Loopback{0, 0, 0, 0, 0, 0, 0, 0,
                                                      0, 0, 0, 0, 0, 0, 0, 1};
  return family == Family::V6 && bytes == V6Loopback;
}

std::optional<IpPort> IpPort::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint32_t> port = parseNumber(text.substr(colon + 1), 65535);
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> ip = IpAddress::parse(host);
  // Without brackets, "::1:80" would be an address as well.
  if (!ip || bracketed != (ip->family == Family::V6)) return std::nullopt;
  return IpPort{*ip, static_cast<uint16_t>(*port)};
}

IpPort IpPort::fromSockaddr(const sockaddr& address) {
  IpPort result;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof(v4));
    result.ip.family = Family::V4;
    std::memcpy(result.ip.bytes.data(), &v4.sin_addr, 4);
    result.port = ntohs(v4.sin_port);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof(v6));
    result.ip = addressFromV6(v6.sin6_addr);
    result.port = ntohs(v6.sin6_port);
  }
  return result;
}

std::string IpPort::toString() const {
  if (ip.family == Family::None) return std::string(NoIpText);
  const std::string host = ip.toString();
  return (ip.family == Family::V6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  IpPrefix prefix{*ip, maxLength(ip->family)};
  if (slash == std::string_view::npos) return prefix;
  const std::optional<uint32_t> length = parseNumber(text.substr(slash + 1), prefix.length);
  if (!length) return std::nullopt;
  prefix.length = static_cast<uint8_t>(*length);
  for (size_t i = 0; i < ip->bytes.size(); ++i) {
    if ((ip->bytes[i] & ~byteMask(i, prefix.length)) != 0) return std::nullopt;
  }
  return prefix;
}

bool IpPrefix::contains(const IpAddress& ip) const {
  if (ip.family != base.family || ip.family == Family::None) return false;
  const size_t whole = length / 8;
  if (std::memcmp(ip.bytes.data(), base.bytes.data(), whole) != 0) return false;
  if (length % 8 == 0) return true;
  return ((ip.bytes[whole] ^ base.bytes[whole]) & byteMask(whole, length)) == 0;
}

std::string IpPrefix::toString() const { return base.toString() + "/" + std::to_string(length); }

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  SocketAddress address;
  if (text.starts_with(UnixScheme)) {
    const std::string_view path = text.substr(UnixScheme.size());
    if (!isUnixPath(path)) return std::nullopt;
    address.unix_path = path;
    return address;
  }
  const std::optional<IpPort> ip = IpPort::parse(text);
  if (!ip) return std::nullopt;
  address.ip = *ip;
  return address;
}

std::string SocketAddress::toString() const {
  return isUnix() ? std::string(UnixScheme) + unix_path : ip.toString();
}

size_t AddressHash::operator()(const IpAddress& ip) const {
  const std::string_view bytes(reinterpret_cast<const char*>(ip.bytes.data()), ip.bytes.size());
  return std::hash<std::string_view>{}(bytes);
}

size_t AddressHash::operator()(const IpPort& address) const {
  return (*this)(address.ip) * 31 + address.port;
}

}  // namespace weir::net
