#include "source/upstream/flushing_connections.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "test/support/loopback_upstream.h"
#include "test/support/recording_events.h"
#include "test/support/worker_context.h"

namespace weir::upstream {
namespace {

using std::chrono::seconds;

class FlushingConnectionsTest : public testing::Test {
 protected:
  FlushingConnectionsTest()
      : context_(std::vector<ClusterSettings>{{.name = "up", .endpoints = {upstream_.address()}}},
                 net::ConnectionLimits{}, &loop_) {}

  // One that has more to send than the kernel takes, to an upstream that does not read.
  void leaveOne() {
    auto started = context_.cluster_set.find("up")->connect({}, events_);
    ASSERT_TRUE(started.ok());
    net::Connection& connection = *started.value().connection;
    ASSERT_TRUE(
        loop_.runUntil([&] { return !connection.connecting() && upstream_.connections() == 1; }));
    upstream_.peer().stopReading();
    buffer::Buffer data(context_.slices);
    data.append(much_);
    connection.write(data, true);
    loop_.runUntilIdle();
    ASSERT_FALSE(connection.writeEnded());
    flushing_->add(std::move(started.value().connection), std::move(started.value().place));
    loop_.runUntilIdle();
    EXPECT_EQ(flushing_->size(), 1U);
  }
  bool active(int connections) {
    return context_.metrics().find("weir_upstream_active_connections{cluster=\"up\"} " +
                                   std::to_string(connections)) != std::string::npos;
  }

  const std::string much_ = std::string(16 << 20, 'x');
  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  test::RecordingEvents events_;
  test::WorkerContext context_;
  std::optional<FlushingConnections> flushing_{std::in_place, *loop_};
};

TEST_F(FlushingConnectionsTest, SendsAllThatWasWritten) {
  ASSERT_NO_FATAL_FAILURE(leaveOne());
  EXPECT_TRUE(active(1));
  upstream_.peer().readOn();
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended() && flushing_->size() == 0; }));
  EXPECT_TRUE(upstream_.peer().received() == much_);
  EXPECT_TRUE(active(0));
}

TEST_F(FlushingConnectionsTest, AnUpstreamThatTakesNothingIsGivenUp) {
  ASSERT_NO_FATAL_FAILURE(leaveOne());
  loop_.advance(seconds(29));
  EXPECT_EQ(flushing_->size(), 1U);
  loop_.advance(seconds(1));
  EXPECT_EQ(flushing_->size(), 0U);
  EXPECT_TRUE(active(0));
}

TEST_F(FlushingConnectionsTest, AnUpstreamThatBreaksIsForgotten) {
  ASSERT_NO_FATAL_FAILURE(leaveOne());
  upstream_.peer().reset();
  EXPECT_TRUE(loop_.runUntil([&] { return flushing_->size() == 0; }));
  EXPECT_TRUE(active(0));
}

TEST_F(FlushingConnectionsTest, ItsEndEndsThem) {
  ASSERT_NO_FATAL_FAILURE(leaveOne());
  flushing_.reset();
  EXPECT_TRUE(active(0));
}

}  // namespace
}  // namespace weir::upstream
