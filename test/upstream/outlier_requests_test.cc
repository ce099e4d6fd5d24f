// Hosts that are ejected for how they answer requests.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "source/upstream/host_fitness.h"
#include "test/support/manual_clock.h"

namespace weir::upstream {
namespace {

using std::chrono::seconds;

class OutlierRequestsTest : public testing::Test {
 protected:
  OutlierRequestsTest() {
    settings_.name = "web";
    settings_.outlier_detection = OutlierSettings{.max_ejection_percent = 100};
  }
  OutlierSettings& outlier() { return *settings_.outlier_detection; }
  void start(size_t hosts) {
    HostList::Hosts all;
    for (size_t i = 0; i < hosts; ++i) {
      const auto address = net::SocketAddress::parse("10.0.0.1:" + std::to_string(i + 1));
      all.push_back(std::make_shared<Host>(*address, 1));
    }
    list_ = std::make_shared<const HostList>(std::move(all), settings_);
    fitness_ = std::make_unique<HostFitness>(settings_, 1);
    fitness_->setHosts(list_);
  }
  const std::shared_ptr<Host>& host(size_t i) { return (*list_)[i]; }
  MonotonicTime now() { return clock_.monotonicNow(); }
  // The reason for which one of these answers ejected a host, with the number of the answer.
  std::string answer(const std::vector<unsigned>& statuses, size_t i = 0) {
    for (size_t n = 0; n < statuses.size(); ++n) {
      const auto ejections = fitness_->requestEnded(host(i), statuses[n], now());
      for (size_t reason = 0; reason < ejections.size(); ++reason) {
        if (ejections[reason] == 0) continue;
        EXPECT_EQ(toString(fitness_->ejectionReason(*host(i))),
                  toString(static_cast<EjectionReason>(reason)));
        return std::string(toString(static_cast<EjectionReason>(reason))) + " " +
               std::to_string(n + 1);
      }
    }
    return "";
  }
  // So many requests to a host, of which so many are answered with 500, the rest with 200.
  void serve(size_t i, int requests, int errors) {
    for (int n = 0; n < requests; ++n) {
      fitness_->requestEnded(host(i), n < errors ? 500 : 200, now());
    }
  }
  // How many hosts the request that ends the interval ejects.
  uint32_t endInterval() {
    clock_.advance(outlier().interval);
    return fitness_->requestEnded(host(0), 200,
                                  now())[static_cast<size_t>(EjectionReason::SuccessRate)];
  }

