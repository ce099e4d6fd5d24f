#pragma once

#include <cstdint>

namespace weir::upstream {

// Which of a name's addresses are wanted.
enum class DnsFamily : uint8_t {
  V4Only,
  V6Only,
  Auto,         // the IPv6 addresses; if there are none, the IPv4 ones
  V4Preferred,  // the IPv4 addresses; if there are none, the IPv6 ones
  All,          // IPv4 and then IPv6; an error only if there are neither
};

}  // namespace weir::upstream
