// Choosing a chain behind a header that a listener filter strips.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "test/server/chain_choice_fixture.h"

namespace weir::server {
namespace {

using HeaderChoiceTest = ChainChoiceTest;

// A header in front of the client's bytes: "<", then the destination's port, then ">".

FakeProvider bracketHeader() {
  FakeProvider fake{.name = "header", .provides = Fact::Destination, .strips_header = true};
  fake.on_bytes = [](const std::string& text, bool end, Sniffed& out) {
    const size_t close = text.find('>');
    if (close == std::string::npos) {
      out.reject_reason = "no_header";
      return end || !text.starts_with("<") ? FactStatus::Reject : FactStatus::NeedMore;
    }
    out.facts.destination.port = static_cast<uint16_t>(std::stoi(text.substr(1, close)));
    out.settled = Fact::Destination;
    out.consumed = close + 1;
    out.header = "bracket";
    return FactStatus::Done;
  };
  return fake;
}

TEST_F(HeaderChoiceTest, AHeaderIsAwaitedEvenIfNothingHangsOnIt) {
  listener_.provider(bracketHeader(), log_);
  listener_.defaultChain("only");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_TRUE(choice_->waitsForHeader());
  EXPECT_EQ(onBytes("<33"), Status::Wait);
  EXPECT_EQ(choice_->takeHeader(), 0U);
  EXPECT_EQ(onBytes("<3306>hello"), Status::Chosen);
  EXPECT_EQ(chosen(), "only");
  EXPECT_EQ(choice_->takeHeader(), 6U);
  EXPECT_EQ(choice_->takeHeader(), 0U);
  EXPECT_EQ(info_.header, "bracket");
  EXPECT_FALSE(choice_->usedBytes());
}

TEST_F(HeaderChoiceTest, AChainByPortIsChosenByTheHeadersPort) {
  listener_.provider(bracketHeader(), log_);
  listener_.chain("mysql", withPort(3306));
  listener_.defaultChain("rest");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("<3306>"), Status::Chosen);
  EXPECT_EQ(chosen(), "mysql");
}

TEST_F(HeaderChoiceTest, OtherFiltersSeeTheBytesBehindTheHeaderHoweverTheyAreCut) {
  const std::string stream = "<80>GET";
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    FakeListener listener;
    Lines log;
    listener.provider(bracketHeader(), log);
    listener.provider(recogniser("http", "GET", "http/1.1"), log);
    listener.chain("web", withProtocols({"http/1.1"}));
    const config::ListenerSettings& settings = listener.compile();
    filter::ConnectionInfo info;
    const FakeSocket socket;
    ChainChoice choice(settings, socket, info);
    ASSERT_EQ(choice.begin(), Status::Wait);
    std::string buffered;
    const auto show = [&](const std::string& more) {
      buffered += more;
      const auto* bytes = reinterpret_cast<const uint8_t*>(buffered.data());
      const Status status = choice.onBytes({bytes, buffered.size()});
      buffered.erase(0, choice.takeHeader());
      return status;
    };
    Status status = show(stream.substr(0, cut));
    if (status == Status::Wait) status = show(stream.substr(cut));
    ASSERT_EQ(status, Status::Chosen) << cut;
    EXPECT_EQ(choice.chain()->name, "web") << cut;
    EXPECT_EQ(buffered, "GET") << cut;
    EXPECT_TRUE(choice.usedBytes());
  }
}

TEST_F(HeaderChoiceTest, WithoutItsHeaderAConnectionIsRefused) {
  listener_.provider(bracketHeader(), log_);
  listener_.defaultChain("only");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(onBytes("hello"), Status::Refused);
  EXPECT_EQ(choice_->rejectReason(), "no_header");
}

TEST_F(HeaderChoiceTest, AnEndBeforeTheHeaderIsToldToTheFilter) {
  listener_.provider(bracketHeader(), log_);
  listener_.defaultChain("only");
  ASSERT_EQ(begin(), Status::Wait);
  EXPECT_EQ(finish("<33"), Status::Refused);
}

TEST_F(HeaderChoiceTest, WhatTheFallbackNeedsOfTheSocketIsAskedBehindTheHeader) {
  FakeProvider header = bracketHeader();
  header.on_bytes = [](const std::string& text, bool, Sniffed& out) {
    out.consumed = text.size();  // which says nothing of the destination
    return FactStatus::Done;
  };
  listener_.provider(header, log_);
  listener_.provider(originalDestination(), log_);
  listener_.provider(recogniser("http", "GET", "http/1.1"), log_);
  listener_.chain("web", withProtocols({"http/1.1"}));
  listener_.defaultChain("rest", std::make_shared<FakeTerminalFactory>(Fact::Destination));
  ASSERT_EQ(begin("10.0.0.1:3306"), Status::Wait);
  EXPECT_EQ(log_, Lines{"header:start"});
  ASSERT_EQ(onBytes("<>"), Status::Wait);
  EXPECT_FALSE(choice_->waitsForHeader());
  EXPECT_EQ(choice_->waitingFor(), "http");
  EXPECT_EQ(info_.facts.destination.toString(), "10.0.0.1:3306");
}

TEST_F(HeaderChoiceTest, AHeaderThatIsAssumedIsNotAskedFor) {
  listener_.provider(bracketHeader(), log_);
  listener_.chain("mysql", withPort(3306));
  listener_.defaultChain("rest");
  const config::ListenerSettings& settings = listener_.compile();
  socket_.emplace();
  choice_.emplace(settings, *socket_, info_);
  choice_->assumeHeader();
  EXPECT_EQ(choice_->begin(), Status::Chosen);
  EXPECT_EQ(chosen(), "rest");
  EXPECT_EQ(log_, Lines{});
}

}  // namespace
}  // namespace weir::server
