// Places of a cluster that connections hold which nobody uses, and that two workers share.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/upstream/cluster.h"
#include "test/support/loopback_upstream.h"
#include "test/support/recording_events.h"
#include "test/support/worker_context.h"

namespace weir::upstream {
namespace {

// A connection that is idle as soon as it is begun.
class Idle final : public IdleConnection {
 public:
  Idle(Cluster& cluster, Started started) : started_(std::move(started)) {
    cluster.idle().add(*this, *started_.place.host());
  }
  ~Idle() { leaveIdle(); }
  void giveWay() override {
    gone = true;
    started_.connection->close(false);
    started_.place.leave();
  }
  bool gone = false;

 private:
  Started started_;
};

class Waiter final : public PlaceWaiter {
 public:
  void onPlace(bool in_vain) override { told += in_vain ? '-' : '+'; }
  std::string told;
};

class ClusterPlacesTest : public testing::Test {
 protected:
  void start(uint64_t most, uint64_t most_per_endpoint = 1000) {
    states_ = test::WorkerContext::statesOf({{.name = "db",
                                              .endpoints = {upstream_.address(), other_.address()},
                                              .max_connections = most,
                                              .max_connections_per_endpoint = most_per_endpoint}});
    for (auto* set : {&one_, &two_}) {
      set->emplace(states_, *loop_, base_.slices, net::ConnectionLimits{}, base_.stats,
                   base_.own_addresses);
    }
  }
  Cluster& one() { return *one_->find("db"); }
  Cluster& two() { return *two_->find("db"); }
  std::shared_ptr<Host> host(size_t index) { return (*states_->at("db")->hosts())[index]; }
  Started connect(Cluster& cluster, size_t index) {
    auto started = cluster.connectTo(host(index), {}, events_);
    EXPECT_TRUE(started.ok());
    return started.ok() ? std::move(started).value() : Started{};
  }
  // "connected", "waits", or the error.
  std::string tryTwo(size_t index) {
    auto started = two().connectTo(host(index), {}, events_, &waiter_);
    if (!started.ok()) return std::string(toString(started.error().code));
    EXPECT_EQ(waiter_.awaitsPlace(), started.value().connection == nullptr);
    if (started.value().connection == nullptr) return "waits";
    kept_ = std::move(started).value();
    return "connected";
  }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  test::LoopbackUpstream other_{loop_};
  test::WorkerContext base_{{}, {}, &loop_};
  test::RecordingEvents events_;
  ClusterStates states_;
  std::optional<ClusterSet> one_;
  std::optional<ClusterSet> two_;
  Waiter waiter_;
  std::optional<Started> kept_;
};

TEST_F(ClusterPlacesTest, TheOneThatIsIdleTheLongestGivesWay) {
  start(3);
  Idle first(one(), connect(one(), 0));
  Idle second(one(), connect(one(), 1));
  const Started busy = connect(one(), 0);
  const Started third = connect(one(), 1);
  EXPECT_TRUE(first.gone);
  EXPECT_FALSE(second.gone);
  EXPECT_EQ(states_->at("db")->active(), 3U);
  // Those that are picked for are no others.
  auto fourth = one().connect({}, events_);
  EXPECT_TRUE(fourth.ok());
  EXPECT_TRUE(second.gone);
  EXPECT_FALSE(one().connect({}, events_).ok());
}

TEST_F(ClusterPlacesTest, WhereTheEndpointIsFullOneToThatEndpointGivesWay) {
  start(1000, 1);
  Idle elsewhere(one(), connect(one(), 1));
  Idle there(one(), connect(one(), 0));
  const Started next = connect(one(), 0);
  EXPECT_TRUE(there.gone);
  EXPECT_FALSE(elsewhere.gone);
}

TEST_F(ClusterPlacesTest, AnIdleConnectionOfAnotherWorkerGivesWay) {
  for (const bool by_endpoint : {false, true}) {
    kept_.reset();
    by_endpoint ? start(1000, 1) : start(1);
    Idle idle(one(), connect(one(), 0));
    EXPECT_EQ(tryTwo(0), "waits");
    EXPECT_FALSE(idle.gone) << "not on this thread";
    loop_.runUntilIdle();
    EXPECT_TRUE(idle.gone);
    EXPECT_EQ(waiter_.told, "+");
    EXPECT_FALSE(waiter_.awaitsPlace());
    EXPECT_EQ(tryTwo(0), "connected");
    waiter_.told.clear();
  }
}

TEST_F(ClusterPlacesTest, WhoWaitsIsToldIfNoneHelps) {
  start(1000, 1);
  const Started busy = connect(one(), 0);
  Idle elsewhere(one(), connect(one(), 1));
  EXPECT_EQ(tryTwo(0), "waits");
  loop_.runUntilIdle();
  EXPECT_FALSE(elsewhere.gone);
  EXPECT_EQ(waiter_.told, "-");
  EXPECT_FALSE(waiter_.awaitsPlace());
}

TEST_F(ClusterPlacesTest, WithoutAnyIdleConnectionItIsRefusedAtOnce) {
  start(1);
  const Started busy = connect(one(), 0);
  EXPECT_EQ(tryTwo(1), "overflow");
  EXPECT_FALSE(waiter_.awaitsPlace());
  loop_.runUntilIdle();
  EXPECT_EQ(waiter_.told, "");
}

// The idle one is used before its worker hears of it; another one ends meanwhile.
TEST_F(ClusterPlacesTest, AnyPlaceThatIsGivenUpIsTold) {
  start(2);
  Started busy = connect(one(), 0);
  Idle idle(one(), connect(one(), 1));
  EXPECT_EQ(tryTwo(0), "waits");
  idle.leaveIdle();
  busy.place.leave();
  loop_.runUntilIdle();
  EXPECT_EQ(waiter_.told, "+");
  EXPECT_EQ(tryTwo(0), "connected");
}

TEST_F(ClusterPlacesTest, EitherWorkerMayEndMeanwhile) {
  for (const bool asker : {true, false}) {
    start(1);
    {
      Idle idle(one(), connect(one(), 0));
      EXPECT_EQ(tryTwo(0), "waits");
      if (asker) two_.reset();
      if (asker) loop_.runUntilIdle();
      EXPECT_EQ(idle.gone, asker);
    }
    one_.reset();
    loop_.runUntilIdle();
    waiter_.leavePlaces();
  }
  EXPECT_EQ(waiter_.told.find('-'), std::string::npos);
}

}  // namespace
}  // namespace weir::upstream
