// Chains that are errors: duplicates, and chains that can never be chosen; and, as much, chains
// that are none.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/specs.h"

namespace weir::match::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr SourceType Local = SourceType::SameIpOrLoopback;
constexpr SourceType External = SourceType::External;
constexpr Transport Tls = Transport::Tls;
constexpr Transport Raw = Transport::RawBuffer;

ListenerConstants boundTo(const std::string& address) {
  ListenerConstants constants;
  constants.destination = ipPort(address);
  constants.port_is_fixed = true;
  constants.destination_is_fixed =
      constants.destination.ip.bytes != net::IpAddress{}.bytes || address == "unix";
  return constants;
}

std::vector<Diagnostic> errorsOf(const std::vector<ChainSpec>& chains,
                                 const ListenerConstants& constants = {}) {
  Diagnostics diagnostics;
  EXPECT_NE(Matcher::compile(chains, constants, diagnostics), nullptr);
  return diagnostics.errors();
}

// The names of the chains at which there are errors, in the order of the errors.
std::string wrong(const std::vector<ChainSpec>& chains, const ListenerConstants& constants = {}) {
  std::string names;
  for (const Diagnostic& error : errorsOf(chains, constants)) {
    names += (names.empty() ? "" : " ") + error.path.substr(std::string("chains.").size());
  }
  return names;
}

TEST(DuplicateTest, NamesBothChainsWithTheirPaths) {
  const auto errors = errorsOf({chain("first", {.ports = {80}}), chain("second", {.ports = {80}})});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].path, "chains.second");
  EXPECT_THAT(errors[0].message,
              AllOf(HasSubstr("'first' (chains.first)"), HasSubstr("'second' (chains.second)"),
                    HasSubstr("destination_ports 80")));
}

TEST(DuplicateTest, NamesTheValueThatOverlappingListsShare) {
  const auto errors = errorsOf(
      {chain("a", {.ports = {80, 443}, .names = {"a.com", "*.b.com"}, .transport = Tls}),
       chain("b", {.ports = {443, 8443}, .names = {"c.com", "*.b.com"}, .transport = Tls})});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message,
              HasSubstr("destination_ports 443, server_names *.b.com, transport_protocol tls"));
}

TEST(DuplicateTest, ChainsWithoutPredicatesAreDuplicates) {
  const auto errors = errorsOf({chain("a", {}), chain("b", {})});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, HasSubstr("neither has any"));
}

TEST(DuplicateTest, EachFieldAlone) {
  const std::vector<Match> matches = {{.ports = {80}},          {.prefixes = {"10.0.0.0/8"}},
                                      {.prefixes = {"::/0"}},   {.names = {"a.com"}},
                                      {.names = {"*.com"}},     {.transport = Tls},
                                      {.transport = Raw},       {.alpn = {"h2"}},
                                      {.direct = {"10.0.0.1"}}, {.type = Local},
                                      {.type = External},       {.sources = {"10.0.0.0/8"}},
                                      {.source_ports = {80}}};
  for (size_t i = 0; i < matches.size(); ++i) {
    EXPECT_EQ(wrong({chain("a", matches[i]), chain("b", matches[i])}), "b") << i;
  }
}

TEST(DuplicateTest, ListsThatShareNothingAreNone) {
  EXPECT_EQ(wrong({chain("a", {.ports = {80, 81}, .names = {"a.com", "b.com"}}),
                   chain("b", {.ports = {81, 82}, .names = {"c.com", "d.com"}}),
                   chain("c", {.ports = {82, 83}, .names = {"a.com", "b.com"}})}),
            "");
}

TEST(DuplicateTest, RepeatsWithinAChainAreNone) {
  EXPECT_EQ(wrong({chain("a", {.ports = {80, 80},
                               .prefixes = {"10.0.0.0/8", "10.0.0.0/8"},
                               .names = {"a.b", "a.b"}})}),
            "");
}

TEST(DuplicateTest, PresenceOfAPredicateTellsChainsApart) {
  EXPECT_EQ(wrong({chain("a", {.ports = {80}}), chain("b", {.ports = {80}, .alpn = {"h2"}}),
                   chain("c", {})}),
            "");
}

