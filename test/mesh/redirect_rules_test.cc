#include "source/mesh/redirect_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace weir::mesh {
namespace {

using net::Family;
using net::IpPrefix;

std::vector<IpPrefix> prefixes(std::initializer_list<const char*> texts) {
  std::vector<IpPrefix> all;
  for (const char* text : texts) all.push_back(*IpPrefix::parse(text));
  return all;
}

std::string restoreInput(const RedirectSettings& settings, Family family) {
  return iptablesChange({}, iptablesRules(settings, family));
}

// The rules of one chain, without "-A CHAIN " and their comments.
std::vector<std::string> rulesOf(const RedirectSettings& settings, Family family,
                                 std::string_view chain) {
  std::vector<std::string> rules;
  const std::string begin = "-A " + std::string(chain) + " ";
  for (const IptablesTable& table : iptablesRules(settings, family)) {
    for (std::string rule : table.rules) {
      if (!rule.starts_with(begin)) continue;
      rule.erase(0, begin.size());
      if (const size_t at = rule.find(" -m comment"); at != std::string::npos)
        rule.erase(at, rule.rfind("\" ") + 1 - at);
      rules.push_back(rule);
    }
  }
  return rules;
}

// The lines of one chain of nft, without the first two, the last, counters and comments.
std::vector<std::string> nftRulesOf(const RedirectSettings& settings, Family family,
                                    std::string_view chain) {
  const std::string text = nftablesRules(settings, family);
  size_t at = text.find("  chain " + std::string(chain) + " {\n");
  at = text.find('\n', text.find('\n', at) + 1) + 1;
  std::vector<std::string> rules;
  while (text.compare(at, 4, "    ") == 0) {
    const size_t end = text.find('\n', at);
    std::string rule = text.substr(at + 4, end - at - 4);
    if (const size_t counter = rule.find(" counter"); counter != std::string::npos)
      rule.erase(counter, 8);
    rules.push_back(rule.substr(0, rule.find(" comment")));
    at = end + 1;
  }
  return rules;
}

using Rules = std::vector<std::string>;

TEST(RedirectRulesTest, IptablesByDefault) {
  EXPECT_EQ(restoreInput({}, Family::V4), R"(*filter
:WEIR_GUARD - [0:0]
-A WEIR_GUARD ! -i lo -p tcp -m tcp --dport 4140 -m comment --comment "weir: the outbound port is for this machine" -j REJECT --reject-with tcp-reset
-I INPUT 1 -p tcp -j WEIR_GUARD
COMMIT
*nat
:WEIR_INBOUND - [0:0]
:WEIR_OUTBOUND - [0:0]
-A WEIR_INBOUND -i lo -m comment --comment "weir: loopback" -j RETURN
-A WEIR_INBOUND -p tcp -m multiport --dports 4140,4191 -m comment --comment "weir: ports of the proxy itself" -j RETURN
-A WEIR_INBOUND -p tcp -m multiport --dports 4567:4568 -m comment --comment "weir: skip-inbound-ports" -j RETURN
-A WEIR_INBOUND -p tcp -j REDIRECT --to-ports 4143
-A WEIR_OUTBOUND -o lo -m comment --comment "weir: loopback" -j RETURN
-A WEIR_OUTBOUND -m owner --uid-owner 2102 -m comment --comment "weir: the proxy's user" -j RETURN
-A WEIR_OUTBOUND -p tcp -m multiport --dports 4567:4568 -m comment --comment "weir: skip-outbound-ports" -j RETURN
-A WEIR_OUTBOUND -p tcp -j REDIRECT --to-ports 4140
-I PREROUTING 1 -p tcp -m addrtype --dst-type LOCAL -j WEIR_INBOUND
-I OUTPUT 1 -p tcp -j WEIR_OUTBOUND
COMMIT
)");
  EXPECT_EQ(restoreInput({}, Family::V6), restoreInput({}, Family::V4));
}

TEST(RedirectRulesTest, NftablesByDefault) {
  EXPECT_EQ(nftablesRules({}, Family::V4), R"(table ip weir {
  chain inbound {
    type nat hook prerouting priority -101; policy accept;
    iifname "lo" counter return comment "loopback"
    fib daddr type != local counter return comment "not for this machine"
    tcp dport { 4140, 4191 } counter return comment "ports of the proxy itself"
    tcp dport { 4567-4568 } counter return comment "skip-inbound-ports"
    meta l4proto tcp counter redirect to :4143
  }

  chain outbound {
    type nat hook output priority -101; policy accept;
    oifname "lo" counter return comment "loopback"
    meta skuid 2102 counter return comment "the proxy's user"
    tcp dport { 4567-4568 } counter return comment "skip-outbound-ports"
    meta l4proto tcp counter redirect to :4140
  }

  chain guard {
    type filter hook input priority -1; policy accept;
    iifname != "lo" tcp dport 4140 counter reject with tcp reset comment "the outbound port is for this machine"
  }
}
)");
  EXPECT_TRUE(nftablesRules({}, Family::V6).starts_with("table ip6 weir {\n"));
}

