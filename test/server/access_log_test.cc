#include "source/server/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace weir::server {
namespace {

using Format = config::AccessLogSettings::Format;
using std::chrono::microseconds;
using std::chrono::milliseconds;

filter::ConnectionInfo sample() {
  filter::ConnectionInfo info;
  info.listener = "in";
  info.chain = "db";
  info.protocol = "mysql";
  info.reason = filter::Reason::ServerFirst;
  info.facts.source = *net::IpPort::parse("127.0.0.1:50000");
  info.facts.destination = *net::IpPort::parse("[::1]:3306");
  info.detection_time = microseconds(25310);
  info.accepted_wall = WallTime(microseconds(1'767'323'045'000'042));
  info.cluster = "db";
  info.upstream = "127.0.0.1:3306";
  info.rx_bytes = 78;
  info.tx_bytes = 120;
  info.close_reason = "client_fin";
  return info;
}

std::string line(Format format, const filter::ConnectionInfo& info) {
  std::string out;
  formatAccessLog(format, info, info.accepted + milliseconds(31), out);
  return out;
}

TEST(AccessLogLineTest, TextHasEveryKey) {
  EXPECT_EQ(line(Format::Text, sample()),
            "time=2026-01-02T03:04:05.000042Z listener=in chain=db protocol=mysql "
            "reason=server_first detect_ms=25.310 src=127.0.0.1:50000 dst=[::1]:3306 sni=- alpn=- "
            "cluster=db upstream=127.0.0.1:3306 rx_bytes=78 tx_bytes=120 duration_ms=31.000 "
            "close=client_fin\n");
}

TEST(AccessLogLineTest, JsonHasTheSameKeys) {
  EXPECT_EQ(line(Format::Json, sample()),
            "{\"time\":\"2026-01-02T03:04:05.000042Z\",\"listener\":\"in\",\"chain\":\"db\","
            "\"protocol\":\"mysql\",\"reason\":\"server_first\",\"detect_ms\":25.310,"
            "\"src\":\"127.0.0.1:50000\",\"dst\":\"[::1]:3306\",\"sni\":\"-\",\"alpn\":\"-\","
            "\"cluster\":\"db\",\"upstream\":\"127.0.0.1:3306\",\"rx_bytes\":78,\"tx_bytes\":120,"
            "\"duration_ms\":31.000,\"close\":\"client_fin\"}\n");
}

TEST(AccessLogLineTest, WhatAClientSendsCannotBreakALine) {
  filter::ConnectionInfo info = sample();
  info.facts.server_name = "a b\n\"x\\";
  info.facts.application_protocols = {"h2", "\x01,="};
  EXPECT_NE(line(Format::Text, info).find(" sni=a%20b%0A%22x%5C alpn=h2,%01,= "),
            std::string::npos);
  EXPECT_NE(line(Format::Json, info).find("\"sni\":\"a%20b%0A%22x%5C\""), std::string::npos);
}

TEST(AccessLogLineTest, WhatIsNotKnownIsADash) {
  const std::string text = line(Format::Text, filter::ConnectionInfo{});
  EXPECT_NE(text.find("listener=- chain=- protocol=tcp reason=error"), std::string::npos);
  EXPECT_NE(text.find("src=- dst=- sni=- alpn=- cluster=- upstream=- "), std::string::npos);
}

class AccessLogFileTest : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "/access-" + std::to_string(getpid()) + ".log";
  void TearDown() override { ::unlink(path_.c_str()); }
  std::string content() {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(AccessLogFileTest, WritesAllLinesInOrderBeforeItEnds) {
  {
    auto log = AccessLog::open({.path = path_});
    ASSERT_TRUE(log.ok());
    for (int i = 0; i < 1000; ++i) log.value()->write(std::to_string(i) + "\n");
  }
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(content(), expected);
}

TEST_F(AccessLogFileTest, AppendsToWhatIsThere) {
  std::ofstream(path_) << "before\n";
  AccessLog::open({.path = path_}).value()->write("after\n");
  EXPECT_EQ(content(), "before\nafter\n");
}

TEST_F(AccessLogFileTest, AFileThatCannotBeOpenedIsAnErrorThatNamesIt) {
  const auto log = AccessLog::open({.path = "/nonexistent/access.log"});
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().detail, "access log /nonexistent/access.log: No such file or directory");
}

TEST_F(AccessLogFileTest, AFullDiskLosesLinesAndCountsThem) {
  auto log = AccessLog::open({.path = "/dev/full"});
  ASSERT_TRUE(log.ok());
  log.value()->write("lost\n");
  while (log.value()->dropped() == 0) std::this_thread::yield();
  EXPECT_EQ(log.value()->dropped(), 1U);
}

}  // namespace
}  // namespace weir::server