TEST(DuplicateTest, ThreeOfAKindAreTwoErrors) {
  EXPECT_EQ(wrong({chain("a", {.ports = {80}}), chain("b", {.ports = {80}}),
                   chain("c", {.ports = {80}})}),
            "b c");
}

// Lists so long that they are not expanded.
TEST(DuplicateTest, LongListsThatShareOneCombination) {
  Match a;
  Match b;
  Match c;
  for (int i = 0; i < 200; ++i) {
    a.ports.push_back(static_cast<uint16_t>(1000 + i));
    b.ports.push_back(static_cast<uint16_t>(1199 + i));
    c.ports.push_back(static_cast<uint16_t>(1100 + i));
    a.names.push_back("a" + std::to_string(i));
    b.names.push_back(i == 77 ? "a77" : "b" + std::to_string(i));
    c.names.push_back("c" + std::to_string(i));
  }
  const auto errors = errorsOf({chain("a", a), chain("b", b), chain("c", c)});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].path, "chains.b");
  EXPECT_THAT(errors[0].message, HasSubstr("destination_ports 1199, server_names a77"));
  EXPECT_EQ(wrong({chain("a", a), chain("one", {.ports = {1042}, .names = {"a42"}})}), "one");
  EXPECT_EQ(wrong({chain("a", a), chain("one", {.ports = {1042}, .names = {"b42"}})}), "");
  EXPECT_EQ(wrong({chain("one", {.ports = {1042}, .names = {"a42"}}), chain("a", a)}), "a");
}

TEST(ImpossibleTest, NameWithoutTls) {
  const auto errors = errorsOf({chain("a", {.names = {"a.com"}, .transport = Raw})});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, AllOf(HasSubstr("'a' (chains.a)"), HasSubstr("server_names"),
                                       HasSubstr("raw_buffer")));
}

TEST(ImpossibleTest, ProtocolsOfPlainTextArePossible) {
  EXPECT_EQ(wrong({chain("a", {.transport = Raw, .alpn = {"http/1.1"}}),
                   chain("b", {.transport = Tls, .alpn = {"h2c"}})}),
            "");
}

struct TypeCase {
  Match match;
  bool possible;
};

TEST(ImpossibleTest, SourceTypeAgainstPrefixes) {
  const std::vector<TypeCase> cases = {
      {{.type = External, .sources = {"127.0.0.0/8"}}, false},
      {{.type = External, .sources = {"127.0.0.1", "::1"}}, false},
      {{.type = External, .sources = {"127.0.0.1", "10.0.0.1"}}, true},
      {{.type = External, .sources = {"0.0.0.0/0"}}, true},
      {{.prefixes = {"10.0.0.1"}, .type = External, .sources = {"10.0.0.1"}}, false},
      {{.prefixes = {"10.0.0.1", "10.0.0.2"}, .type = External, .sources = {"10.0.0.1"}}, true},
      {{.prefixes = {"10.0.0.0/31"}, .type = External, .sources = {"10.0.0.0/31"}}, true},
      {{.type = Local, .sources = {"10.0.0.0/8"}}, true},
      {{.prefixes = {"192.168.0.0/16"}, .type = Local, .sources = {"10.0.0.0/8"}}, false},
      {{.prefixes = {"192.168.0.0/16", "10.1.0.0/16"}, .type = Local, .sources = {"10.0.0.0/8"}},
       true},
      {{.prefixes = {"0.0.0.0/0"}, .type = Local, .sources = {"10.0.0.0/8"}}, true},
      {{.prefixes = {"192.168.0.0/16"}, .type = Local, .sources = {"0.0.0.0/0"}}, true},
      {{.prefixes = {"::/0"}, .type = Local, .sources = {"10.0.0.0/8"}}, false},
      {{.prefixes = {"::/0"}, .type = Local, .sources = {"127.0.0.5"}}, true},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(wrong({chain("a", cases[i].match)}), cases[i].possible ? "" : "a") << i;
  }
}

