#include "source/net/local_address.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "source/net/io.h"

namespace weir::net {
namespace {

bool isLinkLocal(const IpAddress& ip) {
  constexpr std::array<uint8_t, 14> InV6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254};
  if (ip.family == Family::V4) return ip.bytes[0] == 169 && ip.bytes[1] == 254;
  if (ip.family != Family::V6) return false;
  if (std::equal(InV6.begin(), InV6.end(), ip.bytes.begin())) return true;
  return ip.bytes[0] == 0xfe && (ip.bytes[1] & 0xc0) == 0x80;
}

}  // namespace

// The kernel knows: only its own addresses can be bound to.
bool isOfThisMachine(const IpAddress& ip) {
  if (ip.isLoopback()) return true;
  if (ip.family == Family::None) return false;
  const int family = ip.family == Family::V4 ? AF_INET : AF_INET6;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  // Without a protocol there is no address of it. For want of descriptors nothing is known: what
  // must not be reached is not.
  if (fd < 0) return errno != EAFNOSUPPORT;
  sockaddr_storage address{};
  const unsigned length = toSockaddr({{ip, 0}, {}}, &address);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0;
  ::close(fd);
  return bound;
}

bool isLocal(const IpAddress& ip) { return isLinkLocal(ip) || isOfThisMachine(ip); }

}  // namespace weir::net
