#include "source/extensions/network/rbac/rbac.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "source/extensions/network/echo/echo.h"
#include "test/support/filter_harness.h"

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactSet;
using Kind = RbacCondition::Kind;
using test::FilterHarness;

RbacRules sourceIn(bool allow, const char* range) {
  return {allow, {{"sources", {.kind = Kind::Source, .prefix = *net::IpPrefix::parse(range)}}}};
}
RbacRules nameIs(bool allow, const char* name) {
  return {allow, {{"names", {.kind = Kind::ServerName, .name = name}}}};
}

// A connection from 192.0.2.1 that asks for a.example.com.
filter::ConnectionInfo connection() {
  filter::ConnectionInfo info;
  info.facts.known = FactSet::all();
  info.facts.source = *net::IpPort::parse("192.0.2.1:4660");
  info.facts.server_name = "a.example.com";
  return info;
}

class RbacTest : public testing::Test {
 protected:
  FilterHarness& start(RbacSettings settings, filter::ConnectionInfo info = connection()) {
    settings.stat_prefix = "db";
    FilterHarness::Options options;
    options.info = std::move(info);
    harness_ = std::make_unique<FilterHarness>(
        FilterHarness::Factories{std::make_shared<RbacFactory>(std::move(settings)),
                                 std::make_shared<EchoFactory>()},
        std::move(options));
    harness_->client().send("hello");
    harness_->run();
    return *harness_;
  }
  bool counted(const std::string& rules, const std::string& outcome, const std::string& policy) {
    return harness_->context().metrics().find("weir_rbac_decisions_total{name=\"db\",rules=\"" +
                                              rules + "\",outcome=\"" + outcome + "\",policy=\"" +
                                              policy + "\"} 1\n") != std::string::npos;
  }
  std::unique_ptr<FilterHarness> harness_;
};

TEST_F(RbacTest, WhatIsAllowedPasses) {
  EXPECT_EQ(start({.rules = sourceIn(true, "192.0.2.0/24")}).client().received(), "hello");
  EXPECT_TRUE(counted("enforced", "allowed", "sources"));
}

TEST_F(RbacTest, WhatNoPolicyAllowsIsReset) {
  FilterHarness& harness = start({.rules = sourceIn(true, "10.0.0.0/8")});
  EXPECT_TRUE(harness.closed());
  EXPECT_EQ(harness.closeReason(), "rbac_denied");
  EXPECT_EQ(harness.client().error(), ECONNRESET);
  EXPECT_EQ(harness.client().received(), "");
  EXPECT_TRUE(counted("enforced", "denied", "-"));
}

TEST_F(RbacTest, WhatAPolicyDeniesIsReset) {
  EXPECT_EQ(start({.rules = nameIs(false, "*.example.com")}).closeReason(), "rbac_denied");
  EXPECT_TRUE(counted("enforced", "denied", "names"));
}

TEST_F(RbacTest, WhatNoPolicyDeniesPasses) {
  EXPECT_EQ(start({.rules = nameIs(false, "b.example.com")}).client().received(), "hello");
  EXPECT_TRUE(counted("enforced", "allowed", "-"));
}

// Whoever can make its name unreadable for us could else choose the rules that are for others.
TEST_F(RbacTest, ANameThatCannotBeReadIsDeniedByEveryRuleThatHangsOnIt) {
  const RbacCondition named{.kind = Kind::ServerName, .name = "b.example.com"};
  const RbacCondition other{.kind = Kind::Not, .parts = {named}};
  for (const bool allow : {true, false}) {
    for (const RbacCondition& condition : {named, other}) {
      filter::ConnectionInfo info = connection();
      info.facts.server_name.clear();
      info.facts.unreadable = Fact::ServerName;
      EXPECT_EQ(
          start({.rules = RbacRules{allow, {{"p", condition}}}}, std::move(info)).closeReason(),
          "rbac_denied");
      EXPECT_TRUE(counted("enforced", "denied", "-"));
    }
  }
}

// It may still ask for one, behind our back.
TEST_F(RbacTest, WhoMadeUsWaitUntilTimeWasUpHasNotShownThatItAsksForNoName) {
  for (const bool allow : {true, false}) {
    filter::ConnectionInfo info = connection();
    info.facts.server_name.clear();
    info.reason = filter::Reason::Timeout;
    const RbacCondition named{.kind = Kind::ServerName, .name = "b.example.com"};
    const RbacCondition other{.kind = Kind::Not, .parts = {named}};
    EXPECT_EQ(start({.rules = RbacRules{allow, {{"p", allow ? other : named}}}}, std::move(info))
                  .closeReason(),
              "rbac_denied");
  }
}

TEST_F(RbacTest, WhatDoesNotHangOnANameThatCannotBeReadIsDecided) {
  filter::ConnectionInfo info = connection();
  info.facts.unreadable = Fact::ServerName;
  EXPECT_EQ(start({.rules = sourceIn(true, "192.0.2.0/24")}, std::move(info)).client().received(),
            "hello");
}

TEST_F(RbacTest, ShadowRulesAreCountedAndChangeNothing) {
  FilterHarness& harness = start({.shadow_rules = sourceIn(true, "10.0.0.0/8")});
  EXPECT_EQ(harness.client().received(), "hello");
  EXPECT_TRUE(counted("shadow", "denied", "-"));
}

TEST_F(RbacTest, BothKindsOfRulesAreCountedByThemselves) {
  start({.rules = sourceIn(false, "192.0.2.0/24"), .shadow_rules = nameIs(true, "*.example.com")});
  EXPECT_TRUE(harness_->closed());
  EXPECT_TRUE(counted("enforced", "denied", "sources"));
  EXPECT_TRUE(counted("shadow", "allowed", "names"));
}

TEST(RbacFactoryTest, NeedsTheFactsOfAllItsRules) {
  const RbacFactory factory({"db", sourceIn(true, "10.0.0.0/8"), nameIs(true, "*.example.com")});
  EXPECT_EQ(factory.requiredFacts(), Fact::Source | Fact::ServerName);
}

TEST(RbacFactoryTest, AllowsAnEarlyConnectionOnceItIsSure) {
  filter::ConnectionInfo info = connection();
  info.facts.known = FactSet::all().without(Fact::ServerName);
  EXPECT_TRUE(RbacFactory({"db", sourceIn(true, "192.0.2.0/24")}).allowsEarly(info));
  EXPECT_FALSE(RbacFactory({"db", sourceIn(true, "10.0.0.0/8")}).allowsEarly(info));
  EXPECT_FALSE(RbacFactory({"db", nameIs(true, "a.example.com")}).allowsEarly(info));
  EXPECT_FALSE(RbacFactory({"db", nameIs(false, "b.example.com")}).allowsEarly(info));
  info.facts.known = FactSet::all();
  EXPECT_TRUE(RbacFactory({"db", nameIs(true, "a.example.com")}).allowsEarly(info));
}

TEST(RbacFactoryTest, ShadowRulesForbidNoEarlyConnection) {
  EXPECT_TRUE(RbacFactory({.stat_prefix = "db", .shadow_rules = nameIs(true, "x.example.com")})
                  .allowsEarly(connection()));
}

}  // namespace
}  // namespace weir::extensions
