#include "test/support/memory_pipe.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/support/test_loop.h"

namespace weir::test {
namespace {

using Lines = std::vector<std::string>;
using std::chrono::milliseconds;

// Writes down what an end is told: "r", "w", "h", "e" together if told together.
class Recorder final : public event::IoHandler {
 public:
  void onIoReady(event::IoReady ready) noexcept override {
    lines_.push_back(std::string(ready.readable ? "r" : "") + (ready.writable ? "w" : "") +
                     (ready.hangup ? "h" : "") + (ready.error ? "e" : ""));
  }
  Lines take() { return std::exchange(lines_, {}); }

 private:
  Lines lines_;
};

class MemoryPipeTest : public testing::Test {
 protected:
  void watchBoth() {
    first_->watch(*loop_, told_first_);
    second_->watch(*loop_, told_second_);
    loop_.runUntilIdle();
    told_first_.take();
    told_second_.take();
  }

  static net::IoResult writeTo(net::Io& io, std::string_view text) {
    const iovec piece{const_cast<char*>(text.data()), text.size()};
    return io.write({&piece, 1}, false);
  }

  // What a read with room for `most` bytes gets: the bytes, "(end)", or an errno's number.
  static std::string readFrom(net::Io& io, size_t most = 100) {
    std::string text(most, '\0');
    const iovec room{text.data(), text.size()};
    const net::IoResult result = io.read({&room, 1});
    if (result.error != 0) return std::to_string(result.error);
    return result.bytes == 0 ? "(end)" : text.substr(0, result.bytes);
  }

  TestLoop loop_;
  MemoryPipe pipe_{*loop_};
  std::unique_ptr<net::Io> first_ = pipe_.takeFirst();
  std::unique_ptr<net::Io> second_ = pipe_.takeSecond();
  Recorder told_first_;
  Recorder told_second_;
};

const std::string Again = std::to_string(EAGAIN);
const std::string WasReset = std::to_string(ECONNRESET);

TEST_F(MemoryPipeTest, AFreshEndIsTellableWritable) {
  first_->watch(*loop_, told_first_);
  EXPECT_EQ(told_first_.take(), Lines{});  // never from inside watch()
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{"w"});
  EXPECT_EQ(first_->rawFd(), -1);
}

TEST_F(MemoryPipeTest, BytesPassInOrderAndAreToldInALaterTurn) {
  watchBoth();
  EXPECT_EQ(writeTo(*first_, "ab").bytes, 2U);
  EXPECT_EQ(writeTo(*first_, "cd").bytes, 2U);
  EXPECT_EQ(told_second_.take(), Lines{});
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"r"});
  EXPECT_EQ(readFrom(*second_), "abcd");
  EXPECT_EQ(readFrom(*second_), Again);
}

TEST_F(MemoryPipeTest, ReadableIsNotToldAgainUntilAReadCameBackShort) {
  watchBoth();
  writeTo(*first_, "ab");
  loop_.runUntilIdle();
  EXPECT_EQ(readFrom(*second_, 2), "ab");  // full: the reader has to come back
  writeTo(*first_, "c");
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"r"});
  EXPECT_EQ(readFrom(*second_), "c");  // short
  writeTo(*first_, "d");
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"r"});
}

TEST_F(MemoryPipeTest, AFullPipeTakesNoMoreAndTellsOnceThereIsRoom) {
  pipe_.toSecond().capacity = 3;
  watchBoth();
  EXPECT_EQ(writeTo(*first_, "abcde").bytes, 3U);
  EXPECT_EQ(writeTo(*first_, "de").error, EAGAIN);
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{});
  EXPECT_EQ(readFrom(*second_, 1), "a");
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{"w"});
  EXPECT_EQ(readFrom(*second_), "bc");
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{});  // told already
}

TEST_F(MemoryPipeTest, AShortWriteIsFollowedByWritable) {
  pipe_.toSecond().max_write = 2;
  watchBoth();
  EXPECT_EQ(writeTo(*first_, "abc").bytes, 2U);
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{"w"});
}

