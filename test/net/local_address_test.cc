#include "source/net/local_address.h"

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <sys/resource.h>

namespace weir::net {
namespace {

TEST(LocalAddressTest, KnowsWhatStaysOnThisMachine) {
  for (const char* own : {"127.0.0.1", "127.9.8.7", "0.0.0.0", "::ffff:127.0.0.1"})
    EXPECT_TRUE(isOfThisMachine(*IpAddress::parse(own))) << own;
  for (const char* other : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"})
    EXPECT_FALSE(isOfThisMachine(*IpAddress::parse(other))) << other;
  EXPECT_FALSE(isOfThisMachine(IpAddress{}));
}

TEST(LocalAddressTest, KnowsWhatIsNear) {
  for (const char* near : {"127.0.0.1", "::1", "0.0.0.0", "::ffff:0.0.0.0", "169.254.169.254",
                           "::ffff:169.254.0.1", "fe80::1", "febf::1"})
    EXPECT_TRUE(isLocal(*IpAddress::parse(near))) << near;
  for (const char* other : {"192.0.2.1", "169.253.0.1", "2001:db8::1", "fec0::1", "fd00::1"})
    EXPECT_FALSE(isLocal(*IpAddress::parse(other))) << other;
  EXPECT_FALSE(isLocal(IpAddress{}));
}

TEST(LocalAddressTest, KnowsTheAddressesOfAllInterfaces) {
  ifaddrs* all = nullptr;
  ASSERT_EQ(getifaddrs(&all), 0);
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    const IpAddress ip = IpPort::fromSockaddr(*one->ifa_addr).ip;
    EXPECT_TRUE(isOfThisMachine(ip)) << ip.toString();
  }
  freeifaddrs(all);
}

// Those who ask mean to refuse it.
TEST(LocalAddressTest, WhileNothingCanBeFoundOutAnAddressIsTakenForOurs) {
  const IpAddress elsewhere = *IpAddress::parse("192.0.2.1");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool ours = isLocal(elsewhere);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(ours);
  EXPECT_FALSE(isLocal(elsewhere));
}

}  // namespace
}  // namespace weir::net
