// How a connection begins and ends: connecting, faults, and closing from inside each event.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "source/net/connection.h"
#include "test/net/connection_fixture.h"

namespace weir::net {
namespace {

using std::chrono::seconds;

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
  std::function<void(ConnectionFixture&)> provoke;
  Lines told;
};

class CloseInsideTest : public testing::TestWithParam<CloseCase> {};

TEST_P(CloseInsideTest, TellsNothingAfterwards) {
  const CloseCase& c = GetParam();
  ConnectionFixture f(c.connecting ? Connection::Start::Connecting : Connection::Start::Connected);
  f.run();
  f.events.onEvery([&] { f.connection.close(false); });
  c.provoke(f);
  EXPECT_EQ(f.told(), c.told);
  EXPECT_TRUE(f.connection.closed());
  EXPECT_EQ(f.slices.inUse(), 0U);
}

INSTANTIATE_TEST_SUITE_P(EachEvent, CloseInsideTest,
                         testing::Values(CloseCase{"Connected",
                                                   true,
                                                   [](ConnectionFixture& f) {
                                                     f.peer.send("abc");
                                                     f.write("def", true);
                                                     f.pipe.connect();
                                                   },
                                                   {"connected"}},
                                         CloseCase{"Data",
                                                   false,
                                                   [](ConnectionFixture& f) {
                                                     f.pipe.toFirst().segment = 3;
                                                     f.peer.send("abcdef");
                                                   },
                                                   {"data:abc"}},
                                         CloseCase{"RedeliveredData",
                                                   false,
                                                   [](ConnectionFixture& f) {
                                                     f.connection.pauseReading(Pause::NotReady);
                                                     f.peer.send("abc");
                                                     f.run();
                                                     f.connection.resumeReading(Pause::NotReady);
                                                     f.connection.redeliver();
                                                   },
                                                   {"data:abc"}},
                                         CloseCase{"End",
                                                   false,
                                                   [](ConnectionFixture& f) {
                                                     f.peer.send("abc");
                                                     f.peer.sendEnd();
                                                   },
                                                   {"data:abc", "end"}},
                                         CloseCase{"WriteReady",
                                                   false,
                                                   [](ConnectionFixture& f) {
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
                                                   [](ConnectionFixture& f) {
                                                     f.connection.pauseReading(Pause::Manual);
                                                     f.peer.send("abc");
                                                   },
                                                   {"read_ready"}},
                                         CloseCase{"Fault",
                                                   false,
                                                   [](ConnectionFixture& f) { f.peer.reset(); },
                                                   {"fault:reset"}}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace weir::net
