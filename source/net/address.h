#pragma once

// Addresses as plain values: an IP address, an IP address with a port, a prefix, and what a socket
// can be bound or connected to (IP:port or a Unix path). No system calls, no names to resolve. Any
// thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace weir::net {

enum class Family : uint8_t { None, V4, V6 };

// An IPv4 or IPv6 address in network byte order; V4 uses the first four bytes, the rest are zero.
// An IPv4-mapped IPv6 address (::ffff:a.b.c.d) that comes from the kernel is stored as V4. `None`
// is "no IP": a Unix socket.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  Family family = Family::None;

  // Text such as 10.0.0.1 or 2001:db8::1, without brackets, zone or port; nothing on anything else.
  static std::optional<IpAddress> parse(std::string_view text);
  std::string toString() const;
  // 127.0.0.0/8 or ::1.
  bool isLoopback() const;
  bool operator==(const IpAddress&) const = default;
};

// An IP address and a TCP port in host byte order.
struct IpPort {
  IpAddress ip;
  uint16_t port = 0;

  // "10.0.0.1:80" or "[2001:db8::1]:80".
  static std::optional<IpPort> parse(std::string_view text);
  static IpPort fromSockaddr(const sockaddr& address);
  std::string toString() const;
  bool operator==(const IpPort&) const = default;
};

// For unordered containers.
struct AddressHash {
  size_t operator()(const IpAddress& ip) const;
  size_t operator()(const IpPort& address) const;
};

// A CIDR range. Bits after `length` are zero.
struct IpPrefix {
  IpAddress base;
  uint8_t length = 0;

  // "10.0.0.0/8", "2001:db8::/32", or an address alone (/32, /128). Host bits that are set are an
  // error, as is a length that the family does not have: nothing.
  static std::optional<IpPrefix> parse(std::string_view text);
  // False for an address of the other family, and for Family::None.
  bool contains(const IpAddress& ip) const;
  std::string toString() const;
  bool operator==(const IpPrefix&) const = default;
};

// Where to listen or connect: IP:port, or the path of a Unix socket (then `ip.ip.family` is None).
struct SocketAddress {
  IpPort ip;
  std::string unix_path;

  // "IP:PORT", "[IP6]:PORT", or "unix:/path" (at most 107 bytes of path; "unix:@name" is Linux's
  // abstract namespace).
  static std::optional<SocketAddress> parse(std::string_view text);
  bool isUnix() const { return !unix_path.empty(); }
  std::string toString() const;
  bool operator==(const SocketAddress&) const = default;
};

}  // namespace weir::net
