// How a chain ends: from inside each hook, with a flush, with a reset, and by the client.

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>

#include "source/filter/filter_chain.h"
#include "test/filter/filter_chain_fixture.h"

namespace weir::filter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using CloseTest = FilterChainTest;
using FlushTest = FilterChainTest;

TEST_F(CloseTest, NowEndsItInALaterTurnAndTellsEachFilterOnce) {
  startQuietly();
  t_.context->close(Close::Now, "done");
  EXPECT_EQ(log_, Lines{});
  EXPECT_EQ(take(), (Lines{"a:closed", "b:closed", "t:closed"}));
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(harness_->closeReason(), "done");
  EXPECT_TRUE(client().ended());
}

TEST_F(CloseTest, ResetTellsTheClientThatItFailed) {
  startQuietly();
  t_.context->close(Close::Reset, "upstream_reset");
  run();
  EXPECT_EQ(client().error(), ECONNRESET);
}

TEST_F(CloseTest, TheFirstReasonIsKept) {
  startQuietly();
  t_.context->close(Close::Flush, "first");
  a_.context->close(Close::Now, "second");
  harness_->chain().close(Close::Reset, "third");
  run();
  EXPECT_EQ(harness_->closeReason(), "first");
}

TEST_F(CloseTest, FromOutsideItIsAsFromAFilter) {
  startQuietly();
  harness_->chain().close(Close::Now, "shutdown");
  run();
  EXPECT_EQ(harness_->closeReason(), "shutdown");
}

TEST_F(CloseTest, AResetOfTheClientEndsIt) {
  startQuietly();
  client().reset();
  EXPECT_EQ(take(), (Lines{"a:closed", "b:closed", "t:closed"}));
  EXPECT_EQ(harness_->closeReason(), "client_reset");
}

TEST_F(CloseTest, AFilterThatHasNotStartedIsNotTold) {
  a_.on_new = [] { return StopIteration; };
  start();
  harness_->chain().close(Close::Now, "shutdown");
  EXPECT_EQ(take(), (Lines{"a:new", "a:closed"}));
}

TEST_F(CloseTest, WhatAFilterAsksForInItsLastCallIsIgnored) {
  startQuietly();
  t_.on_closed = [this] {
    t_.write("late");
    t_.context->continueReading();
    t_.context->close(Close::Flush, "late");
    t_.context->pauseReading(net::Pause::Backpressure);
  };
  t_.context->close(Close::Now, "done");
  run();
  EXPECT_EQ(harness_->closeReason(), "done");
  EXPECT_EQ(client().received(), "");
}

TEST_F(CloseTest, CountsTheBytesOfBothDirections) {
  startQuietly();
  client().send("12345");
  t_.write("123");
  run();
  t_.context->close(Close::Now, "done");
  run();
  EXPECT_EQ(harness_->info().rx_bytes, 5U);
  EXPECT_EQ(harness_->info().tx_bytes, 3U);
}

// A close from inside a hook is applied when the hook has returned, and no other filter's hook but
// the last one is called after it.
struct InsideCase {
  const char* name;
  std::function<void(Script& b, std::function<void()> close)> install;
};

class CloseInsideTest : public FilterChainTest, public testing::WithParamInterface<InsideCase> {
 protected:
  void provoke() {
    a_.kind = b_.kind = Script::Kind::Both;
    start();
    run();
    client().send("abc");
    run();
    if (harness_->closed()) return;
    harness_->towardsClient().capacity = 1;
    client().stopReading();
    t_.write(std::string(2 * TestLimit, 'x'));
    run();
    client().readOn();
    run();
  }
};

