#include "source/buffer/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "source/buffer/slice.h"

namespace weir::buffer {
namespace {

constexpr size_t SliceBytes = Slice::PooledCapacity;

// `n` bytes that tell where they stand.
std::string pattern(size_t n, size_t from = 0) {
  std::string text(n, '\0');
  for (size_t i = 0; i < n; ++i) text[i] = static_cast<char>('a' + (from + i) % 23);
  return text;
}

std::string_view textOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reserves `room`, as for a read, and commits `text`.
void readInto(Buffer& buffer, size_t room, std::string_view text) {
  std::array<iovec, 16> entries;
  const size_t count = buffer.reserve(room, entries);
  size_t done = 0;
  for (size_t i = 0; i < count && done < text.size(); ++i) {
    const size_t here = std::min(entries[i].iov_len, text.size() - done);
    std::memcpy(entries[i].iov_base, text.data() + done, here);
    done += here;
  }
  ASSERT_EQ(done, text.size());
  buffer.commit(done);
}

// Each test ends with all slices back in the pool.
class BufferTest : public testing::Test {
 protected:
  ~BufferTest() override {
    a_.clear();
    b_.clear();
    EXPECT_EQ(pool_.inUse(), 0U);
    EXPECT_EQ(pool_.bytesInUse(), 0U);
  }