  test::ManualClock clock_;
  ClusterSettings settings_;
  std::shared_ptr<const HostList> list_;
  std::unique_ptr<HostFitness> fitness_;
};

// In a row.

struct RowCase {
  unsigned any_5xx;
  unsigned gateway;
  std::vector<unsigned> statuses;  // 0: none came
  std::string ejected;
};
class OutlierRowTest : public OutlierRequestsTest, public testing::WithParamInterface<RowCase> {};
TEST_P(OutlierRowTest, IsFoundAtItsThreshold) {
  outlier().consecutive_5xx = GetParam().any_5xx;
  outlier().consecutive_gateway_failure = GetParam().gateway;
  start(2);
  EXPECT_EQ(answer(GetParam().statuses), GetParam().ejected);
  EXPECT_EQ(host(0)->fit(), GetParam().ejected.empty());
  EXPECT_TRUE(host(1)->fit());
}
INSTANTIATE_TEST_SUITE_P(
    Cases, OutlierRowTest,
    testing::Values(RowCase{3, 0, {500, 501, 503}, "consecutive_5xx 3"},
                    RowCase{3, 0, {500, 0, 599}, "consecutive_5xx 3"},
                    RowCase{3, 0, {500, 500, 200, 500, 500}, ""},
                    RowCase{3, 0, {500, 500, 404, 500, 500}, ""},
                    RowCase{3, 0, {499, 499, 499, 499, 404}, ""},
                    RowCase{1, 0, {101, 200, 500}, "consecutive_5xx 3"},
                    RowCase{0, 0, {500, 500, 500, 500, 500, 500}, ""},
                    RowCase{0, 2, {502, 504}, "consecutive_gateway_failure 2"},
                    RowCase{0, 2, {503, 0}, "consecutive_gateway_failure 2"},
                    RowCase{0, 2, {502, 500, 502, 501, 502, 505}, ""},
                    RowCase{3, 2, {500, 502, 503}, "consecutive_5xx 3"},
                    RowCase{4, 2, {500, 502, 503}, "consecutive_gateway_failure 3"}));

TEST_F(OutlierRequestsTest, FiveInARowAreTheDefault) {
  start(1);
  EXPECT_EQ(answer({502, 502, 502, 502}), "");
  EXPECT_EQ(answer({502}), "consecutive_5xx 1");
}

TEST_F(OutlierRequestsTest, WithoutOutlierDetectionNobodyIsEjected) {
  settings_.outlier_detection.reset();
  start(1);
  EXPECT_EQ(answer(std::vector<unsigned>(100, 500)), "");
}

TEST_F(OutlierRequestsTest, AnEjectionStartsAllRowsAnewAndComesToItsEnd) {
  outlier().consecutive_gateway_failure = 6;
  start(1);
  EXPECT_EQ(answer({502, 502, 502, 502, 502}), "consecutive_5xx 5");
  EXPECT_EQ(answer({502, 502, 502, 502, 502, 502}), "");  // while it is ejected: a panic
  clock_.advance(outlier().base_ejection_time);
  fitness_->endEjections(now());
  EXPECT_TRUE(host(0)->fit());
  EXPECT_EQ(answer({502, 502, 502, 502}), "");
}

TEST_F(OutlierRequestsTest, NoMoreThanThePercentageAreEjected) {
  outlier().max_ejection_percent = 25;
  start(8);
  const std::vector<unsigned> bad(5, 500);
  EXPECT_EQ(answer(bad, 0), "consecutive_5xx 5");
  EXPECT_EQ(answer(bad, 1), "consecutive_5xx 5");
  EXPECT_EQ(answer(bad, 2), "");
}

TEST_F(OutlierRequestsTest, ConnectingKeepsARowOfItsOwn) {
  outlier().consecutive_local_origin_failure = 2;
  start(1);
  EXPECT_EQ(answer({500, 500, 500, 500}), "");
  EXPECT_FALSE(fitness_->connectFailed(host(0), now()));
  fitness_->connectSucceeded(*host(0));
  EXPECT_EQ(answer({500}), "consecutive_5xx 1");
}

// By success rate.

TEST_F(OutlierRequestsTest, AHostFarBelowTheOthersIsEjectedAtTheEndOfTheInterval) {
  outlier().consecutive_5xx = 0;
  start(6);
  for (size_t i = 0; i < 6; ++i) serve(i, 200, i == 3 ? 100 : 2);
  clock_.advance(outlier().interval - std::chrono::milliseconds(1));
  EXPECT_EQ(answer({200}), "");
  EXPECT_EQ(fitness_->successRate(*host(3)), std::nullopt);
  clock_.advance(std::chrono::milliseconds(1));
  const auto ejections = fitness_->requestEnded(host(0), 200, now());
  EXPECT_EQ(ejections, (HostFitness::Ejections{0, 0, 0, 1}));
  EXPECT_FALSE(host(3)->fit());
  EXPECT_EQ(fitness_->counts().ejected, 1U);
  EXPECT_EQ(toString(fitness_->ejectionReason(*host(3))), "success_rate");
  EXPECT_EQ(fitness_->successRate(*host(3)), 50.0);
  EXPECT_EQ(fitness_->successRate(*host(5)), 99.0);
}

TEST_F(OutlierRequestsTest, HostsThatAreAllAlikeStay) {
  outlier().consecutive_5xx = 0;
  start(6);
  for (size_t i = 0; i < 6; ++i) serve(i, 200, 100 + static_cast<int>(i));
  EXPECT_EQ(endInterval(), 0U);
  for (size_t i = 0; i < 6; ++i) serve(i, 200, 200);  // not one is good
  EXPECT_EQ(endInterval(), 0U);
}

TEST_F(OutlierRequestsTest, TooFewRequestsOrHostsSayNothing) {
  outlier().consecutive_5xx = 0;
  start(5);
  serve(0, 99, 0);  // with the one that ends the interval it is enough
  for (size_t i = 1; i < 5; ++i) serve(i, i == 1 ? 99 : 100, i == 4 ? 90 : 0);
  EXPECT_EQ(endInterval(), 0U);
  EXPECT_EQ(fitness_->successRate(*host(1)), std::nullopt);
  EXPECT_EQ(fitness_->successRate(*host(4)), 10.0);
  for (size_t i = 0; i < 5; ++i) serve(i, 100, i == 4 ? 90 : 0);
  EXPECT_EQ(endInterval(), 1U);
}

TEST_F(OutlierRequestsTest, EachIntervalCountsAnew) {
  outlier().consecutive_5xx = 0;
  outlier().success_rate_minimum_hosts = 3;
  start(6);
  for (size_t i = 0; i < 6; ++i) serve(i, 1000, 0);
  EXPECT_EQ(endInterval(), 0U);
  for (size_t i = 0; i < 6; ++i) serve(i, 100, i == 2 ? 50 : 0);
  EXPECT_EQ(endInterval(), 1U);
  EXPECT_EQ(fitness_->successRate(*host(2)), 50.0);
  EXPECT_EQ(endInterval(), 0U);
  EXPECT_EQ(fitness_->successRate(*host(2)), std::nullopt);
}

TEST_F(OutlierRequestsTest, WithoutAMinimumOfHostsRatesAreNotCompared) {
  outlier().consecutive_5xx = 0;
  outlier().success_rate_minimum_hosts = 0;
  start(6);
  for (size_t i = 0; i < 6; ++i) serve(i, 200, i == 3 ? 200 : 0);
  EXPECT_EQ(endInterval(), 0U);
}

TEST_F(OutlierRequestsTest, SeveralThreadsMayTellAtOnce) {
  outlier().success_rate_request_volume = 10;
  start(8);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 4000; ++n) {
        const auto& one = host(static_cast<size_t>(n * 5 + t) % 8);
        fitness_->requestEnded(one, n % 3 == 0 ? 200 : 503, now() + seconds(n / 100));
        fitness_->endEjections(now() + seconds(n / 100));
        fitness_->successRate(*one);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  fitness_->endEjections(now() + std::chrono::hours(10));
  EXPECT_EQ(fitness_->counts().fit, 8U);
}

}  // namespace
}  // namespace weir::upstream
