// The pool, with HTTP/2 to the servers.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/http/pool/pool_harness.h"

namespace weir::http::pool_test {
namespace {

class Http2PoolTest : public ConnectionPoolTest {
 protected:
  // Another connection, whose server has said how many streams it takes.
  bool greeted(size_t peer, uint32_t streams) {
    if (!accepted(peer + 1)) return false;
    upstream_.peer(peer).send(test::settings({{3, streams}}));
    return true;
  }
  size_t headsAt(size_t peer) {
    size_t heads = 0;
    for (const auto& frame : test::parseFrames(upstream_.peer(peer).received())) {
      heads += frame.type == test::HeadersFrame ? 1 : 0;
    }
    return heads;
  }
  size_t begunCount() const {
    size_t count = 0;
    for (const auto& request : requests_) count += request->begun() ? 1 : 0;
    return count;
  }
  size_t pingsAt(size_t peer) {
    size_t pings = 0;
    for (const auto& frame : test::parseFrames(upstream_.peer(peer).received())) {
      pings += frame.type == test::PingFrame ? 1 : 0;
    }
    return pings;
  }
  void respond(size_t peer, uint32_t stream) {
    upstream_.peer(peer).send(test::headers(stream, {{":status", "200"}}));
  }
};

TEST_F(Http2PoolTest, ManyStreamsShareAConnection) {
  start(settings(), Version::Http2);
  for (int i = 0; i < 50; ++i) ask();
  ASSERT_TRUE(greeted(0, 100));
  EXPECT_TRUE(until([&] { return begunCount() == 50 && headsAt(0) == 50; }));
  EXPECT_EQ(connections(), 1u);
}

TEST_F(Http2PoolTest, AnotherConnectionIsMadeWhereOneTakesNoMore) {
  start(settings(), Version::Http2);
  for (int i = 0; i < 5; ++i) ask();
  ASSERT_TRUE(greeted(0, 2));
  ASSERT_TRUE(greeted(1, 2) && greeted(2, 2));
  EXPECT_TRUE(until([&] { return begunCount() == 5; }));
  settle();
  EXPECT_EQ(upstream_.connections(), 3u);
  EXPECT_TRUE(until([&] { return headsAt(0) == 2 && headsAt(1) + headsAt(2) == 3; }));
}

TEST_F(Http2PoolTest, AServerThatTakesNoneIsNotAskedOverAndOver) {
  start(settings(), Version::Http2);
  ask();
  ask();
  ASSERT_TRUE(greeted(0, 0));
  loop_.advance(std::chrono::seconds(1));
  EXPECT_LE(upstream_.connections(), 1u);
  EXPECT_LE(begunCount(), 1u);
  upstream_.peer(0).send(test::settings({{3, 10}}));
  EXPECT_TRUE(until([&] { return headsAt(0) == 2; }));
}

TEST_F(Http2PoolTest, NothingBeginsAfterAGoaway) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  upstream_.peer(0).send(
      test::frame(test::GoawayFrame, 0, 0, test::number(1, 4) + test::number(0, 4)));
  settle();
  ASSERT_TRUE(until([&] {
    loop_->runOnce(false);
    return !ask().begun();
  }));
  // The stream that the server has taken goes on to its end.
  ASSERT_TRUE(greeted(1, 100));
  respond(0, 1);
  EXPECT_TRUE(over(first));
  EXPECT_EQ(first.decoder.was_reset, false);
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
  EXPECT_TRUE(until([&] { return headsAt(1) >= 1; }));
}

TEST_F(Http2PoolTest, StreamsThatAGoawayLeavesOutAreRefused) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  Request& second = ask();
  ASSERT_TRUE(until([&] { return headsAt(0) == 2; }));
  upstream_.peer(0).send(
      test::frame(test::GoawayFrame, 0, 0, test::number(1, 4) + test::number(0, 4)));
  ASSERT_TRUE(over(second));
  EXPECT_NE(second.decoder.log.find("refused"), std::string::npos) << second.decoder.log;
  EXPECT_FALSE(first.decoder.was_reset);
  respond(0, 1);
  EXPECT_TRUE(over(first));
  EXPECT_FALSE(first.decoder.was_reset);
}

TEST_F(Http2PoolTest, AConnectionHasNoMoreRequestsThanItMay) {
  auto two = settings();
  two.http.max_requests_per_connection = 2;
  start(two, Version::Http2);
  for (int i = 0; i < 3; ++i) ask();
  ASSERT_TRUE(greeted(0, 100) && greeted(1, 100));
  EXPECT_TRUE(until([&] { return headsAt(0) == 2 && headsAt(1) == 1; }));
  respond(0, 1);
  respond(0, 3);
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
}

TEST_F(Http2PoolTest, AFaultOfTheServerResetsItsStreams) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  upstream_.peer(0).send(test::data(0, "bad"));
  EXPECT_TRUE(over(first));
  EXPECT_TRUE(first.decoder.was_reset);
  EXPECT_TRUE(until([&] { return connections() == 0; }));
  EXPECT_TRUE((ask(), greeted(1, 100)));
}

