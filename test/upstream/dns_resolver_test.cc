#include "source/upstream/dns_resolver.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "source/net/io.h"
#include "test/upstream/dns_fixture.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DnsQuestion;
using test::DnsReply;

TEST_F(DnsTest, GivesTheAddressesInTheServersOrderAndEachOnce) {
  dns_.answer("db.test", {"10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.3"}, 30);
  EXPECT_EQ(ask("db.test"), "10.0.0.2 10.0.0.1 10.0.0.3 ttl=30");
}

TEST_F(DnsTest, TakesTheSmallestTtl) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    DnsReply reply(question);
    if (question.type == test::DnsA) {
      reply.address(question.name, "10.0.0.1", 60).address(question.name, "10.0.0.2", 7);
    } else {
      reply.address(question.name, "fd00::1", 9);
    }
    return {reply.bytes()};
  });
  EXPECT_EQ(ask("db.test"), "10.0.0.1 10.0.0.2 fd00::1 ttl=7");
  EXPECT_EQ(ask("db.test", DnsFamily::V6Only), "fd00::1 ttl=9");
}

TEST_F(DnsTest, ATtlOfZeroIsZero) {
  dns_.answer("db.test", {"10.0.0.1"}, 0);
  EXPECT_EQ(ask("db.test"), "10.0.0.1 ttl=0");
}

TEST_F(DnsTest, ATtlWithItsHighestBitSetIsZero) {
  dns_.answer("db.test", {"10.0.0.1"}, 0x80000001);
  EXPECT_EQ(ask("db.test"), "10.0.0.1 ttl=0");
}

struct FamilyCase {
  DnsFamily family;
  std::vector<std::string> has;
  std::string expected;
  Lines asked;
};

TEST_F(DnsTest, AsksForTheFamiliesThatAreWanted) {
  const std::vector<std::string> both{"fd00::1", "10.0.0.1"};
  const std::vector<std::string> v4{"10.0.0.1"};
  const std::vector<std::string> v6{"fd00::1"};
  const FamilyCase cases[] = {
      {DnsFamily::V4Only, both, "10.0.0.1 ttl=5", {"a.test A"}},
      {DnsFamily::V4Only, v6, "no_address", {"a.test A"}},
      {DnsFamily::V6Only, both, "fd00::1 ttl=5", {"a.test AAAA"}},
      {DnsFamily::V6Only, v4, "no_address", {"a.test AAAA"}},
      {DnsFamily::Auto, both, "fd00::1 ttl=5", {"a.test AAAA"}},
      {DnsFamily::Auto, v4, "10.0.0.1 ttl=5", {"a.test AAAA", "a.test A"}},
      {DnsFamily::V4Preferred, both, "10.0.0.1 ttl=5", {"a.test A"}},
      {DnsFamily::V4Preferred, v6, "fd00::1 ttl=5", {"a.test A", "a.test AAAA"}},
      {DnsFamily::All, both, "10.0.0.1 fd00::1 ttl=5", {"a.test A", "a.test AAAA"}},
      {DnsFamily::All, v4, "10.0.0.1 ttl=5", {"a.test A", "a.test AAAA"}},
      {DnsFamily::All, v6, "fd00::1 ttl=5", {"a.test A", "a.test AAAA"}},
      {DnsFamily::All, {}, "no_address", {"a.test A", "a.test AAAA"}},
      {DnsFamily::Auto, {}, "no_address", {"a.test AAAA", "a.test A"}},
  };
  for (const FamilyCase& one : cases) {
    SCOPED_TRACE(static_cast<int>(one.family));
    dns_.answer("a.test", one.has, 5);
    const size_t before = dns_.questions().size();
    EXPECT_EQ(ask("a.test", one.family), one.expected);
    EXPECT_EQ(Lines(dns_.questions().begin() + static_cast<std::ptrdiff_t>(before),
                    dns_.questions().end()),
              one.asked);
  }
}

// One family's answer must not hide that the other one's is not known, unless it has addresses.
TEST_F(DnsTest, AFailureOutweighsAnEmptyAnswerOfTheOtherFamily) {
  struct Case {
    int a, aaaa;
    std::string expected;
  };
  const int empty = 0;
  for (const Case& one : {Case{test::DnsServFail, empty, "server_failure"},
                          Case{empty, test::DnsServFail, "server_failure"},
                          Case{test::DnsServFail, test::DnsNxDomain, "server_failure"},
                          Case{test::DnsNxDomain, test::DnsServFail, "server_failure"},
                          Case{test::DnsNxDomain, empty, "no_address"},
                          Case{test::DnsNxDomain, test::DnsNxDomain, "not_found"}}) {
    dns_.handle([&](const DnsQuestion& question) -> Lines {
      return {DnsReply(question, question.type == test::DnsA ? one.a : one.aaaa).bytes()};
    });
    EXPECT_EQ(ask("a.test"), one.expected) << one.a << " " << one.aaaa;
  }
}

