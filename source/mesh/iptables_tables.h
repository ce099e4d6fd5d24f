#pragma once

// Weir's part of the tables of iptables: read out of what iptables-save says, and the input of
// iptables-restore that turns one into another. The rest of the tables is never touched. Pure
// functions; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace weir::mesh {

// Names of chains that are Weir's, whoever made them.
inline constexpr std::string_view InboundChain = "WEIR_INBOUND";
inline constexpr std::string_view OutboundChain = "WEIR_OUTBOUND";
inline constexpr std::string_view GuardChain = "WEIR_GUARD";

struct IptablesTable {
  std::string name;                      // "nat"
  std::vector<std::string> chains = {};  // ours
  std::vector<std::string> rules = {};   // "-A CHAIN ..." of ours, in their order
  std::vector<std::string> jumps = {};   // "-A CHAIN ... -j OURS" of chains that are not ours
  bool operator==(const IptablesTable&) const = default;
};

// What of `saved`, the output of iptables-save, is Weir's. Tables that have nothing are left out.
std::vector<IptablesTable> readIptables(std::string_view saved);

// The input of `iptables-restore --noflush` behind which `wanted` is all that there is of Weir
// where `present` is now; empty if nothing is to be done. Jumps go in front of the rules of their
// chain. The kernel takes the lines of one table as a whole, or none of them.
std::string iptablesChange(const std::vector<IptablesTable>& present,
                           const std::vector<IptablesTable>& wanted);

}  // namespace weir::mesh
