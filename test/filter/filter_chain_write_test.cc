// Bytes to the client that a write filter holds back: how they go on, what bounds them, and what
// becomes of them when the connection ends.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "source/filter/filter_chain.h"
#include "test/filter/filter_chain_fixture.h"

namespace weir::filter {
namespace {

using std::chrono::seconds;

class HeldWriteTest : public FilterChainTest {
 protected:
  HeldWriteTest() { a_.kind = b_.kind = Script::Kind::Both; }

  static FilterStatus hold(buffer::Buffer&, bool) { return StopIteration; }
};
using WriteBoundTest = HeldWriteTest;
using WriteFlushTest = HeldWriteTest;

TEST_F(HeldWriteTest, ContinuedTheyGoToTheFiltersBeforeItOnly) {
  startQuietly();
  b_.on_write = hold;
  t_.write("abc");
  t_.write("def");
  EXPECT_EQ(take(), (Lines{"b:write:abc", "b:write:abcdef"}));
  b_.context->continueWriting();
  EXPECT_EQ(log_, Lines{});  // not inside the call
  EXPECT_EQ(take(), Lines{"a:write:abcdef"});
  EXPECT_EQ(client().received(), "abcdef");
}

TEST_F(HeldWriteTest, TheEndIsHeldWithThemAndGoesOnOnce) {
  startQuietly();
  b_.on_write = hold;
  t_.write("abc", true);
  EXPECT_EQ(take(), (Lines{"b:write:abc", "b:write_end"}));
  EXPECT_FALSE(client().ended());
  b_.context->continueWriting();
  EXPECT_EQ(take(), (Lines{"a:write:abc", "a:write_end"}));
  EXPECT_TRUE(client().ended());
  b_.context->continueWriting();
  EXPECT_EQ(take(), Lines{});
}

TEST_F(HeldWriteTest, TheEndAloneIsHeldAndGoesOn) {
  startQuietly();
  b_.on_write = hold;
  t_.write("", true);
  EXPECT_EQ(take(), Lines{"b:write_end"});
  b_.context->continueWriting();
  EXPECT_EQ(take(), Lines{"a:write_end"});
  EXPECT_TRUE(client().ended());
}

TEST_F(HeldWriteTest, ContinuedFromInsideOnWriteTheyGoOnWhenItReturns) {
  startQuietly();
  b_.on_write = [this](buffer::Buffer&, bool) {
    b_.context->continueWriting();
    log_.push_back("b:returns");
    return StopIteration;
  };
  t_.write("abc", true);
  EXPECT_EQ(take(),
            (Lines{"b:write:abc", "b:write_end", "b:returns", "a:write:abc", "a:write_end"}));
}

TEST_F(HeldWriteTest, ContinuingWithNothingHeldPassesNothing) {
  startQuietly();
  b_.context->continueWriting();
  t_.context->continueWriting();
  EXPECT_EQ(take(), Lines{});
}

TEST_F(HeldWriteTest, TwoThatHoldMayContinueInTheSameTurn) {
  startQuietly();
  b_.on_write = hold;
  t_.write("abc");
  take();
  a_.on_write = hold;
  b_.context->continueWriting();
  EXPECT_EQ(take(), Lines{"a:write:abc"});
  t_.write("def");
  take();
  a_.context->continueWriting();
  b_.context->continueWriting();
  EXPECT_EQ(take(), Lines{"a:write:abcdef"});
  EXPECT_EQ(client().received(), "abcdef");
}

TEST_F(HeldWriteTest, AFiltersOwnBytesGoAheadOfWhatItHolds) {
  startQuietly();
  b_.on_write = hold;
  t_.write("abc");
  b_.write("first ");
  b_.context->continueWriting();
  run();
  EXPECT_EQ(client().received(), "first abc");
}

TEST_F(HeldWriteTest, WhatAFilterTookAndWritesItselfWithTheEndIsAllThereIs) {
  startQuietly();
  std::string taken;
  b_.on_write = [&](buffer::Buffer& data, bool) {
    taken += data.toString();
    data.clear();
    return StopIteration;
  };
  t_.write("abc", true);
  b_.write("[" + taken + "]", true);
  b_.context->continueWriting();
  run();
  EXPECT_EQ(client().received(), "[abc]");
  EXPECT_TRUE(client().ended());
}

TEST_F(HeldWriteTest, BehindTheEndNothingIsWritten) {
  startQuietly();
  b_.write("bye", true);
  t_.write("late");
  t_.write("later", true);
  b_.write("too late");
  run();
  EXPECT_EQ(client().received(), "bye");
  EXPECT_TRUE(client().ended());
}

// What waits blocks whoever writes behind it.

TEST_F(WriteBoundTest, WhatWaitsBlocksTheWritersBehindItAndOnlyThem) {
  startQuietly();
  b_.on_write = hold;
  t_.write(std::string(TestLimit - 1, 'x'));
  EXPECT_FALSE(t_.context->writeBlocked());
  t_.write("x");
  EXPECT_TRUE(t_.context->writeBlocked());
  EXPECT_FALSE(b_.context->writeBlocked());
  EXPECT_FALSE(a_.context->writeBlocked());
}

TEST_F(WriteBoundTest, ContinuedTheWritersBehindItAreToldOnce) {
  startQuietly();
  b_.on_write = hold;
  t_.write(std::string(TestLimit, 'x'));
  take();
  b_.on_write = [](buffer::Buffer&, bool) { return Continue; };
  b_.context->continueWriting();
  const Lines lines = take();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "t:write_ready"), 1);
  EXPECT_FALSE(t_.context->writeBlocked());
}

