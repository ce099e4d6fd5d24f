#include "source/http/header_map.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace weir::http {
namespace {

std::string textOf(const HeaderMap& map) {
  std::string all;
  for (const HeaderEntry& entry : map.entries()) {
    all += std::string(entry.name) + "=" + std::string(entry.value) + ";";
  }
  return all;
}

TEST(HeaderIdTest, KnowsEveryNameAndNoOther) {
  for (size_t i = 0; i < KnownHeaders; ++i) {
    EXPECT_EQ(headerId(HeaderNames[i]), static_cast<HeaderId>(i)) << HeaderNames[i];
    EXPECT_EQ(nameOf(static_cast<HeaderId>(i)), HeaderNames[i]);
    EXPECT_EQ(headerId(std::string(HeaderNames[i]) + "x"), HeaderId::Other);
    EXPECT_EQ(headerId(HeaderNames[i].substr(1)), HeaderId::Other) << HeaderNames[i];
  }
  EXPECT_EQ(headerId(""), HeaderId::Other);
  EXPECT_EQ(headerId("x"), HeaderId::Other);
  EXPECT_EQ(headerId("Host"), HeaderId::Other) << "names are in lower case";
}

TEST(HeaderMapTest, KeepsFieldsInTheirOrder) {
  HeaderMap map;
  map.add(HeaderId::Method, "GET");
  map.add("x-one", "1");
  map.add("host", "a");
  map.add("x-one", "2");
  EXPECT_EQ(textOf(map), ":method=GET;x-one=1;host=a;x-one=2;");
  EXPECT_EQ(map.get("x-one"), "1");
  EXPECT_EQ(map.get(HeaderId::Host), "a");
  EXPECT_EQ(map.joined("x-one"), "1, 2");
  EXPECT_EQ(map.bytes(), 7U + 3 + 6 + 5 + 6);
}

TEST(HeaderMapTest, JoinsCrumbsOfACookieAsACookie) {
  HeaderMap map;
  map.add(HeaderId::Cookie, "a=1");
  map.add(HeaderId::Cookie, "b=2");
  EXPECT_EQ(map.joined("cookie"), "a=1; b=2");
}

TEST(HeaderMapTest, SetsInThePlaceOfTheFirst) {
  HeaderMap map;
  map.add("a", "1");
  map.add("b", "2");
  map.add("a", "3");
  map.set("a", "4");
  EXPECT_EQ(textOf(map), "a=4;b=2;");
  map.set(HeaderId::Via, "x");
  EXPECT_EQ(textOf(map), "a=4;b=2;via=x;");
}

TEST(HeaderMapTest, RemovesAllOfAName) {
  HeaderMap map;
  map.add("host", "a");
  map.add("x", "1");
  map.add("host", "b");
  EXPECT_EQ(map.remove(HeaderId::Host), 2U);
  EXPECT_FALSE(map.has(HeaderId::Host));
  EXPECT_EQ(map.remove("host"), 0U);
  EXPECT_TRUE(map.has("x"));
  EXPECT_EQ(map.remove("x"), 1U);
  EXPECT_TRUE(map.empty());
}

TEST(HeaderMapTest, AFieldWithAnEmptyValueIsThere) {
  HeaderMap map;
  map.add("x", "");
  EXPECT_TRUE(map.has("x"));
  EXPECT_EQ(map.get("x"), "");
}

TEST(HeaderMapTest, WhatWasShownStaysWhereItIsUntilCleared) {
  HeaderMap map;
  map.add("first", "value");
  const std::string_view shown = map.get("first");
  for (int i = 0; i < 1000; ++i) map.add("x-" + std::to_string(i), std::string(100, 'v'));
  map.remove("first");
  EXPECT_EQ(shown, "value");
}

TEST(HeaderMapTest, RefersToItsRoom) {
  HeaderMap map;
  char* room = map.room(5);
  std::memcpy(room, "a1b22", 5);
  map.addView(HeaderId::Other, {room, 1}, {room + 1, 1});
  map.addView(HeaderId::Other, {room + 2, 1}, {room + 3, 2});
  EXPECT_EQ(textOf(map), "a=1;b=22;");
}

TEST(HeaderMapTest, KeepsMemoryForTheNextMessageButNotMuch) {
  HeaderMap map;
  for (int i = 0; i < 20; ++i) map.add("x-header", std::string(50, 'v'));
  map.clear();
  EXPECT_TRUE(map.empty());
  EXPECT_FALSE(map.has("x-header"));
  const size_t kept = map.capacity();
  EXPECT_GT(kept, 1000U);
  for (int i = 0; i < 10000; ++i) map.add("x-header", std::string(50, 'v'));
  map.clear();
  map.room(100000);
  map.clear();
  EXPECT_LE(map.capacity(), 20000U);
  map.add("x", std::string(60000, 'v'));
  EXPECT_EQ(map.get("x").size(), 60000U);
}

TEST(HeaderMapTest, CopiesAnother) {
  HeaderMap from;
  from.add("a", "1");
  from.add(HeaderId::Path, "/");
  HeaderMap to;
  to.add("old", "x");
  to.copyFrom(from);
  from.clear();
  EXPECT_EQ(textOf(to), "a=1;:path=/;");
}

TEST(HeaderMapTest, TellsAndSetsTheStatus) {
  HeaderMap map;
  EXPECT_EQ(statusOf(map), 0U);
  setStatus(map, 204);
  EXPECT_EQ(map.get(HeaderId::Status), "204");
  EXPECT_EQ(statusOf(map), 204U);
  setStatus(map, 503);
  EXPECT_EQ(statusOf(map), 503U);
}

}  // namespace
}  // namespace weir::http
