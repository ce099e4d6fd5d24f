#include "source/extensions/common/rbac_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactSet;
using Kind = RbacCondition::Kind;

RbacCondition in(Kind kind, const char* range) {
  return {.kind = kind, .prefix = *net::IpPrefix::parse(range)};
}
RbacCondition ports(uint16_t first, uint16_t last) {
  return {.kind = Kind::DestinationPort, .first_port = first, .last_port = last};
}
RbacCondition named(std::string name) {
  return {.kind = Kind::ServerName, .name = std::move(name)};
}
RbacCondition group(Kind kind, std::vector<RbacCondition> parts) {
  return {.kind = kind, .parts = std::move(parts)};
}

net::Security verified(std::vector<std::string> names, std::string subject) {
  net::Security security;
  security.peer_names = std::move(names);
  security.peer_subject = std::move(subject);
  security.peer_verified = true;
  return security;
}

// 192.0.2.1, through a proxy at 10.0.0.7, to db.example.com at 198.51.100.2:5432.
filter::Facts connection(FactSet known = FactSet::all()) {
  filter::Facts facts;
  facts.known = known;
  facts.source = *net::IpPort::parse("192.0.2.1:4660");
  facts.direct_source = *net::IpAddress::parse("10.0.0.7");
  facts.destination = *net::IpPort::parse("198.51.100.2:5432");
  facts.server_name = "db.example.com";
  return facts;
}

TEST(RbacConditionTest, HoldsOrNot) {
  struct Case {
    RbacCondition condition;
    bool holds;
  };
  const filter::Facts facts = connection();
  int i = 0;
  for (const Case& one : {
           Case{{}, true},
           Case{in(Kind::Source, "192.0.2.0/24"), true},
           Case{in(Kind::Source, "10.0.0.0/8"), false},
           Case{in(Kind::Source, "::/0"), false},
           Case{in(Kind::DirectSource, "10.0.0.0/8"), true},
           Case{in(Kind::DirectSource, "192.0.2.1"), false},
           Case{in(Kind::DestinationIp, "198.51.100.2"), true},
           Case{in(Kind::DestinationIp, "198.51.100.3"), false},
           Case{ports(5432, 5432), true},
           Case{ports(5433, 5433), false},
           Case{ports(5000, 5432), true},
           Case{ports(5432, 6000), true},
           Case{ports(5433, 6000), false},
           Case{named("db.example.com"), true},
           Case{named("example.com"), false},
           Case{named("*.example.com"), true},
           Case{named("*.db.example.com"), false},
           Case{named("*.xample.com"), false},
       }) {
    EXPECT_EQ(evaluate(one.condition, facts), one.holds ? Truth::Yes : Truth::No) << i++;
  }
}

TEST(RbacConditionTest, WithoutAServerNameNoNameMatches) {
  filter::Facts facts = connection();
  facts.server_name.clear();
  EXPECT_EQ(evaluate(named("*.example.com"), facts), Truth::No);
  EXPECT_EQ(evaluate(named("example.com"), facts), Truth::No);
  facts.server_name = ".example.com";
  EXPECT_EQ(evaluate(named("*.example.com"), facts), Truth::No);
}

TEST(RbacConditionTest, AUnixSocketIsInNoRange) {
  filter::Facts facts = connection();
  facts.source = {};
  EXPECT_EQ(evaluate(in(Kind::Source, "0.0.0.0/0"), facts), Truth::No);
  EXPECT_EQ(evaluate(in(Kind::Source, "::/0"), facts), Truth::No);
}

// Three values.

TEST(RbacConditionTest, WhatIsNotKnownIsNeitherTrueNorFalse) {
  const filter::Facts facts = connection(FactSet::all().without(Fact::ServerName));
  const RbacCondition yes{};
  const RbacCondition no = ports(1, 1);
  const RbacCondition unknown = named("db.example.com");
  EXPECT_EQ(evaluate(unknown, facts), Truth::Unknown);
  EXPECT_EQ(evaluate(group(Kind::Not, {unknown}), facts), Truth::Unknown);
  EXPECT_EQ(evaluate(group(Kind::Not, {no}), facts), Truth::Yes);
  EXPECT_EQ(evaluate(group(Kind::Not, {yes}), facts), Truth::No);
  EXPECT_EQ(evaluate(group(Kind::All, {yes, unknown}), facts), Truth::Unknown);
  EXPECT_EQ(evaluate(group(Kind::All, {unknown, no}), facts), Truth::No);
  EXPECT_EQ(evaluate(group(Kind::All, {yes, yes}), facts), Truth::Yes);
  EXPECT_EQ(evaluate(group(Kind::Any, {no, unknown}), facts), Truth::Unknown);
  EXPECT_EQ(evaluate(group(Kind::Any, {unknown, yes}), facts), Truth::Yes);
  EXPECT_EQ(evaluate(group(Kind::Any, {no, no}), facts), Truth::No);
}

RbacRules rules(bool allow, std::vector<RbacCondition> conditions) {
  RbacRules made{allow, {}};
  for (RbacCondition& condition : conditions)
    made.policies.push_back({"p" + std::to_string(made.policies.size()), std::move(condition)});
  return made;
}

