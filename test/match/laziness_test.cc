// What is asked for, and what is not, while facts are missing.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/specs.h"

namespace weir::match::test {
namespace {

// What the sockets tell about a plain connection.
const Known Accepted = {
    .dst = "10.0.0.1:80", .src = "192.0.2.1:40000", .direct = "192.0.2.1:40000"};

Known accepted(const std::string& dst) {
  Known known = Accepted;
  known.dst = dst;
  return known;
}

struct Case {
  std::string what;
  std::vector<ChainSpec> chains;
  std::vector<std::pair<Known, std::string>> expected;
};
void PrintTo(const Case& row, std::ostream* out) { *out << row.what; }

class LazinessTest : public testing::TestWithParam<Case> {};

TEST_P(LazinessTest, AsksOnlyForFactsThatCanChangeTheChoice) {
  const auto matcher = compileGood(GetParam().chains);
  for (const auto& [known, expected] : GetParam().expected) {
    EXPECT_EQ(show(GetParam().chains, matcher->choose(facts(known))), expected)
        << known.dst.value_or("-");
  }
}

std::vector<Case> bytes() {
  return {
      {"NoChainsNeedNothing", {}, {{{}, "(none)"}}},
      {"ChainWithoutPredicatesNeedsNothing", {chain("all", {})}, {{{}, "all"}}},
      {"OpaquePortNeedsNoBytes",
       {chain("opaque", {.ports = {3306}}), chain("http", {.alpn = {"http/1.1", "h2c"}}),
        chain("rest", {})},
       {{accepted("10.0.0.1:3306"), "opaque"},
        {accepted("10.0.0.1:80"), "? application_protocols"}}},
      {"PortAndPrefixOutrankWhatNeedsBytes",
       {chain("net", {.prefixes = {"10.0.0.0/8"}}), chain("tls", {.transport = Transport::Tls})},
       {{accepted("10.0.0.1:80"), "net"}, {accepted("11.0.0.1:80"), "? transport_protocol"}}},
      {"LongerPrefixOutranksAShorterOneThatNeedsBytes",
       {chain("host", {.prefixes = {"10.0.0.1"}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}, .names = {"a.com"}})},
       {{accepted("10.0.0.1:80"), "host"}, {accepted("10.0.0.2:80"), "? server_name"}}},
      {"MoreSpecificChainThatNeedsBytesIsWaitedFor",
       {chain("host", {.prefixes = {"10.0.0.1"}, .names = {"a.com"}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}})},
       {{accepted("10.0.0.1:80"), "? server_name"}, {accepted("10.0.0.2:80"), "net"}}},
      {"ChainRuledOutByAKnownFactIsNotWaitedFor",
       {chain("admin", {.names = {"admin.com"}, .sources = {"10.0.0.0/8"}}), chain("rest", {})},
       {{Accepted, "rest"},
        {{.dst = "10.0.0.1:80", .src = "10.9.9.9:1", .direct = "192.0.2.1:1"}, "? server_name"}}},
      {"RuledOutByPortOrSourcePortOrDirectSource",
       {chain("a", {.ports = {81}, .alpn = {"h2"}}),
        chain("b", {.transport = Transport::Tls, .source_ports = {1}}),
        chain("c", {.names = {"a.com"}, .direct = {"10.0.0.0/8"}})},
       {{Accepted, "(none)"}}},
      {"AllFactsOfAChainThatMayWinAreNamed",
       {chain("all", {.names = {"a.com"}, .transport = Transport::Tls, .alpn = {"h2"}})},
       {{Accepted, "? transport_protocol server_name application_protocols"}}},
      {"FactsOfSeveralChainsAreJoined",
       {chain("p80", {.ports = {80}, .names = {"a.com"}}), chain("any", {.alpn = {"h2"}}),
        chain("p81", {.ports = {81}, .transport = Transport::Tls})},
       {{Accepted, "? server_name application_protocols"},
        {accepted("10.0.0.1:81"), "? transport_protocol application_protocols"},
        {accepted("10.0.0.1:82"), "? application_protocols"}}},
      {"TransportThatFailsSettlesTheRest",
       {chain("tls", {.names = {"a.com"}, .transport = Transport::Tls, .alpn = {"h2"}}),
        chain("rest", {})},
       {{{.dst = "1.1.1.1:1", .src = "1.1.1.2:1", .direct = "1.1.1.2:1", .tls = false}, "rest"},
        {{.dst = "1.1.1.1:1", .src = "1.1.1.2:1", .direct = "1.1.1.2:1", .tls = true},
         "? server_name application_protocols"}}},
  };
}

