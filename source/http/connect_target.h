#pragma once

// Where a CONNECT that is ended here leads, if that is for its authority to say (RFC 9110 9.3.6),
// and where it must not. Any thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "source/http/codec.h"
#include "source/net/address.h"
#include "source/net/own_addresses.h"

namespace weir::http {

struct ConnectTarget {
  std::optional<net::IpPort> address;  // or
  std::string_view name;               // of the authority; to be resolved
  uint16_t port = 0;
};

// `authority`: outlives it. Nothing: it is no host with a port, which is answered with 400
// "bad_authority".
std::optional<ConnectTarget> connectTargetOf(std::string_view authority);

// Nothing: a tunnel may lead to it. `own`: where this process listens.
std::optional<BadMessage> refuseTunnelTo(const net::IpPort& to, bool allow_local,
                                         const net::OwnAddresses& own);

}  // namespace weir::http
