#include "source/net/own_addresses.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace weir::net {
namespace {

IpPort at(const char* text) { return *IpPort::parse(text); }

TEST(OwnAddressesTest, HasAConnectionAsLongAsItsEntryLives) {
  OwnAddresses own;
  auto entry = own.add(at("10.0.0.1:40000"), at("10.0.0.2:80"));
  EXPECT_TRUE(own.has(at("10.0.0.1:40000"), at("10.0.0.2:80")));
  entry.reset();
  EXPECT_FALSE(own.has(at("10.0.0.1:40000"), at("10.0.0.2:80")));
}

TEST(OwnAddressesTest, OnePortToTwoPlacesIsTwoConnections) {
  OwnAddresses own;
  const auto entry = own.add(at("10.0.0.1:40000"), at("10.0.0.2:80"));
  EXPECT_FALSE(own.has(at("10.0.0.1:40000"), at("10.0.0.3:80")));
  EXPECT_FALSE(own.has(at("10.0.0.1:40001"), at("10.0.0.2:80")));
}

TEST(OwnAddressesTest, TwoEntriesForOneAreDroppedOneByOne) {
  OwnAddresses own;
  auto first = own.add(at("[::1]:1"), at("[::1]:2"));
  const auto second = own.add(at("[::1]:1"), at("[::1]:2"));
  first.reset();
  EXPECT_TRUE(own.has(at("[::1]:1"), at("[::1]:2")));
}

void expectListeners(OwnAddresses& own, const std::vector<const char*>& bound,
                     const std::vector<std::pair<const char*, bool>>& cases) {
  std::vector<SocketAddress> addresses;
  for (const char* one : bound) addresses.push_back(*SocketAddress::parse(one));
  own.setListeners(addresses);
  for (const auto& [to, is] : cases) EXPECT_EQ(own.isListener(at(to)), is) << to;
}

TEST(OwnAddressesTest, KnowsTheListenersByTheirAddresses) {
  OwnAddresses own;
  EXPECT_FALSE(own.isListener(at("127.0.0.1:80")));
  expectListeners(own, {"127.0.0.1:80", "[::1]:81", "/run/weir.sock"},
                  {{"127.0.0.1:80", true},
                   {"127.0.0.1:81", false},
                   {"127.0.0.2:80", false},
                   {"[::1]:81", true},
                   {"[::1]:80", false},
                   {"[::ffff:127.0.0.1]:80", true},
                   {"[::ffff:127.0.0.2]:80", false},
                   {"0.0.0.0:80", true},  // leads to this machine
                   {"[::]:81", true},
                   {"0.0.0.0:81", false}});
}

TEST(OwnAddressesTest, AListenerOfAllAddressesIsAtEachOfThisMachine) {
  OwnAddresses own;
  expectListeners(own, {"0.0.0.0:80"},
                  {{"127.0.0.1:80", true},
                   {"127.9.9.9:80", true},
                   {"0.0.0.0:80", true},
                   {"[::ffff:127.0.0.1]:80", true},
                   {"[::1]:80", false},
                   {"192.0.2.1:80", false},  // of nobody (RFC 5737)
                   {"127.0.0.1:81", false}});
}

TEST(OwnAddressesTest, ASingleListenerIsFoundWhereItIsBound) {
  EXPECT_TRUE(leadsTo(at("127.0.0.1:80"), at("127.0.0.1:80")));
  EXPECT_TRUE(leadsTo(at("127.0.0.1:80"), at("0.0.0.0:80")));
  EXPECT_TRUE(leadsTo(at("[::]:80"), at("[::1]:80")));
  EXPECT_TRUE(leadsTo(at("0.0.0.0:80"), at("127.9.9.9:80")));
  EXPECT_FALSE(leadsTo(at("0.0.0.0:80"), at("127.0.0.1:81")));
  EXPECT_FALSE(leadsTo(at("127.0.0.1:80"), at("127.0.0.2:80")));
  EXPECT_FALSE(leadsTo(at("0.0.0.0:80"), at("192.0.2.1:80")));  // another machine's
  EXPECT_FALSE(leadsTo(at("[::]:80"), at("127.0.0.1:80")));
}

TEST(OwnAddressesTest, ListenersTakeThePlaceOfThoseBefore) {
  OwnAddresses own;
  expectListeners(own, {"127.0.0.1:80"}, {{"127.0.0.1:80", true}});
  expectListeners(own, {"127.0.0.1:90"}, {{"127.0.0.1:80", false}, {"127.0.0.1:90", true}});
}

}  // namespace
}  // namespace weir::net