  SlicePool pool_;
  Buffer a_{pool_};
  Buffer b_{pool_};
};

TEST_F(BufferTest, EmptyOwnsNothing) {
  EXPECT_TRUE(a_.empty());
  EXPECT_EQ(a_.toString(), "");
  EXPECT_TRUE(a_.contiguous().empty());
  a_.append("");
  a_.drain(0);
  a_.compact();
  EXPECT_EQ(pool_.inUse(), 0U);
}

TEST_F(BufferTest, DrainedToTheEndOwnsNothing) {
  a_.append(pattern(3 * SliceBytes));
  a_.drain(3 * SliceBytes);
  EXPECT_EQ(pool_.inUse(), 0U);
}

TEST_F(BufferTest, AppendsAcrossTheBordersOfSlices) {
  for (const size_t n : {size_t{1}, SliceBytes - 1, SliceBytes, SliceBytes + 1, 5 * SliceBytes}) {
    Buffer buffer(pool_);
    buffer.append(pattern(n));
    buffer.append("tail");
    EXPECT_EQ(buffer.size(), n + 4);
    EXPECT_EQ(buffer.toString(), pattern(n) + "tail");
  }
}

TEST_F(BufferTest, DrainsAcrossTheBordersOfSlices) {
  const std::string all = pattern(2 * SliceBytes + 10);
  for (const size_t n : {size_t{1}, SliceBytes - 1, SliceBytes, SliceBytes + 1, 2 * SliceBytes}) {
    Buffer buffer(pool_);
    buffer.append(all);
    buffer.drain(n);
    EXPECT_EQ(buffer.toString(), all.substr(n));
  }
}

TEST_F(BufferTest, TakesAllWithoutCopyingALargeOne) {
  a_.append(pattern(100));
  b_.append(pattern(2 * SliceBytes, 100));
  const size_t slices = pool_.inUse();
  a_.take(b_);
  EXPECT_EQ(a_.toString(), pattern(100 + 2 * SliceBytes));
  EXPECT_TRUE(b_.empty());
  EXPECT_EQ(pool_.inUse(), slices);
}

TEST_F(BufferTest, TakingFromAnEmptyOneChangesNothing) {
  a_.append("abc");
  a_.take(b_);
  a_.take(b_, 0);
  EXPECT_EQ(a_.toString(), "abc");
}

TEST_F(BufferTest, TakesAPart) {
  const std::string all = pattern(3 * SliceBytes);
  for (const size_t n : {size_t{1}, SliceBytes - 1, SliceBytes, SliceBytes + 1, 3 * SliceBytes}) {
    Buffer from(pool_);
    Buffer to(pool_);
    from.append(all);
    to.append("x");
    to.take(from, n);
    EXPECT_EQ(to.toString(), "x" + all.substr(0, n));
    EXPECT_EQ(from.toString(), all.substr(n));
  }
}

// A sender of single bytes, and a receiver that takes none: what is queued must not cost a slice
// for each byte.
TEST_F(BufferTest, ManySmallTakesShareSlices) {
  for (size_t i = 0; i < 32768; ++i) {
    b_.append(pattern(1, i));
    a_.take(b_);
  }
  EXPECT_EQ(a_.toString(), pattern(32768));
  EXPECT_LE(pool_.bytesInUse(), 4U * 32768);
}

TEST_F(BufferTest, ManySmallPartialTakesShareSlices) {
  for (size_t i = 0; i < 32768; ++i) {
    b_.append(pattern(1, i));
    a_.take(b_, 1);
  }
  EXPECT_EQ(a_.toString(), pattern(32768));
  EXPECT_LE(pool_.bytesInUse(), 4U * 32768);
}

TEST_F(BufferTest, ReservesAsMuchAsAsked) {
  std::array<iovec, 4> room;
  const size_t count = a_.reserve(SliceBytes + 10, room);
  ASSERT_EQ(count, 2U);
  EXPECT_EQ(room[0].iov_len + room[1].iov_len, SliceBytes + 10);
  a_.commit(0);
  EXPECT_EQ(pool_.inUse(), 0U);
}

TEST_F(BufferTest, ReservesNoMoreThanThereAreEntries) {
  std::array<iovec, 2> room;
  EXPECT_EQ(a_.reserve(10 * SliceBytes, room), 2U);
  a_.commit(0);
}

TEST_F(BufferTest, CommitsWhatWasReadAndGivesBackTheRest) {
  for (const size_t n :
       {size_t{0}, size_t{1}, SliceBytes - 1, SliceBytes, SliceBytes + 1, 3 * SliceBytes}) {
    Buffer buffer(pool_);
    buffer.append("head");
    readInto(buffer, 4 * SliceBytes, pattern(n));
    EXPECT_EQ(buffer.toString(), "head" + pattern(n));
    EXPECT_LE(pool_.inUse(), n / SliceBytes + 2);
  }
}

TEST_F(BufferTest, ReadsIntoTheRestOfTheLastSlice) {
  readInto(a_, SliceBytes, "abc");
  readInto(a_, SliceBytes / 2, "def");
  EXPECT_EQ(a_.toString(), "abcdef");
  EXPECT_EQ(pool_.inUse(), 1U);
}

TEST_F(BufferTest, PeeksFromTheFront) {
  a_.append(pattern(SliceBytes + 5));
  a_.drain(2);
  std::array<iovec, 4> entries;
  ASSERT_EQ(a_.peek(entries), 2U);
  EXPECT_EQ(entries[0].iov_len, SliceBytes - 2);
  EXPECT_EQ(entries[1].iov_len, 5U);
  EXPECT_EQ(static_cast<const char*>(entries[0].iov_base)[0], 'c');
  EXPECT_EQ(a_.peek({entries.data(), 1}), 1U);
}

TEST_F(BufferTest, MakesItselfContiguous) {
  for (const size_t n : {size_t{1}, SliceBytes, SliceBytes + 1, 9 * SliceBytes}) {
    Buffer buffer(pool_);
    buffer.append(pattern(n));
    EXPECT_EQ(textOf(buffer.contiguous()), pattern(n));
    buffer.append("more");
    EXPECT_EQ(textOf(buffer.contiguous()), pattern(n) + "more");
    EXPECT_EQ(buffer.size(), n + 4);
  }
}

TEST_F(BufferTest, CompactHoldsFewBytesInASliceOfTheirSize) {
  a_.append("abc");
  EXPECT_EQ(pool_.bytesInUse(), SliceBytes);
  a_.compact();
  EXPECT_EQ(a_.toString(), "abc");
  EXPECT_EQ(pool_.bytesInUse(), 3U);
  a_.append("def");
  EXPECT_EQ(textOf(a_.contiguous()), "abcdef");
}

TEST_F(BufferTest, CompactLeavesALargeOneAlone) {
  a_.append(pattern(SliceBytes / 2));
  a_.compact();
  EXPECT_EQ(pool_.bytesInUse(), SliceBytes);
}

TEST_F(BufferTest, Moves) {
  a_.append("abc");
  Buffer moved(std::move(a_));
  EXPECT_EQ(moved.toString(), "abc");
  b_.append("old");
  b_ = std::move(moved);
  EXPECT_EQ(b_.toString(), "abc");
  EXPECT_EQ(pool_.inUse(), 1U);
}

// Two buffers and two strings, to which the same is done.
class RandomOperations {
 public:
  explicit RandomOperations(unsigned seed) : random_(seed) {}

