#include "source/mesh/redirect_rules.h"

#include <fmt/format.h>

#include <string_view>

namespace weir::mesh {
namespace {

using net::Family;
using net::IpPrefix;

// The module multiport of iptables has room for so many; a range takes two.
constexpr size_t MultiportSlots = 15;

// Of the proxy itself, and not for others to be handed to the inbound listener.
PortSet ownPorts(const RedirectSettings& settings) {
  PortSet own = settings.admin_ports;
  own.add(PortRange{settings.outbound_port, settings.outbound_port});
  return own;
}

// Those of one family, none of which holds another one: nft takes no overlaps.
std::vector<IpPrefix> subnetsOf(const RedirectSettings& settings, Family family) {
  std::vector<IpPrefix> subnets;
  for (const IpPrefix& subnet : settings.ignore_subnets) {
    if (subnet.base.family != family) continue;
    const auto holds = [](const IpPrefix& outer, const IpPrefix& inner) {
      return outer.length <= inner.length && outer.contains(inner.base);
    };
    bool is_new = true;
    for (const IpPrefix& one : subnets) is_new = is_new && !holds(one, subnet);
    if (!is_new) continue;
    std::erase_if(subnets, [&](const IpPrefix& one) { return holds(subnet, one); });
    subnets.push_back(subnet);
  }
  return subnets;
}

std::string rangeText(const PortRange& range, char between) {
  if (range.first == range.last) return fmt::format("{}", range.first);
  return fmt::format("{}{}{}", range.first, between, range.last);
}

std::vector<std::string> multiportGroups(const PortSet& ports) {
  std::vector<std::string> groups;
  size_t room = 0;
  for (const PortRange& range : ports.ranges()) {
    const size_t slots = range.first == range.last ? 1 : 2;
    if (slots > room) {
      groups.emplace_back();
      room = MultiportSlots;
    } else {
      groups.back() += ",";
    }
    groups.back() += rangeText(range, ':');
    room -= slots;
  }
  return groups;
}

// Appends to one chain of iptables.
class IptablesChain {
 public:
  IptablesChain(IptablesTable& table, std::string_view name, std::string_view hook,
                std::string_view match)
      : table_(table), name_(name) {
    table.chains.emplace_back(name);
    table.jumps.push_back(fmt::format("-A {} {} -j {}", hook, match, name));
  }

  void add(std::string_view rule) { table_.rules.push_back(fmt::format("-A {} {}", name_, rule)); }
  void leaveAlone(std::string_view match, std::string_view why) {
    add(fmt::format("{} -m comment --comment \"weir: {}\" -j RETURN", match, why));
  }
  void leaveAlone(const PortSet& ports, std::string_view why) {
    for (const std::string& group : multiportGroups(ports))
      leaveAlone(fmt::format("-p tcp -m multiport --dports {}", group), why);
  }
  void redirect(uint16_t port) { add(fmt::format("-p tcp -j REDIRECT --to-ports {}", port)); }

 private:
  IptablesTable& table_;
  const std::string_view name_;
};

IptablesTable filterTable(const RedirectSettings& settings) {
  IptablesTable filter{.name = "filter"};
  IptablesChain guard(filter, GuardChain, "INPUT", "-p tcp");
  // What is redirected comes through lo.
  guard.add(
      fmt::format("! -i lo -p tcp -m tcp --dport {} -m comment --comment \"weir: the outbound "
                  "port is for this machine\" -j REJECT --reject-with tcp-reset",
                  settings.outbound_port));
  return filter;
}

std::string nftSet(const PortSet& ports) {
  std::string text;
  for (const PortRange& range : ports.ranges())
    text += (text.empty() ? "" : ", ") + rangeText(range, '-');
  return "{ " + text + " }";
}

// One chain of an nft table.
class NftChain {
 public:
  NftChain(std::string_view name, std::string_view hook)
      : text_(fmt::format("  chain {} {{\n    type {}; policy accept;\n", name, hook)) {}

  void add(std::string_view rule) { text_ += fmt::format("    {}\n", rule); }
  void leaveAlone(std::string_view match, std::string_view why) {
    add(fmt::format("{} counter return comment \"{}\"", match, why));
  }
  void leaveAlone(const PortSet& ports, std::string_view why) {
    if (!ports.empty()) leaveAlone("tcp dport " + nftSet(ports), why);
  }
  // `what`: "ip saddr".
  void leaveAlone(std::string_view what, const std::vector<IpPrefix>& subnets,
                  std::string_view why) {
    std::string text;
    for (const IpPrefix& subnet : subnets) text += (text.empty() ? "" : ", ") + subnet.toString();
    if (!text.empty()) leaveAlone(fmt::format("{} {{ {} }}", what, text), why);
  }
  std::string text() const { return text_ + "  }\n"; }

