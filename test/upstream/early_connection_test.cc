#include "source/upstream/early_connection.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/support/loopback_upstream.h"
#include "test/support/recording_events.h"
#include "test/support/worker_context.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

struct RecordingEarly final : EarlyEvents {
  void onEarlyConnected() override { lines.push_back("connected"); }
  void onServerSpoke() override { lines.push_back("server_spoke"); }
  void onEarlyFailed(const Error& error) override {
    lines.push_back("failed:" + std::string(toString(error.code)));
    detail = error.detail;
  }
  Lines lines;
  std::string detail;
};

class EarlyConnectionTest : public testing::Test {
 protected:
  // Starts one to `to`, with a connect timeout of 5 s.
  void start(const net::SocketAddress& to) {
    context_ = std::make_unique<test::WorkerContext>(
        std::vector<ClusterSettings>{{.name = "db", .endpoints = {to}}}, net::ConnectionLimits{},
        &loop_);
    early_ = std::make_unique<EarlyConnection>(*context_->cluster_set.find("db"), *loop_);
    ASSERT_TRUE(early_->start({}, events_).ok());
    EXPECT_EQ(events_.lines, Lines{});  // never from inside start()
  }
  bool told(const Lines& lines) {
    return loop_.runUntil([&] { return events_.lines == lines; });
  }
  bool counted(const std::string& outcome) {
    return context_->metrics().find("{cluster=\"db\",outcome=\"" + outcome + "\"} 1") !=
           std::string::npos;
  }
  std::string serverBytes() {
    const auto bytes = early_->serverBytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  // Lets go of it, as owners do.
  void retire() {
    loop_->retire(std::move(early_));
    loop_.runUntilIdle();
  }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  RecordingEarly events_;
  std::unique_ptr<test::WorkerContext> context_;
  std::unique_ptr<EarlyConnection> early_;
};

TEST_F(EarlyConnectionTest, TellsThatItStands) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  EXPECT_FALSE(early_->connected());
  EXPECT_TRUE(told({"connected"}));
  EXPECT_TRUE(early_->connected());
  EXPECT_EQ(early_->address(), upstream_.address());
  EXPECT_TRUE(counted("connected"));
}

TEST_F(EarlyConnectionTest, HoldsWhatTheServerSays) {
  upstream_.greetWith("220 ready\r\n");
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  EXPECT_TRUE(told({"connected", "server_spoke"}));
  EXPECT_EQ(serverBytes(), "220 ready\r\n");
}

TEST_F(EarlyConnectionTest, TellsThatTheServerClosedWithoutAWord) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  upstream_.peer().close();
  EXPECT_TRUE(told({"connected", "server_spoke"}));
  EXPECT_EQ(serverBytes(), "");
}

TEST_F(EarlyConnectionTest, RefusedItFails) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.refusingAddress()));
  EXPECT_TRUE(told({"failed:refused"}));
  EXPECT_NE(events_.detail.find(upstream_.refusingAddress().toString()), std::string::npos);
  EXPECT_TRUE(counted("refused"));
  EXPECT_FALSE(early_->connected());
}

TEST_F(EarlyConnectionTest, BrokenAfterItStoodItFails) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  ASSERT_TRUE(told({"connected"}));
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  upstream_.peer().reset();
  EXPECT_TRUE(told({"connected", "failed:reset"}));
  EXPECT_FALSE(early_->connected());
  EXPECT_FALSE(counted("reset"));  // the attempt itself went well
}

TEST_F(EarlyConnectionTest, NotAnsweredInTimeItFails) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.unansweringAddress()));
  loop_.advance(seconds(5) - milliseconds(1));
  EXPECT_EQ(events_.lines, Lines{});
  loop_.advance(milliseconds(1));
  EXPECT_EQ(events_.lines, Lines{"failed:timeout"});
  EXPECT_TRUE(counted("timeout"));
}

TEST_F(EarlyConnectionTest, OnceItStandsThereIsNoTimeout) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  ASSERT_TRUE(told({"connected"}));
  loop_.advance(seconds(60));
  EXPECT_EQ(events_.lines, Lines{"connected"});
}

TEST_F(EarlyConnectionTest, DroppedWhileConnectingItIsCountedAndTellsNothing) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.unansweringAddress()));
  retire();
  loop_.advance(seconds(60));
  EXPECT_EQ(events_.lines, Lines{});
  EXPECT_TRUE(counted("closed"));
}

TEST_F(EarlyConnectionTest, DroppedWhenItStandsItClosesTheConnection) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  ASSERT_TRUE(told({"connected"}));
  retire();
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  EXPECT_FALSE(counted("closed"));
}

TEST_F(EarlyConnectionTest, ReleasedTheConnectionGoesOnWithItsNewOwner) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  ASSERT_TRUE(told({"connected"}));
  test::RecordingEvents owner;
  auto connection = early_->release();
  connection->setEvents(owner);
  connection->redeliver();
  retire();
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  upstream_.peer().send("hello");
  EXPECT_TRUE(loop_.runUntil([&] { return owner.lines() == Lines{"data:hello"}; }));
  EXPECT_EQ(events_.lines, Lines{"connected"});
}

TEST_F(EarlyConnectionTest, ReleasedTheNewOwnerGetsWhatTheServerSaid) {
  upstream_.greetWith("220 ready\r\n");
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  ASSERT_TRUE(told({"connected", "server_spoke"}));
  upstream_.peer().sendEnd();
  ASSERT_TRUE(told({"connected", "server_spoke", "server_spoke"}));
  test::RecordingEvents owner;
  auto connection = early_->release();
  connection->setEvents(owner);
  connection->redeliver();
  retire();
  EXPECT_EQ(owner.lines(), (Lines{"data:220 ready\r\n", "end"}));
}

TEST_F(EarlyConnectionTest, ItsEventsMayMoveToAnotherListenerWhileItConnects) {
  ASSERT_NO_FATAL_FAILURE(start(upstream_.address()));
  RecordingEarly other;
  early_->setEvents(other);
  EXPECT_TRUE(loop_.runUntil([&] { return other.lines == Lines{"connected"}; }));
  EXPECT_EQ(events_.lines, Lines{});
}

}  // namespace
}  // namespace weir::upstream
