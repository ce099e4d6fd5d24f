#include "source/stats/stats.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "test/stats/prometheus_parser.h"

namespace weir::stats {
namespace {

bool contains(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(RegistryTest, TheSameNameAndLabelsAreTheSameMetric) {
  Registry registry;
  Value& one = registry.counter("c", "Help.", {{"a", "1"}});
  EXPECT_EQ(&registry.counter("c", "Help.", {{"a", "1"}}), &one);
  EXPECT_NE(&registry.counter("c", "Help.", {{"a", "2"}}), &one);
}

TEST(RegistryTest, AReferenceStaysValidWhileMoreAreAdded) {
  Registry registry;
  Value& first = registry.counter("c", "Help.", {{"i", "first"}});
  for (int i = 0; i < 1000; ++i) registry.counter("c", "Help.", {{"i", std::to_string(i)}}).add(1);
  first.add(3);
  EXPECT_EQ(registry.counter("c", "Help.", {{"i", "first"}}).get(), 3U);
}

TEST(RegistryDeathTest, ANameHasOneKind) {
  Registry registry;
  registry.counter("c", "Help.", {});
  EXPECT_DEATH(registry.gauge("c", "Help.", {}), "check failed");
}

TEST(RenderTest, CountersAndGaugesWithHelpAndType) {
  Registry registry;
  registry.counter("weir_b_total", "Bs.", {{"l", "main"}, {"m", "x"}}).add(2);
  Value& gauge = registry.gauge("weir_a", "As.", {});
  gauge.add(5);
  gauge.sub(1);
  EXPECT_EQ(renderPrometheus({&registry}),
            "# HELP weir_a As.\n"
            "# TYPE weir_a gauge\n"
            "weir_a 4\n"
            "# HELP weir_b_total Bs.\n"
            "# TYPE weir_b_total counter\n"
            "weir_b_total{l=\"main\",m=\"x\"} 2\n");
}

TEST(RenderTest, AddsUpTheRegistries) {
  Registry one;
  Registry two;
  one.counter("c", "Help.", {{"l", "a"}}).add(1);
  two.counter("c", "Help.", {{"l", "a"}}).add(10);
  two.counter("c", "Help.", {{"l", "b"}}).add(100);
  const std::string text = renderPrometheus({&one, &two});
  EXPECT_TRUE(contains(text, "c{l=\"a\"} 11"));
  EXPECT_TRUE(contains(text, "c{l=\"b\"} 100"));
}

TEST(RenderTest, AGaugeMayGoDownInOneRegistryAndUpInAnother) {
  Registry one;
  Registry two;
  one.gauge("g", "Help.", {}).sub(1);
  two.gauge("g", "Help.", {}).add(3);
  EXPECT_TRUE(contains(renderPrometheus({&one, &two}), "g 2"));
}

TEST(RenderTest, NoRegistryAndAnEmptyOneGiveNothing) {
  const Registry registry;
  EXPECT_EQ(renderPrometheus({}), "");
  EXPECT_EQ(renderPrometheus({&registry}), "");
}

TEST(RenderTest, EscapesWhatALabelMayNotContain) {
  Registry registry;
  registry.counter("c", "Help.", {{"l", "a\"b\\c\nd"}}).add(1);
  EXPECT_TRUE(contains(renderPrometheus({&registry}), "c{l=\"a\\\"b\\\\c\\nd\"} 1"));
}

TEST(RenderTest, IsStrictlyInTheFormat) {
  Registry registry;
  registry.counter("weir_c_total", "Help with \\ and\na line end.", {{"l", "a\"b\\c\nd"}}).add(1);
  registry.gauge("weir_g", "Help.", {}).add(3);
  registry.histogram("weir_h_seconds", "Help.", {{"l", "a"}}).observe(0.2);
  registry.histogram("weir_long_seconds", "Help.", {}, Lifetimes).observe(100'000);
  std::string text = renderPrometheus({&registry});
  PrometheusText more(text);
  more.family("weir_extra_seconds_total", Kind::Counter, "Help.");
  more.sample({{"worker", "0"}}, 0.25);
  more.sample({{"worker", "1"}}, uint64_t{7});
  const test::Scrape scrape = test::parsePrometheus(text);
  EXPECT_EQ(scrape.problems, std::vector<std::string>{});
  EXPECT_EQ(scrape.families.size(), 5U);
  EXPECT_EQ(scrape.families.at("weir_c_total").samples[0].labels.at("l"), "a\"b\\c\nd");
  EXPECT_EQ(scrape.sum("weir_extra_seconds_total"), 7.25);
  EXPECT_EQ(scrape.sum("weir_long_seconds_bucket", {{"le", "86400"}}), 0);
  EXPECT_EQ(scrape.sum("weir_long_seconds_bucket", {{"le", "604800"}}), 1);
}

TEST(RegistryTest, AMetricOfTooManySeriesPutsTheRestIntoOne) {
  Registry registry;
  for (size_t i = 0; i < Registry::MaxSeries + 10; ++i) {
    registry.counter("c_total", "Help.", {{"a", std::to_string(i)}, {"b", "x"}}).add(1);
    registry.histogram("h", "Help.", {{"a", std::to_string(i)}}).observe(1);
  }
  registry.counter("c_total", "Help.", {{"a", "0"}, {"b", "x"}}).add(1);
  const test::Scrape scrape = test::parsePrometheus(renderPrometheus({&registry}));
  EXPECT_EQ(scrape.problems, std::vector<std::string>{});
  EXPECT_EQ(scrape.families.at("c_total").samples.size(), Registry::MaxSeries + 1);
  EXPECT_EQ(scrape.sum("c_total"), Registry::MaxSeries + 11);
  EXPECT_EQ(scrape.sum("c_total", {{"a", "other"}, {"b", "other"}}), 10);
  EXPECT_EQ(scrape.sum("c_total", {{"a", "0"}}), 2);
  EXPECT_EQ(scrape.sum("h_count", {{"a", "other"}}), 10);
  EXPECT_EQ(scrape.sum("weir_metrics_folded_total", {{"metric", "c_total"}}), 10);
  EXPECT_EQ(scrape.sum("weir_metrics_folded_total", {{"metric", "h"}}), 10);
}

TEST(RegistryTest, WhatNobodyCountsForAnyMoreIsTakenOut) {
  Registry registry;
  for (const char* listener : {"a", "b", "a\"b"}) {
    for (const char* chain : {"x", "y"})
      registry.counter("bytes", "Bytes.", {{"listener", listener}, {"chain", chain}, {"to", "a"}})
          .add(1);
    registry.histogram("seconds", "Time.", {{"listener", listener}});
  }
  registry.gauge("open", "Open.", {{"cluster", "a"}});
  registry.drop({Registry::ownerOf({{"listener", "a\"b"}}),
                 Registry::ownerOf({{"listener", "a"}, {"chain", "x"}})});
  const std::string text = renderPrometheus({&registry});
  for (const char* gone : {"a\\\"b", "listener=\"a\",chain=\"x\""})
    EXPECT_EQ(text.find(gone), std::string::npos) << text;
  for (const char* kept : {"bytes{listener=\"a\",chain=\"y\",to=\"a\"} 1",
                           "bytes{listener=\"b\",chain=\"x\",to=\"a\"} 1",
                           "seconds_count{listener=\"a\"} 0", "open{cluster=\"a\"} 0"})
    EXPECT_NE(text.find(kept), std::string::npos) << kept;
}

TEST(RegistryTest, AnOwnerIsAllOfALabelAndNotItsBeginning) {
  Registry registry;
  for (const char* cluster : {"a", "a b", "ab", "A"}) {
    registry.counter("n", "N.", {{"cluster", cluster}}).add(1);
    registry.counter("m", "M.", {{"cluster", cluster}, {"outcome", "x"}}).add(1);
    registry.counter("k", "K.", {{"kind", "x"}, {"cluster", cluster}}).add(1);
  }
  registry.drop({Registry::ownerOf({{"cluster", "a"}}), Registry::ownerOf({{"cluster", "none"}})});
  const test::Scrape scrape = test::parsePrometheus(renderPrometheus({&registry}));
  for (const char* family : {"n", "m"}) {
    EXPECT_EQ(scrape.sum(family), 3) << family;
    EXPECT_EQ(scrape.sum(family, {{"cluster", "a"}}), 0) << family;
  }
  EXPECT_EQ(scrape.sum("k"), 4);
}

TEST(RegistryTest, WhatIsOthersIsTakenOutWhileItsThreadWrites) {
  Registry registry;
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i) {
      registry.counter("f" + std::to_string(i), "F.", {{"cluster", "mine"}}).add(1);
      registry.counter("c", "C.", {{"cluster", "mine"}}).add(1);
    }
  });
  for (int i = 0; i < 50; ++i) registry.drop({Registry::ownerOf({{"cluster", "theirs"}})});
  writer.join();
  EXPECT_TRUE(contains(renderPrometheus({&registry}), "c{cluster=\"mine\"} 2000"));
}

TEST(RegistryTest, WhatWasTakenOutBeginsAnew) {
  Registry registry;
  registry.counter("n", "N.", {{"cluster", "a"}}).add(7);
  registry.drop({Registry::ownerOf({{"cluster", "a"}})});
  EXPECT_EQ(renderPrometheus({&registry}).find("n{"), std::string::npos);
  registry.counter("n", "N.", {{"cluster", "a"}}).add(1);
  EXPECT_NE(renderPrometheus({&registry}).find("n{cluster=\"a\"} 1\n"), std::string::npos);
}

TEST(RegistryTest, TheSeriesOfAllThatAreTooManyBelongsToNobody) {
  Registry registry;
  for (size_t i = 0; i <= Registry::MaxSeries; ++i)
    registry.counter("n", "N.", {{"cluster", std::to_string(i)}}).add(1);
  Value& other = registry.counter("n", "N.", {{"cluster", "more"}});
  registry.drop({Registry::ownerOf({{"cluster", "other"}})});
  other.add(1);
  EXPECT_NE(renderPrometheus({&registry}).find("n{cluster=\"other\"} 2\n"), std::string::npos);
}

TEST(HistogramTest, CountsAValueInTheFirstBucketThatHoldsIt) {
  struct Case {
    double seconds;
    size_t bucket;
  };
  for (const Case& c : {Case{0, 0}, {0.0001, 0}, {0.00011, 1}, {0.01, 4}, {10, 11}, {11, 12}}) {
    Histogram histogram;
    histogram.observe(c.seconds);
    EXPECT_EQ(histogram.bucket(c.bucket), 1U) << c.seconds;
  }
}

TEST(HistogramTest, RendersCumulativeBucketsSumAndCount) {
  Registry one;
  Registry two;
  one.histogram("h", "Help.", {{"l", "a"}}).observe(0.003);
  two.histogram("h", "Help.", {{"l", "a"}}).observe(0.02);
  two.histogram("h", "Help.", {{"l", "a"}}).observe(100);
  const std::string text = renderPrometheus({&one, &two});
  EXPECT_TRUE(contains(text, "# TYPE h histogram"));
  EXPECT_TRUE(contains(text, "h_bucket{l=\"a\",le=\"0.001\"} 0"));
  EXPECT_TRUE(contains(text, "h_bucket{l=\"a\",le=\"0.005\"} 1"));
  EXPECT_TRUE(contains(text, "h_bucket{l=\"a\",le=\"0.025\"} 2"));
  EXPECT_TRUE(contains(text, "h_bucket{l=\"a\",le=\"10\"} 2"));
  EXPECT_TRUE(contains(text, "h_bucket{l=\"a\",le=\"+Inf\"} 3"));
  EXPECT_TRUE(contains(text, "h_sum{l=\"a\"} 100.023000"));
  EXPECT_TRUE(contains(text, "h_count{l=\"a\"} 3"));
}

TEST(HistogramTest, RendersWithoutLabels) {
  Registry registry;
  registry.histogram("h", "Help.", {}).observe(0.5);
  const std::string text = renderPrometheus({&registry});
  EXPECT_TRUE(contains(text, "h_bucket{le=\"0.5\"} 1"));
  EXPECT_TRUE(contains(text, "h_sum 0.500000"));
}

TEST(RegistryTest, IsReadWhileItsThreadWrites) {
  Registry registry;
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i) {
      registry.counter("c", "Help.", {{"i", std::to_string(i % 50)}}).add(1);
    }
  });
  for (int i = 0; i < 50; ++i) renderPrometheus({&registry});
  writer.join();
  EXPECT_TRUE(contains(renderPrometheus({&registry}), "c{i=\"0\"} 40"));
}

}  // namespace
}  // namespace weir::stats
