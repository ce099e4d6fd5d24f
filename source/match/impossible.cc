#include "source/match/impossible.h"

#include <algorithm>
#include <vector>

#include "source/match/prefix_table.h"

namespace weir::match {
namespace {

using net::Family;
using net::IpAddress;
using net::IpPrefix;
using Prefixes = std::vector<IpPrefix>;

// Beyond this many pairs of source and destination prefixes, the two are taken to meet.
constexpr size_t MostPairs = 4096;

bool overlap(const IpPrefix& a, const IpPrefix& b) { return isWithin(a, b) || isWithin(b, a); }

std::string join(const Prefixes& prefixes) {
  std::string text;
  for (const IpPrefix& prefix : prefixes) text += (text.empty() ? "" : ", ") + prefix.toString();
  return text;
}

std::string join(const std::vector<uint16_t>& ports) {
  std::string text;
  for (const uint16_t port : ports) text += (text.empty() ? "" : ", ") + std::to_string(port);
  return text;
}

constexpr std::string_view NotRewritten = ", and no listener filter changes the destination";

std::optional<std::string> portFails(const ChainMatch& match, const ListenerLimits& limits) {
  const auto& ports = match.destination_ports;
  if (!limits.port() || ports.empty()) return std::nullopt;
  if (std::find(ports.begin(), ports.end(), *limits.port()) != ports.end()) return std::nullopt;
  const bool has_ip = !limits.ip() || limits.ip()->family != Family::None;
  const std::string actual = has_ip ? "the listener's port is " + std::to_string(*limits.port())
                                    : "the listener is on a Unix socket";
  return "destination_ports is " + join(ports) + ", but " + actual + std::string(NotRewritten);
}

std::optional<std::string> destinationFails(const ChainMatch& match, const ListenerLimits& limits) {
  const Prefixes& prefixes = match.destination_prefixes;
  if (prefixes.empty()) return std::nullopt;
  const bool may_hold =
      std::any_of(prefixes.begin(), prefixes.end(), [&limits](const IpPrefix& prefix) {
        return limits.ip() ? prefix.contains(*limits.ip()) : limits.mayBe(prefix.base.family);
      });
  if (may_hold) return std::nullopt;
  std::string actual = "the listener takes IPv4 connections only";
  if (limits.ip()) {
    const bool has_ip = limits.ip()->family != Family::None;
    actual = has_ip ? "the listener's address is " + limits.ip()->toString()
                    : "the listener is on a Unix socket";
  }
  return "prefix_ranges is " + join(prefixes) + ", but " + actual + std::string(NotRewritten);
}

std::optional<std::string> directSourceFails(const ChainMatch& match,
                                             const ListenerLimits& limits) {
  const Prefixes& prefixes = match.direct_source_prefixes;
  if (prefixes.empty()) return std::nullopt;
  const auto may_hold = [&limits](const IpPrefix& p) { return limits.mayBe(p.base.family); };
  if (std::any_of(prefixes.begin(), prefixes.end(), may_hold)) return std::nullopt;
  return "direct_source_prefix_ranges is " + join(prefixes) +
         ", but the peers of the listener's sockets are of another address family";
}

bool isLoopbackOnly(const IpPrefix& prefix) {
  return isWithin(prefix, loopback(prefix.base.family));
}

// Whether a source in `prefix` can be external: neither loopback nor, of necessity, the
// destination.
bool mayBeExternal(const IpPrefix& prefix, const Prefixes& destinations) {
  if (isLoopbackOnly(prefix)) return false;
  const auto same = [&prefix](const IpPrefix& destination) { return destination == prefix; };
  const bool always_same =
      !destinations.empty() && std::all_of(destinations.begin(), destinations.end(), same);
  return !(isOneAddress(prefix) && always_same);
}

// Whether a source in `prefix` can be loopback, or the destination.
bool mayBeLocal(const IpPrefix& prefix, const Prefixes& destinations) {
  if (overlap(prefix, loopback(prefix.base.family))) return true;
  const auto meets = [&prefix](const IpPrefix& destination) {
    return overlap(destination, prefix);
  };
  return destinations.empty() || std::any_of(destinations.begin(), destinations.end(), meets);
}

std::optional<std::string> sourceTypeFails(const ChainMatch& match, const ListenerLimits& limits) {
  const Prefixes& sources = match.source_prefixes;
  if (match.source_type == SourceType::Any || sources.empty()) return std::nullopt;
  Prefixes destinations = match.destination_prefixes;
  if (limits.ip() && limits.ip()->family != Family::None) {
    const uint8_t length = limits.ip()->family == Family::V4 ? 32 : 128;
    destinations = {{*limits.ip(), length}};
  }
  if (sources.size() * destinations.size() > MostPairs) return std::nullopt;
  const bool external = match.source_type == SourceType::External;
  const bool may_hold = std::any_of(sources.begin(), sources.end(), [&](const IpPrefix& source) {
    return external ? mayBeExternal(source, destinations) : mayBeLocal(source, destinations);
  });
  if (may_hold) return std::nullopt;
  return external ? "source_type is EXTERNAL, but no address in source_prefix_ranges (" +
                        join(sources) + ") is: each is loopback, or the destination itself"
                  : "source_type is SAME_IP_OR_LOOPBACK, but no address in source_prefix_ranges (" +
                        join(sources) + ") is loopback, or can be the destination";
}

}  // namespace

const IpPrefix& loopback(Family family) {
  static const IpPrefix V4 = *IpPrefix::parse("127.0.0.0/8");
  static const IpPrefix V6 = *IpPrefix::parse("::1/128");
  return family == Family::V4 ? V4 : V6;
}

bool isOneAddress(const IpPrefix& prefix) {
  return prefix.length == (prefix.base.family == Family::V4 ? 32 : 128);
}

bool isWithin(const IpPrefix& inner, const IpPrefix& outer) {
  return inner.length >= outer.length && outer.contains(inner.base);
}

std::optional<std::string> whyImpossible(const ChainMatch& match, const ListenerLimits& limits) {
  if (match.transport == Transport::RawBuffer && !match.server_names.empty()) {
    return "transport_protocol is raw_buffer, but only TLS carries a server name (server_names is "
           "set)";
  }
  if (auto why = portFails(match, limits)) return why;
  if (auto why = destinationFails(match, limits)) return why;
  if (auto why = directSourceFails(match, limits)) return why;
  return sourceTypeFails(match, limits);
}

}  // namespace weir::match
