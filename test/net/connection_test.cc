#include "source/net/connection.h"

#include <gtest/gtest.h>

#include <string>

#include "test/net/connection_fixture.h"

namespace weir::net {
namespace {

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

}  // namespace
}  // namespace weir::net
