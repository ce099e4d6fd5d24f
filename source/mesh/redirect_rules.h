#pragma once

// Which connections the kernel hands to the proxy instead of to where they are going, as the text
// of rules: for nft, and for iptables-restore (iptables_tables.h). Pure functions; any thread.
//
// Inbound, what comes from outside to an address of this machine goes to the inbound port;
// outbound, what a process of this machine begins goes to the outbound port. Left alone are: what
// is not TCP, loopback (so also who calls an address of this machine itself), the proxy's own
// connections, its admin ports from outside, and what is skipped or ignored. The outbound port
// refuses connections from outside, wherever its listener is bound.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/mesh/iptables_tables.h"
#include "source/mesh/ports.h"
#include "source/net/address.h"

namespace weir::mesh {

struct RedirectSettings {
  uint16_t inbound_port = 4143;
  uint16_t outbound_port = 4140;
  PortSet admin_ports{{4191, 4191}};
  // Whose connections are the proxy's own: of this user, and of this group if there is one.
  uint32_t proxy_uid = 2102;
  std::optional<uint32_t> proxy_gid = std::nullopt;
  PortSet skip_inbound_ports{{4567, 4568}};
  PortSet skip_outbound_ports{{4567, 4568}};
  // Inbound by the source, outbound by the destination.
  std::vector<net::IpPrefix> ignore_subnets = {};
};

// Ports that are 0, or in each other's way.
Result<void> checkRedirectSettings(const RedirectSettings& settings);

// The tables of one family. Requires: checked settings, V4 or V6.
std::vector<IptablesTable> iptablesRules(const RedirectSettings& settings, net::Family family);

// The family's table as a block for nft, and what nft calls that table: "ip weir" or "ip6 weir".
std::string nftablesRules(const RedirectSettings& settings, net::Family family);
std::string nftablesTableName(net::Family family);

}  // namespace weir::mesh
