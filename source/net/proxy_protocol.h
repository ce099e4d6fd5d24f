#pragma once

// The PROXY protocol, versions 1 and 2 (haproxy's specification of 2020): a header in front of a
// connection's bytes in which a proxy says whose connection it carries. Pure functions: no state,
// no I/O; any thread.

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/net/address.h"

namespace weir::net {

enum class ProxyVersion : uint8_t { V1, V2 };

// A type-length-value field of a version 2 header.
struct ProxyTlv {
  uint8_t type = 0;
  std::string value;
  bool operator==(const ProxyTlv&) const = default;
};

struct ProxyHeader {
  ProxyVersion version = ProxyVersion::V1;
  size_t size = 0;  // bytes of the header: what follows is the client's
  // Says nothing about the addresses (v1 UNKNOWN; v2 LOCAL and PROXY of an unspecified family):
  // those of the socket hold.
  bool local = false;
  IpPort source;  // IPv4-mapped addresses as IPv4, as from the kernel
  IpPort destination;
  std::vector<ProxyTlv> tlvs;  // in order; without padding and checksum
};

struct ProxyParsed {
  enum class Status : uint8_t {
    NeedMore,   // a proper prefix of a header, or nothing
    Header,     // whole and valid
    NotProxy,   // the signature of neither version
    Malformed,  // begins with a signature, and is no valid header
  };
  Status status = Status::NeedMore;
  bool signature = false;  // that of a version is complete
  ProxyHeader header;      // of Header
};

// What `prefix`, the first bytes of a stream, begins with. More bytes never change an answer other
// than NeedMore. Refused besides faults of form: Unix sockets and datagrams; a CRC32C that is
// wrong.
ProxyParsed parseProxyHeader(std::span<const uint8_t> prefix);

// The checksum, and padding: they are read, and are not among ProxyHeader::tlvs.
inline constexpr uint8_t ProxyTlvCrc32c = 3;
inline constexpr uint8_t ProxyTlvNoop = 4;

// Types of fields that are kept or passed on.
using ProxyTlvTypes = std::bitset<256>;

// The longest header of any version.
inline constexpr size_t MaxProxyHeader = 16 + 65535;
// The longest line of version 1, with its CR LF.
inline constexpr size_t MaxProxyLine = 107;

// The header for a connection from `source` to `destination`. If either is not an IP address, the
// one that says nothing (v1 UNKNOWN, v2 LOCAL). If one is IPv4 and the other IPv6, the former is
// written as IPv4-mapped. `tlvs` are for version 2; those that do not fit into its 65535 bytes are
// left out.
std::string makeProxyHeader(ProxyVersion version, const IpPort& source, const IpPort& destination,
                            std::span<const ProxyTlv> tlvs);

}  // namespace weir::net