TEST_F(DnsTest, AddressesOfOneFamilyAreEnough) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    if (question.type == test::DnsAaaa) return {DnsReply(question, test::DnsServFail).bytes()};
    return {DnsReply(question).address(question.name, "10.0.0.1", 5).bytes()};
  });
  EXPECT_EQ(ask("a.test"), "10.0.0.1 ttl=5");
}

TEST_F(DnsTest, TellsWhyThereIsNoAnswer) {
  dns_.answer("empty.test", {}, 5);
  dns_.fail("servfail.test", test::DnsServFail);
  dns_.fail("refused.test", test::DnsRefused);
  EXPECT_EQ(ask("nowhere.test"), "not_found");
  EXPECT_NE(detail_.find("\"nowhere.test\""), std::string::npos) << detail_;
  EXPECT_EQ(ask("empty.test"), "no_address");
  EXPECT_EQ(ask("servfail.test"), "server_failure");
  EXPECT_EQ(ask("refused.test"), "server_failure");
}

TEST_F(DnsTest, WhatCannotBeANameIsNotAskedFor) {
  const std::string long_label(64, 'a');
  for (const std::string& host : {std::string(), std::string("a\0b", 3), std::string("a..b"),
                                  long_label + ".test", std::string(300, 'a')}) {
    EXPECT_EQ(ask(host), "invalid_argument") << host;
  }
  EXPECT_EQ(dns_.questions(), Lines{});
}

TEST_F(DnsTest, AnIpLiteralIsItsOwnAnswer) {
  EXPECT_EQ(ask("10.1.2.3"), "10.1.2.3 ttl=86400");
  EXPECT_EQ(ask("fd00::7", DnsFamily::Auto), "fd00::7 ttl=86400");
  EXPECT_EQ(ask("10.1.2.3", DnsFamily::V4Preferred), "10.1.2.3 ttl=86400");
  EXPECT_EQ(ask("10.1.2.3", DnsFamily::V6Only), "no_address");
  EXPECT_EQ(ask("fd00::7", DnsFamily::V4Only), "no_address");
  EXPECT_EQ(dns_.questions(), Lines{});
}

TEST_F(DnsTest, LocalhostIsThisMachineWithoutAnyQuestion) {
  for (const char* name : {"localhost", "LocalHost", "localhost.", "a.localhost"}) {
    EXPECT_EQ(ask(name, DnsFamily::V4Only), "127.0.0.1 ttl=0") << name;
    EXPECT_EQ(ask(name, DnsFamily::V6Only), "::1 ttl=0") << name;
  }
  EXPECT_EQ(dns_.questions(), Lines{});
  EXPECT_EQ(ask("notlocalhost", DnsFamily::V4Only), "not_found");
}

TEST_F(DnsTest, FollowsAliasesAndTheirTtl) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    return {DnsReply(question)
                .cname("www.test", "lb.test", 20)
                .cname("lb.test", "node.test", 3)
                .address("node.test", "10.0.0.9", 60)
                .bytes()};
  });
  EXPECT_EQ(ask("www.test", DnsFamily::V4Only), "10.0.0.9 ttl=3");
}

TEST_F(DnsTest, AnAliasOfNothingHasNoAddress) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    return {DnsReply(question).cname("www.test", "gone.test", 20).bytes()};
  });
  EXPECT_EQ(ask("www.test"), "no_address");
}

TEST_F(DnsTest, AliasesThatGoRoundEnd) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    return {DnsReply(question).cname("a.test", "b.test", 5).cname("b.test", "a.test", 5).bytes()};
  });
  EXPECT_EQ(ask("a.test"), "no_address");
}

TEST_F(DnsTest, AsksAgainOverTcpWhatIsTooLongForUdp) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    DnsReply reply(question);
    if (!question.tcp) return {reply.truncated().bytes()};
    for (int i = 0; i < 1000; ++i) {
      reply.address(question.name,
                    "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256), 5);
    }
    return {reply.bytes()};
  });
  const std::string told = ask("big.test", DnsFamily::V4Only);
  EXPECT_EQ(told.find("10.0.0.0 10.0.0.1 10.0.0.2 "), 0U);
  EXPECT_NE(told.find(" 10.0.3.231 ttl=5"), std::string::npos);
  EXPECT_EQ(dns_.questions(), (Lines{"big.test A", "big.test A tcp"}));
}

