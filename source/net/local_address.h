#pragma once

// Whether an address is one of this machine's own. Any thread; a few system calls, none of which
// waits.

#include "source/net/address.h"

namespace weir::net {

// True of loopback addresses and "any" (0.0.0.0, ::), too: who connects to them stays here. With
// net.ipv4.ip_nonlocal_bind (or its like of IPv6) set, of every address.
bool isOfThisMachine(const IpAddress& ip);

}  // namespace weir::net
