#include "source/server/chain_choice.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "test/server/chain_choice_fixture.h"

namespace weir::server {
namespace {

// Which providers run.

TEST_F(ChainChoiceTest, WithoutAQuestionNoProviderIsEverMade) {
  listener_.provider(originalDestination(), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.defaultChain("only");
  EXPECT_EQ(begin(), Status::Chosen);
  EXPECT_EQ(chosen(), "only");
  EXPECT_EQ(log_, Lines{});
  EXPECT_FALSE(choice_->usedBytes());
}

TEST_F(ChainChoiceTest, AChainThatPortsSettleNeedsNoBytes) {
  listener_.provider(originalDestination(), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("mysql", withPort(3306));
  listener_.chain("web", withProtocols({"http/1.1"}));
  EXPECT_EQ(begin("10.0.0.1:3306"), Status::Chosen);
  EXPECT_EQ(chosen(), "mysql");
  EXPECT_EQ(log_, Lines{"orig:start"});
}

TEST_F(ChainChoiceTest, AProviderWhoseFactsDecideNothingIsNotAsked) {
  listener_.provider(originalDestination(), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  EXPECT_EQ(begin(), Status::Wait);
  EXPECT_EQ(log_, Lines{"http:start"});
}

TEST_F(ChainChoiceTest, WithoutAProviderAFactIsKnownAndEmpty) {
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest");
  EXPECT_EQ(begin(), Status::Chosen);
  EXPECT_EQ(chosen(), "rest");
}

TEST_F(ChainChoiceTest, WithoutAChainThatHoldsAndADefaultThereIsNone) {
  listener_.chain("web", withPort(80));
  listener_.provider(originalDestination(), log_);
  EXPECT_EQ(begin("10.0.0.1:3306"), Status::Chosen);
  EXPECT_EQ(chosen(), "(none)");
}

// Bytes.

TEST_F(ChainChoiceTest, WaitsForBytesAndChoosesByThem) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(choice_->waitingFor(), "http");
  EXPECT_EQ(choice_->bytesWanted(), 64U);
  EXPECT_EQ(onBytes("G"), Status::Wait);
  EXPECT_TRUE(choice_->partial());
  EXPECT_EQ(onBytes("GET / "), Status::Chosen);
  EXPECT_EQ(chosen(), "web");
  EXPECT_TRUE(choice_->usedBytes());
  EXPECT_EQ(log_, (Lines{"http:start", "http:bytes:G", "http:bytes:GET / "}));
}

TEST_F(ChainChoiceTest, BytesThatNobodyKnowsLeaveTheFactEmpty) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("SSH-2.0"), Status::Chosen);
  EXPECT_EQ(chosen(), "rest");
}

TEST_F(ChainChoiceTest, ProvidersOfAFactAreAskedInOrder) {
  listener_.provider(recogniser("first", "AB", "a"), log_);
  listener_.provider(recogniser("second", "AC", "b"), log_);
  listener_.chain("b", withProtocols({"b"}));
  listener_.chain("a", withProtocols({"a"}));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("A"), Status::Wait);
  EXPECT_EQ(choice_->waitingFor(), "first");  // the second is not asked while the first may answer
  EXPECT_EQ(onBytes("AC"), Status::Chosen);
  EXPECT_EQ(chosen(), "b");
  EXPECT_EQ(log_, (Lines{"first:start", "first:bytes:A", "first:bytes:AC", "second:start",
                         "second:bytes:AC"}));
}

TEST_F(ChainChoiceTest, AFactThatTheFirstProviderSettledIsNotAskedOfTheSecond) {
  listener_.provider(recogniser("first", "A", "a"), log_);
  listener_.provider(recogniser("second", "A", "b"), log_);
  listener_.chain("b", withProtocols({"b"}));
  listener_.chain("a", withProtocols({"a"}));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("A"), Status::Chosen);
  EXPECT_EQ(chosen(), "a");
}

TEST_F(ChainChoiceTest, AProviderMaySettleSomeOfItsFactsAndLeaveTheRest) {
  FakeProvider tls{
      .name = "tls",
      .provides = Fact::TransportProtocol | Fact::ServerName | FactSet(Fact::ApplicationProtocols)};
  tls.on_bytes = [](const std::string&, bool, Sniffed& out) {
    out.settled = Fact::TransportProtocol | Fact::ServerName;  // not TLS
    return FactStatus::Done;
  };
  listener_.provider(std::move(tls), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("GET"), Status::Chosen);
  EXPECT_EQ(chosen(), "web");
  EXPECT_EQ(log_, (Lines{"tls:start", "tls:bytes:GET", "http:start", "http:bytes:GET"}));
}

TEST_F(ChainChoiceTest, AFilterCannotSettleWhatItDoesNotProvide) {
  FakeProvider liar{.name = "liar", .provides = Fact::ServerName};
  liar.on_bytes = [](const std::string&, bool, Sniffed& out) {
    out.settled = FactSet::all();
    return FactStatus::Done;
  };
  listener_.provider(std::move(liar), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("named", withServerName("a.b"));
  listener_.chain("web", withProtocols({"http/1.1"}));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("GET"), Status::Chosen);
  EXPECT_EQ(chosen(), "web");
}

