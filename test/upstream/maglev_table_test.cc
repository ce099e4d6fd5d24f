#include "source/upstream/maglev_table.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// The name of the owner of each place.
std::vector<std::string> owners(const Members& members) {
  const MaglevTable table(members);
  std::vector<std::string> names;
  for (size_t i = 0; i < table.size(); ++i) names.push_back(members[table.memberAt(i)].name);
  return names;
}

std::vector<size_t> placesOf(const Members& members) {
  const MaglevTable table(members);
  std::vector<size_t> places(members.size());
  for (size_t i = 0; i < table.size(); ++i) ++places[table.memberAt(i)];
  return places;
}

double shareThatMoved(const Members& before, const Members& after) {
  const auto a = owners(before);
  const auto b = owners(after);
  size_t moved = 0;
  for (size_t i = 0; i < a.size(); ++i) moved += a[i] != b[i] ? 1 : 0;
  return static_cast<double>(moved) / static_cast<double>(a.size());
}

TEST(MaglevTableTest, MembersOfEqualWeightHaveEqualSharesButForOnePlace) {
  for (const size_t n : {1U, 2U, 3U, 10U, 100U, 1000U}) {
    const auto places = placesOf(membersOf(n));
    const auto [least, most] = std::minmax_element(places.begin(), places.end());
    EXPECT_LE(*most - *least, 1U) << n;
  }
}

TEST(MaglevTableTest, SharesFollowTheWeights) {
  Members members = membersOf(4);
  members[0].weight = 10;
  members[1].weight = 5;
  members[2].weight = 0;
  const auto places = placesOf(members);
  EXPECT_NEAR(static_cast<double>(places[0]), 65'537.0 * 10 / 16, 10);
  EXPECT_NEAR(static_cast<double>(places[1]), 65'537.0 * 5 / 16, 10);
  EXPECT_EQ(places[2], 0U);
  EXPECT_NEAR(static_cast<double>(places[3]), 65'537.0 / 16, 10);
}

TEST(MaglevTableTest, WithoutAWeightThereIsNoPlace) {
  Members members = membersOf(2);
  members[0].weight = members[1].weight = 0;
  EXPECT_EQ(MaglevTable(members).size(), 0U);
  EXPECT_EQ(MaglevTable({}).size(), 0U);
}

TEST(MaglevTableTest, MoreMembersThanPlacesFillIt) {
  EXPECT_EQ(MaglevTable(membersOf(70'000)).size(), MaglevTable::Size);
}

TEST(MaglevTableTest, TheSameMembersGiveTheSameOwnersInAnyOrder) {
  Members members = membersOf(7);
  const auto before = owners(members);
  std::reverse(members.begin(), members.end());
  EXPECT_EQ(owners(members), before);
}

TEST(MaglevTableTest, AMemberThatComesOrGoesMovesLittleMoreThanItsShare) {
  EXPECT_GT(shareThatMoved(membersOf(10), membersOf(11)), 0.09);  // its share is 1/11
  EXPECT_LT(shareThatMoved(membersOf(10), membersOf(11)), 0.14);
  EXPECT_LT(shareThatMoved(membersOf(100), membersOf(99)), 0.05);  // its share is 1/100
  Members members = membersOf(10);
  members.erase(members.begin() + 4);
  EXPECT_LT(shareThatMoved(membersOf(10), members), 0.14);
}

TEST(MaglevTableTest, KeysAreSpreadOverAllPlaces) {
  const MaglevTable table(membersOf(5));
  std::vector<size_t> keys(5);
  Random random(3);
  for (int i = 0; i < 50'000; ++i) ++keys[table.memberAt(table.placeOf(random.next()))];
  for (const size_t count : keys) EXPECT_NEAR(static_cast<double>(count), 10'000, 500);
}

}  // namespace
}  // namespace weir::upstream
