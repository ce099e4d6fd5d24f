// Which chain is chosen when every fact is known: rank, field by field, and best-match where a more
// specific chain fails.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/specs.h"

namespace weir::match::test {
namespace {

struct Case {
  std::string what;
  std::vector<ChainSpec> chains;
  std::vector<std::pair<Known, std::string>> expected;
};

void PrintTo(const Case& row, std::ostream* out) { *out << row.what; }

class ChooseTest : public testing::TestWithParam<Case> {};

TEST_P(ChooseTest, ChoosesTheBestChainThatHolds) {
  std::vector<ChainSpec> chains = GetParam().chains;
  const auto matcher = compileGood(chains);
  for (const auto& [known, expected] : GetParam().expected) {
    EXPECT_EQ(show(chains, matcher->choose(allFacts(known))), expected)
        << "dst " << known.dst.value_or("-") << " sni " << known.sni.value_or("-");
  }
}

// The order of chains in the file means nothing.
TEST_P(ChooseTest, ChoosesTheSameWhateverTheOrderInTheFile) {
  const std::vector<ChainSpec> chains(GetParam().chains.rbegin(), GetParam().chains.rend());
  const auto matcher = compileGood(chains);
  for (const auto& [known, expected] : GetParam().expected) {
    EXPECT_EQ(show(chains, matcher->choose(allFacts(known))), expected);
  }
}

std::vector<Case> destinations() {
  return {
      {"NoChains", {}, {{{}, "(none)"}}},
      {"OneChainWithoutPredicatesHoldsForEverything",
       {chain("all", {})},
       {{{}, "all"},
        {{.dst = "unix", .src = "unix"}, "all"},
        {{.dst = "[::1]:1", .tls = true}, "all"}}},
      {"NothingMatches",
       {chain("port", {.ports = {443}}), chain("name", {.names = {"a.com"}})},
       {{{.dst = "192.0.2.1:80", .sni = "b.com"}, "(none)"}}},
      {"ExactPortBeforeAnyPort",
       {chain("p80", {.ports = {80}}), chain("any", {})},
       {{{.dst = "192.0.2.1:80"}, "p80"},
        {{.dst = "192.0.2.1:81"}, "any"},
        {{.dst = "unix"}, "any"}}},
      {"AnyOfSeveralPorts",
       {chain("web", {.ports = {80, 443, 8080}})},
       {{{.dst = "192.0.2.1:443"}, "web"}, {{.dst = "192.0.2.1:8081"}, "(none)"}}},
      {"FailureUnderAnExactPortFallsBackToAnyPort",
       {chain("p80", {.ports = {80}, .names = {"a.com"}}), chain("any", {})},
       {{{.dst = "192.0.2.1:80", .tls = true, .sni = "b.com"}, "any"}}},
      {"LongestPrefixFirst",
       {chain("any", {}), chain("v4", {.prefixes = {"0.0.0.0/0"}}),
        chain("p8", {.prefixes = {"10.0.0.0/8"}}), chain("p16", {.prefixes = {"10.1.0.0/16"}}),
        chain("p17", {.prefixes = {"10.1.128.0/17"}}), chain("p32", {.prefixes = {"10.1.1.1"}})},
       {{{.dst = "10.1.1.1:80"}, "p32"},
        {{.dst = "10.1.1.2:80"}, "p16"},
        {{.dst = "10.1.128.2:80"}, "p17"},
        {{.dst = "10.1.127.255:80"}, "p16"},
        {{.dst = "10.2.0.0:80"}, "p8"},
        {{.dst = "9.255.255.255:80"}, "v4"},
        {{.dst = "255.255.255.255:80"}, "v4"},
        {{.dst = "[2001:db8::1]:80"}, "any"},
        {{.dst = "unix"}, "any"}}},
      {"LongestPrefixFirstOfIpv6",
       {chain("any", {}), chain("v6", {.prefixes = {"::/0"}}),
        chain("p32", {.prefixes = {"2001:db8::/32"}}),
        chain("p64", {.prefixes = {"2001:db8:0:1::/64"}}),
        chain("p128", {.prefixes = {"2001:db8::1"}})},
       {{{.dst = "[2001:db8::1]:80"}, "p128"},
        {{.dst = "[2001:db8:0:1:ffff::]:80"}, "p64"},
        {{.dst = "[2001:db8:ffff::]:80"}, "p32"},
        {{.dst = "[2001:db9::]:80"}, "v6"},
        {{.dst = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80"}, "v6"},
        {{.dst = "10.0.0.1:80"}, "any"}}},
      {"BytesOfOneFamilyDoNotMatchTheOther",
       {chain("v4", {.prefixes = {"32.1.13.184/32"}}),
        chain("v6", {.prefixes = {"2001:db8::/32"}})},
       {{{.dst = "[2001:db8::]:80"}, "v6"}, {{.dst = "32.1.13.184:80"}, "v4"}}},
      {"UnixSocketMatchesNoPrefix",
       {chain("v4", {.prefixes = {"0.0.0.0/0"}}), chain("v6", {.prefixes = {"::/0"}})},
       {{{.dst = "unix"}, "(none)"}}},
      {"FailureUnderALongPrefixFallsBackToAShorterOne",
       {chain("p32", {.prefixes = {"10.1.1.1"}, .transport = Transport::Tls}),
        chain("p8", {.prefixes = {"10.0.0.0/8"}, .transport = Transport::RawBuffer})},
       {{{.dst = "10.1.1.1:80", .tls = false}, "p8"},
        {{.dst = "10.1.1.1:80", .tls = true}, "p32"}}},
  };
}

std::vector<Case> namesAndProtocols() {
  return {
      {"ExactNameThenLongestWildcard",
       {chain("any", {}), chain("com", {.names = {"*.com"}}),
        chain("example", {.names = {"*.example.com"}}),
        chain("deep", {.names = {"*.a.example.com"}}),
        chain("exact", {.names = {"www.example.com"}})},
       {{{.tls = true, .sni = "www.example.com"}, "exact"},
        {{.tls = true, .sni = "api.example.com"}, "example"},
        {{.tls = true, .sni = "x.a.example.com"}, "deep"},
        {{.tls = true, .sni = "x.y.a.example.com"}, "deep"},
        {{.tls = true, .sni = "a.example.com"}, "example"},
        {{.tls = true, .sni = "example.com"}, "com"},
        {{.tls = true, .sni = "com"}, "any"},
        {{.tls = true, .sni = "notexample.com"}, "com"},
        {{.tls = true, .sni = "example.com.org"}, "any"},
        {{.tls = true, .sni = ""}, "any"}}},
      {"WildcardDoesNotMatchItsOwnDomain",
       {chain("wild", {.names = {"*.example.com"}})},
       {{{.tls = true, .sni = "example.com"}, "(none)"},
        {{.tls = true, .sni = "x.example.com"}, "wild"}}},
      {"TransportProtocol",
       {chain("tls", {.transport = Transport::Tls}),
        chain("raw", {.transport = Transport::RawBuffer})},
       {{{.tls = true}, "tls"}, {{.tls = false}, "raw"}}},
      {"ClientsOrderOfProtocolsDecides",
       {chain("h2", {.alpn = {"h2"}}), chain("h1", {.alpn = {"http/1.1", "http/1.0"}}),
        chain("any", {})},
       {{{.tls = true, .alpn = {{"h2", "http/1.1"}}}, "h2"},
        {{.tls = true, .alpn = {{"http/1.1", "h2"}}}, "h1"},
        {{.tls = true, .alpn = {{"x", "http/1.0", "h2"}}}, "h1"},
        {{.tls = true, .alpn = {{"x", "y"}}}, "any"},
        {{.tls = true}, "any"}}},
      {"NextProtocolIsTriedWhenTheFirstOnesChainFails",
       {chain("h2", {.alpn = {"h2"}, .sources = {"10.0.0.0/8"}}),
        chain("h1", {.alpn = {"http/1.1"}})},
       {{{.src = "11.0.0.1:1", .alpn = {{"h2", "http/1.1"}}}, "h1"},
        {{.src = "10.0.0.1:1", .alpn = {{"h2", "http/1.1"}}}, "h2"}}},
  };
}

std::vector<Case> sources() {
  return {
      {"DirectSourceIsNotTheSource",
       {chain("direct", {.direct = {"10.0.0.0/8"}}), chain("source", {.sources = {"10.0.0.0/8"}})},
       {{{.src = "192.0.2.1:1", .direct = "10.0.0.1:1"}, "direct"},
        {{.src = "10.0.0.1:1", .direct = "192.0.2.1:1"}, "source"},
        {{.src = "10.0.0.1:1", .direct = "10.0.0.1:1"}, "direct"},
        {{.src = "192.0.2.1:1", .direct = "192.0.2.1:1"}, "(none)"}}},
      {"SourceType",
       {chain("local", {.type = SourceType::SameIpOrLoopback}),
        chain("external", {.type = SourceType::External})},
       {{{.dst = "10.0.0.1:80", .src = "10.0.0.1:9"}, "local"},
        {{.dst = "10.0.0.1:80", .src = "127.0.0.1:9"}, "local"},
        {{.dst = "10.0.0.1:80", .src = "127.255.0.1:9"}, "local"},
        {{.dst = "10.0.0.1:80", .src = "[::1]:9"}, "local"},
        {{.dst = "10.0.0.1:80", .src = "10.0.0.2:9"}, "external"},
        {{.dst = "[::2]:80", .src = "[::2]:9"}, "local"},
        {{.dst = "[::2]:80", .src = "[::3]:9"}, "external"},
        {{.dst = "unix", .src = "unix"}, "local"}}},
      {"FailureUnderASourceTypeFallsBackToAny",
       {chain("local", {.type = SourceType::SameIpOrLoopback, .source_ports = {1}}),
        chain("any", {})},
       {{{.src = "127.0.0.1:2"}, "any"}, {{.src = "127.0.0.1:1"}, "local"}}},
      {"SourcePrefixAndPort",
       {chain("any", {}), chain("port", {.source_ports = {999}}),
        chain("net", {.sources = {"10.0.0.0/8"}}),
        chain("both", {.sources = {"10.0.0.0/8"}, .source_ports = {999}}),
        chain("host", {.sources = {"10.0.0.1"}})},
       {{{.src = "10.0.0.1:999"}, "host"},
        {{.src = "10.0.0.2:999"}, "both"},
        {{.src = "10.0.0.2:998"}, "net"},
        {{.src = "11.0.0.2:999"}, "port"},
        {{.src = "11.0.0.2:998"}, "any"}}},
  };
}

std::vector<Case> ranks() {
  return {
      {"FieldsRankInOrder",
       {chain("port", {.ports = {80}}), chain("prefix", {.prefixes = {"0.0.0.0/0"}}),
        chain("name", {.names = {"a.com"}}), chain("tls", {.transport = Transport::Tls}),
        chain("alpn", {.alpn = {"h2"}}), chain("direct", {.direct = {"10.0.0.0/8"}}),
        chain("type", {.type = SourceType::External}),
        chain("source", {.sources = {"127.0.0.0/8"}}),
        chain("source_port", {.source_ports = {999}})},
       {{{.dst = "1.1.1.1:80",
          .src = "10.0.0.1:999",
          .tls = true,
          .sni = "a.com",
          .alpn = {{"h2"}}},
         "port"},
        {{.dst = "1.1.1.1:81",
          .src = "10.0.0.1:999",
          .tls = true,
          .sni = "a.com",
          .alpn = {{"h2"}}},
         "prefix"},
        {{.dst = "[::2]:81", .src = "10.0.0.1:999", .tls = true, .sni = "a.com", .alpn = {{"h2"}}},
         "name"},
        {{.dst = "[::2]:81", .src = "10.0.0.1:999", .tls = true, .sni = "b.com", .alpn = {{"h2"}}},
         "tls"},
        {{.dst = "[::2]:81", .src = "10.0.0.1:999", .alpn = {{"h2"}}}, "alpn"},
        {{.dst = "[::2]:81", .src = "10.0.0.1:999"}, "direct"},
        {{.dst = "[::2]:81", .src = "10.0.0.1:999", .direct = "9.0.0.1:1"}, "type"},
        {{.dst = "unix", .src = "127.0.0.1:999"}, "source"},
        {{.dst = "unix", .src = "[::1]:999"}, "source_port"}}},
      {"EarlierFieldOutranksAllLaterOnes",
       {chain("wild_port", {.ports = {80}}), chain("rest", {.prefixes = {"10.1.1.1"},
                                                            .names = {"a.com"},
                                                            .transport = Transport::Tls,
                                                            .alpn = {"h2"},
                                                            .direct = {"10.0.0.2"},
                                                            .sources = {"10.0.0.2"},
                                                            .source_ports = {9}})},
       {{{.dst = "10.1.1.1:80", .src = "10.0.0.2:9", .tls = true, .sni = "a.com", .alpn = {{"h2"}}},
         "wild_port"},
        {{.dst = "10.1.1.1:81", .src = "10.0.0.2:9", .tls = true, .sni = "a.com", .alpn = {{"h2"}}},
         "rest"}}},
  };
}

// Envoy chooses nothing in several of these: there, only the most specific value of each field is
// followed.
std::vector<Case> fallbacks() {
  return {
      {"CombinedRequirementsLeaveNoBlackHole",
       {chain("net", {.prefixes = {"127.0.0.0/8"}}),
        chain("name", {.names = {"server1.example.com"}, .transport = Transport::Tls}),
        chain("net_name", {.prefixes = {"127.0.0.1"}, .names = {"other.example.com"}})},
       {{{.dst = "127.0.0.1:443", .tls = true, .sni = "server1.example.com"}, "net"},
        {{.dst = "127.0.0.1:443", .tls = true, .sni = "other.example.com"}, "net_name"},
        {{.dst = "10.0.0.1:443", .tls = true, .sni = "server1.example.com"}, "name"}}},
      {"WildcardHoldsWhereTheExactNamesProtocolFails",
       {chain("wild", {.names = {"*.com"}}),
        chain("exact_h2", {.names = {"example.com"}, .alpn = {"h2"}})},
       {{{.tls = true, .sni = "example.com", .alpn = {{"http/1.1"}}}, "wild"},
        {{.tls = true, .sni = "example.com", .alpn = {{"h2"}}}, "exact_h2"}}},
      {"MoreSpecificSourcesOfALessSpecificNameLoseToTheName",
       {chain("name", {.names = {"a.b.com"}}),
        chain("wild_src", {.names = {"*.b.com"}, .sources = {"10.0.0.1"}})},
       {{{.src = "10.0.0.1:1", .tls = true, .sni = "a.b.com"}, "name"},
        {{.src = "10.0.0.1:1", .tls = true, .sni = "c.b.com"}, "wild_src"},
        {{.src = "10.0.0.2:1", .tls = true, .sni = "c.b.com"}, "(none)"}}},
      {"BestOfAChainsOwnListCounts",
       {chain("list", {.prefixes = {"10.0.0.0/8", "10.1.1.0/24"}}),
        chain("p16", {.prefixes = {"10.1.0.0/16"}})},
       {{{.dst = "10.1.1.1:80"}, "list"},
        {{.dst = "10.1.2.1:80"}, "p16"},
        {{.dst = "10.2.0.1:80"}, "list"}}},
  };
}

INSTANTIATE_TEST_SUITE_P(Destinations, ChooseTest, testing::ValuesIn(destinations()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(NamesAndProtocols, ChooseTest, testing::ValuesIn(namesAndProtocols()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(Sources, ChooseTest, testing::ValuesIn(sources()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(Ranks, ChooseTest, testing::ValuesIn(ranks()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(Fallbacks, ChooseTest, testing::ValuesIn(fallbacks()),
                         [](const auto& row) { return row.param.what; });

TEST(ChooseTest, ChainWithLongListsInEveryFieldChoosesByEachCombination) {
  Match wide;
  for (int i = 0; i < 1000; ++i) {
    wide.ports.push_back(static_cast<uint16_t>(1000 + i));
    wide.names.push_back("host" + std::to_string(i) + ".example.com");
    wide.prefixes.push_back("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250));
  }
  const std::vector<ChainSpec> chains = {chain("wide", wide), chain("port", {.ports = {1500}}),
                                         chain("better", {.ports = {1999},
                                                          .prefixes = {"10.0.3.249"},
                                                          .names = {"host999.example.com"},
                                                          .alpn = {"h2"}})};
  const auto matcher = compileGood(chains);
  const auto choose = [&](const std::string& dst, const std::string& sni,
                          std::vector<std::string> alpn) {
    return show(
        chains,
        matcher->choose(allFacts({.dst = dst, .tls = true, .sni = sni, .alpn = std::move(alpn)})));
  };
  EXPECT_EQ(choose("10.0.0.0:1000", "host0.example.com", {}), "wide");
  EXPECT_EQ(choose("10.0.3.249:1999", "host999.example.com", {}), "wide");
  EXPECT_EQ(choose("10.0.3.249:1999", "host999.example.com", {"h2"}), "better");
  EXPECT_EQ(choose("10.0.1.1:1500", "host17.example.com", {}), "wide");
  EXPECT_EQ(choose("10.0.1.1:1500", "host1000.example.com", {}), "port");
  EXPECT_EQ(choose("10.0.1.251:1501", "host17.example.com", {}), "(none)");
  EXPECT_EQ(choose("10.0.1.1:2000", "host17.example.com", {}), "(none)");
}

TEST(ChooseTest, LongListsThatShareValuesAreToldApart) {
  Match even;
  Match odd;
  for (int i = 0; i < 40; ++i) {
    even.ports.push_back(static_cast<uint16_t>(100 + i));
    odd.ports.push_back(static_cast<uint16_t>(100 + i));
    (i % 2 == 0 ? even : odd).names.push_back("n" + std::to_string(i));
    even.source_ports.push_back(static_cast<uint16_t>(500 + i));
    odd.source_ports.push_back(static_cast<uint16_t>(520 + i));
  }
  const std::vector<ChainSpec> chains = {chain("even", even), chain("odd", odd)};
  const auto matcher = compileGood(chains);
  const auto choose = [&](const std::string& sni, const std::string& src) {
    return show(chains, matcher->choose(
                            allFacts({.dst = "1.1.1.1:139", .src = src, .tls = true, .sni = sni})));
  };
  EXPECT_EQ(choose("n4", "1.1.1.2:539"), "even");
  EXPECT_EQ(choose("n5", "1.1.1.2:539"), "odd");
  EXPECT_EQ(choose("n4", "1.1.1.2:540"), "(none)");
  EXPECT_EQ(choose("n5", "1.1.1.2:519"), "(none)");
}

TEST(ChooseTest, ClientThatRepeatsProtocolsWithoutEndIsAnsweredByTheFirstThatCounts) {
  std::vector<ChainSpec> chains;
  for (int i = 0; i < 20; ++i)
    chains.push_back(chain("p" + std::to_string(i), {.alpn = {"p" + std::to_string(i)}}));
  chains.push_back(chain("last", {.ports = {80}, .alpn = {"p19"}}));
  const auto matcher = compileGood(chains);
  std::vector<std::string> offered(5000, "unheard of");
  for (int i = 0; i < 5000; ++i) offered.push_back("p" + std::to_string(i % 19));
  EXPECT_EQ(show(chains, matcher->choose(allFacts({.alpn = offered}))), "p0");
  offered.emplace_back("p19");
  EXPECT_EQ(show(chains, matcher->choose(allFacts({.dst = "1.1.1.1:80", .alpn = offered}))),
            "last");
}

TEST(ChooseTest, ServerNameLongerThanAnyNameIsNoMatch) {
  const std::vector<ChainSpec> chains = {chain("exact", {.names = {"a.com"}}),
                                         chain("wild", {.names = {"*.a.com"}})};
  const auto matcher = compileGood(chains);
  const std::string label(70000, 'a');
  EXPECT_EQ(show(chains, matcher->choose(allFacts({.tls = true, .sni = label}))), "(none)");
  EXPECT_EQ(show(chains, matcher->choose(allFacts({.tls = true, .sni = label + ".a.com"}))),
            "wild");
  EXPECT_EQ(show(chains, matcher->choose(allFacts({.tls = true, .sni = std::string(3000, '.')}))),
            "(none)");
}

}  // namespace
}  // namespace weir::match::test
