#include "source/upstream/hash_ring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "source/base/random.h"

namespace weir::upstream {
namespace {

using Members = std::vector<HashRing::Member>;

Members membersOf(size_t n) {
  Members members;
  for (size_t i = 0; i < n; ++i) members.push_back({"10.0.0." + std::to_string(i) + ":80", 1});
  return members;
}

// The name of the owner of each of many keys.
std::vector<std::string> owners(const Members& members, const RingSettings& settings = {}) {
  const HashRing ring(members, settings);
  Random keys(7);
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) {
    names.push_back(members[ring.memberAt(ring.placeOf(keys.next()))].name);
  }
  return names;
}

double shareThatMoved(const Members& before, const Members& after) {
  const auto a = owners(before);
  const auto b = owners(after);
  size_t moved = 0;
  for (size_t i = 0; i < a.size(); ++i) moved += a[i] != b[i] ? 1 : 0;
  return static_cast<double>(moved) / static_cast<double>(a.size());
}

TEST(HashRingTest, HasItsLeastSizeAndNotTwiceThat) {
  for (const size_t n : {1U, 2U, 3U, 10U, 100U, 1000U}) {
    const HashRing ring(membersOf(n), {});
    EXPECT_GE(ring.size(), 1024U) << n;
    EXPECT_LT(ring.size(), 2048U) << n;
  }
}

TEST(HashRingTest, EveryMemberHasAPlaceEvenIfTheRingIsTooSmall) {
  const HashRing ring(membersOf(100), {.minimum_size = 1, .maximum_size = 10});
  std::map<size_t, int> places;
  for (size_t i = 0; i < ring.size(); ++i) ++places[ring.memberAt(i)];
  EXPECT_EQ(places.size(), 100U);
}

TEST(HashRingTest, StaysBelowItsGreatestSize) {
  const HashRing ring(membersOf(3), {.minimum_size = 1000, .maximum_size = 1000});
  EXPECT_LE(ring.size(), 1000U);
}

TEST(HashRingTest, AMemberOfWeightZeroHasNoPlace) {
  Members members = membersOf(3);
  members[1].weight = 0;
  for (const std::string& name : owners(members)) ASSERT_NE(name, members[1].name);
  members[0].weight = members[2].weight = 0;
  EXPECT_EQ(HashRing(members, {}).size(), 0U);
}

TEST(HashRingTest, TheSameMembersGiveTheSameOwnersInAnyOrder) {
  Members members = membersOf(7);
  const auto before = owners(members);
  std::swap(members[1], members[6]);
  EXPECT_EQ(owners(members), before);
}

TEST(HashRingTest, AMemberThatComesTakesItsShareAndHardlyMore) {
  // 1/11 of the keys is the newcomer's; with 128 places each, its share is right to about a tenth.
  const double moved = shareThatMoved(membersOf(10), membersOf(11));
  EXPECT_GT(moved, 0.06);
  EXPECT_LT(moved, 0.12);
}

TEST(HashRingTest, OnlyTheKeysOfAMemberThatGoesMove) {
  const Members before = membersOf(11);
  Members after = before;
  after.erase(after.begin() + 4);
  const auto a = owners(before);
  const auto b = owners(after);
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != before[4].name) {
      ASSERT_EQ(a[i], b[i]);
    }
  }
}

TEST(HashRingTest, WhereTheNumberOfPlacesHasToChangeMostKeysStay) {
  // From 16 to 17 members the places of each halve.
  EXPECT_LT(shareThatMoved(membersOf(16), membersOf(17)), 0.6);
}

TEST(HashRingTest, SharesFollowTheWeights) {
  Members members = membersOf(3);
  members[2].weight = 2;
  std::map<std::string, double> share;
  const auto all = owners(members, {.minimum_size = 1 << 16});
  for (const std::string& name : all) share[name] += 1.0 / static_cast<double>(all.size());
  EXPECT_NEAR(share[members[0].name], 0.25, 0.02);
  EXPECT_NEAR(share[members[1].name], 0.25, 0.02);
  EXPECT_NEAR(share[members[2].name], 0.5, 0.02);
}

TEST(HashRingTest, BytesThatDifferALittleHashFarApart) {
  const uint8_t a[] = {10, 0, 0, 1};
  const uint8_t b[] = {10, 0, 0, 2};
  EXPECT_NE(hashBytes(a) >> 48, hashBytes(b) >> 48);
  EXPECT_EQ(hashBytes(a), hashBytes(a));
}

}  // namespace
}  // namespace weir::upstream