 private:
  std::string text_;
};

constexpr std::string_view Loopback = "loopback";
constexpr std::string_view OwnPorts = "ports of the proxy itself";
constexpr std::string_view OwnUser = "the proxy's user";
constexpr std::string_view OwnGroup = "the proxy's group";
constexpr std::string_view SkipInbound = "skip-inbound-ports";
constexpr std::string_view SkipOutbound = "skip-outbound-ports";
constexpr std::string_view IgnoreSubnets = "ignore-subnets";

NftChain nftInbound(const RedirectSettings& settings, Family family, std::string_view ip) {
  // One before the place of iptables, and so before rules that would lead elsewhere.
  NftChain inbound("inbound", "nat hook prerouting priority -101");
  inbound.leaveAlone("iifname \"lo\"", Loopback);
  inbound.leaveAlone("fib daddr type != local", "not for this machine");
  inbound.leaveAlone(ownPorts(settings), OwnPorts);
  inbound.leaveAlone(settings.skip_inbound_ports, SkipInbound);
  inbound.leaveAlone(fmt::format("{} saddr", ip), subnetsOf(settings, family), IgnoreSubnets);
  inbound.add(fmt::format("meta l4proto tcp counter redirect to :{}", settings.inbound_port));
  return inbound;
}

NftChain nftOutbound(const RedirectSettings& settings, Family family, std::string_view ip) {
  NftChain outbound("outbound", "nat hook output priority -101");
  outbound.leaveAlone("oifname \"lo\"", Loopback);
  outbound.leaveAlone(fmt::format("meta skuid {}", settings.proxy_uid), OwnUser);
  if (settings.proxy_gid)
    outbound.leaveAlone(fmt::format("meta skgid {}", *settings.proxy_gid), OwnGroup);
  outbound.leaveAlone(settings.skip_outbound_ports, SkipOutbound);
  outbound.leaveAlone(fmt::format("{} daddr", ip), subnetsOf(settings, family), IgnoreSubnets);
  outbound.add(fmt::format("meta l4proto tcp counter redirect to :{}", settings.outbound_port));
  return outbound;
}

}  // namespace

Result<void> checkRedirectSettings(const RedirectSettings& settings) {
  const auto wrong = [](std::string what) -> Result<void> {
    return Error{ErrorCode::InvalidArgument, Side::Config, std::move(what)};
  };
  if (settings.inbound_port == 0) return wrong("the inbound port is 0");
  if (settings.outbound_port == 0) return wrong("the outbound port is 0");
  if (settings.inbound_port == settings.outbound_port)
    return wrong(fmt::format("inbound and outbound port are both {}", settings.inbound_port));
  for (const uint16_t port : {settings.inbound_port, settings.outbound_port}) {
    if (settings.admin_ports.contains(port))
      return wrong(fmt::format("port {} is an admin port, too", port));
  }
  return {};
}

std::vector<IptablesTable> iptablesRules(const RedirectSettings& settings, Family family) {
  IptablesTable nat{.name = "nat"};
  const std::vector<IpPrefix> subnets = subnetsOf(settings, family);

  IptablesChain inbound(nat, InboundChain, "PREROUTING", "-p tcp -m addrtype --dst-type LOCAL");
  inbound.leaveAlone("-i lo", Loopback);
  inbound.leaveAlone(ownPorts(settings), OwnPorts);
  inbound.leaveAlone(settings.skip_inbound_ports, SkipInbound);
  for (const IpPrefix& subnet : subnets)
    inbound.leaveAlone("-s " + subnet.toString(), IgnoreSubnets);
  inbound.redirect(settings.inbound_port);

  IptablesChain outbound(nat, OutboundChain, "OUTPUT", "-p tcp");
  outbound.leaveAlone("-o lo", Loopback);
  outbound.leaveAlone(fmt::format("-m owner --uid-owner {}", settings.proxy_uid), OwnUser);
  if (settings.proxy_gid)
    outbound.leaveAlone(fmt::format("-m owner --gid-owner {}", *settings.proxy_gid), OwnGroup);
  outbound.leaveAlone(settings.skip_outbound_ports, SkipOutbound);
  for (const IpPrefix& subnet : subnets)
    outbound.leaveAlone("-d " + subnet.toString(), IgnoreSubnets);
  outbound.redirect(settings.outbound_port);

  // The guard first: no moment at which the outbound port is open to all.
  return {filterTable(settings), std::move(nat)};
}

std::string nftablesTableName(Family family) {
  return family == Family::V4 ? "ip weir" : "ip6 weir";
}

std::string nftablesRules(const RedirectSettings& settings, Family family) {
  const std::string_view ip = family == Family::V4 ? "ip" : "ip6";
  NftChain guard("guard", "filter hook input priority -1");
  // What is redirected comes through lo.
  guard.add(
      fmt::format("iifname != \"lo\" tcp dport {} counter reject with tcp reset comment \"the "
                  "outbound port is for this machine\"",
                  settings.outbound_port));
  return fmt::format("table {} {{\n{}\n{}\n{}}}\n", nftablesTableName(family),
                     nftInbound(settings, family, ip).text(),
                     nftOutbound(settings, family, ip).text(), guard.text());
}

}  // namespace weir::mesh
