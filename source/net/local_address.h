#pragma once

// Whether an address is one of this machine's own, or near it. Any thread; a few system calls, none
// of which waits.

#include "source/net/address.h"

namespace weir::net {

// True of loopback addresses and "any" (0.0.0.0, ::), too: who connects to them stays here. With
// net.ipv4.ip_nonlocal_bind (or its like of IPv6) set, of every address.
bool isOfThisMachine(const IpAddress& ip);

// True of those and of what only this machine's link can reach: 169.254.0.0/16, where clouds tell a
// machine its secrets, and fe80::/10. Written as IPv4 in IPv6, too.
bool isLocal(const IpAddress& ip);

}  // namespace weir::net