TEST(RbacRulesTest, AllowAllowsWhatMatchesAndDenyDeniesIt) {
  const RbacCondition yes{};
  const RbacCondition no = ports(1, 1);
  const filter::Facts facts = connection();
  EXPECT_EQ(decide(rules(true, {no, yes}), facts).allowed, Truth::Yes);
  EXPECT_EQ(decide(rules(true, {no, no}), facts).allowed, Truth::No);
  EXPECT_EQ(decide(rules(false, {no, yes}), facts).allowed, Truth::No);
  EXPECT_EQ(decide(rules(false, {no, no}), facts).allowed, Truth::Yes);
}

TEST(RbacRulesTest, TheFirstPolicyThatMatchesIsTold) {
  const RbacCondition yes{};
  const RbacCondition no = ports(1, 1);
  const filter::Facts facts = connection();
  EXPECT_EQ(decide(rules(true, {no, yes, yes}), facts).policy, 1U);
  EXPECT_EQ(decide(rules(true, {no, no}), facts).policy, 2U);
}

TEST(RbacRulesTest, AMatchThatIsCertainDoesNotHangOnAnother) {
  const filter::Facts facts = connection(FactSet::all().without(Fact::ServerName));
  const RbacCondition certain = in(Kind::Source, "192.0.2.0/24");
  const RbacCondition unknown = named("db.example.com");
  EXPECT_EQ(decide(rules(true, {unknown, certain}), facts).allowed, Truth::Yes);
  EXPECT_EQ(decide(rules(true, {unknown}), facts).allowed, Truth::Unknown);
  EXPECT_EQ(decide(rules(false, {unknown, certain}), facts).allowed, Truth::No);
  EXPECT_EQ(decide(rules(false, {unknown}), facts).allowed, Truth::Unknown);
}

TEST(RbacRulesTest, HangOnTheFactsOfAllTheirConditions) {
  const RbacCondition deep =
      group(Kind::All, {group(Kind::Not, {named("a.b")}), group(Kind::Any, {ports(1, 2)})});
  EXPECT_EQ(factsOf(rules(true, {deep, in(Kind::Source, "::1")})),
            Fact::ServerName | Fact::Destination | Fact::Source);
  EXPECT_EQ(factsOf(rules(true, {{}})), FactSet());
}

TEST(RbacConditionTest, KnowsWhoIsVerified) {
  using weir::http::TextMatch;
  const RbacCondition anyone{.kind = Kind::Authenticated};
  const auto name = [](TextMatch::Kind kind, const char* text) {
    return RbacCondition{.kind = Kind::Authenticated, .principal = TextMatch{kind, text}};
  };
  const auto cart = name(TextMatch::Kind::Exact, "cart.shop.example");
  const auto shop = name(TextMatch::Kind::Prefix, "spiffe://example.org/ns/shop/");
  const auto subject_name = name(TextMatch::Kind::Contains, "CN=old");
  const net::Security named =
      verified({"spiffe://example.org/ns/shop/sa/cart", "cart.shop.example"}, "CN=old");
  const net::Security nameless = verified({}, "CN=old");
  net::Security unverified = named;
  unverified.peer_verified = false;
  const filter::Facts facts = connection();
  const auto truth = [&](const RbacCondition& condition, const net::Security* security) {
    return evaluate(condition, RbacSubject(facts, nullptr, {}, security));
  };
  for (const RbacCondition* one : {&anyone, &cart, &shop}) {
    EXPECT_EQ(truth(*one, &named), Truth::Yes);
    EXPECT_EQ(truth(*one, &unverified), Truth::No);
    EXPECT_EQ(truth(*one, nullptr), Truth::No);
  }
  EXPECT_EQ(truth(name(TextMatch::Kind::Exact, "cart"), &named), Truth::No);
  EXPECT_EQ(truth(subject_name, &named), Truth::No);
  EXPECT_EQ(truth(subject_name, &nameless), Truth::Yes);
  EXPECT_EQ(truth(anyone, &nameless), Truth::Yes);
  RbacSubject described(facts);
  described.handshake_to_come = true;
  EXPECT_EQ(evaluate(cart, described), Truth::Unknown);
  EXPECT_EQ(evaluate(group(Kind::Not, {cart}), described), Truth::Unknown);
}

TEST(RbacRulesTest, DecidesByTheCertificateOfTheConnection) {
  const net::Security security = verified({"cart"}, "");
  filter::ConnectionInfo info;
  info.facts = connection();
  const RbacRules rules{true, {{"verified", {.kind = Kind::Authenticated}}}};
  EXPECT_EQ(decideFor(rules, info).allowed, Truth::No);
  info.security = &security;
  EXPECT_EQ(decideFor(rules, info).allowed, Truth::Yes);
  info.reason = filter::Reason::Timeout;
  EXPECT_EQ(decideFor(rules, info).allowed, Truth::Yes);
}

}  // namespace
}  // namespace weir::extensions