TEST_F(DnsTest, AnAnswerOverTcpMayComeByteByByte) {
  dns_.trickle();
  dns_.handle([](const DnsQuestion& question) -> Lines {
    DnsReply reply(question);
    if (!question.tcp) return {reply.truncated().bytes()};
    return {reply.address(question.name, "10.0.0.1", 5).bytes()};
  });
  EXPECT_EQ(ask("big.test"), "10.0.0.1 ttl=5");
}

TEST_F(DnsTest, SeveralQueriesRunSideBySide) {
  std::vector<std::unique_ptr<DnsQuery>> queries;
  for (int i = 0; i < 50; ++i) {
    const std::string host = "h" + std::to_string(i) + ".test";
    dns_.answer(host, {"10.0.0." + std::to_string(i)}, 5);
    queries.push_back(start(host));
  }
  EXPECT_TRUE(loop_.runUntil([&] { return told_.size() == 50; }));
  for (int i = 0; i < 50; ++i) {
    const std::string expected = "10.0.0." + std::to_string(i) + " ttl=5";
    EXPECT_EQ(std::count(told_.begin(), told_.end(), expected), 1) << expected;
  }
}

TEST_F(DnsTest, AQueryMayBeginAndEndInsideTheAnswerToAnother) {
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  std::unique_ptr<DnsQuery> query;
  int answers = 0;
  const DnsResolver::Done again = [&](const Result<DnsAnswer>& result) {
    EXPECT_TRUE(result.ok());
    query.reset();
    if (++answers < 3) {
      query = resolver().resolve("a.test", DnsFamily::All, [&](const auto& next) {
        EXPECT_EQ(show(next), "10.0.0.1 ttl=5");
        query.reset();
        answers = 3;
      });
    }
  };
  query = resolver().resolve("a.test", DnsFamily::V4Only, again);
  EXPECT_TRUE(loop_.runUntil([&] { return answers == 3; }));
}

// Cancel at each stage: nothing is told afterwards, and nothing is left behind.
TEST_F(DnsTest, DroppedBeforeAnythingHappenedItTellsNothing) {
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  start("a.test").reset();
  start("10.0.0.1").reset();
  start("").reset();
  loop_.runUntilIdle();
  EXPECT_EQ(told_, Lines{});
}

TEST_F(DnsTest, DroppedWhileTheServerIsSilentItTellsNothing) {
  dns_.ignore("slow.test");
  auto query = start("slow.test");
  ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == 2; }));
  query.reset();
  loop_.advance(seconds(60));
  EXPECT_EQ(told_, Lines{});
}

TEST_F(DnsTest, DroppedWhenTheAnswerIsOnItsWayItTellsNothing) {
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  auto query = start("a.test");
  ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == 2; }));
  query.reset();
  loop_.runUntilIdle();
  EXPECT_EQ(told_, Lines{});
  EXPECT_EQ(ask("a.test"), "10.0.0.1 ttl=5");
}

TEST_F(DnsTest, DroppedDuringTcpItLetsGoOfTheConnection) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    if (question.tcp) return {};
    return {DnsReply(question).truncated().bytes()};
  });
  auto query = start("big.test", DnsFamily::V4Only);
  ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == 2; }));
  EXPECT_EQ(dns_.openConnections(), 1U);
  query.reset();
  EXPECT_TRUE(loop_.runUntil([&] { return dns_.openConnections() == 0; }));
  EXPECT_EQ(told_, Lines{});
}

TEST_F(DnsTest, DroppedBetweenItsFamiliesItAsksNoMore) {
  dns_.answer("a.test", {}, 5);
  std::unique_ptr<DnsQuery> query;
  dns_.handle([&](const DnsQuestion& question) -> Lines { return {DnsReply(question).bytes()}; });
  query = start("a.test", DnsFamily::Auto);
  ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == 1; }));
  query.reset();
  loop_.runUntilIdle();
  EXPECT_EQ(told_, Lines{});
  EXPECT_EQ(dns_.questions(), Lines{"a.test AAAA"});
}

TEST_F(DnsTest, OneDroppedLeavesTheOthersAlone) {
  dns_.ignore("slow.test");
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  auto slow = start("slow.test");
  const auto good = start("a.test");
  slow.reset();
  EXPECT_TRUE(loop_.runUntil([&] { return told_ == Lines{"10.0.0.1 ttl=5"}; }));
}

