#include "source/upstream/tcp_health_checker.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "test/support/loopback_upstream.h"
#include "test/support/test_loop.h"

namespace weir::upstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

class TcpHealthCheckerTest : public testing::Test {
 protected:
  // No jitter, so that each check comes at its time.
  TcpHealthCheckerTest() {
    settings_.interval = seconds(5);
    settings_.timeout = seconds(2);
    settings_.interval_jitter = {};
    settings_.unhealthy_threshold = 3;
    settings_.healthy_threshold = 2;
  }
  void start(const net::SocketAddress& to) {
    checker_.emplace(HealthCheckTask{*loop_, slices_, to, settings_, true,
                                     [this](bool healthy) {
                                       told_.push_back(healthy ? "healthy" : "unhealthy");
                                       if (hook_) hook_();
                                     },
                                     [this](bool passed) { checks_ += passed ? '+' : '-'; }});
    EXPECT_EQ(told_, Lines{});
    EXPECT_TRUE(checker_->healthy());
  }
  // The outcomes of the checks up to now are these; the first one comes at once.
  bool checked(const std::string& outcomes) {
    return loop_.runUntil([&] { return checks_ == outcomes; });
  }
  // The check after the next interval ends, and the outcomes are these.
  bool nextChecked(const std::string& outcomes) {
    loop_.advance(settings_.interval);
    return checked(outcomes);
  }

  test::TestLoop loop_;
  buffer::SlicePool slices_;
  test::LoopbackUpstream upstream_{loop_};
  HealthCheckSettings settings_;
  std::optional<TcpHealthChecker> checker_;
  Lines told_;
  std::string checks_;
  std::function<void()> hook_;
};

TEST_F(TcpHealthCheckerTest, AHostThatAcceptsIsHealthyAndNothingIsTold) {
  start(upstream_.address());
  EXPECT_TRUE(checked("+"));
  EXPECT_TRUE(nextChecked("++"));
  EXPECT_TRUE(checker_->healthy());
  EXPECT_EQ(checker_->lastFailure(), "");
  EXPECT_EQ(told_, Lines{});
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 2; }));
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer(1).ended(); }));
}

TEST_F(TcpHealthCheckerTest, TheFirstCheckOfAHostThatWasUnhealthyDecidesAlone) {
  checker_.emplace(HealthCheckTask{
      *loop_, slices_, upstream_.address(), settings_, false,
      [this](bool healthy) { told_.push_back(healthy ? "healthy" : "unhealthy"); }});
  EXPECT_FALSE(checker_->healthy());
  EXPECT_TRUE(loop_.runUntil([&] { return told_ == Lines{"healthy"}; }));
}

TEST_F(TcpHealthCheckerTest, ChecksOncePerInterval) {
  start(upstream_.address());
  ASSERT_TRUE(checked("+"));
  loop_.advance(settings_.interval - milliseconds(1));
  loop_.runUntilIdle();
  EXPECT_EQ(checks_, "+");
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(checked("++"));
}

TEST_F(TcpHealthCheckerTest, TheFirstCheckDecidesAlone) {
  start(upstream_.refusingAddress());
  EXPECT_TRUE(checked("-"));
  EXPECT_EQ(told_, Lines{"unhealthy"});
  EXPECT_FALSE(checker_->healthy());
  EXPECT_NE(checker_->lastFailure().find("refused"), std::string::npos) << checker_->lastFailure();
}

// Answers "ok" while `up_`, and something else while not.
class HealthThresholdTest : public TcpHealthCheckerTest {
 protected:
  HealthThresholdTest() { settings_.receive = "ok"; }
  bool nextAnswers(bool up, const std::string& outcomes) {
    upstream_.greetWith(up ? "ok" : "no");
    loop_.advance(settings_.interval);
    loop_.runUntil([&] { return upstream_.connections() == outcomes.size(); });
    if (!up) upstream_.peer(upstream_.connections() - 1).sendEnd();
    return checked(outcomes);
  }
};

TEST_F(HealthThresholdTest, CountFailuresAndSuccessesInARow) {
  upstream_.greetWith("ok");
  start(upstream_.address());
  ASSERT_TRUE(checked("+"));
  ASSERT_TRUE(nextAnswers(false, "+-"));
  ASSERT_TRUE(nextAnswers(false, "+--"));
  ASSERT_TRUE(nextAnswers(true, "+--+"));  // begins anew
  ASSERT_TRUE(nextAnswers(false, "+--+-"));
  ASSERT_TRUE(nextAnswers(false, "+--+--"));
  EXPECT_EQ(told_, Lines{});
  ASSERT_TRUE(nextAnswers(false, "+--+---"));
  EXPECT_EQ(told_, Lines{"unhealthy"});
  ASSERT_TRUE(nextAnswers(true, "+--+---+"));
  ASSERT_TRUE(nextAnswers(false, "+--+---+-"));
  ASSERT_TRUE(nextAnswers(true, "+--+---+-+"));
  EXPECT_EQ(told_, Lines{"unhealthy"});
  ASSERT_TRUE(nextAnswers(true, "+--+---+-++"));
  EXPECT_EQ(told_, (Lines{"unhealthy", "healthy"}));
}