// A host that is gone without a word: power, or a firewall that has forgotten the connection.
TEST_F(Http2PoolTest, AServerThatAnswersNoPingLosesItsConnection) {
  auto watched = settings();
  watched.http.http2.keepalive_interval = std::chrono::seconds(30);
  watched.http.http2.keepalive_timeout = std::chrono::seconds(5);
  start(watched, Version::Http2);
  Request& request = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  upstream_.peer(0).send(test::frame(test::SettingsFrame, test::Ack, 0));
  settle();
  loop_.advance(std::chrono::seconds(29));
  EXPECT_EQ(pingsAt(0), 0u);
  loop_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(until([&] { return pingsAt(0) == 1; }));
  upstream_.peer(0).send(test::frame(test::PingFrame, test::Ack, 0, std::string(8, '\0')));
  settle();
  loop_.advance(std::chrono::seconds(30));
  EXPECT_TRUE(until([&] { return pingsAt(0) == 2; }));
  EXPECT_FALSE(request.decoder.was_reset);
  loop_.advance(std::chrono::seconds(5));
  EXPECT_TRUE(over(request));
  EXPECT_EQ(request.decoder.log, "reset connection_gone h2_keepalive_timeout\n");
  EXPECT_TRUE(until([&] { return connections() == 0; }));
}

// Over the first connection, which has one request: another one is sent and given up, and a PING
// asks for the server.
class SilentServerTest : public Http2PoolTest {
 protected:
  void leaveTheNextWithoutAWord() {
    ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
    upstream_.peer(0).send(test::frame(test::SettingsFrame, test::Ack, 0));
    settle();
    Request& silent = ask();
    ASSERT_TRUE(until([&] { return headsAt(0) == 2; }));
    loop_.advance(std::chrono::seconds(1));
    silent.encoder->reset(ResetReason::Cancel);
    ASSERT_TRUE(until([&] { return pingsAt(0) == 1; }));
  }
};

// The same without a keepalive: the first request that is given up tells of it, and those behind it
// do not run into the same silence.
TEST_F(SilentServerTest, AServerThatLeftARequestWithoutAWordGetsNoneUntilItAnswers) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_NO_FATAL_FAILURE(leaveTheNextWithoutAWord());
  Request& third = ask();
  ASSERT_TRUE(greeted(1, 1) && until([&] { return headsAt(1) == 1; }));
  upstream_.peer(1).send(test::frame(test::SettingsFrame, test::Ack, 0));
  respond(1, 1);
  ASSERT_TRUE(over(third));
  // Its answer makes room for more than the other connection takes.
  upstream_.peer(0).send(test::frame(test::PingFrame, test::Ack, 0, std::string(8, '\0')));
  settle();
  ask();
  ask();
  EXPECT_TRUE(until([&] { return headsAt(0) + headsAt(1) == 5; }));
  EXPECT_EQ(upstream_.connections(), 2u);
  EXPECT_FALSE(first.decoder.was_reset);
}

TEST_F(SilentServerTest, AServerThatVanishedLosesItsConnectionWithTheRequestsThatAreLeft) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_NO_FATAL_FAILURE(leaveTheNextWithoutAWord());
  loop_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(over(first));
  EXPECT_EQ(first.decoder.log, "reset connection_gone h2_keepalive_timeout\n");
  EXPECT_TRUE(until([&] { return connections() == 0; }));
}

TEST_F(Http2PoolTest, TheServerIsToldWhatTheClusterSays) {
  auto all = settings();
  all.http.response_headers.max_bytes = 8192;
  all.http.http2.hpack_table_size = 1024;
  all.http.http2.initial_stream_window_size = 100'000;
  all.http.http2.initial_connection_window_size = 200'000;
  start(all, Version::Http2);
  ask();
  ASSERT_TRUE(accepted(1) && until([&] { return headsAt(0) == 1; }));
  const auto number = [](uint64_t id, uint64_t value) {
    return test::number(id, 2) + test::number(value, 4);
  };
  std::string said;
  std::string window;
  for (const auto& frame : test::parseFrames(upstream_.peer(0).received())) {
    if (frame.type == test::SettingsFrame) said += frame.payload;
    if (frame.type == test::WindowUpdateFrame && frame.stream == 0) window += frame.payload;
  }
  EXPECT_EQ(said,
            number(1, 1024) + number(4, 100'000) + number(6, 8192) + number(2, 0) + number(9, 1));
  EXPECT_EQ(window, test::number(200'000 - 65535, 4));
}

TEST_F(Http2PoolTest, AConnectionHasNoMoreStreamsAtOnceThanTheClusterSays) {
  auto two = settings();
  two.http.http2.max_concurrent_streams = 2;
  start(two, Version::Http2);
  for (int i = 0; i < 5; ++i) ask();
  ASSERT_TRUE(accepted(3));
  for (size_t peer = 0; peer < 3; ++peer) ASSERT_TRUE(greeted(peer, 100));
  EXPECT_TRUE(until([&] { return headsAt(0) + headsAt(1) + headsAt(2) == 5; }));
  for (size_t peer = 0; peer < 3; ++peer) EXPECT_LE(headsAt(peer), 2U);
  settle();
  EXPECT_EQ(upstream_.connections(), 3U);
}

TEST_F(Http2PoolTest, AResetStreamLeavesTheOthersAlone) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  Request& second = ask();
  ASSERT_TRUE(until([&] { return headsAt(0) == 2; }));
  first.encoder->reset(ResetReason::Cancel);
  respond(0, 3);
  EXPECT_TRUE(over(second));
  EXPECT_FALSE(second.decoder.was_reset);
  EXPECT_EQ(connections(), 1u);
}

}  // namespace
}  // namespace weir::http::pool_test