struct ConstantCase {
  std::string bound;
  Match match;
  bool possible;
};

TEST(ImpossibleTest, ListenersAddressRulesOut) {
  const std::vector<ConstantCase> cases = {
      {"127.0.0.1:80", {.ports = {80}}, true},
      {"127.0.0.1:80", {.ports = {81, 82}}, false},
      {"127.0.0.1:80", {.ports = {81, 80}}, true},
      {"127.0.0.1:80", {.prefixes = {"127.0.0.0/8"}}, true},
      {"127.0.0.1:80", {.prefixes = {"10.0.0.0/8", "::/0"}}, false},
      {"0.0.0.0:80", {.prefixes = {"10.0.0.0/8"}}, true},
      {"0.0.0.0:80", {.ports = {81}}, false},
      {"0.0.0.0:80", {.prefixes = {"::/0"}}, false},
      {"0.0.0.0:80", {.direct = {"::1"}}, false},
      {"[::]:80", {.prefixes = {"10.0.0.0/8"}}, true},
      {"[::]:80", {.prefixes = {"2001:db8::/32"}}, true},
      {"[::]:80", {.direct = {"10.0.0.0/8"}}, true},
      {"[::1]:80", {.prefixes = {"::1"}}, true},
      {"[::1]:80", {.prefixes = {"0.0.0.0/0"}}, false},
      {"[::ffff:10.0.0.1]:80", {.prefixes = {"10.0.0.0/8"}}, true},
      {"unix", {.prefixes = {"0.0.0.0/0", "::/0"}}, false},
      {"unix", {.ports = {80}}, false},
      {"unix", {.type = Local}, true},
      {"10.0.0.1:80", {.type = Local, .sources = {"10.0.0.0/8"}}, true},
      {"10.0.0.1:80", {.type = Local, .sources = {"11.0.0.0/8"}}, false},
      {"10.0.0.1:80", {.type = External, .sources = {"10.0.0.1"}}, false},
  };
  for (const ConstantCase& c : cases) {
    EXPECT_EQ(wrong({chain("a", c.match)}, boundTo(c.bound)), c.possible ? "" : "a") << c.bound;
  }
}

TEST(ImpossibleTest, WhereTheDestinationIsRewrittenNothingIsRuledOut) {
  EXPECT_EQ(wrong({chain("a", {.ports = {81}, .prefixes = {"::/0"}})}), "");
}

struct UnreachableCase {
  std::string what;
  std::vector<ChainSpec> chains;
  std::string unreachable;
  ListenerConstants constants = {};
};
void PrintTo(const UnreachableCase& row, std::ostream* out) { *out << row.what; }

class UnreachableTest : public testing::TestWithParam<UnreachableCase> {};

TEST_P(UnreachableTest, IsFoundAndNothingElseIsAccused) {
  EXPECT_EQ(wrong(GetParam().chains, GetParam().constants), GetParam().unreachable);
}

