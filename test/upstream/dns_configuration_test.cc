// What a resolver is configured with: resolv.conf, retries, time.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "test/upstream/dns_fixture.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using test::DnsQuestion;
using test::DnsReply;

// c-ares keeps its own time: these two take as long as they say.
class DnsRetryTest : public testing::Test {
 protected:
  std::string ask(const DnsOptions& options) {
    DnsResolver resolver(loop_, options);
    std::string told;
    const auto query = resolver.resolve("a.test", DnsFamily::V4Only,
                                        [&](const auto& result) { told = show(result); });
    while (told.empty()) loop_.runOnce(true);
    return told;
  }
  SystemClock clock_;
  event::Loop loop_{clock_};
  test::LoopbackDns dns_{loop_};
};

TEST_F(DnsRetryTest, AsksAgainWhenAnAnswerIsLost) {
  int lost = 0;
  dns_.handle([&](const DnsQuestion& question) -> Lines {
    if (++lost < 3) return {};
    return {DnsReply(question).address("a.test", "10.0.0.1", 5).bytes()};
  });
  EXPECT_EQ(ask({.servers = {dns_.address()}, .timeout = milliseconds(10), .tries = 3}),
            "10.0.0.1 ttl=5");
}

TEST_F(DnsRetryTest, GivesUpAfterItsTriesAndAsksTheOtherServersBetween) {
  test::LoopbackDns other(loop_);
  dns_.ignore("a.test");
  other.ignore("a.test");
  EXPECT_EQ(
      ask({.servers = {dns_.address(), other.address()}, .timeout = milliseconds(10), .tries = 2}),
      "timeout");
  EXPECT_EQ(dns_.questions().size(), 2U);
  EXPECT_EQ(other.questions().size(), 2U);
}

// With a resolv.conf of its own.
class ResolvConfTest : public DnsTest {
 protected:
  ResolvConfTest() {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "resolv_" + info->name() + ".conf";
    options_.servers.clear();
    options_.resolv_conf = path_;
    options_.port = dns_.address().port;
  }
  ~ResolvConfTest() override { std::filesystem::remove(path_); }
  // Renamed into place, as an administrator's tool does it.
  void write(const std::string& text) {
    std::ofstream(path_ + ".new") << text;
    std::filesystem::rename(path_ + ".new", path_);
  }
  std::string path_;
};

TEST_F(ResolvConfTest, NamesTheServersAndTheSearchDomains) {
  write("nameserver 127.0.0.1\nsearch one.test two.test\n");
  dns_.answer("db.two.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("db", DnsFamily::V4Only), "10.0.0.1 ttl=5");
  EXPECT_EQ(dns_.questions(), (Lines{"db.one.test A", "db.two.test A"}));
}

TEST_F(ResolvConfTest, ANameWithADotAtItsEndIsWhole) {
  write("nameserver 127.0.0.1\nsearch one.test\n");
  dns_.answer("db.one.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("db.", DnsFamily::V4Only), "not_found");
  EXPECT_EQ(dns_.questions(), Lines{"db A"});
}

TEST_F(ResolvConfTest, SearchDomainsHoldForServersOfTheOptionsToo) {
  write("search one.test\n");
  options_.servers = {dns_.address()};
  dns_.answer("db.one.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("db", DnsFamily::V4Only), "10.0.0.1 ttl=5");
}

TEST_F(ResolvConfTest, IsReadAnewWhenItChanged) {
  dns_.answer("db.one.test", {"10.0.0.1"}, 5);
  dns_.answer("db.two.test", {"10.0.0.2"}, 5);
  write("nameserver 127.0.0.1\nsearch one.test\n");
  EXPECT_EQ(ask("db"), "10.0.0.1 ttl=5");
  write("nameserver 127.0.0.1\nsearch two.test\n");
  EXPECT_EQ(ask("db"), "10.0.0.2 ttl=5");
  write("nameserver 127.99.99.99\nsearch two.test\n");  // where nobody listens
  EXPECT_EQ(ask("db"), "refused");
  write("nameserver 127.0.0.1\nsearch two.test\n");
  EXPECT_EQ(ask("db"), "10.0.0.2 ttl=5");
}

TEST_F(ResolvConfTest, MayComeLater) {
  dns_.answer("a.test", {"10.0.0.1"}, 5);
  EXPECT_EQ(ask("a.test"), "10.0.0.1 ttl=5");  // c-ares falls back on this machine
  write("nameserver 127.0.0.1\n");
  EXPECT_EQ(ask("a.test"), "10.0.0.1 ttl=5");
}

}  // namespace
}  // namespace weir::upstream
