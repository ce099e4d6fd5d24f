#include "source/filter/filter_chain.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "test/filter/filter_chain_fixture.h"

namespace weir::filter {
namespace {

using std::chrono::seconds;
using ReadTest = FilterChainTest;
using WriteTest = FilterChainTest;
using BoundTest = FilterChainTest;

// Bytes from the client.

TEST_F(ReadTest, StartsAllFiltersInOrderBeforeAnyBytes) {
  options_.client_bytes = "abc";
  start();
  EXPECT_EQ(take(), (Lines{"a:new", "b:new", "t:new", "a:data:abc", "b:data:abc", "t:data:abc"}));
}

TEST_F(ReadTest, EachBytePassesEachFilterOnce) {
  startQuietly();
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:abc", "t:data:abc"}));
  client().send("d");
  EXPECT_EQ(take(), (Lines{"a:data:d", "b:data:d", "t:data:d"}));
}

TEST_F(ReadTest, TheEndPassesEachFilterOnceWithTheLastBytes) {
  startQuietly();
  client().send("abc");
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"a:data:abc", "a:end", "b:data:abc", "b:end", "t:data:abc", "t:end"}));
}

TEST_F(ReadTest, TheEndAlonePassesEachFilterOnce) {
  startQuietly();
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"a:end", "b:end", "t:end"}));
}

TEST_F(ReadTest, AFilterMayChangeWhatItPassesOn) {
  startQuietly();
  a_.on_data = [](buffer::Buffer& data, bool) {
    data.drain(1);
    data.append("!");
    return Continue;
  };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:bc!", "t:data:bc!"}));
}

TEST_F(ReadTest, WhatAFilterSwallowedDoesNotReachTheNext) {
  startQuietly();
  a_.on_data = [](buffer::Buffer& data, bool) {
    data.clear();
    return Continue;
  };
  client().send("abc");
  EXPECT_EQ(take(), Lines{"a:data:abc"});
}

TEST_F(ReadTest, WhatIsHeldBackComesAgainWithWhatFollows) {
  startQuietly();
  b_.on_data = [](buffer::Buffer& data, bool) {
    return data.size() < 4 ? StopIteration : Continue;
  };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:abc"}));
  client().send("d");
  EXPECT_EQ(take(), (Lines{"a:data:d", "b:data:abcd", "t:data:abcd"}));
}

TEST_F(ReadTest, ContinuedFromOutsideWhatWasHeldGoesToTheNextFilterOnly) {
  startQuietly();
  b_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:abc"}));
  b_.context->continueReading();
  EXPECT_EQ(log_, Lines{});  // not inside the call
  EXPECT_EQ(take(), Lines{"t:data:abc"});
}

TEST_F(ReadTest, TheFirstFilterMayHoldBackAndContinue) {
  startQuietly();
  a_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  client().send("abc");
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"a:data:abc", "a:end"}));
  a_.context->continueReading();
  EXPECT_EQ(take(), (Lines{"b:data:abc", "b:end", "t:data:abc", "t:end"}));
}

TEST_F(ReadTest, ContinuedFromInsideOnDataItGoesOnWhenTheHookReturns) {
  startQuietly();
  a_.on_data = [this](buffer::Buffer&, bool) {
    a_.context->continueReading();
    log_.push_back("a:returns");
    return StopIteration;
  };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "a:returns", "b:data:abc", "t:data:abc"}));
}

TEST_F(ReadTest, ContinuingWithNothingHeldPassesNothingTwice) {
  startQuietly();
  a_.on_data = [this](buffer::Buffer&, bool) {
    a_.context->continueReading();
    return Continue;
  };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:abc", "t:data:abc"}));
  b_.context->continueReading();
  t_.context->continueReading();
  EXPECT_EQ(take(), Lines{});
}

TEST_F(ReadTest, BytesThatAFilterHasNotSeenAreNotPassedOn) {
  options_.client_bytes = "abc";  // in the connection's buffer before the first filter sees them
  a_.on_new = [this] {
    a_.context->continueReading();
    return Continue;
  };
  start();
  EXPECT_EQ(take(), (Lines{"a:new", "b:new", "t:new", "a:data:abc", "b:data:abc", "t:data:abc"}));
}

