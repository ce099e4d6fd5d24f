// Chains that are errors by themselves or in pairs: impossible ones, and duplicates; and chains
// that are none.

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

}  // namespace
}  // namespace weir::match::test
