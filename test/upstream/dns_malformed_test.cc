// Answers that are not what they should be: none of them may pass for an address, and none may
// hurt.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "test/upstream/dns_fixture.h"

namespace weir::upstream {
namespace {

using namespace std::string_literals;
using test::DnsQuestion;
using test::DnsReply;

using DnsMalformedTest = DnsTest;

struct Case {
  std::string what;
  std::function<std::string(const DnsQuestion&)> reply;
  std::string expected;
};

// A record's head with a name of one's own, and 4 bytes of data.
std::string recordWithName(const std::string& name) {
  return name + "\0\1\0\1\0\0\0\5\0\4\x0a\0\0\1"s;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> table{
      {"another id",
       [](const auto& q) {
         return DnsReply(q).id(q.id ^ 1).address(q.name, "10.6.6.6", 5).bytes();
       },
       "timeout"},
      {"the answer to another question",
       [](const auto& q) {
         return DnsReply(q)
             .instead({0, "evil.test", q.type, false})
             .address("evil.test", "10.6.6.6", 5)
             .bytes();
       },
       "timeout"},
      {"a question", [](const auto& q) { return DnsReply(q).asQuestion().bytes(); }, "no_address"},
      {"an address for another name",
       [](const auto& q) { return DnsReply(q).address("evil.test", "10.6.6.6", 5).bytes(); },
       "no_address"},
      {"an IPv6 address for an IPv4 question",
       [](const auto& q) { return DnsReply(q).address(q.name, "fd00::6", 5).bytes(); },
       "no_address"},
      {"more answers claimed than there are",
       [](const auto& q) {
         return DnsReply(q).address(q.name, "10.6.6.6", 5).claimAnswers(2).bytes();
       },
       "server_failure"},
      {"65535 answers claimed",
       [](const auto& q) { return DnsReply(q).claimAnswers(65535).bytes(); }, "server_failure"},
      {"fewer answers claimed than there are",
       [](const auto& q) {
         return DnsReply(q).address(q.name, "10.6.6.6", 5).claimAnswers(0).bytes();
       },
       "no_address"},
      {"an address of 3 bytes",
       [](const auto& q) { return DnsReply(q).record(q.name, test::DnsA, 5, "\x0a\0\0"s).bytes(); },
       "no_address"},
      {"data beyond the end",
       [](const auto& q) {
         return DnsReply(q)
             .claimAnswers(1)
             .raw(test::dnsName(q.name) + "\0\1\0\1\0\0\0\5\xff\xff\x0a\0\0\1"s)
             .bytes();
       },
       "server_failure"},
      {"a name that points to itself",
       [](const auto& q) {
         const size_t here = DnsReply(q).bytes().size();
         const std::string self{static_cast<char>(0xc0 | here >> 8), static_cast<char>(here)};
         return DnsReply(q).claimAnswers(1).raw(recordWithName(self)).bytes();
       },
       "server_failure"},
      {"a name that points beyond the end",
       [](const auto& q) {
         return DnsReply(q).claimAnswers(1).raw(recordWithName("\xff\xff"s)).bytes();
       },
       "server_failure"},
      {"a name with a reserved label type",
       [](const auto& q) {
         return DnsReply(q)
             .claimAnswers(1)
             .raw(recordWithName("\x80"
                                 "abc\0"s))
             .bytes();
       },
       "server_failure"},
      {"bytes behind the last record",
       [](const auto& q) {
         return DnsReply(q).address(q.name, "10.0.0.1", 5).raw("garbage").bytes();
       },
       "10.0.0.1 ttl=5"},
      {"truncated over UDP, and TCP is closed",
       [](const auto& q) { return q.tcp ? "" : DnsReply(q).truncated().bytes(); },
       "server_failure"},
      {"nothing at all", [](const auto&) { return ""; }, "timeout"},
      {"one byte", [](const auto&) { return "x"; }, "timeout"},
  };
  return table;
}

TEST_F(DnsMalformedTest, NonsenseIsNoAddress) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.what);
    dns_.handle([&](const DnsQuestion& question) -> Lines { return {one.reply(question)}; });
    EXPECT_EQ(askToTheEnd("a.test"), one.expected) << detail_;
  }
}

TEST_F(DnsMalformedTest, TheRightAnswerBehindAForgedOneIsTaken) {
  dns_.handle([](const DnsQuestion& question) -> Lines {
    return {DnsReply(question).id(question.id ^ 1).address(question.name, "10.6.6.6", 5).bytes(),
            DnsReply(question).address(question.name, "10.0.0.1", 5).bytes()};
  });
  EXPECT_EQ(ask("a.test", DnsFamily::V4Only), "10.0.0.1 ttl=5");
}

TEST_F(DnsMalformedTest, AnAnswerCutAnywhereIsNoAddress) {
  size_t length = 1000;
  for (size_t keep = 0; keep < length; ++keep) {
    dns_.handle([&](const DnsQuestion& question) -> Lines {
      const std::string whole = DnsReply(question)
                                    .cname(question.name, "b.test", 5)
                                    .address("b.test", "10.0.0.1", 5)
                                    .bytes();
      length = whole.size();
      return {whole.substr(0, keep)};
    });
    const std::string told = askToTheEnd("a.test");
    EXPECT_TRUE(told == "server_failure" || told == "timeout") << keep << ": " << told;
  }
}

// Each bit of an answer, the other way round: whatever it comes to, it comes to an end.
TEST_F(DnsMalformedTest, AnAnswerWithAnyBitFlippedEnds) {
  size_t bits = 1000;
  for (size_t bit = 0; bit < bits; ++bit) {
    dns_.handle([&](const DnsQuestion& question) -> Lines {
      if (question.tcp) return {DnsReply(question, test::DnsServFail).bytes()};
      std::string whole =
          DnsReply(question).cname("a.test", "b.test", 5).address("b.test", "10.0.0.1", 5).bytes();
      bits = whole.size() * 8;
      whole[bit / 8] = static_cast<char>(whole[bit / 8] ^ (1 << bit % 8));
      return {whole};
    });
    EXPECT_NE(askToTheEnd("a.test"), "nothing");
  }
}

}  // namespace
}  // namespace weir::upstream