RedirectSettings everything() {
  return {.inbound_port = 15006,
          .outbound_port = 15001,
          .admin_ports = PortSet{{15020, 15021}, {9901, 9901}},
          .proxy_uid = 0,
          .proxy_gid = 1337,
          .skip_inbound_ports = PortSet{{22, 22}, {25, 27}},
          .skip_outbound_ports = PortSet{{3306, 3306}},
          .ignore_subnets = prefixes({"10.0.0.0/8", "2001:db8::/32", "192.0.2.7"})};
}

TEST(RedirectRulesTest, EverySettingInIptables) {
  EXPECT_EQ(
      rulesOf(everything(), Family::V4, InboundChain),
      (Rules{"-i lo -j RETURN", "-p tcp -m multiport --dports 9901,15001,15020:15021 -j RETURN",
             "-p tcp -m multiport --dports 22,25:27 -j RETURN", "-s 10.0.0.0/8 -j RETURN",
             "-s 192.0.2.7/32 -j RETURN", "-p tcp -j REDIRECT --to-ports 15006"}));
  EXPECT_EQ(rulesOf(everything(), Family::V4, OutboundChain),
            (Rules{"-o lo -j RETURN", "-m owner --uid-owner 0 -j RETURN",
                   "-m owner --gid-owner 1337 -j RETURN",
                   "-p tcp -m multiport --dports 3306 -j RETURN", "-d 10.0.0.0/8 -j RETURN",
                   "-d 192.0.2.7/32 -j RETURN", "-p tcp -j REDIRECT --to-ports 15001"}));
  EXPECT_EQ(rulesOf(everything(), Family::V4, GuardChain),
            Rules{"! -i lo -p tcp -m tcp --dport 15001 -j REJECT --reject-with tcp-reset"});
  EXPECT_EQ(rulesOf(everything(), Family::V6, InboundChain)[3], "-s 2001:db8::/32 -j RETURN");
  EXPECT_EQ(rulesOf(everything(), Family::V6, OutboundChain)[4], "-d 2001:db8::/32 -j RETURN");
}

TEST(RedirectRulesTest, EverySettingInNftables) {
  EXPECT_EQ(nftRulesOf(everything(), Family::V4, "inbound"),
            (Rules{"iifname \"lo\" return", "fib daddr type != local return",
                   "tcp dport { 9901, 15001, 15020-15021 } return",
                   "tcp dport { 22, 25-27 } return", "ip saddr { 10.0.0.0/8, 192.0.2.7/32 } return",
                   "meta l4proto tcp redirect to :15006"}));
  EXPECT_EQ(nftRulesOf(everything(), Family::V4, "outbound"),
            (Rules{"oifname \"lo\" return", "meta skuid 0 return", "meta skgid 1337 return",
                   "tcp dport { 3306 } return", "ip daddr { 10.0.0.0/8, 192.0.2.7/32 } return",
                   "meta l4proto tcp redirect to :15001"}));
  EXPECT_EQ(nftRulesOf(everything(), Family::V4, "guard"),
            Rules{"iifname != \"lo\" tcp dport 15001 reject with tcp reset"});
  EXPECT_EQ(nftRulesOf(everything(), Family::V6, "inbound")[4],
            "ip6 saddr { 2001:db8::/32 } return");
  EXPECT_EQ(nftRulesOf(everything(), Family::V6, "outbound")[4],
            "ip6 daddr { 2001:db8::/32 } return");
}

