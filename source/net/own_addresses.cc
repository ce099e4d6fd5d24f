#include "source/net/own_addresses.h"

#include <algorithm>
#include <array>
#include <utility>

#include "source/net/local_address.h"

namespace weir::net {
namespace {

bool isAny(const IpAddress& ip) { return ip == IpAddress{{}, ip.family}; }

// An IPv4 address that is written as IPv6 (::ffff:a.b.c.d), as the former: it leads there.
IpPort withoutMapping(const IpPort& to) {
  const IpAddress& ip = to.ip;
  constexpr std::array<uint8_t, 12> Mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (ip.family != Family::V6) return to;
  if (!std::equal(Mapped.begin(), Mapped.end(), ip.bytes.begin())) return to;
  IpAddress v4{{}, Family::V4};
  std::copy(ip.bytes.begin() + Mapped.size(), ip.bytes.end(), v4.bytes.begin());
  return {v4, to.port};
}

enum class Leads : uint8_t { No, Yes, IfOfThisMachine };

// What the addresses alone say. Whoever connects to "any" comes to this machine itself.
Leads leadsByForm(const IpPort& bound, const IpPort& to) {
  if (bound.port != to.port || bound.ip.family != to.ip.family) return Leads::No;
  if (bound.ip == to.ip || isAny(to.ip)) return Leads::Yes;
  return isAny(bound.ip) ? Leads::IfOfThisMachine : Leads::No;
}

}  // namespace

bool leadsTo(const IpPort& bound, const IpPort& to) {
  const IpPort plain = withoutMapping(to);
  const Leads leads = leadsByForm(bound, plain);
  return leads == Leads::Yes || (leads == Leads::IfOfThisMachine && isOfThisMachine(plain.ip));
}

size_t OwnAddresses::Hash::operator()(const Pair& pair) const {
  constexpr AddressHash HashOf;
  return HashOf(pair.local) * 1'000'003 + HashOf(pair.remote);
}

OwnAddresses::Entry::~Entry() {
  const std::lock_guard lock(own_.mutex_);
  const auto it = own_.pairs_.find(pair_);
  if (--it->second == 0) own_.pairs_.erase(it);
}

std::unique_ptr<OwnAddresses::Entry> OwnAddresses::add(const IpPort& local, const IpPort& remote) {
  const std::lock_guard lock(mutex_);
  const Pair pair{local, remote};
  ++pairs_[pair];
  return std::make_unique<Entry>(*this, pair);
}

bool OwnAddresses::has(const IpPort& local, const IpPort& remote) const {
  const std::lock_guard lock(mutex_);
  return pairs_.contains(Pair{local, remote});
}

void OwnAddresses::setListeners(const std::vector<SocketAddress>& addresses) {
  std::vector<IpPort> listeners;
  for (const SocketAddress& one : addresses) {
    if (!one.isUnix()) listeners.push_back(one.ip);
  }
  const std::lock_guard lock(mutex_);
  listeners_ = std::move(listeners);
}

bool OwnAddresses::isListener(const IpPort& to) const {
  const IpPort plain = withoutMapping(to);
  bool ask_machine = false;
  {
    const std::lock_guard lock(mutex_);
    for (const IpPort& one : listeners_) {
      const Leads leads = leadsByForm(one, plain);
      if (leads == Leads::Yes) return true;
      ask_machine |= leads == Leads::IfOfThisMachine;
    }
  }
  return ask_machine && isOfThisMachine(plain.ip);
}

}  // namespace weir::net