TEST_P(CloseInsideTest, IsAppliedWhenTheHookHasReturned) {
  for (const Close how : {Close::Now, Close::Reset, Close::Flush, Close::FlushWrite}) {
    bool inside = false;
    GetParam().install(b_, [&] {
      inside = true;
      b_.context->close(how, "inside");
      EXPECT_FALSE(harness_ != nullptr && harness_->closed());
    });
    provoke();
    client().sendEnd();
    run();
    EXPECT_TRUE(inside);
    EXPECT_TRUE(harness_->closed());
    EXPECT_EQ(harness_->closeReason(), "inside");
    harness_.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(EachHook, CloseInsideTest,
                         testing::Values(InsideCase{"OnNewConnection",
                                                    [](Script& b, std::function<void()> close) {
                                                      b.on_new = [close] {
                                                        close();
                                                        return Continue;
                                                      };
                                                    }},
                                         InsideCase{"OnNewConnectionHolding",
                                                    [](Script& b, std::function<void()> close) {
                                                      b.on_new = [close] {
                                                        close();
                                                        return StopIteration;
                                                      };
                                                    }},
                                         InsideCase{"OnData",
                                                    [](Script& b, std::function<void()> close) {
                                                      b.on_data = [close](buffer::Buffer&, bool) {
                                                        close();
                                                        return Continue;
                                                      };
                                                    }},
                                         InsideCase{"OnDataHolding",
                                                    [](Script& b, std::function<void()> close) {
                                                      b.on_data = [close](buffer::Buffer&, bool) {
                                                        close();
                                                        return StopIteration;
                                                      };
                                                    }},
                                         InsideCase{"OnWrite",
                                                    [](Script& b, std::function<void()> close) {
                                                      b.on_write = [close](buffer::Buffer&, bool) {
                                                        close();
                                                        return Continue;
                                                      };
                                                    }},
                                         InsideCase{"OnWriteReady",
                                                    [](Script& b, std::function<void()> close) {
                                                      b.on_write_ready = close;
                                                    }}),
                         [](const auto& instance) { return instance.param.name; });

TEST_F(CloseTest, ClosedInsideOnNewConnectionTheFiltersBehindNeverStart) {
  a_.on_new = [this] {
    a_.context->close(Close::Now, "inside");
    return Continue;
  };
  start();
  EXPECT_EQ(take(), (Lines{"a:new", "a:closed"}));
}

TEST_F(CloseTest, ClosedInsideOnDataTheFiltersBehindSeeNothing) {
  startQuietly();
  a_.on_data = [this](buffer::Buffer&, bool) {
    a_.context->close(Close::Now, "inside");
    return Continue;
  };
  client().send("abc");
  EXPECT_EQ(take(), (Lines{"a:data:abc", "a:closed", "b:closed", "t:closed"}));
}

TEST_F(CloseTest, ClosedInsideOnWriteNowTheFiltersBeforeSeeNothing) {
  a_.kind = b_.kind = Script::Kind::Both;
  startQuietly();
  b_.on_write = [this](buffer::Buffer&, bool) {
    b_.context->close(Close::Now, "inside");
    return Continue;
  };
  t_.write("abc");
  EXPECT_EQ(take(), (Lines{"b:write:abc", "a:closed", "b:closed", "t:closed"}));
  EXPECT_EQ(client().received(), "");
}

TEST_F(CloseTest, FlushedInsideOnWriteTheBytesInHandStillGoOut) {
  a_.kind = b_.kind = Script::Kind::Both;
  startQuietly();
  b_.on_write = [this](buffer::Buffer&, bool) {
    b_.context->close(Close::Flush, "inside");
    return Continue;
  };
  t_.write("last words");
  t_.write("too late");
  run();
  EXPECT_EQ(client().received(), "last words");
  EXPECT_TRUE(client().ended());
}

// Flushing.

TEST_F(FlushTest, WhatWasWrittenGoesOutThenTheEnd) {
  startQuietly();
  harness_->towardsClient().capacity = 10;
  t_.write(std::string(500, 'x'));
  t_.context->close(Close::Flush, "done");
  t_.write("too late");
  run();
  EXPECT_EQ(client().received(), std::string(500, 'x'));
  EXPECT_TRUE(client().ended());
}

TEST_F(FlushTest, EndsAtOnceWhenTheClientHasEndedToo) {
  startQuietly();
  client().sendEnd();
  run();
  t_.write("bye");
  t_.context->close(Close::Flush, "done");
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(client().received(), "bye");
}

TEST_F(FlushTest, WithoutAwaitingTheClientItEndsAtOnce) {
  startQuietly();
  t_.write("bye");
  t_.context->close(Close::FlushWrite, "done");
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(client().received(), "bye");
  EXPECT_TRUE(client().ended());
}

// What would watch the socket is a system call.
TEST_F(FlushTest, WithoutAwaitingTheClientItIsNotWatchedForItsEnd) {
  startQuietly();
  t_.context->expectNothing(true);
  t_.write("bye");
  t_.context->close(Close::FlushWrite, "done");
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_TRUE(harness_->clientHeld());
}

TEST_F(FlushTest, AwaitingTheClientItIsWatchedAgain) {
  startQuietly();
  t_.context->expectNothing(true);
  t_.context->close(Close::Flush, "done");
  run();
  EXPECT_FALSE(harness_->clientHeld());
}

// As of several closes the strongest one's way holds.
TEST_F(FlushTest, AClientThatSomebodyAwaitsIsAwaited) {
  startQuietly();
  t_.context->close(Close::FlushWrite, "first");
  a_.context->close(Close::Flush, "second");
  run();
  EXPECT_FALSE(harness_->closed());
}

TEST_F(FlushTest, WithoutAwaitingTheClientWhatWasWrittenStillGoesOut) {
  startQuietly();
  harness_->towardsClient().capacity = 10;
  t_.write(std::string(500, 'x'));
  t_.context->close(Close::FlushWrite, "done");
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(client().received(), std::string(500, 'x'));
  EXPECT_TRUE(client().ended());
}

TEST_F(FlushTest, WithoutAwaitingTheClientWriteFiltersSeeTheEnd) {
  a_.kind = Script::Kind::Both;
  startQuietly();
  t_.write("bye");
  t_.context->close(Close::FlushWrite, "done");
  EXPECT_EQ(take(), (Lines{"a:write:bye", "a:write_end", "a:closed", "b:closed", "t:closed"}));
}

TEST_F(FlushTest, WaitsForTheClientsEndForASecond) {
  startQuietly();
  t_.context->close(Close::Flush, "done");
  run();
  EXPECT_TRUE(client().ended());
  harness_->advance(seconds(1) - milliseconds(1));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(milliseconds(1));
  EXPECT_TRUE(harness_->closed());
}

TEST_F(FlushTest, AClientThatDoesNotStopIsResetAfterSomeBytes) {
  constexpr size_t Most = 16 << 20;
  startQuietly();
  client().send("request");
  run();
  t_.write("answer");
  t_.context->close(Close::Flush, "done");
  client().send(std::string(Most, 'x'));
  run();
  EXPECT_FALSE(harness_->closed());
  EXPECT_EQ(client().received(), "answer");
  EXPECT_EQ(client().error(), 0);
  client().send("x");
  run();
  EXPECT_TRUE(harness_->closed());
  client().send("y");
  EXPECT_EQ(client().error(), ECONNRESET);  // before that
  EXPECT_EQ(harness_->closeReason(), "done");
}

TEST_F(FlushTest, EndsWhenTheClientDoes) {
  startQuietly();
  t_.context->close(Close::Flush, "done");
  run();
  client().sendEnd();
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(client().error(), 0);
}

TEST_F(FlushTest, WhatTheClientStillSendsIsReadAndDropped) {
  startQuietly();
  t_.write("answer");
  t_.context->close(Close::Flush, "done");
  client().send(std::string(20 * TestLimit, 'x'));
  client().sendEnd();
  EXPECT_EQ(take(), (Lines{"a:closed", "b:closed", "t:closed"}));
  EXPECT_EQ(client().received(), "answer");
  EXPECT_EQ(client().error(), 0);
}

TEST_F(FlushTest, AClientThatSendsOnAndOnDoesNotHoldTheConnection) {
  startQuietly();
  t_.context->close(Close::Flush, "done");
  for (int i = 0; i < 20; ++i) {
    harness_->advance(milliseconds(500));
    if (!harness_->closed()) client().send("x");
  }
  EXPECT_TRUE(harness_->closed());
}

TEST_F(FlushTest, AClientThatTakesNothingIsGivenUp) {
  startQuietly();
  harness_->towardsClient().capacity = 1;
  client().stopReading();
  t_.write("stuck");
  t_.context->close(Close::Flush, "done");
  harness_->advance(seconds(4));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(seconds(6));
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(harness_->closeReason(), "done");
}

TEST_F(FlushTest, ASlowClientGetsItAll) {
  startQuietly();
  harness_->towardsClient().capacity = 10;
  client().stopReading();
  t_.write(std::string(100, 'x'));
  t_.context->close(Close::Flush, "done");
  for (int i = 0; i < 10; ++i) {
    harness_->advance(seconds(4));
    client().readOn();
    client().stopReading();
  }
  client().readOn();
  run();
  EXPECT_EQ(client().received(), std::string(100, 'x'));
  EXPECT_TRUE(client().ended());
}

TEST_F(FlushTest, GoesOnThoughReadingWasPaused) {
  startQuietly();
  t_.context->pauseReading(net::Pause::NotReady);
  t_.context->close(Close::Flush, "done");
  client().sendEnd();
  run();
  EXPECT_TRUE(harness_->closed());
}

TEST_F(FlushTest, MayBeCutShort) {
  startQuietly();
  t_.context->close(Close::Flush, "done");
  run();
  harness_->chain().close(Close::Now, "shutdown");
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(harness_->closeReason(), "done");
}

TEST_F(FlushTest, AClientThatResetsMeanwhileEndsIt) {
  startQuietly();
  t_.context->close(Close::Flush, "done");
  run();
  client().reset();
  run();
  EXPECT_TRUE(harness_->closed());
  EXPECT_EQ(harness_->closeReason(), "done");
}

}  // namespace
}  // namespace weir::filter
