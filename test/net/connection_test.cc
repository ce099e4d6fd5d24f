#include "source/net/connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "test/support/memory_pipe.h"
#include "test/support/recording_events.h"
#include "test/support/test_loop.h"
#include "test/support/test_peer.h"

namespace weir::net {
namespace {

using std::chrono::seconds;
using test::MemoryPipe;
using Lines = std::vector<std::string>;

constexpr size_t Limit = 1000;

// A connection at one end of a pipe, and the peer at the other.
struct Fixture {
  explicit Fixture(Connection::Start start = Connection::Start::Connected)
      : pipe(*loop, start == Connection::Start::Connecting ? MemoryPipe::Start::Connecting
                                                           : MemoryPipe::Start::Connected),
        peer(*loop, pipe.takeSecond()),
        connection(*loop, slices, pipe.takeFirst(), start, {Limit}, events) {}

  void run() { loop.runUntilIdle(); }
  Lines told() {
    run();
    return events.take();
  }
  void write(std::string_view text, bool end = false) {
    buffer::Buffer data(slices);
    data.append(text);
    connection.write(data, end);
    EXPECT_TRUE(data.empty());
  }

  // In this order: each uses those above it.
  buffer::SlicePool slices;
  test::TestLoop loop;
  MemoryPipe pipe;
  test::TestPeer peer;
  test::RecordingEvents events;
  Connection connection;
};

class ConnectionTest : public testing::Test, protected Fixture {};
class ConnectingTest : public testing::Test, protected Fixture {
 protected:
  ConnectingTest() : Fixture(Connection::Start::Connecting) {}
};

TEST_F(ConnectionTest, DeliversWhatThePeerSends) {
  peer.send("abc");
  EXPECT_EQ(told(), Lines{"data:abc"});
  peer.send("def");
  EXPECT_EQ(told(), Lines{"data:def"});
  EXPECT_EQ(connection.bytesRead(), 6U);
}

TEST_F(ConnectionTest, WritesWhatItIsGiven) {
  write("abc");
  write("def");
  run();
  EXPECT_EQ(peer.received(), "abcdef");
  EXPECT_TRUE(connection.allWritten());
  EXPECT_EQ(connection.bytesWritten(), 6U);
  EXPECT_EQ(told(), Lines{});
}

TEST_F(ConnectionTest, WhatIsLeftInTheBufferComesAgainWithWhatFollows) {
  events.takeData(false);
  peer.send("abc");
  EXPECT_EQ(told(), Lines{"data:abc"});
  peer.send("def");
  EXPECT_EQ(told(), Lines{"data:abcdef"});
}

TEST_F(ConnectionTest, RedeliverHandsOutAgainInALaterTurn) {
  events.takeData(false);
  peer.send("abc");
  EXPECT_EQ(told(), Lines{"data:abc"});
  connection.redeliver();
  EXPECT_EQ(events.take(), Lines{});
  EXPECT_EQ(told(), Lines{"data:abc"});
}

TEST_F(ConnectionTest, RedeliverRepeatsTheEndForAConsumerThatFollows) {
  events.takeData(false);
  peer.send("abc");
  peer.sendEnd();
  EXPECT_EQ(told(), (Lines{"data:abc", "end"}));
  test::RecordingEvents follower;
  connection.setEvents(follower);
  connection.redeliver();
  run();
  EXPECT_EQ(follower.take(), (Lines{"data:abc", "end"}));
  EXPECT_EQ(events.take(), Lines{});
}

TEST_F(ConnectionTest, RedeliverOfNothingTellsNothing) {
  connection.redeliver();
  EXPECT_EQ(told(), Lines{});
}

TEST_F(ConnectionTest, ReadsMoreThanOneTurnsWorth) {
  events.takeData(true);
  peer.send(std::string(100 * Limit, 'x'));
  run();
  EXPECT_EQ(connection.bytesRead(), 100 * Limit);
}

TEST_F(ConnectionTest, ReadsWhatArrivesInPieces) {
  pipe.toFirst().segment = 2;
  peer.send("abcde");
  peer.sendEnd();
  EXPECT_EQ(told(), (Lines{"data:ab", "data:cd", "data:e", "end"}));
}

// Half-close.

TEST_F(ConnectionTest, TheEndComesWithTheLastBytes) {
  peer.send("abc");
  peer.sendEnd();
  EXPECT_EQ(told(), (Lines{"data:abc", "end"}));
  EXPECT_TRUE(connection.readEnded());
}

TEST_F(ConnectionTest, TheEndIsKnownFromTheHangupWithoutAnotherRead) {
  bool one_call = false;
  events.onEvery([&] { one_call = events.lines() == Lines{"data:abc", "end"}; });
  peer.send("abc");
  peer.sendEnd();
  run();
  EXPECT_TRUE(one_call);  // both in the first event
}

TEST_F(ConnectionTest, TheEndMayComeAlone) {
  peer.send("abc");
  EXPECT_EQ(told(), Lines{"data:abc"});
  peer.sendEnd();
  EXPECT_EQ(told(), Lines{"end"});
}

TEST_F(ConnectionTest, TheEndComesAfterAReadThatWasExactlyFull) {
  peer.send(std::string(Limit, 'x'));
  peer.sendEnd();
  run();
  EXPECT_EQ(events.lines().back(), "end");
  EXPECT_EQ(connection.bytesRead(), Limit);
}

TEST_F(ConnectionTest, TheEndIsToldOnce) {
  peer.sendEnd();
  EXPECT_EQ(told(), Lines{"end"});
  connection.pauseReading(Pause::Backpressure);
  connection.resumeReading(Pause::Backpressure);
  EXPECT_EQ(told(), Lines{});
}

TEST_F(ConnectionTest, ItsOwnEndFollowsItsBytesAndLeavesReadingOpen) {
  write("abc", true);
  EXPECT_TRUE(connection.writeEnding());
  run();
  EXPECT_EQ(peer.received(), "abc");
  EXPECT_TRUE(peer.ended());
  EXPECT_TRUE(connection.writeEnded());
  peer.send("answer");
  EXPECT_EQ(told(), Lines{"data:answer"});
}

TEST_F(ConnectionTest, ItMayWriteAfterThePeersEnd) {
  peer.sendEnd();
  EXPECT_EQ(told(), Lines{"end"});
  write("answer", true);
  run();
  EXPECT_EQ(peer.received(), "answer");
  EXPECT_TRUE(peer.ended());
}

TEST_F(ConnectionTest, AnEndThatHadToWaitIsToldWhenItHasGoneOut) {
  pipe.toSecond().capacity = 2;
  peer.stopReading();
  write("abcd", true);
  EXPECT_EQ(told(), Lines{});
  EXPECT_FALSE(connection.writeEnded());
  peer.readOn();
  EXPECT_EQ(told(), Lines{"write_ready"});
  EXPECT_TRUE(connection.writeEnded());
  EXPECT_EQ(peer.received(), "abcd");
}

// Writing.

TEST_F(ConnectionTest, ShortWritesLoseNothing) {
  pipe.toSecond().max_write = 3;
  const std::string text(500, 'y');
  write(text);
  write("z", true);
  run();
  EXPECT_EQ(peer.received(), text + "z");
  EXPECT_TRUE(peer.ended());
}

TEST_F(ConnectionTest, BlockedAtItsLimitAndFreeAgainAtHalfOfIt) {
  pipe.toSecond().capacity = 1;
  peer.stopReading();
  write(std::string(Limit, 'x'));
  EXPECT_FALSE(connection.writeBlocked());
  write("xx");
  EXPECT_TRUE(connection.writeBlocked());
  run();
  EXPECT_EQ(events.lines(), Lines{});
  pipe.toSecond().capacity = Limit / 2 - 10;
  peer.readOn();
  peer.stopReading();
  EXPECT_EQ(told(), Lines{});  // more than half of the limit is left
  EXPECT_FALSE(connection.writeBlocked());
  peer.readOn();
  EXPECT_EQ(told(), Lines{"write_ready"});  // once
  EXPECT_EQ(peer.received().size(), Limit + 2);
}

TEST_F(ConnectionTest, NotBlockedItDoesNotTellWriteReady) {
  pipe.toSecond().capacity = 10;
  peer.stopReading();
  write(std::string(Limit - 1, 'x'));
  peer.readOn();
  EXPECT_EQ(told(), Lines{});
  EXPECT_TRUE(connection.allWritten());
}

TEST_F(ConnectionTest, AwaitWritableIsAnsweredWhenTheSocketTakesBytesAgain) {
  pipe.toSecond().capacity = 2;
  peer.stopReading();
  write("abc");
  connection.awaitWritable();
  EXPECT_EQ(told(), Lines{});
  peer.readOn();
  EXPECT_EQ(told(), Lines{"write_ready"});
}

// Pausing.

TEST_F(ConnectionTest, PausedItReadsNothing) {
  connection.pauseReading(Pause::Backpressure);
  peer.send("abc");
  EXPECT_EQ(told(), Lines{});
  connection.resumeReading(Pause::Backpressure);
  EXPECT_EQ(events.take(), Lines{});  // never from inside
  EXPECT_EQ(told(), Lines{"data:abc"});
}

TEST_F(ConnectionTest, GoesOnOnlyWhenNoReasonIsLeft) {
  connection.pauseReading(Pause::Backpressure);
  connection.pauseReading(Pause::Backpressure);
  connection.pauseReading(Pause::NotReady);
  peer.send("abc");
  connection.resumeReading(Pause::Backpressure);
  EXPECT_EQ(told(), Lines{});
  connection.resumeReading(Pause::Waiting);  // was not one
  EXPECT_EQ(told(), Lines{});
  connection.resumeReading(Pause::NotReady);
  EXPECT_EQ(told(), Lines{"data:abc"});
}

TEST_F(ConnectionTest, AnEndThatCameWhilePausedIsTold) {
  connection.pauseReading(Pause::NotReady);
  peer.send("abc");
  peer.sendEnd();
  EXPECT_EQ(told(), Lines{});
  connection.resumeReading(Pause::NotReady);
  EXPECT_EQ(told(), (Lines{"data:abc", "end"}));
}

TEST_F(ConnectionTest, PausedInsideAnEventItDeliversNoMore) {
  pipe.toFirst().segment = 2;
  events.onEvery([&] { connection.pauseReading(Pause::Backpressure); });
  peer.send("abcd");
  EXPECT_EQ(told(), Lines{"data:ab"});
  connection.resumeReading(Pause::Backpressure);
  EXPECT_EQ(told(), Lines{"data:cd"});
}

TEST_F(ConnectionTest, StopsAtItsLimitIfNobodyTakes) {
  events.takeData(false);
  peer.send(std::string(10 * Limit, 'x'));
  run();
  EXPECT_EQ(connection.readBuffer().size(), Limit);
  EXPECT_EQ(connection.bytesRead(), Limit);
}

TEST_F(ConnectionTest, GoesOnWhenSomebodyTookFromTheFullBuffer) {
  events.takeData(false);
  peer.send(std::string(2 * Limit, 'x'));
  run();
  connection.readBuffer().clear();
  events.takeData(true);
  connection.redeliver();
  run();
  EXPECT_EQ(connection.bytesRead(), 2 * Limit);
}

TEST_F(ConnectionTest, AHigherReadLimitHoldsWhileItIsSet) {
  events.takeData(false);
  connection.setReadLimit(3 * Limit);
  peer.send(std::string(10 * Limit, 'x'));
  run();
  EXPECT_EQ(connection.readBuffer().size(), 3 * Limit);
}

TEST_F(ConnectionTest, PausedForManualItTellsOnlyThatItCouldBeRead) {
  connection.pauseReading(Pause::Manual);
  peer.send("abc");
  EXPECT_EQ(told(), Lines{"read_ready"});
  connection.resumeReading(Pause::Manual);
  EXPECT_EQ(told(), Lines{"data:abc"});
}

// Faults.

TEST_F(ConnectionTest, AResetIsAFaultOnceAndLast) {
  peer.reset();
  EXPECT_EQ(told(), Lines{"fault:reset"});
  write("into the void");
  connection.redeliver();
  connection.pauseReading(Pause::Backpressure);
  connection.resumeReading(Pause::Backpressure);
  EXPECT_EQ(told(), Lines{});
}

TEST_F(ConnectionTest, AWriteThatFailsIsAFaultInALaterTurn) {
  connection.pauseReading(Pause::Backpressure);
  peer.reset();
  write("abc");
  EXPECT_EQ(events.take(), Lines{});
  EXPECT_EQ(told(), Lines{"fault:reset"});
  write("def");
  EXPECT_EQ(told(), Lines{});
}

TEST_F(ConnectionTest, AResetAfterThePeersEndIsAFault) {
  peer.sendEnd();
  EXPECT_EQ(told(), Lines{"end"});
  pipe.breakPath();
  EXPECT_EQ(told(), Lines{"fault:reset"});
}

TEST_F(ConnectionTest, AResetThatComesTogetherWithTheLastBytesIsAFault) {
  run();
  peer.send("abc");
  peer.reset();
  EXPECT_EQ(told(), (Lines{"data:abc", "fault:reset"}));
}

TEST_F(ConnectionTest, ClosedNothingIsToldAnyMore) {
  peer.send("abc");
  connection.close(false);
  EXPECT_EQ(told(), Lines{});
  EXPECT_TRUE(connection.closed());
  connection.close(true);  // idempotent
  write("abc");
  connection.redeliver();
  EXPECT_EQ(told(), Lines{});
}

TEST_F(ConnectionTest, ClosingTellsThePeer) {
  connection.close(false);
  run();
  EXPECT_TRUE(peer.ended());
}

TEST_F(ConnectionTest, ClosingWithResetTellsThePeerThatItFailed) {
  connection.close(true);
  run();
  EXPECT_EQ(peer.error(), ECONNRESET);
}

TEST_F(ConnectionTest, CloseGivesBackItsMemory) {
  events.takeData(false);
  pipe.toSecond().capacity = 1;
  peer.send("abc");
  run();
  write(std::string(100, 'x'));
  EXPECT_GT(slices.inUse(), 0U);
  connection.close(false);
  EXPECT_EQ(slices.inUse(), 0U);
}

TEST_F(ConnectionTest, LastActiveIsTheTimeOfTheLastByte) {
  const MonotonicTime start = connection.lastActive();
  loop.advance(seconds(5));
  EXPECT_EQ(connection.lastActive(), start);
  peer.send("abc");
  run();
  EXPECT_EQ(connection.lastActive(), start + seconds(5));
  loop.advance(seconds(5));
  write("abc");
  EXPECT_EQ(connection.lastActive(), start + seconds(10));
}

// Connecting.

TEST_F(ConnectingTest, TellsThatItStandsBeforeAnythingElse) {
  peer.send("hello");
  EXPECT_EQ(told(), Lines{});
  EXPECT_TRUE(connection.connecting());
  pipe.connect();
  EXPECT_EQ(told(), (Lines{"connected", "data:hello"}));
  EXPECT_FALSE(connection.connecting());
}

TEST_F(ConnectingTest, QueuesWhatIsWrittenMeanwhile) {
  write("early", true);
  EXPECT_FALSE(connection.writeEnded());
  pipe.connect();
  run();
  EXPECT_EQ(peer.received(), "early");
  EXPECT_TRUE(peer.ended());
}

TEST_F(ConnectingTest, RefusedIsAFaultAndNothingElse) {
  write("early");
  pipe.refuse();
  EXPECT_EQ(told(), Lines{"fault:refused"});
}

TEST_F(ConnectingTest, PausedMeanwhileItReadsOnceItStandsAndIsResumed) {
  connection.pauseReading(Pause::NotReady);
  peer.send("hello");
  pipe.connect();
  EXPECT_EQ(told(), Lines{"connected"});
  connection.resumeReading(Pause::NotReady);
  EXPECT_EQ(told(), Lines{"data:hello"});
}

TEST_F(ConnectingTest, ClosedMeanwhileItTellsNothing) {
  connection.close(false);
  pipe.connect();
  EXPECT_EQ(told(), Lines{});
}

// Whatever an event says, its consumer may close the connection inside it, and hears no more.
struct CloseCase {
  const char* name;
  bool connecting;
  std::function<void(Fixture&)> provoke;
  Lines told;
};

class CloseInsideTest : public testing::TestWithParam<CloseCase> {};

TEST_P(CloseInsideTest, TellsNothingAfterwards) {
  const CloseCase& c = GetParam();
  Fixture f(c.connecting ? Connection::Start::Connecting : Connection::Start::Connected);
  f.run();
  f.events.onEvery([&] { f.connection.close(false); });
  c.provoke(f);
  EXPECT_EQ(f.told(), c.told);
  EXPECT_TRUE(f.connection.closed());
  EXPECT_EQ(f.slices.inUse(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    EachEvent, CloseInsideTest,
    testing::Values(CloseCase{"Connected",
                              true,
                              [](Fixture& f) {
                                f.peer.send("abc");
                                f.write("def", true);
                                f.pipe.connect();
                              },
                              {"connected"}},
                    CloseCase{"Data",
                              false,
                              [](Fixture& f) {
                                f.pipe.toFirst().segment = 3;
                                f.peer.send("abcdef");
                              },
                              {"data:abc"}},
                    CloseCase{"RedeliveredData",
                              false,
                              [](Fixture& f) {
                                f.connection.pauseReading(Pause::NotReady);
                                f.peer.send("abc");
                                f.run();
                                f.connection.resumeReading(Pause::NotReady);
                                f.connection.redeliver();
                              },
                              {"data:abc"}},
                    CloseCase{"End",
                              false,
                              [](Fixture& f) {
                                f.peer.send("abc");
                                f.peer.sendEnd();
                              },
                              {"data:abc", "end"}},
                    CloseCase{"WriteReady",
                              false,
                              [](Fixture& f) {
                                f.pipe.toSecond().capacity = 1;
                                f.peer.stopReading();
                                f.write(std::string(2 * Limit, 'x'));
                                f.peer.send("abc");
                                f.connection.pauseReading(Pause::NotReady);
                                f.run();
                                f.connection.resumeReading(Pause::NotReady);
                                f.pipe.toSecond().capacity = 10 * Limit;
                                f.connection.pauseReading(Pause::NotReady);
                                f.peer.readOn();
                              },
                              {"write_ready"}},
                    CloseCase{"ReadReady",
                              false,
                              [](Fixture& f) {
                                f.connection.pauseReading(Pause::Manual);
                                f.peer.send("abc");
                              },
                              {"read_ready"}},
                    CloseCase{"Fault", false, [](Fixture& f) { f.peer.reset(); }, {"fault:reset"}}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace weir::net
