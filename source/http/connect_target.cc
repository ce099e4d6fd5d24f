#include "source/http/connect_target.h"

#include <charconv>

#include "source/http/domain_index.h"
#include "source/net/local_address.h"

namespace weir::http {
namespace {

// 0: that is no port.
uint16_t portOf(std::string_view digits) {
  uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, port);
  return error == std::errc() && at == end ? port : 0;
}

}  // namespace

std::optional<ConnectTarget> connectTargetOf(std::string_view authority) {
  if (const auto to = net::IpPort::parse(authority); to && to->port != 0) {
    return ConnectTarget{*to, {}, to->port};
  }
  const auto [name, digits] = splitAuthority(authority);
  const uint16_t port = portOf(digits);
  if (name.empty() || name.front() == '[' || port == 0) return std::nullopt;
  return ConnectTarget{std::nullopt, name, port};
}

std::optional<BadMessage> refuseTunnelTo(const net::IpPort& to, bool allow_local,
                                         const net::OwnAddresses& own) {
  if (own.isListener(to)) return BadMessage{508, "loop"};
  if (!allow_local && net::isLocal(to.ip)) return BadMessage{403, "local_destination"};
  return std::nullopt;
}

}  // namespace weir::http
