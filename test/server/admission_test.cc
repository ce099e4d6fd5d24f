#include "source/server/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace weir::server {
namespace {

net::IpAddress ip(const std::string& text) { return *net::IpAddress::parse(text); }

class AdmissionTest : public testing::Test {
 protected:
  std::optional<Refusal> admitOne(const std::string& from = "192.0.2.1") {
    return admit(process_, load_, listener_, ip(from));
  }
  void releaseOne(const std::string& from = "192.0.2.1") {
    release(process_, load_, listener_, ip(from));
  }
  static std::optional<Refusal> taken() { return std::nullopt; }

  ProcessLoad process_;
  ListenerLoad load_;
  config::ListenerSettings listener_;
};

TEST_F(AdmissionTest, EachLimitHoldsAndIsNamed) {
  listener_.max_connections_per_source = 1;
  EXPECT_EQ(admitOne(), taken());
  EXPECT_EQ(admitOne(), Refusal::Source);
  listener_.max_connections = 2;
  EXPECT_EQ(admitOne("192.0.2.2"), taken());
  EXPECT_EQ(admitOne("192.0.2.3"), Refusal::Listener);
  process_.max_connections = 2;
  EXPECT_EQ(admitOne("192.0.2.3"), Refusal::Process);
  process_.out_of_descriptors = true;
  EXPECT_EQ(admitOne("192.0.2.3"), Refusal::Descriptors);
  process_.out_of_memory = true;
  EXPECT_EQ(admitOne("192.0.2.3"), Refusal::Memory);
}

TEST_F(AdmissionTest, WhatIsRefusedCountsNowhere) {
  listener_.max_connections_per_source = 1;
  admitOne();
  for (int i = 0; i < 10; ++i) admitOne();
  EXPECT_EQ(process_.connections.get(), 1U);
  EXPECT_EQ(load_.connections.get(), 1U);
  releaseOne();
  EXPECT_EQ(process_.connections.get(), 0U);
  EXPECT_EQ(load_.connections.get(), 0U);
  EXPECT_EQ(load_.sources.sources(), 0U);
  EXPECT_EQ(admitOne(), taken());
}

TEST_F(AdmissionTest, TheProcessCountsAllListeners) {
  ListenerLoad other;
  process_.max_connections = 2;
  EXPECT_EQ(admitOne(), taken());
  EXPECT_EQ(admit(process_, other, listener_, ip("192.0.2.1")), taken());
  EXPECT_EQ(admitOne(), Refusal::Process);
}

TEST_F(AdmissionTest, SourceLimitByDefaultIsHalfTheListenersAndNoneForThisMachine) {
  listener_.max_connections = 7;
  EXPECT_EQ(sourceLimit(listener_, ip("192.0.2.1")), 3U);
  EXPECT_EQ(sourceLimit(listener_, ip("2001:db8::1")), 3U);
  EXPECT_EQ(sourceLimit(listener_, ip("127.0.0.1")), std::nullopt);
  EXPECT_EQ(sourceLimit(listener_, ip("::1")), std::nullopt);
  EXPECT_EQ(sourceLimit(listener_, {}), std::nullopt);
  listener_.max_connections = 1;
  EXPECT_EQ(sourceLimit(listener_, ip("192.0.2.1")), 1U);
  listener_.max_connections_per_source = 5;
  for (const char* from : {"192.0.2.1", "127.0.0.1", "::1"})
    EXPECT_EQ(sourceLimit(listener_, ip(from)), 5U) << from;
  EXPECT_EQ(sourceLimit(listener_, {}), 5U);
}

TEST_F(AdmissionTest, AnIpv6SourceIsItsSlash64) {
  listener_.max_connections_per_source = 1;
  EXPECT_EQ(admitOne("2001:db8:0:1::1"), taken());
  EXPECT_EQ(admitOne("2001:db8:0:1:ffff::2"), Refusal::Source);
  EXPECT_EQ(admitOne("2001:db8:0:2::1"), taken());
  releaseOne("2001:db8:0:1::1");
  EXPECT_EQ(admitOne("2001:db8:0:1:ffff::2"), taken());
}

TEST_F(AdmissionTest, ThreadsTogetherDoNotGoOverALimit) {
  listener_.max_connections_per_source = 50;
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) admitted += admitOne() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 50);
}

TEST(DefaultMaxConnectionsTest, LeavesDescriptorsForTheRestAndNeverNone) {
  const struct {
    uint64_t descriptors;
    unsigned workers;
    size_t listeners;
    uint64_t most;
  } cases[] = {
      {1'048'576, 4, 2, 458'752},  // an eighth
      {65'536, 8, 10, 28'672},
      {4'096, 4, 2, 1'740},  // what workers need
      {1'024, 2, 1, 343},
      {1'024, 64, 100, 256},  // never more than half
      {16, 1, 1, 4},
      {1, 1, 1, 1},
      {0, 1, 1, 1},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(defaultMaxConnections(one.descriptors, one.workers, one.listeners), one.most)
        << one.descriptors;
  }
}

TEST(ChangeSourceTest, CountsForTheNewOneAloneOrChangesNothing) {
  config::ListenerSettings listener;
  listener.max_connections_per_source = 1;
  ProcessLoad process;
  ListenerLoad load;
  ASSERT_EQ(admit(process, load, listener, ip("10.0.0.1")), std::nullopt);
  EXPECT_TRUE(changeSource(load, listener, ip("10.0.0.1"), ip("192.0.2.1")));
  ASSERT_EQ(admit(process, load, listener, ip("10.0.0.1")), std::nullopt);
  EXPECT_FALSE(changeSource(load, listener, ip("10.0.0.1"), ip("192.0.2.1")));
  EXPECT_EQ(admit(process, load, listener, ip("10.0.0.1")), Refusal::Source);
  EXPECT_TRUE(changeSource(load, listener, ip("10.0.0.1"), ip("fd00::1")));
  EXPECT_TRUE(changeSource(load, listener, ip("fd00::1"), ip("fd00::2")));  // of one /64
  release(process, load, listener, ip("192.0.2.1"));
  release(process, load, listener, ip("fd00::2"));
  EXPECT_EQ(load.sources.sources(), 0U);
}

TEST(ChangeSourceTest, SourcesWithoutALimitAreNotCounted) {
  config::ListenerSettings listener;
  ProcessLoad process;
  ListenerLoad load;
  ASSERT_EQ(admit(process, load, listener, ip("127.0.0.1")), std::nullopt);
  EXPECT_TRUE(changeSource(load, listener, ip("127.0.0.1"), ip("192.0.2.1")));
  EXPECT_EQ(load.sources.sources(), 1U);
  EXPECT_TRUE(changeSource(load, listener, ip("192.0.2.1"), ip("::1")));
  EXPECT_EQ(load.sources.sources(), 0U);
}

}  // namespace
}  // namespace weir::server
