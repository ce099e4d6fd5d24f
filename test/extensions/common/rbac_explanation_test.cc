#include "source/extensions/common/rbac_explanation.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "source/http/header_map.h"

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactSet;
using filter::FilterExplanation;
using http::HeaderId;
using Kind = RbacCondition::Kind;
using Verdict = FilterExplanation::Verdict;

const RbacCondition Staff{.kind = Kind::Source, .prefix = *net::IpPrefix::parse("10.0.0.0/8")};
const RbacCondition Postgres{.kind = Kind::DestinationPort, .first_port = 5432, .last_port = 5432};
const RbacCondition Named{.kind = Kind::ServerName, .name = "db.example.com"};

RbacCondition field(std::string name) {
  return {.kind = Kind::Header, .header = {.name = std::move(name)}};
}

RbacCondition both(std::vector<RbacCondition> parts) {
  return {.kind = Kind::All, .parts = std::move(parts)};
}

RbacRules rules(bool allow, std::vector<RbacCondition> conditions) {
  RbacRules made{.allow = allow, .policies = {}};
  for (RbacCondition& one : conditions)
    made.policies.push_back({"p" + std::to_string(made.policies.size()), std::move(one)});
  return made;
}

// From 10.1.1.1 to port 5432, and no server name.
filter::Facts connection(FactSet known) {
  filter::Facts facts;
  facts.known = known;
  facts.source = *net::IpPort::parse("10.1.1.1:1");
  facts.destination = *net::IpPort::parse("198.51.100.2:5432");
  return facts;
}

TEST(RbacExplanationTest, OfAConnection) {
  struct Case {
    RbacRules rules;
    FactSet known;
    Verdict verdict;
    std::string outcome;
    FactSet missing;
  };
  const FactSet all = FactSet::all();
  const FactSet no_source = all.without(Fact::Source);
  for (const Case& one : {
           Case{rules(true, {Staff}), all, Verdict::Passes, "allowed by policy \"p0\"", {}},
           Case{rules(true, {Named, Staff}), all, Verdict::Passes, "allowed by policy \"p1\"", {}},
           Case{rules(true, {Named}), all, Verdict::Ends, "denied: no policy allows it; gone", {}},
           Case{rules(false, {Named}), all, Verdict::Passes, "allowed: no policy denies it", {}},
           Case{rules(false, {Named, Staff}),
                all,
                Verdict::Ends,
                "denied by policy \"p1\"; gone",
                {}},
           Case{rules(true, {Staff}), no_source, Verdict::Unknown, "not known", Fact::Source},
           Case{rules(false, {Staff}), no_source, Verdict::Unknown, "not known", Fact::Source},
           // Not what is known already, nor what would not settle it.
           Case{rules(true, {both({Staff, Postgres})}), no_source, Verdict::Unknown, "not known",
                Fact::Source},
           Case{rules(true, {both({Staff, Named}), Staff}), no_source, Verdict::Unknown,
                "not known", Fact::Source},
           Case{rules(true, {both({Staff, Named})}),
                no_source,
                Verdict::Ends,
                "denied: no policy allows it; gone",
                {}},
           Case{rules(true, {both({Staff, Named})}), Fact::Destination, Verdict::Unknown,
                "not known", Fact::Source | Fact::ServerName},
           // What is certain does not hang on it.
           Case{rules(true, {Staff, Postgres}),
                no_source,
                Verdict::Passes,
                "allowed by policy \"p1\"",
                {}},
       }) {
    const filter::Facts facts = connection(one.known);
    const FilterExplanation said = explainRbac(one.rules, std::nullopt, facts, "gone");
    EXPECT_EQ(said.verdict, one.verdict) << one.outcome;
    EXPECT_EQ(said.outcome, one.outcome);
    EXPECT_EQ(said.missing, one.missing) << one.outcome;
    EXPECT_EQ(said.filter, "rbac");
  }
}

// Whoever describes a connection has shown no certificate.
TEST(RbacExplanationTest, TheCertificateOfAClientIsNotKnown) {
  const RbacRules certificate = rules(true, {{.kind = Kind::Authenticated}});
  const filter::Facts facts = connection(FactSet::all());
  const net::Security to_come;
  const auto within_tls = [&](const filter::Facts& of) {
    return RbacSubject(of, nullptr, {}, &to_come);
  };
  const FilterExplanation out = explainRbac(certificate, {}, within_tls(facts), "reset");
  EXPECT_EQ(out.verdict, Verdict::Unknown);
  EXPECT_EQ(out.outcome, "not known: it hangs on the client's certificate");
  const filter::Facts no_source = connection(FactSet::all().without(Fact::Source));
  EXPECT_EQ(explainRbac(rules(true, {both({Staff, {.kind = Kind::Authenticated}})}), {},
                        within_tls(no_source), "reset")
                .missing,
            FactSet(Fact::Source));
  // There is none without TLS.
  const FilterExplanation plain = explainRbac(certificate, {}, facts, "reset");
  EXPECT_EQ(plain.verdict, Verdict::Ends);
  EXPECT_EQ(plain.outcome, "denied: no policy allows it; reset");
}

TEST(RbacExplanationTest, FieldsThatARequestDoesNotHaveAreNamedOnce) {
  http::HeaderMap headers;
  headers.add(HeaderId::Method, "GET");
  headers.add("x-team", "a");
  const http::RequestView request(headers);
  const filter::Facts facts = connection(FactSet::all());
  const RbacRules asking =
      rules(true, {field("x-user"), both({field("x-user"), field("x-team"), field(":path")})});
  const FilterExplanation said = explainRbac(asking, std::nullopt, {facts, &request}, "403");
  EXPECT_EQ(said.outcome, "denied: no policy allows it; 403");
  EXPECT_EQ(said.missing_headers, std::vector<std::string>{"x-user"});
  // Behind the policy that matches nothing is asked.
  const RbacRules matched = rules(true, {field("x-team"), field("x-user")});
  EXPECT_EQ(explainRbac(matched, std::nullopt, {facts, &request}, "").missing_headers,
            std::vector<std::string>{});
  EXPECT_EQ(explainRbac(asking, std::nullopt, facts, "").missing_headers,
            std::vector<std::string>{});
}

TEST(RbacExplanationTest, ShadowRulesAreToldAndChangeNothing) {
  const filter::Facts facts = connection(FactSet::all());
  const FilterExplanation said =
      explainRbac(rules(true, {Staff}), rules(true, {Named}), facts, "gone");
  EXPECT_EQ(said.verdict, Verdict::Passes);
  EXPECT_EQ(said.outcome,
            "allowed by policy \"p0\"; by its shadow rules denied: no policy allows it");
  const FilterExplanation alone = explainRbac(std::nullopt, rules(false, {Staff}), facts, "gone");
  EXPECT_EQ(alone.verdict, Verdict::Passes);
  EXPECT_EQ(alone.outcome,
            "it has shadow rules alone; by its shadow rules denied by policy \"p0\"");
}

}  // namespace
}  // namespace weir::extensions