TEST_F(ReadTest, AnotherFiltersHookMayContinueOne) {
  startQuietly();
  a_.on_data = [this](buffer::Buffer& data, bool) {
    if (data.toString() == "go") b_.context->continueReading();
    return Continue;
  };
  b_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  client().send("abc");
  take();
  client().send("go");
  EXPECT_EQ(take(), (Lines{"a:data:go", "b:data:abcgo", "t:data:abcgo"}));
}

TEST_F(ReadTest, OnWriteReadyMayContinue) {
  startQuietly();
  b_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  b_.on_write_ready = [this] { b_.context->continueReading(); };
  client().send("abc");
  harness_->towardsClient().capacity = 1;
  client().stopReading();
  t_.write(std::string(2 * TestLimit, 'x'));
  take();
  client().readOn();
  EXPECT_EQ(take(), (Lines{"a:write_ready", "b:write_ready", "t:write_ready", "t:data:abc"}));
}

TEST_F(ReadTest, RedeliveredAFilterSeesAgainWhatItLeft) {
  startQuietly();
  t_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  client().send("abc");
  client().sendEnd();
  take();
  t_.context->redeliver();
  EXPECT_EQ(log_, Lines{});  // not inside the call
  EXPECT_EQ(take(), (Lines{"t:data:abc", "t:end"}));
}

TEST_F(ReadTest, RedeliveredWithNothingLeftAFilterSeesNothing) {
  startQuietly();
  client().send("abc");
  take();
  t_.context->redeliver();
  EXPECT_EQ(take(), Lines{});
}

// Starting.

TEST_F(ReadTest, HeldInOnNewConnectionTheFiltersBehindWaitAndSoDoTheirBytes) {
  a_.on_new = [] { return StopIteration; };
  start();
  client().send("abc");
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"a:new", "a:data:abc", "a:end"}));
  a_.context->continueReading();
  EXPECT_EQ(take(), (Lines{"b:new", "t:new", "b:data:abc", "b:end", "t:data:abc", "t:end"}));
}

TEST_F(ReadTest, ContinuedFromInsideOnNewConnectionItWasNotHeld) {
  a_.on_new = [this] {
    a_.context->continueReading();
    return StopIteration;
  };
  start();
  EXPECT_EQ(take(), (Lines{"a:new", "b:new", "t:new"}));
}

TEST_F(ReadTest, AFilterThatHoldsTheRestBackIsNotPassedByAnothersContinue) {
  a_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  b_.on_new = [] { return StopIteration; };
  start();
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:new", "b:new", "a:data:abc"}));
  a_.context->continueReading();
  EXPECT_EQ(take(), Lines{"b:data:abc"});  // t has not started
  b_.context->continueReading();
  EXPECT_EQ(take(), (Lines{"t:new", "t:data:abc"}));
}

// Bytes to the client.

TEST_F(WriteTest, PassTheWriteFiltersNearestToTheUpstreamFirst) {
  a_.kind = b_.kind = Script::Kind::Both;
  startQuietly();
  t_.write("abc");
  EXPECT_EQ(take(), (Lines{"b:write:abc", "a:write:abc"}));
  EXPECT_EQ(client().received(), "abc");
}

TEST_F(WriteTest, OfAFilterPassOnlyThoseBeforeIt) {
  a_.kind = b_.kind = Script::Kind::Both;
  startQuietly();
  b_.write("abc");
  EXPECT_EQ(take(), Lines{"a:write:abc"});
}

TEST_F(WriteTest, AWriteOnlyFilterLetsTheClientsBytesPass) {
  a_.kind = Script::Kind::Write;
  start();
  client().send("abc");
  t_.write("xyz");
  EXPECT_EQ(take(), (Lines{"b:new", "t:new", "a:write:xyz", "b:data:abc", "t:data:abc"}));
}