std::vector<UnreachableCase> unreachableCases() {
  return {
      {"BothTransports",
       {chain("t", {.transport = Tls}), chain("r", {.transport = Raw}), chain("any", {})},
       "any"},
      {"OneTransport", {chain("t", {.transport = Tls}), chain("any", {})}, ""},
      {"BothTransportsOnAnotherPort",
       {chain("t", {.ports = {80}, .transport = Tls}), chain("r", {.transport = Raw}),
        chain("any", {})},
       ""},
      {"BothTransportsOnTheSamePort",
       {chain("t", {.ports = {80}, .transport = Tls}),
        chain("r", {.ports = {80}, .transport = Raw}), chain("p", {.ports = {80}, .alpn = {"h2"}}),
        chain("any", {})},
       "p"},
      {"BothSourceTypes",
       {chain("l", {.type = Local}), chain("e", {.type = External}), chain("any", {})},
       "any"},
      {"BothSourceTypesOneOfThemNarrower",
       {chain("l", {.type = Local}), chain("e", {.type = External, .source_ports = {1}}),
        chain("any", {})},
       ""},
      {"LoopbackSourcesAreLocal",
       {chain("l", {.type = Local}), chain("lo", {.sources = {"127.0.0.0/8"}}),
        chain("net", {.sources = {"10.0.0.0/8"}})},
       "lo"},
      {"SourceThatIsExternalOrTheDestination",
       {chain("e", {.type = External}), chain("v4", {.prefixes = {"0.0.0.0/0"}}),
        chain("net", {.sources = {"10.0.0.0/8"}})},
       "net"},
      {"TwoHalvesOfAPrefix",
       {chain("low", {.prefixes = {"10.0.0.0/9"}}), chain("high", {.prefixes = {"10.128.0.0/9"}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}}), chain("any", {})},
       "net"},
      {"ThreeQuartersOfAPrefix",
       {chain("low", {.prefixes = {"10.0.0.0/9"}}), chain("high", {.prefixes = {"10.128.0.0/10"}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}})},
       ""},
      {"TwoHalvesInOneChain",
       {chain("halves", {.prefixes = {"10.0.0.0/9", "10.128.0.0/9"}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}})},
       "net"},
      {"HalvesOfHalves",
       {chain("a", {.prefixes = {"10.0.0.0/10"}}), chain("b", {.prefixes = {"10.64.0.0/10"}}),
        chain("high", {.prefixes = {"10.128.0.0/9"}}), chain("net", {.prefixes = {"10.0.0.0/8"}})},
       "net"},
      {"HalvesWithAPredicateOfTheirOwn",
       {chain("low", {.prefixes = {"10.0.0.0/9"}}),
        chain("high", {.prefixes = {"10.128.0.0/9"}, .names = {"a.com"}}),
        chain("net", {.prefixes = {"10.0.0.0/8"}})},
       ""},
      {"HalfByTransportAndHalfByPrefix",
       {chain("low", {.prefixes = {"10.0.0.0/9"}}),
        chain("ht", {.prefixes = {"10.128.0.0/9"}, .transport = Tls}),
        chain("hr", {.prefixes = {"10.128.0.0/9"}, .transport = Raw}),
        chain("net", {.prefixes = {"10.0.0.0/8"}})},
       "net"},
      {"AllAddressesOfBothFamiliesLeaveUnixSockets",
       {chain("v4", {.prefixes = {"0.0.0.0/0"}}), chain("v6", {.prefixes = {"::/0"}}),
        chain("any", {})},
       ""},
      {"AllAddressesOnAListenerWithAnIp",
       {chain("v4", {.prefixes = {"0.0.0.0/0"}}), chain("v6", {.prefixes = {"::/0"}}),
        chain("any", {})},
       "any",
       boundTo("[::]:80")},
      {"AllIpv4AddressesOnAnIpv4Listener",
       {chain("v4", {.prefixes = {"0.0.0.0/0"}}), chain("any", {})},
       "any",
       boundTo("0.0.0.0:80")},
      {"AllIpv4AddressesOnAListenerThatTakesBoth",
       {chain("v4", {.prefixes = {"0.0.0.0/0"}}), chain("any", {})},
       "",
       boundTo("[::]:80")},
      {"AllDirectSourcesOnAnIpv4Listener",
       {chain("low", {.direct = {"0.0.0.0/1"}}), chain("high", {.direct = {"128.0.0.0/1"}}),
        chain("any", {})},
       "any",
       boundTo("0.0.0.0:80")},
      {"ListenersOwnPort",
       {chain("p", {.ports = {80}}), chain("any", {})},
       "any",
       boundTo("0.0.0.0:80")},
      {"ListenersOwnPortWithAName",
       {chain("p", {.ports = {80}, .names = {"a.com"}}), chain("any", {})},
       "",
       boundTo("0.0.0.0:80")},
      {"ListenersOwnPortWithTheSameName",
       {chain("p", {.ports = {80}, .names = {"*.com"}}), chain("n", {.names = {"*.a.com"}}),
        chain("m", {.names = {"*.org"}})},
       "n",
       boundTo("0.0.0.0:80")},
      {"ListenersOwnAddress",
       {chain("p", {.prefixes = {"127.0.0.1"}}), chain("net", {.prefixes = {"127.0.0.0/8"}}),
        chain("any", {})},
       "net any",
       boundTo("127.0.0.1:80")},
      {"NameImpliesTls",
       {chain("tls", {.names = {"a.com"}, .transport = Tls}), chain("name", {.names = {"a.com"}})},
       "name"},
      {"OtherNameOfTheList",
       {chain("tls", {.names = {"a.com"}, .transport = Tls}),
        chain("names", {.names = {"a.com", "b.com"}})},
       ""},
      {"EachNameOfTheList",
       {chain("a", {.names = {"a.com"}, .transport = Tls}),
        chain("b", {.names = {"b.com"}, .transport = Tls}),
        chain("names", {.names = {"a.com", "b.com"}})},
       "names"},
      {"WildcardIsNotCoveredByNames",
       {chain("a", {.names = {"a.com", "b.com", "*.a.com"}}), chain("wild", {.names = {"*.com"}})},
       ""},
      {"ProtocolsDoNotCoverNoProtocol", {chain("h2", {.alpn = {"h2"}}), chain("any", {})}, ""},
      {"ProtocolIsNotCoveredByAnotherOne",
       {chain("h2", {.alpn = {"h2"}}), chain("h1", {.alpn = {"http/1.1"}}),
        chain("both", {.ports = {1}, .alpn = {"h2"}})},
       ""},
      {"MoreSpecificChainThatIsWiderElsewhere",
       {chain("port", {.ports = {80}}),
        chain("all", {.names = {"a.com"}, .alpn = {"h2"}, .sources = {"10.0.0.1"}})},
       ""},
      {"LessSpecificChainDoesNotCover",
       {chain("any", {}), chain("port", {.ports = {80}, .source_ports = {7}})},
       ""},
      {"SingleAddressToItself",
       {chain("l", {.type = Local}),
        chain("self", {.prefixes = {"10.0.0.1"}, .sources = {"10.0.0.1"}})},
       ""},
      {"SingleAddressToItselfWithALocalChainThatRanksHigher",
       {chain("l", {.prefixes = {"10.0.0.1"}, .type = Local}),
        chain("self", {.prefixes = {"10.0.0.1"}, .sources = {"10.0.0.1"}})},
       "self"},
      {"UnixSocketListenerIsLocal",
       {chain("l", {.type = Local}), chain("port", {.source_ports = {9}})},
       "",  // the source may be rewritten
       boundTo("unix")},
  };
}

