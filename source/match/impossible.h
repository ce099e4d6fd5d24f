#pragma once

// Chains that no connection can match, whatever the other chains are.

#include <optional>
#include <string>

#include "source/match/chain_match.h"
#include "source/match/listener_limits.h"

namespace weir::match {

// Why no connection of the listener can match, for people, naming the fields; nothing if one can.
// Never an accusation without proof: where it cannot tell, a connection can.
std::optional<std::string> whyImpossible(const ChainMatch& match, const ListenerLimits& limits);

// 127.0.0.0/8 and ::1/128: sources that are local whatever the destination.
const net::IpPrefix& loopback(net::Family family);
bool isOneAddress(const net::IpPrefix& prefix);
// Whether every address of `inner` is in `outer`.
bool isWithin(const net::IpPrefix& inner, const net::IpPrefix& outer);

}  // namespace weir::match
