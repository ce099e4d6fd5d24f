#pragma once

// What ListenerConstants leave possible. Plain value; used while chains are checked.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "source/match/matcher.h"
#include "source/net/address.h"

namespace weir::match {

class ListenerLimits {
 public:
  explicit ListenerLimits(const ListenerConstants& constants);

  // Set: the destination port, or IP, of every connection. A listener on a Unix socket has port 0
  // and no IP.
  const std::optional<uint16_t>& port() const { return port_; }
  const std::optional<net::IpAddress>& ip() const { return ip_; }

  // Whether the destination, and the peer of the socket, may have an address of `family` (None: a
  // Unix socket). As long as nothing rewrites the destination, both ends are of one family.
  bool mayBe(net::Family family) const { return may_be_[static_cast<size_t>(family)]; }

 private:
  std::optional<uint16_t> port_;
  std::optional<net::IpAddress> ip_;
  std::array<bool, 3> may_be_{true, true, true};  // None, V4, V6
};

}  // namespace weir::match