TEST_F(ChainChoiceTest, AFilterSeesNoMoreThanItMayWantAndMustDecideThen) {
  FakeProvider small = recogniser("small", "LONGER THAN FOUR", "x");
  small.max_bytes = 4;
  listener_.provider(std::move(small), log_);
  listener_.chain("x", withProtocols({"x"}));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("LONGER"), Status::Chosen);
  EXPECT_EQ(chosen(), "rest");
  EXPECT_EQ(log_, (Lines{"small:start", "small:end:LONG"}));
}

TEST_F(ChainChoiceTest, ItMayRefuse) {
  FakeProvider strict{.name = "strict", .provides = Fact::ServerName};
  strict.on_bytes = [](const std::string&, bool, Sniffed& out) {
    out.reject_reason = "tls_malformed";
    return FactStatus::Reject;
  };
  listener_.provider(std::move(strict), log_);
  listener_.chain("named", withServerName("a.b"));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("junk"), Status::Refused);
  EXPECT_EQ(choice_->rejectReason(), "tls_malformed");
}

TEST_F(ChainChoiceTest, TheProtocolsNameIsForTheLog) {
  FakeProvider named = recogniser("named", "SSH", "ssh");
  named.on_bytes = [](const std::string&, bool, Sniffed& out) {
    out.protocol = "ssh";
    return FactStatus::Done;
  };
  listener_.provider(std::move(named), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest");
  EXPECT_EQ(info_.protocol, "tcp");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("SSH"), Status::Chosen);
  EXPECT_EQ(info_.protocol, "ssh");
}

// The end.

TEST_F(ChainChoiceTest, FinishedWithoutBytesWhatIsMissingStaysEmpty) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(finish(), Status::Chosen);
  EXPECT_EQ(chosen(), "rest");
  EXPECT_EQ(log_, (Lines{"http:start", "http:end:"}));
}

TEST_F(ChainChoiceTest, FinishedWithSomeBytesTheyDecideAsFarAsTheyCan) {
  listener_.provider(recogniser("first", "AB", "a"), log_);
  listener_.provider(recogniser("second", "A", "b"), log_);
  listener_.chain("b", withProtocols({"b"}));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  ASSERT_EQ(onBytes("A"), Status::Wait);
  EXPECT_EQ(finish("A"), Status::Chosen);
  EXPECT_EQ(chosen(), "b");
}

TEST_F(ChainChoiceTest, TheFallbackIsWhatFinishingWouldChoose) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  ASSERT_NE(choice_->fallback(), nullptr);
  EXPECT_EQ(choice_->fallback()->name, "rest");
}

TEST_F(ChainChoiceTest, WithoutADefaultThereMayBeNoFallback) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(choice_->fallback(), nullptr);
}

// Facts that the chain's own filters use.

TEST_F(ChainChoiceTest, WhatAChainsFiltersUseIsFoundOutWhenItIsChosen) {
  listener_.provider(originalDestination(), log_);
  listener_.defaultChain("rest", std::make_shared<FakeTerminalFactory>(Fact::Destination));
  EXPECT_EQ(begin("10.0.0.1:3306"), Status::Chosen);
  EXPECT_EQ(log_, Lines{"orig:start"});
  EXPECT_EQ(info_.facts.destination.toString(), "10.0.0.1:3306");
}

TEST_F(ChainChoiceTest, WhatAnotherChainsFiltersUseIsNot) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("mysql", withPort(3306));
  listener_.defaultChain("rest", std::make_shared<FakeTerminalFactory>(Fact::ApplicationProtocols));
  info_.facts.destination.port = 3306;
  EXPECT_EQ(begin(), Status::Chosen);
  EXPECT_EQ(chosen(), "mysql");
  EXPECT_EQ(log_, Lines{});
}

TEST_F(ChainChoiceTest, WhatTheFallbacksFiltersUseOfTheSocketIsKnownWhileItWaits) {
  listener_.provider(originalDestination(), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest", std::make_shared<FakeTerminalFactory>(Fact::Destination));
  ASSERT_EQ(begin("10.0.0.1:3306"), Status::Wait);
  EXPECT_EQ(info_.facts.destination.toString(), "10.0.0.1:3306");
  EXPECT_EQ(choice_->waitingFor(), "http");
}

TEST_F(ChainChoiceTest, AChainMayWaitForBytesThatOnlyItsFiltersUse) {
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.defaultChain("rest", std::make_shared<FakeTerminalFactory>(Fact::ApplicationProtocols));
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("GET"), Status::Chosen);
  EXPECT_EQ(chosen(), "rest");
  EXPECT_EQ(info_.facts.application_protocols, std::vector<std::string>{"http/1.1"});
}

}  // namespace
}  // namespace weir::server
