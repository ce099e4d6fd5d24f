// Chains that can never be chosen because others take all their connections; and chains of which
// that is not so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/errors.h"
#include "test/match/specs.h"

namespace weir::match::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

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

std::vector<UnreachableCase> byTransportOrType() {
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
  };
}

std::vector<UnreachableCase> byPrefixes() {
  return {
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
  };
}

std::vector<UnreachableCase> byConstants() {
  return {
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
  };
}

std::vector<UnreachableCase> byNamesAndTheRest() {
  return {
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

INSTANTIATE_TEST_SUITE_P(ByTransportOrType, UnreachableTest, testing::ValuesIn(byTransportOrType()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(ByPrefixes, UnreachableTest, testing::ValuesIn(byPrefixes()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(ByConstants, UnreachableTest, testing::ValuesIn(byConstants()),
                         [](const auto& row) { return row.param.what; });
INSTANTIATE_TEST_SUITE_P(ByNamesAndTheRest, UnreachableTest, testing::ValuesIn(byNamesAndTheRest()),
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
