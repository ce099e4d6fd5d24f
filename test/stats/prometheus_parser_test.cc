#include "test/stats/prometheus_parser.h"

#include <gtest/gtest.h>

namespace weir::test {
namespace {

const std::string Good =
    "# HELP a_total As.\n# TYPE a_total counter\na_total{l=\"x\",m=\"a\\\"b\\\\c\\nd\"} 2\n"
    "a_total{l=\"y\"} 3.5\n"
    "# HELP b B \\\\ of it.\n# TYPE b gauge\nb -1\n"
    "# HELP h_seconds Hs.\n# TYPE h_seconds histogram\nh_seconds_bucket{le=\"0.1\"} 1\n"
    "h_seconds_bucket{le=\"+Inf\"} 2\nh_seconds_sum 0.5\nh_seconds_count 2\n";

TEST(PrometheusParserTest, ReadsWhatIsRight) {
  const Scrape scrape = parsePrometheus(Good);
  EXPECT_EQ(scrape.problems, std::vector<std::string>{});
  EXPECT_EQ(scrape.families.size(), 3U);
  EXPECT_EQ(scrape.families.at("a_total").samples[0].labels.at("m"), "a\"b\\c\nd");
  EXPECT_EQ(scrape.sum("a_total"), 5.5);
  EXPECT_EQ(scrape.sum("a_total", {{"l", "x"}}), 2);
  EXPECT_EQ(scrape.sum("h_seconds_bucket", {{"le", "+Inf"}}), 2);
}

TEST(PrometheusParserTest, FindsWhatIsWrong) {
  const std::string head = "# HELP a_total As.\n# TYPE a_total counter\n";
  const std::string histogram = "# HELP h Hs.\n# TYPE h histogram\n";
  for (const std::string& text : {
           std::string("a_total 1\n"),
           std::string("# TYPE a_total counter\na_total 1\n"),
           std::string("# HELP a_total As.\na_total 1\n"),
           std::string("# HELP a_total \n# TYPE a_total counter\n"),
           std::string("# HELP a As.\n# TYPE a counter\n"),
           std::string("# HELP a_total As.\n# TYPE a_total gauge\n"),
           std::string("# HELP a_ms As.\n# TYPE a_ms gauge\n"),
           std::string("# HELP a As.\n# TYPE a thing\n"),
           head + "a_total 1",
           head + "a_total\n",
           head + "a_total  1\n",
           head + "a_total 1 x\n",
           head + "a_total one\n",
           head + "a_total -1\n",
           head + "a_total 1\na_total 1\n",
           head + "b_total 1\n",
           head + "a_total{} 1\n",
           head + "a_total{l=\"x} 1\n",
           head + "a_total{l=\"x\",} 1\n",
           head + "a_total{l=\"x\"m=\"y\"} 1\n",
           head + "a_total{l=\"x\",l=\"y\"} 1\n",
           head + "a_total{l=\"\\t\"} 1\n",
           head + "a_total{1=\"x\"} 1\n",
           head + "\n",
           head + head,
           histogram + "h 1\n",
           histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
           histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",
           histogram + "h_bucket{le=\"+Inf\"} 1\nh_count 1\n",
           histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
           histogram + "h_bucket{le=\"2\"} 0\nh_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 1\n"
                       "h_sum 1\nh_count 1\n",
       }) {
    EXPECT_FALSE(parsePrometheus(text).problems.empty()) << text;
  }
}

}  // namespace
}  // namespace weir::test
