// The tables that a matcher is made of, at their edges.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "source/match/name_table.h"
#include "source/match/prefix_table.h"
#include "source/match/text_table.h"

namespace weir::match {
namespace {

net::IpPrefix prefix(const std::string& text) { return net::IpPrefix::parse(text).value(); }
net::IpAddress ip(const std::string& text) { return net::IpAddress::parse(text).value(); }

TEST(TextTableTest, FindsWhatIsThereByTextAndSpecificity) {
  TextTable table;
  std::vector<uint32_t> ids;
  for (int i = 0; i < 1000; ++i)
    ids.push_back(
        table.intern(std::string(static_cast<size_t>(i % 40), 'a') + std::to_string(i), 7));
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::string(static_cast<size_t>(i % 40), 'a') + std::to_string(i);
    EXPECT_EQ(table.find(text, 7), ids[static_cast<size_t>(i)]);
    EXPECT_EQ(table.intern(text, 7), ids[static_cast<size_t>(i)]);
    EXPECT_EQ(table.text(ids[static_cast<size_t>(i)]), text);
    EXPECT_EQ(table.find(text, 8), 0U);
    EXPECT_EQ(table.find(text + "x", 7), 0U);
  }
}

TEST(TextTableTest, TellsApartTextsThatDifferInOneByteAtAnyPlace) {
  for (size_t length = 1; length <= 40; ++length) {
    TextTable table;
    const std::string text(length, 'a');
    const uint32_t id = table.intern(text, 0);
    EXPECT_EQ(table.find(text, 0), id);
    for (size_t at = 0; at < length; ++at) {
      std::string other = text;
      other[at] = 'b';
      EXPECT_EQ(table.find(other, 0), 0U) << length << " " << at;
    }
  }
}

TEST(NameTableTest, ParentsLeadFromTheMostSpecificNameToTheLeast) {
  NameTable table;
  const uint32_t exact = table.intern("www.a.example.com");
  const uint32_t com = table.intern("*.com");
  const uint32_t deep = table.intern("*.a.example.com");
  const uint32_t other = table.intern("*.b.com");
  table.link();
  EXPECT_EQ(table.find("www.a.example.com"), exact);
  EXPECT_EQ(table.find("x.y.a.example.com"), deep);
  EXPECT_EQ(table.find("x.b.com"), other);
  EXPECT_EQ(table.find("b.com"), com);
  EXPECT_EQ(table.find("com"), 0U);
  EXPECT_EQ(table.words()[exact], deep);
  EXPECT_EQ(table.words()[deep], com);
  EXPECT_EQ(table.words()[com], 0U);
}

TEST(NameTableTest, DotsAreFoundAtEveryDistanceFromTheEnd) {
  for (size_t length = 1; length <= 40; ++length) {
    NameTable table;
    const std::string suffix = "." + std::string(length, 'z');
    const uint32_t id = table.intern("*" + suffix);
    table.link();
    for (size_t front = 0; front <= 20; ++front) {
      EXPECT_EQ(table.find(std::string(front, 'y') + suffix), id) << length << " " << front;
      EXPECT_EQ(table.find(std::string(front, 'y') + suffix + "z"), 0U);
    }
  }
}

TEST(NameTableTest, WildcardsOfMoreLabelsThanAnyRealName) {
  NameTable table;
  std::string deep = ".end";
  std::vector<uint32_t> ids;
  for (int i = 0; i < 100; ++i, deep = ".a" + deep) {
    if (i % 3 == 0) ids.push_back(table.intern("*" + deep));
  }
  table.link();
  uint32_t id = table.find("x" + deep);
  for (auto expected = ids.rbegin(); expected != ids.rend(); ++expected) {
    ASSERT_EQ(id, *expected);
    id = table.words()[id];
  }
  EXPECT_EQ(id, 0U);
}

// The longest of `prefixes` that contains `address`, by trying all.
uint32_t longest(const PrefixTable& table,
                 const std::vector<std::pair<net::IpPrefix, uint32_t>>& prefixes,
                 const net::IpAddress& address) {
  uint32_t best = 0;
  for (const auto& [prefix, id] : prefixes) {
    if (!prefix.contains(address)) continue;
    if (best == 0 || table.words()[id + 1] > table.words()[best + 1]) best = id;
  }
  return best;
}

TEST(PrefixTableTest, EdgesOfRangesAndOfTheWholeLine) {
  PrefixTable table;
  std::vector<std::pair<net::IpPrefix, uint32_t>> prefixes;
  for (const char* text :
       {"0.0.0.0/0", "0.0.0.0/32", "255.255.255.255/32", "128.0.0.0/1", "10.0.0.0/8", "10.0.0.0/9",
        "10.255.255.255/32", "::/128", "8000::/1", "ffff::/16", "2001:db8::/32",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"}) {
    prefixes.emplace_back(prefix(text), table.intern(prefix(text)));
  }
  table.seal();
  for (const char* text : {"0.0.0.0",
                           "0.0.0.1",
                           "9.255.255.255",
                           "10.0.0.0",
                           "10.127.255.255",
                           "10.128.0.0",
                           "10.255.255.254",
                           "10.255.255.255",
                           "11.0.0.0",
                           "127.255.255.255",
                           "128.0.0.0",
                           "255.255.255.254",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "2001:db8::",
                           "2001:db7:ffff::",
                           "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                           "2001:db9::",
                           "7fff::",
                           "8000::",
                           "fffe::",
                           "ffff::",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
                           "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_EQ(table.find(ip(text)), longest(table, prefixes, ip(text))) << text;
  }
  EXPECT_EQ(table.find({}), 0U) << "a Unix socket";
}

TEST(PrefixTableTest, EmptyTableAndTablesOfOneFamily) {
  PrefixTable empty;
  empty.seal();
  EXPECT_EQ(empty.find(ip("10.0.0.1")), 0U);
  EXPECT_EQ(empty.find(ip("::1")), 0U);
  PrefixTable v4;
  const uint32_t id = v4.intern(prefix("10.0.0.0/8"));
  v4.seal();
  EXPECT_EQ(v4.find(ip("10.0.0.1")), id);
  EXPECT_EQ(v4.find(ip("a00::")), 0U);
}

// Random prefixes, crowded into few networks so that buckets have buckets.
TEST(PrefixTableTest, AgreesWithTryingAllPrefixes) {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    const auto family = round % 2 == 0 ? net::Family::V4 : net::Family::V6;
    const int bits = family == net::Family::V4 ? 32 : 128;
    PrefixTable table;
    std::vector<std::pair<net::IpPrefix, uint32_t>> prefixes;
    const auto address = [&] {
      Bits128 value = 10;
      for (int bit = 4; bit < bits; ++bit)
        value = value << 1 | (random() % (round < 20 ? 2 : 16) == 0);
      return toAddress(value, family);
    };
    for (int i = 0; i < 300; ++i) {
      const int length = static_cast<int>(random() % static_cast<unsigned>(bits + 1));
      const Bits128 network =
          length == 0 ? 0 : toBits(address()) >> (bits - length) << (bits - length);
      const net::IpPrefix some{toAddress(network, family), static_cast<uint8_t>(length)};
      prefixes.emplace_back(some, table.intern(some));
    }
    table.seal();
    for (int i = 0; i < 300; ++i) {
      net::IpAddress at = address();
      ASSERT_EQ(table.find(at), longest(table, prefixes, at)) << at.toString();
      at = toAddress(lastOf(prefixes[static_cast<size_t>(i)].first), family);
      ASSERT_EQ(table.find(at), longest(table, prefixes, at)) << at.toString();
    }
  }
}

}  // namespace
}  // namespace weir::match