std::vector<Case> sockets() {
  const Known destination_unknown = {.src = "192.0.2.1:40000", .direct = "192.0.2.1:40000"};
  return {
      {"NameThatNoWildcardCoversSettlesTheRest",
       {chain("a", {.names = {"*.a.com"}, .alpn = {"h2"}}), chain("rest", {})},
       {{{.sni = "b.com"}, "rest"}, {{.sni = "x.a.com"}, "? application_protocols"}}},
      {"ProtocolAfterTheBestNameIsNotNeeded",
       {chain("exact", {.names = {"a.com"}}),
        chain("wild_h2", {.names = {"*.com"}, .alpn = {"h2"}})},
       {{{.sni = "a.com"}, "exact"}, {{.sni = "b.com"}, "? application_protocols"}}},
      {"DestinationUnknown",
       {chain("port", {.ports = {3306}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}, .names = {"a.com"}}), chain("rest", {})},
       {{destination_unknown, "? destination server_name"}}},
      {"DestinationUnknownAndSourceRulesOut",
       {chain("port", {.ports = {3306}, .alpn = {"h2"}, .sources = {"10.0.0.0/8"}}),
        chain("other", {.ports = {3307}, .names = {"a.com"}}), chain("rest", {})},
       {{destination_unknown, "? destination server_name"}}},
      {"SourceUnknown",
       {chain("net", {.sources = {"10.0.0.0/8"}}), chain("rest", {.direct = {"192.0.2.0/24"}})},
       {{{.dst = "10.0.0.1:80", .direct = "192.0.2.1:1"}, "rest"},
        {{.dst = "10.0.0.1:80", .direct = "11.0.0.1:1"}, "? source"}}},
      {"SourceTypeOfALoopbackSourceNeedsNoDestination",
       {chain("local", {.type = SourceType::SameIpOrLoopback}),
        chain("external", {.type = SourceType::External})},
       {{{.src = "127.0.0.1:1"}, "local"},
        {{.src = "unix"}, "local"},
        {{.src = "10.0.0.1:1"}, "? destination"},
        {{.dst = "10.0.0.1:1"}, "? source"},
        {{}, "? destination source"}}},
      {"NothingKnown",
       {chain("a", {.ports = {1}, .names = {"a"}}), chain("b", {.alpn = {"h2"}}),
        chain("c", {.direct = {"::/0"}})},
       {{{}, "? destination direct_source server_name application_protocols"}}},
      {"HigherDirectSourceBeatsUnknownSourceButNotUnknownName",
       {chain("direct", {.direct = {"10.0.0.0/8"}}), chain("source", {.sources = {"10.0.0.0/8"}}),
        chain("name", {.names = {"a.com"}, .source_ports = {1}})},
       {{{.dst = "1.1.1.1:1", .direct = "10.0.0.1:1"}, "? source server_name"},
        {{.dst = "1.1.1.1:1", .direct = "10.0.0.1:1", .sni = ""}, "direct"}}},
  };
}

INSTANTIATE_TEST_SUITE_P(Bytes, LazinessTest, testing::ValuesIn(bytes()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(Sockets, LazinessTest, testing::ValuesIn(sockets()),
                         [](const auto& row) { return row.param.what; });

TEST(LazinessTest, EachAnswerLeadsToTheNextQuestionUntilTheChoiceIsFinal) {
  const std::vector<ChainSpec> chains = {
      chain("sni", {.ports = {443}, .names = {"a.com"}, .transport = Transport::Tls}),
      chain("h2", {.ports = {443}, .transport = Transport::RawBuffer, .alpn = {"h2c"}}),
      chain("rest", {})};
  const auto matcher = compileGood(chains);
  Known known = {.src = "192.0.2.1:1", .direct = "192.0.2.1:1"};
  const auto ask = [&] { return show(chains, matcher->choose(facts(known))); };
  EXPECT_EQ(ask(), "? destination transport_protocol server_name application_protocols");
  known.dst = "10.0.0.1:443";
  EXPECT_EQ(ask(), "? transport_protocol server_name application_protocols");
  known.tls = false;
  EXPECT_EQ(ask(), "? application_protocols") << "the chain for a.com is ruled out";
  known.alpn = {"h2c"};
  EXPECT_EQ(ask(), "h2");
}

TEST(RestEmptyTest, MissingFactsAreEmpty) {
  const std::vector<ChainSpec> chains = {
      chain("tls", {.transport = Transport::Tls}),
      chain("raw", {.ports = {80}, .transport = Transport::RawBuffer}),
      chain("http", {.ports = {80}, .alpn = {"http/1.1"}}),
      chain("name", {.ports = {80}, .names = {"*.com"}}),
      chain("net", {.prefixes = {"0.0.0.0/0"}}),
      chain("local", {.type = SourceType::SameIpOrLoopback})};
  const auto matcher = compileGood(chains);
  const auto rest = [&](const Known& known) {
    return show(chains, matcher->chooseIfRestEmpty(facts(known)));
  };
  EXPECT_EQ(rest(Accepted), "raw");
  EXPECT_EQ(rest(accepted("10.0.0.1:81")), "net");
  EXPECT_EQ(rest({}), "local") << "without an IP, the source is a Unix socket";
  EXPECT_EQ(rest({.src = "192.0.2.1:1"}), "(none)");
  EXPECT_EQ(rest({.src = "192.0.2.1:1", .tls = true}), "tls");
  Known sniffed = Accepted;
  sniffed.alpn = {"http/1.1"};
  EXPECT_EQ(rest(sniffed), "raw") << "the transport ranks before the protocol";
  sniffed.tls = true;
  EXPECT_EQ(rest(sniffed), "http");
}

TEST(RestEmptyTest, NeverNeedsFacts) {
  const std::vector<ChainSpec> chains = {chain("a", {.alpn = {"h2"}})};
  EXPECT_EQ(show(chains, compileGood(chains)->chooseIfRestEmpty({})), "(none)");
}

}  // namespace
}  // namespace weir::match::test
