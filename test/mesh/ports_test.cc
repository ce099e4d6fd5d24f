#include "source/mesh/ports.h"

#include <gtest/gtest.h>

#include <bitset>
#include <random>
#include <string>
#include <vector>

namespace weir::mesh {
namespace {

const std::vector<NamedPort> Names = {{"mysql", 3306}, {"http-alt", 8080}, {"metrics", 9090},
                                      {"a-1", 7001},   {"twice", 10},      {"twice", 12}};

// What the list means where 25 and 5432 would hold without it; or its error.
std::string meaning(std::string_view text) {
  const auto list = parsePortList(text, Names);
  if (!list.ok()) return "error: " + list.error().detail;
  return list.value().over({{25, 25}, {5432, 5432}}).toString();
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

TEST(PortListTest, ReplacesWithNumbersRangesAndNames) {
  const Case cases[] = {
      {"", ""},
      {"  \t\n", ""},
      {"25", "25"},
      {"25,", "25"},
      {"25 , ", "25"},
      {" 587 ,\n25,\t3306 ", "25,587,3306"},
      {"1,65535", "1,65535"},
      {"1-65535", "1-65535"},
      {"80-80", "80"},
      {"8000 - 8010", "8000-8010"},
      {"1,2,3,5", "1-3,5"},
      {"10-20,15-30,31", "10-31"},
      {"25,25", "25"},
      {"mysql", "3306"},
      {"3000,5000-6000,mysql", "3000,3306,5000-6000"},
      {"http-alt", "8080"},
      {"a-1", "7001"},
      {"twice", "10,12"},
  };
  for (const Case& one : cases) EXPECT_EQ(meaning(one.text), one.expected) << one.text;
}

TEST(PortListTest, ChangesWhatIsBelowIfItsEntriesHaveSigns) {
  const Case cases[] = {
      {"+8080", "25,5432,8080"},
      {"-5432", "25"},
      {"+8080,-5432", "25,8080"},
      {" + 8080 , - 5432 ,", "25,8080"},
      {"+8000-8010", "25,5432,8000-8010"},
      {"+8000-8010,-8005", "25,5432,8000-8004,8006-8010"},
      {"-8005,+8000-8010", "25,5432,8000-8010"},
      {"-1-65535", ""},
      {"-9999", "25,5432"},
      {"+mysql,-http-alt", "25,3306,5432"},
      {"-25,+25", "25,5432"},
  };
  for (const Case& one : cases) EXPECT_EQ(meaning(one.text), one.expected) << one.text;
}

TEST(PortListTest, SaysWhetherItReplaces) {
  EXPECT_TRUE(parsePortList("", {}).value().replaces());
  EXPECT_TRUE(parsePortList("25", {}).value().replaces());
  EXPECT_FALSE(parsePortList("-25", {}).value().replaces());
}

TEST(PortListTest, NamesEveryBadEntry) {
  const std::string no_port =
      " is no port, no range such as 8000-8010, and no name of a port of this object";
  const std::string limits = ": a port is a number from 1 to 65535";
  const std::string mixed =
      ": entries with a sign change the list below, entries without replace it: a list has one "
      "kind "
      "or the other";
  const std::pair<std::string_view, std::string> cases[] = {
      {"0", "\"0\"" + limits},
      {"65536", "\"65536\"" + limits},
      {"99999999999999999999", "\"99999999999999999999\"" + limits},
      {"0080", "\"0080\"" + limits},
      {"0-5", "\"0-5\"" + limits},
      {"5-70000", "\"5-70000\"" + limits},
      {"20-10", "\"20-10\": the range ends before it begins"},
      {"postgres", "\"postgres\"" + no_port},
      {"Mysql", "\"Mysql\"" + no_port},
      {"80-", "\"80-\"" + no_port},
      {"1-2-3", "\"1-2-3\"" + no_port},
      {"+", "\"+\"" + no_port},
      {"--80", "\"--80\"" + no_port},
      {"80 81", "\"80 81\"" + no_port},
      {"80;81", "\"80;81\"" + no_port},
      {"0x50", "\"0x50\"" + no_port},
      {"8080.0", "\"8080.0\"" + no_port},
      {",", "a comma with no entry before it"},
      {"25,,26", "a comma with no entry before it"},
      {"80,x\x01y", "\"x?y\"" + no_port},
      {"80,+81", "\"+81\"" + mixed},
      {"+81,80,82", "\"80\"" + mixed},
      {"25,x,70000", "\"x\"" + no_port + "; \"70000\"" + limits},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(meaning(text), "error: " + expected) << text;
}

TEST(PortListTest, CutsALongEntryInItsMessage) {
  const std::string message = meaning(std::string(1000, 'x'));
  EXPECT_NE(message.find(std::string(80, 'x') + "...\""), std::string::npos) << message;
  EXPECT_EQ(message.find(std::string(81, 'x')), std::string::npos) << message;
}

TEST(PortListTest, IsAnErrorOrAListAtEveryPrefix) {
  const std::string text = "+8000-8010, -mysql,+http-alt,-25 ,";
  for (size_t length = 0; length <= text.size(); ++length) {
    const auto list = parsePortList(text.substr(0, length), Names);
    if (!list.ok()) {
      EXPECT_FALSE(list.error().detail.empty()) << length;
    }
  }
}

TEST(PortSetTest, CountsAndVisitsItsPorts) {
  const PortSet ports{{65534, 65535}, {1, 2}};
  std::vector<uint16_t> visited;
  ports.forEachPort([&](uint16_t port) { visited.push_back(port); });
  EXPECT_EQ(visited, (std::vector<uint16_t>{1, 2, 65534, 65535}));
  EXPECT_EQ(ports.size(), 4U);
  EXPECT_FALSE(ports.empty());
  EXPECT_TRUE(PortSet{}.empty());
}

// Each operation, against a table of all ports.
TEST(PortSetTest, HoldsWhatATableWouldHold) {
  std::mt19937 random(7);
  const auto end = [&] {
    return static_cast<uint16_t>(random() % 12 == 0 ? 65535 : 1 + random() % 60);
  };
  for (int round = 0; round < 200; ++round) {
    PortSet ports;
    std::bitset<65536> table;
    for (int step = 0; step < 12; ++step) {
      PortRange range{end(), end()};
      if (range.first > range.last) std::swap(range.first, range.last);
      const bool add = random() % 3 != 0;
      if (add)
        ports.add(range);
      else
        ports.remove(range);
      for (size_t port = range.first; port <= range.last; ++port) table[port] = add;
    }
    ASSERT_EQ(ports.size(), table.count());
    for (uint32_t port = 0; port <= 65535; port = port == 61 ? 65500 : port + 1)
      ASSERT_EQ(ports.contains(static_cast<uint16_t>(port)), table[port]) << port;
    for (size_t i = 1; i < ports.ranges().size(); ++i)
      ASSERT_GT(ports.ranges()[i].first, ports.ranges()[i - 1].last + 1);
    ASSERT_EQ(parsePortList(ports.toString(), {}).value().ports(), ports);
  }
}

}  // namespace
}  // namespace weir::mesh
