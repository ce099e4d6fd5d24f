#include "source/match/listener_limits.h"

#include <algorithm>

namespace weir::match {
namespace {

bool isUnspecified(const net::IpAddress& ip) {
  return std::all_of(ip.bytes.begin(), ip.bytes.end(), [](uint8_t byte) { return byte == 0; });
}

// The form in which connections show an IPv4-mapped address.
net::IpAddress unmapped(const net::IpAddress& ip) {
  static const net::IpPrefix Mapped = *net::IpPrefix::parse("::ffff:0.0.0.0/96");
  if (!Mapped.contains(ip)) return ip;
  net::IpAddress v4;
  v4.family = net::Family::V4;
  std::copy(ip.bytes.begin() + 12, ip.bytes.end(), v4.bytes.begin());
  return v4;
}

}  // namespace

ListenerLimits::ListenerLimits(const ListenerConstants& constants) {
  if (!constants.destination_is_fixed && !constants.port_is_fixed) return;
  const net::IpAddress ip = unmapped(constants.destination.ip);
  port_ = constants.destination.port;
  if (constants.destination_is_fixed) {
    ip_ = ip;
  } else if (ip.family == net::Family::None) {
    return;  // nothing is said about the IP
  }
  // [::] takes IPv4 connections as well.
  const bool takes_both = ip.family == net::Family::V6 && isUnspecified(ip);
  may_be_ = {false, takes_both, takes_both};
  may_be_[static_cast<size_t>(ip.family)] = true;
}

}  // namespace weir::match