TEST_F(TcpHealthCheckerTest, AHostThatDoesNotAnswerTheConnectionFailsAfterTheTimeout) {
  start(upstream_.unansweringAddress());
  loop_.advance(settings_.timeout - milliseconds(1));
  EXPECT_EQ(checks_, "");
  loop_.advance(milliseconds(1));
  EXPECT_EQ(checks_, "-");
  EXPECT_EQ(checker_->lastFailure(), "no connection in time");
}

TEST_F(TcpHealthCheckerTest, SendsAndFindsTheExpectedBytesInTheAnswer) {
  settings_.send = "ruok";
  settings_.receive = "imok";
  start(upstream_.address());
  ASSERT_TRUE(loop_.runUntil(
      [&] { return upstream_.connections() == 1 && upstream_.peer().received() == "ruok"; }));
  upstream_.peer().send("well, im");
  loop_.runUntilIdle();
  EXPECT_EQ(checks_, "");
  upstream_.peer().send("ok, thanks");
  EXPECT_TRUE(checked("+"));
}

// Cut at every place, and with a false start before it.
TEST_F(TcpHealthCheckerTest, FindsTheExpectedBytesHoweverTheyAreCut) {
  settings_.receive = "aab";
  const std::string answer = "aaab";
  start(upstream_.address());
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    if (cut > 0) loop_.advance(settings_.interval);
    ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == cut + 1; }));
    upstream_.peer(cut).send(answer.substr(0, cut));
    loop_.runUntil([&] { return upstream_.peer(cut).allSent(); });
    upstream_.peer(cut).send(answer.substr(cut));
    EXPECT_TRUE(checked(std::string(cut + 1, '+'))) << cut;
  }
}

TEST_F(TcpHealthCheckerTest, AnAnswerThatDoesNotComeFails) {
  settings_.receive = "imok";
  start(upstream_.address());
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  upstream_.peer().send("imo");
  loop_.runUntilIdle();
  loop_.advance(settings_.timeout);
  EXPECT_TRUE(checked("-"));
  EXPECT_EQ(checker_->lastFailure(), "no answer in time");
}

TEST_F(TcpHealthCheckerTest, AnEndOrAResetBeforeTheAnswerFails) {
  settings_.receive = "imok";
  start(upstream_.address());
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  upstream_.peer().close();
  EXPECT_TRUE(checked("-"));
  EXPECT_EQ(checker_->lastFailure(), "closed without the expected answer");
  loop_.advance(settings_.interval);
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 2; }));
  upstream_.peer(1).reset();
  EXPECT_TRUE(checked("--"));
}

TEST_F(TcpHealthCheckerTest, MaySendWithoutWaitingForAnAnswer) {
  settings_.send = "ping";
  start(upstream_.address());
  EXPECT_TRUE(checked("+"));
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  EXPECT_EQ(upstream_.peer().received(), "ping");
}

TEST_F(TcpHealthCheckerTest, JitterSpreadsTheFirstCheckAndTheNextOnes) {
  settings_.interval_jitter = seconds(1);
  std::vector<std::unique_ptr<TcpHealthChecker>> checkers;
  size_t ended = 0;
  for (int i = 0; i < 20; ++i) {
    checkers.push_back(std::make_unique<TcpHealthChecker>(
        HealthCheckTask{*loop_, slices_, upstream_.refusingAddress(), settings_, true, [](bool) {},
                        [&](bool) { ++ended; }}));
  }
  loop_.runUntilIdle();
  EXPECT_LT(ended, 20U);  // all of 20 at the first nanosecond would be a wonder
  loop_.advance(seconds(1));
  EXPECT_TRUE(loop_.runUntil([&] { return ended == 20; }));
  loop_.advance(settings_.interval - seconds(1) - milliseconds(1));
  EXPECT_EQ(ended, 20U);
}

// That we have no descriptor left says nothing about the host.
TEST_F(TcpHealthCheckerTest, OutOfDescriptorsNoHostFailsItsChecks) {
  start(upstream_.address());
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  loop_.advance(settings_.interval * 10);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(checks_, "");
  EXPECT_TRUE(checker_->healthy());
  EXPECT_TRUE(nextChecked("+"));
}

TEST_F(TcpHealthCheckerTest, DroppedDuringACheckItTellsNothingAndLetsGo) {
  settings_.receive = "imok";
  start(upstream_.address());
  ASSERT_TRUE(loop_.runUntil([&] { return upstream_.connections() == 1; }));
  checker_.reset();
  loop_.advance(seconds(60));
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  EXPECT_EQ(checks_, "");
}

TEST_F(TcpHealthCheckerTest, MayBeDroppedByWhatItTells) {
  hook_ = [this] { checker_.reset(); };
  start(upstream_.refusingAddress());
  EXPECT_TRUE(loop_.runUntil([&] { return told_ == Lines{"unhealthy"}; }));
  loop_.advance(seconds(60));
  EXPECT_EQ(checks_, "-");
}

}  // namespace
}  // namespace weir::upstream
