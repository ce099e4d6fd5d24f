#include "source/server/learned_servers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace weir::server {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class LearnedServersTest : public testing::Test {
 protected:
  static net::IpPort at(int i) {
    return *net::IpPort::parse("10.0.0." + std::to_string(i) + ":3306");
  }
  bool learn(int i) { return learned_.learn(at(i), now_); }
  bool expects(int i) { return learned_.expects(at(i), now_); }
  bool contradict(int i) { return learned_.contradict(at(i), now_); }

  MonotonicTime now_{hours(5)};
  LearnedServers learned_{3, hours(1)};
};

TEST_F(LearnedServersTest, ExpectsWhatItLearned) {
  EXPECT_FALSE(expects(1));
  EXPECT_TRUE(learn(1));
  EXPECT_TRUE(expects(1));
  EXPECT_FALSE(expects(2));
}

TEST_F(LearnedServersTest, TellsThePortsAndFamiliesApart) {
  learn(1);
  EXPECT_FALSE(learned_.expects(*net::IpPort::parse("10.0.0.1:3307"), now_));
  EXPECT_FALSE(learned_.expects(*net::IpPort::parse("[a00:1::]:3306"), now_));
}

TEST_F(LearnedServersTest, IsNewsOnce) {
  EXPECT_TRUE(learn(1));
  EXPECT_FALSE(learn(1));
}

TEST_F(LearnedServersTest, ForgetsAfterItsTime) {
  learn(1);
  now_ += hours(1) - Duration(1);
  EXPECT_TRUE(expects(1));
  now_ += Duration(1);
  EXPECT_FALSE(expects(1));
  EXPECT_EQ(learned_.size(), 0U);
  EXPECT_TRUE(learn(1));  // news again
}

TEST_F(LearnedServersTest, EachTimeThatItHoldsItLastsAnew) {
  learn(1);
  now_ += minutes(59);
  learn(1);
  now_ += minutes(59);
  EXPECT_TRUE(expects(1));
}

TEST_F(LearnedServersTest, ForgetsTheLeastRecentlyConfirmedWhenItIsFull) {
  learn(1);
  learn(2);
  learn(3);
  learn(1);
  learn(4);
  EXPECT_EQ(learned_.size(), 3U);
  EXPECT_FALSE(expects(2));
  EXPECT_TRUE(expects(1) && expects(3) && expects(4));
}

TEST_F(LearnedServersTest, ContradictedItIsNotExpectedNorLearnedForItsTime) {
  learn(1);
  EXPECT_TRUE(contradict(1));
  EXPECT_FALSE(expects(1));
  EXPECT_FALSE(learn(1));
  EXPECT_FALSE(expects(1));
  now_ += hours(1);
  EXPECT_TRUE(learn(1));
  EXPECT_TRUE(expects(1));
}

TEST_F(LearnedServersTest, AContradictionIsNewsOnceAndOnlyOfWhatWasLearned) {
  EXPECT_FALSE(contradict(1));
  learn(1);
  EXPECT_TRUE(contradict(1));
  EXPECT_FALSE(contradict(1));
}

TEST_F(LearnedServersTest, WithoutRoomItLearnsNothing) {
  LearnedServers none(0, hours(1));
  EXPECT_FALSE(none.learn(at(1), now_));
  EXPECT_FALSE(none.expects(at(1), now_));
  EXPECT_EQ(none.size(), 0U);
}

TEST_F(LearnedServersTest, NewLimitsForgetTheLeastRecentlyConfirmedAndKeepTheEndOfTheRest) {
  for (int i = 1; i <= 3; ++i) learn(i);
  learned_.setLimits(2, hours(3));
  EXPECT_FALSE(expects(1));
  EXPECT_TRUE(expects(2));
  now_ += hours(1);
  EXPECT_FALSE(expects(2));
  learn(4);
  now_ += hours(2);
  EXPECT_TRUE(expects(4));
}

TEST_F(LearnedServersTest, ListsWhatHasNotExpiredTheMostRecentlyConfirmedFirst) {
  learn(1);
  now_ += minutes(30);
  learn(2);
  learn(3);
  contradict(2);
  learn(3);
  const auto listed = [this] {
    std::string out;
    learned_.forEach(now_, [&](const LearnedServers::Known& one) {
      out += one.destination.ip.toString() + (one.mixed ? " mixed " : " ") +
             std::to_string(toSeconds(one.left) / 60).substr(0, 2) + ";";
    });
    return out;
  };
  EXPECT_EQ(listed(), "10.0.0.3 60;10.0.0.2 mixed 60;10.0.0.1 30;");
  now_ += minutes(30);
  EXPECT_EQ(listed(), "10.0.0.3 30;10.0.0.2 mixed 30;");
}

TEST_F(LearnedServersTest, ForgetsAllAndSaysHowManyStillHeld) {
  learn(1);
  now_ += minutes(30);
  learn(2);
  learn(3);
  contradict(3);
  now_ += minutes(30);
  EXPECT_EQ(learned_.forgetAll(now_), 2U);
  EXPECT_EQ(learned_.size(), 0U);
  EXPECT_FALSE(expects(2));
  EXPECT_EQ(learned_.forgetAll(now_), 0U);
  EXPECT_TRUE(learn(3));
}

TEST_F(LearnedServersTest, StaysBoundedWhateverComes) {
  for (int i = 0; i < 10'000; ++i) {
    learn(i % 250);
    if (i % 7 == 0) contradict(i % 250);
    now_ += minutes(i % 3);
    ASSERT_LE(learned_.size(), 3U);
  }
}

}  // namespace
}  // namespace weir::server
