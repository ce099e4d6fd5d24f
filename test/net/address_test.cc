// Addresses as text and as values.

#include "source/net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace weir::net {
namespace {

IpAddress ip(const std::string& text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress{});
}

// What was written, and how it is written back.
using Spellings = std::vector<std::pair<std::string, std::string>>;

TEST(IpAddressTest, ParsesAndFormats) {
  const Spellings cases = {
      {"0.0.0.0", "0.0.0.0"},
      {"10.0.0.1", "10.0.0.1"},
      {"255.255.255.255", "255.255.255.255"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8::1", "2001:db8::1"},
      {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
      {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
      {"0000:0000:0000:0000:0000:ffff:255.255.255.255", "::ffff:255.255.255.255"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(ip(text).toString(), expected);
    EXPECT_EQ(ip(expected), ip(text));
  }
}

TEST(IpAddressTest, RefusesWhatIsNoAddress) {
  const std::vector<std::string> cases = {"",
                                          " ",
                                          "1",
                                          "1.2.3",
                                          "1.2.3.4.5",
                                          "256.0.0.1",
                                          "1.2.3.4 ",
                                          " 1.2.3.4",
                                          "01.2.3.4",
                                          "1.2.3.4/8",
                                          "1.2.3.4:80",
                                          "0x1.2.3.4",
                                          "-1.2.3.4",
                                          "1..2.3",
                                          "localhost",
                                          ":",
                                          ":::",
                                          "1::2::3",
                                          "[::1]",
                                          "::1%lo",
                                          "fe80::1%1",
                                          "12345::",
                                          "1:2:3:4:5:6:7",
                                          "1:2:3:4:5:6:7:8:9",
                                          "::1/128",
                                          "g::",
                                          "::1.2.3",
                                          "*",
                                          std::string("1.2.3.4\0", 8),
                                          std::string("1.2.3.4\0x", 9),
                                          std::string("\0", 1),
                                          std::string(100, '1'),
                                          std::string(46, ':')};
  for (const std::string& text : cases) EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddressTest, EveryProperPrefixOfAnIpv4AddressWithOneLastDigitIsRefused) {
  const std::string text = "192.168.10.1";
  for (size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(IpAddress::parse(text.substr(0, length))) << length;
  }
}

TEST(IpAddressTest, UnusedBytesAreZeroSoThatEqualAddressesCompareEqual) {
  const IpAddress v4 = ip("255.255.255.255");
  for (size_t i = 4; i < 16; ++i) EXPECT_EQ(v4.bytes[i], 0);
  EXPECT_NE(ip("0.0.0.0"), ip("::"));
  EXPECT_NE(ip("0.0.0.0"), IpAddress{});
}

TEST(IpAddressTest, Loopback) {
  for (const char* text : {"127.0.0.0", "127.0.0.1", "127.255.255.255", "::1"}) {
    EXPECT_TRUE(ip(text).isLoopback()) << text;
  }
  for (const char* text :
       {"126.255.255.255", "128.0.0.0", "0.0.0.0", "::", "::2", "7f00::", "1::1"}) {
    EXPECT_FALSE(ip(text).isLoopback()) << text;
  }
  EXPECT_FALSE(IpAddress{}.isLoopback());
}

TEST(IpAddressTest, NoAddressIsAUnixSocket) {
  EXPECT_EQ(IpAddress{}.toString(), "unix");
  EXPECT_EQ(IpPort{}.toString(), "unix");
}

TEST(IpPortTest, ParsesAndFormats) {
  const Spellings cases = {
      {"10.0.0.1:80", "10.0.0.1:80"},
      {"10.0.0.1:0", "10.0.0.1:0"},
      {"10.0.0.1:65535", "10.0.0.1:65535"},
      {"[2001:db8::1]:443", "[2001:db8::1]:443"},
      {"[::]:1", "[::]:1"},
      {"[::ffff:1.2.3.4]:5", "[::ffff:1.2.3.4]:5"},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = IpPort::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->toString(), expected);
  }
}

TEST(IpPortTest, RefusesWhatIsNoAddressAndPort) {
  for (const char* text : {"",
                           ":",
                           ":80",
                           "10.0.0.1",
                           "10.0.0.1:",
                           "10.0.0.1:65536",
                           "10.0.0.1:99999",
                           "10.0.0.1:100000",
                           "10.0.0.1:-1",
                           "10.0.0.1:+1",
                           "10.0.0.1:080",
                           "10.0.0.1: 80",
                           "10.0.0.1:80 ",
                           "10.0.0.1:8o",
                           "[10.0.0.1]:80",
                           "::1:80",
                           "[::1]",
                           "[::1]80",
                           "[::1:80",
                           "::1]:80",
                           "[]:80",
                           "[:80",
                           "]:80",
                           "[[::1]]:80",
                           "localhost:80",
                           "[::1%lo]:80"}) {
    EXPECT_FALSE(IpPort::parse(text)) << text;
  }
}

TEST(IpPortTest, ComesFromTheKernelsForm) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(80);
  inet_pton(AF_INET, "10.0.0.1", &v4.sin_addr);
  EXPECT_EQ(IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(v4)).toString(), "10.0.0.1:80");
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(443);
  inet_pton(AF_INET6, "2001:db8::1", &v6.sin6_addr);
  EXPECT_EQ(IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(v6)).toString(), "[2001:db8::1]:443");
}

TEST(IpPortTest, MappedAddressFromTheKernelIsIpv4) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(1);
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &v6.sin6_addr);
  const IpPort mapped = IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(v6));
  EXPECT_EQ(mapped, *IpPort::parse("127.0.0.1:1"));
  EXPECT_TRUE(mapped.ip.isLoopback());
  inet_pton(AF_INET6, "::fffe:127.0.0.1", &v6.sin6_addr);
  EXPECT_EQ(IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(v6)).ip.family, Family::V6);
}