TEST_F(WriteBoundTest, AFilterThatTakesWhatItHeldFreesTheWritersBehindItToo) {
  startQuietly();
  b_.on_write = hold;
  t_.write(std::string(TestLimit, 'x'));
  take();
  b_.on_write = [](buffer::Buffer&, bool) { return Continue; };
  t_.write("y");  // of a writer that did not ask
  const Lines lines = take();
  EXPECT_EQ(lines.back(), "t:write_ready");
}

TEST_F(WriteBoundTest, WhileTheClientTakesNothingTheyAreNotTold) {
  startQuietly();
  b_.on_write = hold;
  harness_->towardsClient().capacity = 1;
  client().stopReading();
  t_.write(std::string(2 * TestLimit, 'x'));
  take();
  b_.context->continueWriting();
  Lines lines = take();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "t:write_ready"), 0);
  EXPECT_TRUE(t_.context->writeBlocked());
  client().readOn();
  lines = take();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "t:write_ready"), 1);
}

TEST_F(WriteBoundTest, AFilterThatHoldsIsNotStoppedByAnEarlierOneThatIsFull) {
  startQuietly();
  a_.on_write = hold;
  t_.write(std::string(TestLimit, 'x'));
  EXPECT_TRUE(b_.context->writeBlocked());
  EXPECT_FALSE(a_.context->writeBlocked());
}

// Flushing.

TEST_F(WriteFlushTest, TheEndPassesTheWriteFiltersInFront) {
  startQuietly();
  t_.write("bye");
  t_.context->close(Close::Flush, "done");
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"b:write:bye", "a:write:bye", "b:write_end", "a:write_end", "a:closed",
                           "b:closed", "t:closed"}));
  EXPECT_EQ(client().received(), "bye");
  EXPECT_TRUE(client().ended());
}

TEST_F(WriteFlushTest, AnEndThatWasWrittenDoesNotPassTwice) {
  startQuietly();
  t_.write("bye", true);
  t_.context->close(Close::Flush, "done");
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"b:write:bye", "b:write_end", "a:write:bye", "a:write_end", "a:closed",
                           "b:closed", "t:closed"}));
}

TEST_F(WriteFlushTest, AFilterMayAddItsLastWordsToTheEnd) {
  startQuietly();
  b_.on_write = [](buffer::Buffer& data, bool end_stream) {
    if (end_stream) data.append(" (end)");
    return Continue;
  };
  t_.write("bye");
  t_.context->close(Close::Flush, "done");
  run();
  EXPECT_EQ(client().received(), "bye (end)");
}

TEST_F(WriteFlushTest, WhatIsHeldInFrontOfTheOneThatClosedIsWaitedFor) {
  startQuietly();
  b_.on_write = hold;
  t_.write("held");
  t_.context->close(Close::Flush, "done");
  client().sendEnd();
  harness_->advance(seconds(1));
  EXPECT_FALSE(harness_->closed());
  EXPECT_EQ(client().received(), "");
  b_.context->continueWriting();
  run();
  EXPECT_EQ(client().received(), "held");
  EXPECT_TRUE(client().ended());
  EXPECT_TRUE(harness_->closed());
}

TEST_F(WriteFlushTest, WhatAFilterTookItMayStillWrite) {
  startQuietly();
  b_.on_write = [](buffer::Buffer& data, bool) {
    data.clear();
    return StopIteration;
  };
  t_.write("held");
  t_.context->close(Close::Flush, "done");
  t_.write("too late");
  run();
  b_.write("rewritten", true);
  run();
  EXPECT_EQ(client().received(), "rewritten");
  EXPECT_TRUE(client().ended());
}

TEST_F(WriteFlushTest, WhatIsNeverLetGoOfIsCutOffAndLooksSo) {
  startQuietly();
  b_.on_write = hold;
  t_.write("held");
  t_.context->close(Close::Flush, "done");
  client().sendEnd();
  harness_->advance(seconds(6));
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(client().error(), ECONNRESET);
}

TEST_F(WriteFlushTest, WhatTheOneThatClosedHoldsItselfIsDropped) {
  startQuietly();
  b_.on_write = hold;
  t_.write("dropped");
  b_.write("denied");
  b_.context->close(Close::Flush, "denied");
  client().sendEnd();
  run();
  EXPECT_EQ(client().received(), "denied");
  EXPECT_TRUE(client().ended());
  EXPECT_TRUE(harness_->closed());
}

TEST_F(WriteFlushTest, ClosedAtOnceWhatIsHeldLooksCutOff) {
  startQuietly();
  b_.on_write = hold;
  t_.write("held");
  t_.context->close(Close::Now, "done");
  run();
  EXPECT_EQ(client().error(), ECONNRESET);
}

TEST_F(WriteFlushTest, FromOutsideItWaitsForAllFilters) {
  startQuietly();
  b_.on_write = hold;
  t_.write("held");
  harness_->chain().close(Close::Flush, "drain");
  run();
  b_.context->continueWriting();
  run();
  EXPECT_EQ(client().received(), "held");
  EXPECT_TRUE(client().ended());
}

}  // namespace
}  // namespace weir::filter
