#include "source/extensions/listener/original_dst/original_dst.h"

#include <gtest/gtest.h>

#include "test/support/sniff_harness.h"

namespace weir::extensions {
namespace {

using filter::Fact;
using filter::FactStatus;
using weir::test::SniffHarness;

net::IpPort v4(uint8_t last, uint16_t port) {
  net::IpPort address;
  address.ip.family = net::Family::V4;
  address.ip.bytes = {192, 0, 2, last};
  address.port = port;
  return address;
}

TEST(OriginalDstTest, AnswersWithoutBytes) {
  const OriginalDstFactory factory;
  EXPECT_EQ(factory.provides(), Fact::Destination);
  EXPECT_EQ(factory.maxBytes(), 0U);
  EXPECT_EQ(factory.silencePolicy(), nullptr);
}

TEST(OriginalDstTest, ARedirectedConnectionGetsTheAddressThatWasDialled) {
  const OriginalDstFactory factory;
  SniffHarness harness(factory);
  harness.facts.destination = v4(1, 15'001);
  harness.socket.original = v4(7, 3306);
  EXPECT_EQ(harness.start(), FactStatus::Done);
  EXPECT_EQ(harness.facts.destination, v4(7, 3306));
  EXPECT_EQ(harness.out.settled, Fact::Destination);
}

TEST(OriginalDstTest, AnyOtherConnectionKeepsItsDestination) {
  const OriginalDstFactory factory;
  SniffHarness harness(factory);
  harness.facts.destination = v4(1, 15'001);
  EXPECT_EQ(harness.start(), FactStatus::Done);
  EXPECT_EQ(harness.facts.destination, v4(1, 15'001));
  EXPECT_EQ(harness.out.settled, Fact::Destination);
}

}  // namespace
}  // namespace weir::extensions