INSTANTIATE_TEST_SUITE_P(Cases, UnreachableTest, testing::ValuesIn(unreachableCases()),
                         [](const auto& row) { return row.param.what; });

TEST(UnreachableTest, NamesTheChainsThatTakeItsConnections) {
  const auto errors =
      errorsOf({chain("any", {.ports = {80}}), chain("t", {.ports = {80}, .transport = Tls}),
                chain("r", {.ports = {80}, .transport = Raw})});
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].path, "chains.any");
  EXPECT_THAT(errors[0].message, AllOf(HasSubstr("'any' (chains.any)"), HasSubstr("'t' (chains.t)"),
                                       HasSubstr("'r' (chains.r)")));
}

TEST(UnreachableTest, ManyTakersAreCounted) {
  std::vector<ChainSpec> chains = {chain("net", {.prefixes = {"10.0.0.0/29"}})};
  for (int i = 0; i < 8; ++i)
    chains.push_back(chain("h" + std::to_string(i), {.prefixes = {"10.0.0." + std::to_string(i)}}));
  const auto errors = errorsOf(chains);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_THAT(errors[0].message, HasSubstr("or 4 others"));
}

TEST(UnreachableTest, AllErrorsAreReportedAtOnce) {
  EXPECT_EQ(wrong({chain("t", {.transport = Tls}), chain("r", {.transport = Raw}), chain("any", {}),
                   chain("bad", {.names = {"a.com"}, .transport = Raw}),
                   chain("t2", {.transport = Tls})}),
            "bad t2 any");
}

}  // namespace
}  // namespace weir::match::test
