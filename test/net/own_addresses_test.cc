#include "source/net/own_addresses.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weir::net