TEST(IpPortTest, OtherFamiliesHaveNoIp) {
  sockaddr_un unix_address{};
  unix_address.sun_family = AF_UNIX;
  EXPECT_EQ(IpPort::fromSockaddr(reinterpret_cast<sockaddr&>(unix_address)), IpPort{});
}

TEST(IpPrefixTest, ParsesAndFormats) {
  const Spellings cases = {
      {"10.0.0.0/8", "10.0.0.0/8"},       {"0.0.0.0/0", "0.0.0.0/0"},
      {"10.0.0.1", "10.0.0.1/32"},        {"10.0.0.1/32", "10.0.0.1/32"},
      {"10.0.0.128/25", "10.0.0.128/25"}, {"::/0", "::/0"},
      {"2001:db8::/32", "2001:db8::/32"}, {"2001:db8::1", "2001:db8::1/128"},
      {"8000::/1", "8000::/1"},           {"::fffe/127", "::fffe/127"},
  };
  for (const auto& [text, expected] : cases) {
    const auto parsed = IpPrefix::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->toString(), expected);
  }
}

TEST(IpPrefixTest, RefusesWhatIsNoPrefix) {
  for (const char* text : {"",
                           "/",
                           "/8",
                           "10.0.0.0/",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/08",
                           "10.0.0.0/8/8",
                           "10.0.0.0/ 8",
                           "10.0.0.0/8 ",
                           "10.0.0/8",
                           "10.0.0.1/8",
                           "10.0.0.1/31",
                           "128.0.0.0/0",
                           "::/129",
                           "::1/127",
                           "2001:db8::1/32",
                           "::/0x0",
                           "a.b.c.d",
                           "a.b.c.d/8",
                           "[::]/0"}) {
    EXPECT_FALSE(IpPrefix::parse(text)) << text;
  }
}

TEST(IpPrefixTest, ContainsItsRangeAndNothingElse) {
  struct Case {
    const char* prefix;
    std::vector<const char*> inside;
    std::vector<const char*> outside;
  };
  const std::vector<Case> cases = {
      {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255", "10.0.0.1"}, {"::", "::ffff:10.0.0.1"}},
      {"::/0", {"::", "ffff::", "::ffff:10.0.0.1"}, {"0.0.0.0", "10.0.0.1"}},
      {"10.0.0.0/8", {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0", "a00::"}},
      {"10.64.0.0/10", {"10.64.0.0", "10.127.255.255"}, {"10.63.255.255", "10.128.0.0"}},
      {"10.1.1.1", {"10.1.1.1"}, {"10.1.1.0", "10.1.1.2"}},
      {"10.1.1.2/31", {"10.1.1.2", "10.1.1.3"}, {"10.1.1.1", "10.1.1.4"}},
      {"2001:db8::/33", {"2001:db8::", "2001:db8:7fff:ffff::"}, {"2001:db8:8000::", "2001:db7::"}},
      {"::1", {"::1"}, {"::", "::2", "127.0.0.1"}},
  };
  for (const Case& c : cases) {
    const IpPrefix prefix = *IpPrefix::parse(c.prefix);
    for (const char* text : c.inside)
      EXPECT_TRUE(prefix.contains(ip(text))) << c.prefix << " " << text;
    for (const char* text : c.outside)
      EXPECT_FALSE(prefix.contains(ip(text))) << c.prefix << " " << text;
    EXPECT_FALSE(prefix.contains(IpAddress{})) << c.prefix;
  }
}

// Every length against every single bit that differs.
TEST(IpPrefixTest, EveryBitInsideTheLengthCountsAndNoneBeyond) {
  for (const auto& [zero, bits] : {std::pair{"0.0.0.0", 32}, std::pair{"::", 128}}) {
    for (int length = 0; length <= bits; ++length) {
      const IpPrefix prefix{ip(zero), static_cast<uint8_t>(length)};
      for (int bit = 0; bit < bits; ++bit) {
        IpAddress other = prefix.base;
        other.bytes[static_cast<size_t>(bit / 8)] = static_cast<uint8_t>(0x80 >> (bit % 8));
        EXPECT_EQ(prefix.contains(other), bit >= length) << length << " " << bit;
      }
    }
  }
}

TEST(SocketAddressTest, ParsesAndFormats) {
  const std::string longest = "unix:/" + std::string(106, 'x');
  for (const std::string& text :
       {std::string("127.0.0.1:80"), std::string("[::1]:80"), std::string("unix:/run/weir.sock"),
        std::string("unix:@weir"), longest, "unix:@" + std::string(106, 'x')}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->toString(), text);
    EXPECT_EQ(parsed->isUnix(), text.starts_with("unix:"));
    EXPECT_EQ(parsed->ip.ip.family == Family::None, parsed->isUnix());
  }
}

TEST(SocketAddressTest, RefusesWhatIsNoAddress) {
  const std::vector<std::string> cases = {"",
                                          "unix",
                                          "unix:",
                                          "unix:/",
                                          "unix:@",
                                          "unix:relative",
                                          "/run/x",
                                          "UNIX:/x",
                                          "127.0.0.1",
                                          "localhost:80",
                                          "tcp:127.0.0.1:80",
                                          "unix:/" + std::string(107, 'x'),
                                          "unix:@" + std::string(107, 'x'),
                                          std::string("unix:/a\0b", 9)};
  for (const std::string& text : cases) EXPECT_FALSE(SocketAddress::parse(text)) << text;
}

}  // namespace
}  // namespace weir::net