TEST(RedirectRulesTest, NothingSkippedMakesNoRule) {
  const RedirectSettings settings{
      .admin_ports = {}, .skip_inbound_ports = {}, .skip_outbound_ports = {}};
  EXPECT_EQ(rulesOf(settings, Family::V4, InboundChain).size(), 3U);
  EXPECT_EQ(rulesOf(settings, Family::V4, OutboundChain).size(), 3U);
  EXPECT_EQ(nftRulesOf(settings, Family::V4, "inbound").size(), 4U);
  EXPECT_EQ(nftRulesOf(settings, Family::V4, "outbound").size(), 3U);
}

struct Groups {
  const char* name;
  PortSet ports;
  Rules groups;
};

PortSet everySecond(uint16_t first, size_t count) {
  PortSet ports;
  for (size_t i = 0; i < count; ++i) {
    const auto port = static_cast<uint16_t>(first + 2 * i);
    ports.add({port, port});
  }
  return ports;
}

TEST(RedirectRulesTest, PortsGoIntoGroupsOfFifteenSlots) {
  PortSet ranges;  // of two slots each
  for (uint16_t i = 0; i < 8; ++i)
    ranges.add({static_cast<uint16_t>(10 * i + 1), static_cast<uint16_t>(10 * i + 2)});
  PortSet fourteen_and_range = everySecond(101, 14);
  fourteen_and_range.add({200, 210});
  const std::vector<Groups> table{
      {"one", PortSet{{80, 80}}, {"80"}},
      {"all", PortSet{{1, 65535}}, {"1:65535"}},
      {"fifteen", everySecond(1, 15), {"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29"}},
      {"sixteen", everySecond(1, 16), {"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29", "31"}},
      {"a range that does not fit",
       fourteen_and_range,
       {"101,103,105,107,109,111,113,115,117,119,121,123,125,127", "200:210"}},
      {"eight ranges", ranges, {"1:2,11:12,21:22,31:32,41:42,51:52,61:62", "71:72"}},
  };
  for (const Groups& one : table) {
    Rules expected;
    for (const std::string& group : one.groups)
      expected.push_back("-p tcp -m multiport --dports " + group + " -j RETURN");
    Rules rules = rulesOf({.skip_inbound_ports = one.ports}, Family::V4, InboundChain);
    rules.erase(rules.begin(), rules.begin() + 2);
    rules.pop_back();
    EXPECT_EQ(rules, expected) << one.name;
  }
}

TEST(RedirectRulesTest, SubnetsInOthersAreLeftOut) {
  const RedirectSettings settings{
      .ignore_subnets =
          prefixes({"10.1.0.0/16", "10.0.0.0/8", "10.2.3.4", "10.0.0.0/8", "11.0.0.0/8"})};
  EXPECT_EQ(nftRulesOf(settings, Family::V4, "inbound")[4],
            "ip saddr { 10.0.0.0/8, 11.0.0.0/8 } return");
}

TEST(RedirectRulesTest, PortsInEachOthersWayAreErrors) {
  struct Case {
    RedirectSettings settings;
    const char* error;
  };
  const std::vector<Case> table{
      {{.inbound_port = 0}, "the inbound port is 0"},
      {{.outbound_port = 0}, "the outbound port is 0"},
      {{.inbound_port = 4140}, "inbound and outbound port are both 4140"},
      {{.admin_ports = PortSet{{4100, 4142}}}, "port 4140 is an admin port, too"},
      {{.admin_ports = PortSet{{4143, 4143}}}, "port 4143 is an admin port, too"},
  };
  for (const Case& one : table) {
    const auto checked = checkRedirectSettings(one.settings);
    ASSERT_FALSE(checked.ok()) << one.error;
    EXPECT_EQ(checked.error().detail, one.error);
  }
  EXPECT_TRUE(checkRedirectSettings({}).ok());
}

}  // namespace
}  // namespace weir::mesh