TEST_F(WriteTest, AFilterMayChangeThemAndHoldThemBack) {
  a_.kind = b_.kind = Script::Kind::Both;
  startQuietly();
  b_.on_write = [](buffer::Buffer& data, bool) {
    if (data.size() < 4) return StopIteration;
    data.append("!");
    return Continue;
  };
  t_.write("abc");
  EXPECT_EQ(take(), Lines{"b:write:abc"});
  t_.write("d");
  EXPECT_EQ(take(), (Lines{"b:write:abcd", "a:write:abcd!"}));
  EXPECT_EQ(client().received(), "abcd!");
}

TEST_F(WriteTest, TheEndPassesWithThem) {
  a_.kind = b_.kind = Script::Kind::Both;
  startQuietly();
  t_.write("abc", true);
  EXPECT_EQ(take(), (Lines{"b:write:abc", "b:write_end", "a:write:abc", "a:write_end"}));
  EXPECT_EQ(client().received(), "abc");
  EXPECT_TRUE(client().ended());
}

TEST_F(WriteTest, AFilterMayWriteFromInsideOnData) {
  a_.kind = Script::Kind::Both;
  startQuietly();
  b_.on_data = [this](buffer::Buffer&, bool) {
    b_.write("answer");
    return Continue;
  };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:abc", "a:write:answer", "t:data:abc"}));
  EXPECT_EQ(client().received(), "answer");
}

TEST_F(WriteTest, FreeAgainAllFiltersAreTold) {
  startQuietly();
  harness_->towardsClient().capacity = 1;
  client().stopReading();
  t_.write(std::string(2 * TestLimit, 'x'));
  EXPECT_TRUE(t_.context->writeBlocked());
  EXPECT_EQ(take(), Lines{});
  client().readOn();
  EXPECT_EQ(take(), (Lines{"a:write_ready", "b:write_ready", "t:write_ready"}));
}

// What waits is bounded.

TEST_F(BoundTest, WhatTheFirstFilterHoldsIsBounded) {
  a_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  startQuietly();
  client().send(std::string(50 * TestLimit, 'x'));
  run();
  EXPECT_LE(harness_->connection().bytesRead(), 2 * TestLimit);
}

TEST_F(BoundTest, WhatALaterFilterHoldsIsBounded) {
  b_.on_data = [](buffer::Buffer&, bool) { return StopIteration; };
  startQuietly();
  client().send(std::string(50 * TestLimit, 'x'));
  run();
  EXPECT_LE(harness_->connection().bytesRead(), 3 * TestLimit);
}

TEST_F(BoundTest, ContinuedAllOfItComes) {
  size_t got = 0;
  t_.on_data = [&](buffer::Buffer& data, bool) {
    got += data.size();
    data.clear();
    return StopIteration;
  };
  for (Script* holder : {&a_, &b_}) {
    got = 0;
    holder->on_data = [](buffer::Buffer&, bool) { return StopIteration; };
    start();
    client().send(std::string(50 * TestLimit, 'x'));
    run();
    holder->on_data = [](buffer::Buffer&, bool) { return Continue; };
    holder->context->continueReading();
    run();
    EXPECT_EQ(got, 50 * TestLimit) << holder->name;
    harness_.reset();
  }
}

TEST_F(BoundTest, WhatWaitsForFiltersThatHaveNotStartedIsBoundedAndComes) {
  size_t got = 0;
  t_.on_data = [&](buffer::Buffer& data, bool) {
    got += data.size();
    data.clear();
    return StopIteration;
  };
  b_.on_new = [] { return StopIteration; };
  start();
  client().send(std::string(50 * TestLimit, 'x'));
  run();
  EXPECT_LE(harness_->connection().bytesRead(), 3 * TestLimit);
  b_.context->continueReading();
  run();
  EXPECT_EQ(got, 50 * TestLimit);
}

TEST_F(BoundTest, AFilterMayPauseTheClient) {
  startQuietly();
  t_.context->pauseReading(net::Pause::Backpressure);
  client().send("abc");
  EXPECT_EQ(take(), Lines{});
  t_.context->resumeReading(net::Pause::Backpressure);
  EXPECT_EQ(take(), (Lines{"a:data:abc", "b:data:abc", "t:data:abc"}));
}

}  // namespace
}  // namespace weir::filter
