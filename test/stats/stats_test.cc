#include "source/stats/stats.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

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
