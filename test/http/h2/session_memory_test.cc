#include "source/http/h2/session_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

namespace weir::http {
namespace {

class SessionMemoryTest : public testing::Test {
 protected:
  void* take(size_t bytes) { return memory_->malloc(bytes, memory_->mem_user_data); }
  void giveBack(void* block) { memory_->free(block, memory_->mem_user_data); }
  void* resize(void* block, size_t bytes) {
    return memory_->realloc(block, bytes, memory_->mem_user_data);
  }
  void* zeroed(size_t count, size_t size) {
    return memory_->calloc(count, size, memory_->mem_user_data);
  }

  nghttp2_mem* const memory_ = http2SessionMemory();
};

TEST_F(SessionMemoryTest, BlocksOfEverySizeAreTheirOwnAndAligned) {
  std::vector<unsigned char*> blocks;
  for (size_t size = 0; size < 3000; ++size) {
    auto* const block = static_cast<unsigned char*>(take(size));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignof(std::max_align_t), 0U);
    std::memset(block, static_cast<int>(size % 251), size);
    blocks.push_back(block);
  }
  for (size_t size = 0; size < blocks.size(); ++size) {
    for (size_t i = 0; i < size; ++i) ASSERT_EQ(blocks[size][i], size % 251) << size << " " << i;
    giveBack(blocks[size]);
  }
}

#ifndef __SANITIZE_ADDRESS__
TEST_F(SessionMemoryTest, ABlockThatWasGivenBackIsTheNextOfItsSize) {
  void* const block = take(100);
  giveBack(block);
  void* const other = take(300);
  void* const again = take(97);
  EXPECT_EQ(again, block);
  EXPECT_NE(other, block);
  giveBack(other);
  giveBack(again);
}
#endif

TEST_F(SessionMemoryTest, WhatWaitsIsBounded) {
  std::vector<void*> blocks(20000);
  for (void*& block : blocks) block = take(500);
  for (void* block : blocks) giveBack(block);
  EXPECT_LE(http2KeptBytes(), Http2MaxKeptBytes);
}

TEST_F(SessionMemoryTest, ZeroedBlocksAreSoEachTime) {
  for (int round = 0; round < 2; ++round) {
    auto* const block = static_cast<unsigned char*>(zeroed(25, 4));
    for (int i = 0; i < 100; ++i) ASSERT_EQ(block[i], 0);
    std::memset(block, 7, 100);
    giveBack(block);
  }
}

TEST_F(SessionMemoryTest, GrowingKeepsTheBytes) {
  auto* block = static_cast<char*>(resize(nullptr, 3));
  std::memcpy(block, "abc", 3);
  for (const size_t size : {10U, 100U, 2000U, 100000U, 50U}) {
    block = static_cast<char*>(resize(block, size));
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(std::string_view(block, 3), "abc");
  }
  giveBack(block);
  giveBack(nullptr);
}

TEST_F(SessionMemoryTest, SizesThatCannotBeAreRefused) {
  EXPECT_EQ(take(SIZE_MAX), nullptr);
  EXPECT_EQ(take(SIZE_MAX - 8), nullptr);
  EXPECT_EQ(zeroed(SIZE_MAX / 2, 3), nullptr);
}

TEST_F(SessionMemoryTest, EachThreadHasItsOwn) {
  giveBack(take(64));
  size_t there = 1;
  std::thread([&] { there = http2KeptBytes(); }).join();
  EXPECT_EQ(there, 0U);
}

}  // namespace
}  // namespace weir::http