  void step() {
    const size_t n = 1 + random_() % (random_() % 4 == 0 ? 3 * SliceBytes : 50);
    switch (random_() % 9) {
      case 0: return append(n);
      case 1: return drain(n);
      case 2: return takeAll();
      case 3: return takePart(n);
      case 4: return read(n);
      case 5: EXPECT_EQ(textOf(a_.contiguous()), a_text_); return;
      case 6: return a_.compact();
      case 7: return swap();
      default: return append(n % 2000);
    }
  }
  void check() {
    ASSERT_EQ(a_.size(), a_text_.size());
    ASSERT_EQ(a_.toString(), a_text_);
    ASSERT_EQ(b_.toString(), b_text_);
  }

 private:
  void append(size_t n) {
    a_.append(pattern(n, n));
    a_text_ += pattern(n, n);
  }
  void drain(size_t n) {
    n = std::min(n, a_text_.size());
    a_.drain(n);
    a_text_.erase(0, n);
  }
  void takeAll() {
    a_.take(b_);
    a_text_ += std::exchange(b_text_, {});
  }
  void takePart(size_t n) {
    n = std::min(n, b_text_.size());
    a_.take(b_, n);
    a_text_ += b_text_.substr(0, n);
    b_text_.erase(0, n);
  }
  void read(size_t n) {
    readInto(a_, n, pattern(n / 2, n));
    a_text_ += pattern(n / 2, n);
  }
  void swap() {
    std::swap(a_, b_);
    std::swap(a_text_, b_text_);
  }

  std::mt19937 random_;
  SlicePool pool_{4};  // its destructor proves that all slices came back
  Buffer a_{pool_};
  Buffer b_{pool_};
  std::string a_text_;
  std::string b_text_;
};

TEST(BufferRandomTest, DoesWhatAStringDoes) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    RandomOperations operations(seed);
    for (int step = 0; step < 400; ++step) {
      operations.step();
      ASSERT_NO_FATAL_FAILURE(operations.check()) << "seed " << seed << " step " << step;
    }
  }
}

TEST(SlicePoolTest, KeepsNoMoreThanItMayForReuse) {
  SlicePool pool(1);
  Slice* first = pool.take();
  Slice* second = pool.take();
  EXPECT_EQ(pool.inUse(), 2U);
  EXPECT_EQ(pool.bytesInUse(), 2 * SliceBytes);
  pool.giveBack(first);
  pool.giveBack(second);  // freed
  EXPECT_EQ(pool.inUse(), 0U);
  Slice* again = pool.take();
  EXPECT_EQ(again, first);
  EXPECT_EQ(again->size(), 0U);
  pool.giveBack(again);
}

TEST(SlicePoolTest, MakesALargerSliceWhereOneIsAsked) {
  SlicePool pool;
  Slice* large = pool.take(SliceBytes + 1);
  Slice* exact = pool.take(10, true);
  Slice* small = pool.take(10);
  EXPECT_EQ(large->room(), SliceBytes + 1);
  EXPECT_EQ(exact->room(), 10U);
  EXPECT_EQ(small->room(), SliceBytes);
  for (Slice* slice : {large, exact, small}) pool.giveBack(slice);
  EXPECT_EQ(pool.bytesInUse(), 0U);
}

}  // namespace
}  // namespace weir::buffer
