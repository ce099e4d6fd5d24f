#include "source/net/local_address.h"

#include <sys/socket.h>
#include <unistd.h>

#include "source/net/io.h"

namespace weir::net {

// The kernel knows: only its own addresses can be bound to.
bool isOfThisMachine(const IpAddress& ip) {
  if (ip.isLoopback()) return true;
  if (ip.family == Family::None) return false;
  const int family = ip.family == Family::V4 ? AF_INET : AF_INET6;
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_storage address{};
  const unsigned length = toSockaddr({{ip, 0}, {}}, &address);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0;
  ::close(fd);
  return bound;
}

}  // namespace weir::net
