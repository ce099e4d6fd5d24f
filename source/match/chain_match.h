#pragma once

// The predicates of one filter chain, as plain validated values: different fields are ANDed, the
// values in one field are ORed, an empty field holds for everything. Immutable once a Matcher was
// compiled from it.

#include <cstdint>
#include <string>
#include <vector>

#include "source/net/address.h"

namespace weir::match {

enum class SourceType : uint8_t {
  Any,
  SameIpOrLoopback,  // the source is loopback (127.0.0.0/8, ::1), equals the destination IP, or is
                     // a Unix socket
  External,          // everything else
};

enum class Transport : uint8_t { Any, RawBuffer, Tls };

struct ChainMatch {
  std::vector<uint16_t> destination_ports;  // 1..65535
  std::vector<net::IpPrefix> destination_prefixes;
  std::vector<std::string>
      server_names;  // lower case; "a.b" exact, "*.b" any name that ends in ".b"
  Transport transport = Transport::Any;
  std::vector<std::string> application_protocols;
  std::vector<net::IpPrefix> direct_source_prefixes;
  SourceType source_type = SourceType::Any;
  std::vector<net::IpPrefix> source_prefixes;
  std::vector<uint16_t> source_ports;  // 1..65535
};

}  // namespace weir::match
