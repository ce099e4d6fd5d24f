// What a user is told about a choice.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/match/matcher.h"
#include "test/match/specs.h"

namespace weir::match::test {
namespace {

// One line for each chain: its name, a star if chosen, and each predicate as field=outcome.
std::string told(const std::vector<ChainSpec>& chains, const Known& known) {
  std::string text;
  for (const ChainResult& result : explain(chains, facts(known))) {
    text += chains[result.chain].name + (result.chosen ? "*" : "");
    for (const PredicateResult& predicate : result.predicates) {
      const auto outcome = static_cast<size_t>(predicate.outcome);
      text += " " + predicate.field + std::string("=") + "+-?"[outcome];
    }
    text += "\n";
  }
  return text;
}

PredicateResult only(const ChainSpec& spec, const Known& known) {
  const std::vector<ChainResult> results = explain({spec}, facts(known));
  EXPECT_EQ(results.size(), 1U);
  EXPECT_EQ(results.at(0).predicates.size(), 1U);
  return results.at(0).predicates.at(0);
}

TEST(ExplainTest, NoChainsIsNoResult) { EXPECT_TRUE(explain({}, {}).empty()); }

TEST(ExplainTest, ChainsComeInRankOrderWithPredicatesInRankOrder) {
  const std::vector<ChainSpec> chains = {
      chain("any", {}), chain("source", {.sources = {"10.0.0.0/8"}, .source_ports = {1}}),
      chain("full", {.ports = {80},
                     .prefixes = {"10.0.0.0/8"},
                     .names = {"a.com"},
                     .transport = Transport::Tls,
                     .alpn = {"h2"},
                     .direct = {"10.0.0.0/8"},
                     .type = SourceType::External,
                     .sources = {"10.0.0.0/8"},
                     .source_ports = {1}})};
  EXPECT_EQ(told(chains, {.dst = "10.0.0.1:80",
                          .src = "10.0.0.2:1",
                          .direct = "10.0.0.2:1",
                          .tls = true,
                          .sni = "a.com",
                          .alpn = {{"h2"}}}),
            "full* destination_ports=+ prefix_ranges=+ server_names=+ transport_protocol=+ "
            "application_protocols=+ "
            "direct_source_prefix_ranges=+ source_type=+ source_prefix_ranges=+ source_ports=+\n"
            "source source_prefix_ranges=+ source_ports=+\n"
            "any\n");
}

TEST(ExplainTest, EachPredicateThatFailsIsShown) {
  const std::vector<ChainSpec> chains = {chain("a", {.ports = {80, 443}, .names = {"a.com"}}),
                                         chain("b", {.ports = {443}, .transport = Transport::Tls}),
                                         chain("c", {})};
  EXPECT_EQ(told(chains, {.dst = "10.0.0.1:443", .tls = true, .sni = "b.com"}),
            "a destination_ports=+ server_names=-\n"
            "b* destination_ports=+ transport_protocol=+\n"
            "c\n");
}

TEST(ExplainTest, NothingIsChosenWhileAHigherChainIsOpen) {
  const std::vector<ChainSpec> chains = {chain("low", {.ports = {80}}),
                                         chain("high", {.ports = {80}, .alpn = {"h2"}})};
  EXPECT_EQ(told(chains, {.dst = "10.0.0.1:80"}),
            "high destination_ports=+ application_protocols=?\n"
            "low destination_ports=+\n");
  EXPECT_EQ(told(chains, {.dst = "10.0.0.1:81"}),
            "high destination_ports=- application_protocols=?\n"
            "low destination_ports=-\n");
}

TEST(ExplainTest, LowerChainThatIsOpenDoesNotMatter) {
  const std::vector<ChainSpec> chains = {chain("low", {.alpn = {"h2"}}),
                                         chain("high", {.ports = {80}})};
  EXPECT_EQ(told(chains, {.dst = "10.0.0.1:80"}),
            "high* destination_ports=+\nlow application_protocols=?\n");
}

TEST(ExplainTest, RankFollowsTheValueThatHolds) {
  const std::vector<ChainSpec> chains = {chain("list", {.prefixes = {"10.0.0.0/8", "11.1.1.1"}}),
                                         chain("p16", {.prefixes = {"10.1.0.0/16"}})};
  EXPECT_EQ(told(chains, {.dst = "10.1.0.1:80"}), "p16* prefix_ranges=+\nlist prefix_ranges=+\n");
}

struct ValueCase {
  Match match;
  Known known;
  std::string field;
  std::string expected;
  std::string actual;
};

std::vector<ValueCase> valueCases() {
  return {
      {{.ports = {3306, 5432}}, {.dst = "1.1.1.1:8080"}, "destination_ports", "3306, 5432", "8080"},
      {{.ports = {3306}}, {}, "destination_ports", "3306", "(not known)"},
      {{.prefixes = {"10.0.0.0/8", "::1"}},
       {.dst = "1.1.1.1:1"},
       "prefix_ranges",
       "10.0.0.0/8, ::1/128",
       "1.1.1.1"},
      {{.prefixes = {"10.0.0.0/8"}},
       {.dst = "unix"},
       "prefix_ranges",
       "10.0.0.0/8",
       "(Unix socket)"},
      {{.names = {"a.com", "*.b.com"}}, {.sni = ""}, "server_names", "a.com, *.b.com", "(none)"},
      {{.names = {"a.com"}}, {.sni = "b.com"}, "server_names", "a.com", "b.com"},
      {{.transport = Transport::RawBuffer},
       {.tls = true},
       "transport_protocol",
       "raw_buffer",
       "tls"},
      {{.transport = Transport::Tls}, {.tls = false}, "transport_protocol", "tls", "raw_buffer"},
      {{.alpn = {"h2c", "http/1.1"}},
       {.alpn = {{"h2", "x"}}},
       "application_protocols",
       "h2c, http/1.1",
       "h2, x"},
      {{.alpn = {"h2c"}}, {.alpn = {{}}}, "application_protocols", "h2c", "(none)"},
      {{.direct = {"10.0.0.0/8"}},
       {.direct = "1.1.1.1:1"},
       "direct_source_prefix_ranges",
       "10.0.0.0/8",
       "1.1.1.1"},
      {{.type = SourceType::SameIpOrLoopback},
       {.dst = "1.1.1.1:1", .src = "1.1.1.2:1"},
       "source_type",
       "SAME_IP_OR_LOOPBACK",
       "EXTERNAL"},
      {{.type = SourceType::External},
       {.src = "127.0.0.1:1"},
       "source_type",
       "EXTERNAL",
       "SAME_IP_OR_LOOPBACK"},
      {{.type = SourceType::External},
       {.src = "1.1.1.2:1"},
       "source_type",
       "EXTERNAL",
       "(not known)"},
      {{.sources = {"10.0.0.0/8"}},
       {.src = "[::1]:1"},
       "source_prefix_ranges",
       "10.0.0.0/8",
       "::1"},
      {{.source_ports = {1, 2}}, {.src = "1.1.1.2:3"}, "source_ports", "1, 2", "3"},
  };
}

TEST(ExplainTest, ValuesAreShownAsInTheConfiguration) {
  for (const ValueCase& c : valueCases()) {
    const PredicateResult result = only(chain("a", c.match), c.known);
    EXPECT_EQ(result.field, c.field);
    EXPECT_EQ(result.expected, c.expected);
    EXPECT_EQ(result.actual, c.actual);
    const bool known = c.actual != "(not known)";
    EXPECT_EQ(result.outcome,
              known ? PredicateResult::Outcome::Fails : PredicateResult::Outcome::Unknown)
        << c.field;
  }
}

}  // namespace
}  // namespace weir::match::test
