#pragma once

// Whether the kernel redirects what goes out of this machine, by a connection that is made. One
// thread, which it blocks; for a command that runs before the proxy does.

#include "source/base/result.h"
#include "source/base/time.h"
#include "source/mesh/redirect_rules.h"
#include "source/net/address.h"

namespace weir::mesh {

// Where nobody is: an address reserved for documentation, and a port that the settings do not skip.
net::IpPort redirectCheckTarget(const RedirectSettings& settings, net::Family family);

// An error if the settings themselves leave connections of `uid` and `gid` to `target` alone.
Result<void> checkIsRedirected(const RedirectSettings& settings, const net::IpPort& target,
                               uint32_t uid, uint32_t gid);

// Connects to `target` and takes the connection itself, at the outbound port on loopback: the proxy
// must not be there yet. What it says goes both ways, and the original destination is known. The
// error says what is wrong; Unreachable: there is no route, so that nothing could be redirected.
Result<void> checkRedirection(const RedirectSettings& settings, const net::IpPort& target,
                              Duration timeout);

}  // namespace weir::mesh