TEST_F(MemoryPipeTest, SegmentsArriveOneByOne) {
  pipe_.toSecond().segment = 2;
  watchBoth();
  writeTo(*first_, "abc");
  first_->shutdownWrite();
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"r"});
  EXPECT_EQ(readFrom(*second_), "ab");
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"rh"});  // the end, with the last bytes
  EXPECT_EQ(readFrom(*second_), "c");
  EXPECT_EQ(readFrom(*second_), "(end)");
}

TEST_F(MemoryPipeTest, TheEndComesTogetherWithTheLastBytes) {
  watchBoth();
  writeTo(*first_, "ab");
  first_->shutdownWrite();
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"rh"});
  EXPECT_EQ(writeTo(*second_, "still open").bytes, 10U);
  EXPECT_EQ(readFrom(*second_), "ab");
  EXPECT_EQ(readFrom(*second_), "(end)");
}

TEST_F(MemoryPipeTest, TheEndMayComeAfterTheLastBytesWereRead) {
  pipe_.toSecond().end_alone = true;
  watchBoth();
  writeTo(*first_, "ab");
  first_->shutdownWrite();
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"r"});
  EXPECT_EQ(readFrom(*second_), "ab");
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"rh"});
}

TEST_F(MemoryPipeTest, DelayedBytesArriveOnTime) {
  pipe_.toSecond().delay = milliseconds(10);
  watchBoth();
  writeTo(*first_, "ab");
  loop_.advance(milliseconds(9));
  EXPECT_EQ(readFrom(*second_), Again);
  loop_.advance(milliseconds(1));
  EXPECT_EQ(told_second_.take(), Lines{"r"});
  EXPECT_EQ(readFrom(*second_), "ab");
}

TEST_F(MemoryPipeTest, AResetIsToldWithAllTheRestAndReadAsAnError) {
  watchBoth();
  first_->close(true);
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"rwhe"});
  EXPECT_EQ(readFrom(*second_), WasReset);
  EXPECT_EQ(writeTo(*second_, "x").error, EPIPE);
}

TEST_F(MemoryPipeTest, WhatWasSentBeforeAResetCanBeRead) {
  watchBoth();
  writeTo(*first_, "last words");
  first_->close(true);
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"rwhe"});
  EXPECT_EQ(readFrom(*second_), "last words");
  EXPECT_EQ(readFrom(*second_), WasReset);
}

TEST_F(MemoryPipeTest, ClosingWithUnreadBytesResets) {
  watchBoth();
  writeTo(*second_, "unread");
  loop_.runUntilIdle();
  first_->close(false);
  EXPECT_EQ(second_->takeError(), ECONNRESET);
  EXPECT_EQ(second_->takeError(), 0);
}

TEST_F(MemoryPipeTest, ClosingOrdinarilyIsAnEnd) {
  watchBoth();
  writeTo(*first_, "bye");
  first_.reset();
  loop_.runUntilIdle();
  EXPECT_EQ(told_second_.take(), Lines{"rh"});
  EXPECT_EQ(readFrom(*second_), "bye");
}

TEST_F(MemoryPipeTest, WritingToAClosedEndResets) {
  watchBoth();
  first_.reset();
  EXPECT_EQ(writeTo(*second_, "x").bytes, 1U);
  EXPECT_EQ(writeTo(*second_, "y").error, ECONNRESET);
}

TEST_F(MemoryPipeTest, ABrokenPathResetsBoth) {
  watchBoth();
  pipe_.breakPath();
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{"rwhe"});
  EXPECT_EQ(readFrom(*first_), WasReset);
  EXPECT_EQ(readFrom(*second_), WasReset);
}

TEST_F(MemoryPipeTest, ConnectingTellsNothingUntilItStandsOrFails) {
  MemoryPipe standing(*loop_, MemoryPipe::Start::Connecting);
  MemoryPipe failing(*loop_, MemoryPipe::Start::Connecting);
  auto good = standing.takeFirst();
  auto bad = failing.takeFirst();
  good->watch(*loop_, told_first_);
  bad->watch(*loop_, told_second_);
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{});
  standing.connect();
  failing.refuse();
  loop_.runUntilIdle();
  EXPECT_EQ(told_first_.take(), Lines{"w"});
  EXPECT_EQ(good->takeError(), 0);
  EXPECT_EQ(told_second_.take(), Lines{"rwhe"});
  EXPECT_EQ(bad->takeError(), ECONNREFUSED);
}

}  // namespace
}  // namespace weir::test
