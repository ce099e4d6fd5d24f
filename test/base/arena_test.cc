#include "source/base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

namespace weir {
namespace {

TEST(ArenaTest, WhatWasTakenStaysWhereItIs) {
  Arena arena(16, 64);
  char* first = arena.take(10);
  std::memcpy(first, "0123456789", 10);
  for (int i = 0; i < 100; ++i) std::memset(arena.take(7), 'x', 7);
  EXPECT_EQ(std::memcmp(first, "0123456789", 10), 0);
}

TEST(ArenaTest, Aligns) {
  Arena arena;
  arena.take(1);
  for (const size_t alignment : {2U, 8U, 16U}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.take(3, alignment)) % alignment, 0U);
  }
}

TEST(ArenaTest, GivesTheSameMemoryAgain) {
  Arena arena(64, 1024);
  arena.take(500);
  arena.clear();
  const char* again = arena.take(100);
  const size_t held = arena.capacity();
  arena.clear();
  EXPECT_EQ(arena.take(300), again);
  EXPECT_EQ(arena.capacity(), held);
}

TEST(ArenaTest, KeepsNoLargeBlock) {
  Arena arena(64, 1024);
  for (int i = 0; i < 100; ++i) arena.take(100);
  arena.clear();
  EXPECT_GT(arena.capacity(), 0U);
  EXPECT_LE(arena.capacity(), 1024U);
  arena.take(5000);
  arena.clear();
  arena.take(1);
  arena.clear();
  EXPECT_LE(arena.capacity(), 1024U);
}

TEST(ArenaTest, FindsRoomForAnAlignedPieceAtTheEndOfABlock) {
  Arena arena(16, 64);
  arena.take(15);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(arena.take(8, 8)) % 8, 0U);
}

}  // namespace
}  // namespace weir
