#pragma once

// What is known about a connection when a filter chain is chosen. Each fact has a provider: the
// socket itself, or a listener filter that declares it. A fact that has no provider, or whose
// provider found nothing, is known and empty. Belongs to one connection, on that connection's loop.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/net/address.h"
#include "source/net/proxy_protocol.h"

namespace weir::filter {

// A predicate of a chain's match is about exactly one of these.
enum class Fact : uint8_t {
  Destination,           // IP and port (original, once a redirect is undone)
  Source,                // IP and port, and from them the source type
  DirectSource,          // IP of the peer of the socket, before any PROXY header; always known
  TransportProtocol,     // "tls" or "raw_buffer"
  ServerName,            // SNI, lower case; empty if none
  ApplicationProtocols,  // TLS ALPN in the client's order, or what detection saw, e.g. {"http/1.1"}
};
inline constexpr int FactCount = 6;

std::string_view toString(Fact fact);

// A set of facts, by value.
class FactSet {
 public:
  constexpr FactSet() = default;
  constexpr FactSet(Fact fact) : bits_(bit(fact)) {}
  constexpr FactSet operator|(FactSet other) const {
    return FactSet(static_cast<uint8_t>(bits_ | other.bits_));
  }
  constexpr FactSet operator&(FactSet other) const {
    return FactSet(static_cast<uint8_t>(bits_ & other.bits_));
  }
  constexpr FactSet without(FactSet other) const {
    return FactSet(static_cast<uint8_t>(bits_ & ~other.bits_));
  }
  constexpr bool has(Fact fact) const { return (bits_ & bit(fact)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const FactSet&) const = default;

  static constexpr FactSet all() { return FactSet(static_cast<uint8_t>((1 << FactCount) - 1)); }

 private:
  constexpr explicit FactSet(uint8_t bits) : bits_(bits) {}
  static constexpr uint8_t bit(Fact fact) {
    return static_cast<uint8_t>(1U << static_cast<unsigned>(fact));
  }
  uint8_t bits_ = 0;
};

constexpr FactSet operator|(Fact a, Fact b) { return FactSet(a) | FactSet(b); }

// The facts themselves. A value counts only while its bit is in `known`.
struct Facts {
  FactSet known;
  // Of those that are known and empty: there may be a value, which could not be read (a hello that
  // is too long, or has a fault in it). No chain matches on it, and who authorises must not take it
  // for absent.
  FactSet unreadable;
  bool tls = false;  // TransportProtocol: "tls", else "raw_buffer"
  net::IpPort destination;
  net::IpPort source;
  net::IpAddress direct_source;
  std::string server_name;                         // lower case
  std::vector<std::string> application_protocols;  // in the client's order
  // Of the PROXY header in front of the connection, if the filter that read it keeps any. Not
  // matched on; null for none.
  std::shared_ptr<const std::vector<net::ProxyTlv>> proxy_tlvs;

  std::string_view transportProtocol() const { return tls ? "tls" : "raw_buffer"; }
};

}  // namespace weir::filter