TEST_F(DnsTest, TheDeadlineEndsAQueryThatNobodyAnswers) {
  dns_.ignore("slow.test");
  const auto query = start("slow.test");
  ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == 2; }));
  loop_.advance(options_.deadline - milliseconds(1));
  EXPECT_EQ(told_, Lines{});
  loop_.advance(milliseconds(1));
  EXPECT_EQ(told_, Lines{"timeout"});
  loop_.advance(seconds(60));
  EXPECT_EQ(told_.size(), 1U);
}

// Of one family, that is; the other one is answered.
DnsReply addressOf(const DnsQuestion& question) {
  return std::move(DnsReply(question).address(
      question.name, question.type == test::DnsA ? "10.0.0.1" : "fd00::1", 5));
}

TEST_F(DnsTest, AFamilyThatIsNeverAnsweredDoesNotHoldTheOtherOneUpForLong) {
  for (const uint16_t silent : {test::DnsAaaa, test::DnsA}) {
    dns_.handle([=](const DnsQuestion& question) -> Lines {
      return question.type == silent ? Lines{} : Lines{addressOf(question).bytes()};
    });
    const size_t before = told_.size();
    const size_t asked = dns_.questions().size();
    std::optional<net::Family> unanswered;
    const auto query = resolver().resolve("a.test", DnsFamily::All, [&](Result<DnsAnswer> result) {
      told_.push_back(show(result));
      if (result.ok()) unanswered = result.value().unanswered;
    });
    ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == asked + 2; }));
    for (int turn = 0; turn < 100; ++turn) loop_->runOnce(false);
    loop_.advance(seconds(2) - milliseconds(1));
    EXPECT_EQ(told_.size(), before);
    loop_.advance(milliseconds(1));
    ASSERT_EQ(told_.size(), before + 1);
    EXPECT_EQ(told_.back(), silent == test::DnsA ? "fd00::1 ttl=5" : "10.0.0.1 ttl=5");
    EXPECT_EQ(unanswered, silent == test::DnsA ? net::Family::V4 : net::Family::V6);
  }
}

TEST_F(DnsTest, ThePreferredFamilyHasHalfTheTimeAndThenTheOtherOneIsAsked) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    return question.type == test::DnsA ? Lines{} : Lines{addressOf(question).bytes()};
  });
  const auto query = start("a.test", DnsFamily::V4Preferred);
  ASSERT_TRUE(loop_.runUntil([&] { return dns_.questions().size() == 1; }));
  loop_.advance(options_.deadline / 2 - milliseconds(1));
  for (const auto& question : dns_.questions()) EXPECT_EQ(question, "a.test A");
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(loop_.runUntil([&] { return told_ == Lines{"fd00::1 ttl=5"}; }));
}

// A port of 127.0.0.1 that refuses datagrams as long as it lives: a TCP socket has the number.
class RefusingPort {
 public:
  RefusingPort() {
    sockaddr_storage storage;
    const unsigned length = net::toSockaddr(*net::SocketAddress::parse("127.0.0.1:0"), &storage);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&storage), length), 0);
  }
  ~RefusingPort() { ::close(fd_); }
  net::IpPort address() const { return net::localAddress(fd_); }

 private:
  const int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST_F(DnsTest, TriesTheNextServerWhenOneIsNotThere) {
  const RefusingPort gone;
  options_.servers = {gone.address(), dns_.address()};
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("a.test"), "10.0.0.1 ttl=5");
  EXPECT_EQ(ask("a.test", DnsFamily::V4Only), "10.0.0.1 ttl=5");
}

TEST_F(DnsTest, TriesTheNextServerWhenOneFails) {
  test::LoopbackDns lame(*loop_);
  lame.fail("a.test", test::DnsServFail);
  options_.servers = {lame.address(), dns_.address()};
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("a.test"), "10.0.0.1 ttl=5");
  EXPECT_FALSE(lame.questions().empty());
}

TEST_F(DnsTest, DoesNotAskTheNextServerForWhatDoesNotExist) {
  test::LoopbackDns other(*loop_);
  options_.servers = {dns_.address(), other.address()};
  other.answer("a.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("a.test"), "not_found");
  EXPECT_EQ(other.questions(), Lines{});
}

TEST_F(DnsTest, SaysThatNoServerIsThere) {
  const RefusingPort gone;
  options_.servers = {gone.address()};
  EXPECT_EQ(ask("a.test"), "refused");
  EXPECT_EQ(ask("a.test"), "refused");
}

}  // namespace
}  // namespace weir::upstream
