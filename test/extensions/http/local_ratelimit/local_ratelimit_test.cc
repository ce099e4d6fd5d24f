#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/extensions/http/local_ratelimit/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using std::chrono::milliseconds;
using test::HttpFilterHarness;

const std::string TwoTokens =
    "stat_prefix: api, token_bucket: {max_tokens: 2, fill_interval: 1.5s}";

HttpFilterHarness::Factories limit(const std::string& fields) {
  return {test::makeFilter(makeLocalRateLimitConfigFactory(), fields)};
}

std::string statusOfNext(HttpFilterHarness& h) {
  h.request("GET", "/");
  h.respond(200, "");
  std::string status = h.responseHeader(":status");
  h.nextStream();
  return status;
}

TEST(HttpLocalRateLimitTest, AnswersARequestWithoutATokenWith429) {
  HttpFilterHarness h(limit(TwoTokens));
  EXPECT_EQ(statusOfNext(h), "200");
  EXPECT_EQ(statusOfNext(h), "200");
  h.request("GET", "/");
  EXPECT_EQ(h.upstreamRequest(), "||");
  EXPECT_EQ(h.response(),
            ":status=429;content-length=17;content-type=text/plain;weir-error=rate_limited;|"
            "Too Many Requests|end");
  EXPECT_EQ(h.info().reason, "rate_limited");
}

TEST(HttpLocalRateLimitTest, TheBodyOfARefusedRequestIsNotWaitedFor) {
  HttpFilterHarness h(limit(TwoTokens));
  statusOfNext(h);
  statusOfNext(h);
  h.requestHeaders({{":method", "POST"}}, false);
  EXPECT_EQ(h.responseHeader(":status"), "429");
}

TEST(HttpLocalRateLimitTest, TimeBringsTokens) {
  HttpFilterHarness h(limit(TwoTokens));
  for (const std::string status : {"200", "200", "429"}) EXPECT_EQ(statusOfNext(h), status);
  h.advance(milliseconds(1499));
  EXPECT_EQ(statusOfNext(h), "429");
  h.advance(milliseconds(1));
  for (const std::string status : {"200", "429"}) EXPECT_EQ(statusOfNext(h), status);
}

TEST(HttpLocalRateLimitTest, FiltersOfOneNameAndBucketShareItAndOthersDoNot) {
  const auto factory = makeLocalRateLimitConfigFactory();
  const auto make = [&](const std::string& name) {
    return test::makeFilter(
        *factory, "stat_prefix: " + name + ", token_bucket: {max_tokens: 1, fill_interval: 1s}");
  };
  HttpFilterHarness shared({make("a"), make("a")});
  EXPECT_EQ(statusOfNext(shared), "429") << "the second one finds none";
  HttpFilterHarness apart({make("b"), make("c")});
  EXPECT_EQ(statusOfNext(apart), "200");
}

TEST(HttpLocalRateLimitTest, TellsHowMuchIsLeftIfAsked) {
  HttpFilterHarness h(limit(TwoTokens + ", enable_x_ratelimit_headers: DRAFT_VERSION_03"));
  for (const std::string expected :
       {":status=200;x-ratelimit-limit=2;x-ratelimit-remaining=1;x-ratelimit-reset=2;||end",
        ":status=200;x-ratelimit-limit=2;x-ratelimit-remaining=0;x-ratelimit-reset=2;||end"}) {
    h.request("GET", "/");
    h.respond(200, "");
    EXPECT_EQ(h.response(), expected);
    h.nextStream();
  }
  h.advance(milliseconds(600));
  h.request("GET", "/");
  EXPECT_EQ(h.responseHeader(":status"), "429");
  EXPECT_EQ(h.responseHeader("x-ratelimit-remaining"), "0");
  EXPECT_EQ(h.responseHeader("x-ratelimit-reset"), "1");
}

TEST(HttpLocalRateLimitTest, AddsFieldsToItsOwnAnswerOnly) {
  HttpFilterHarness h(
      limit(TwoTokens + ", response_headers_to_add: [{header: {key: retry-after, value: \"2\"}}]"));
  h.request("GET", "/");
  h.respond(429, "");
  EXPECT_EQ(h.response(), ":status=429;||end");
  h.nextStream();
  statusOfNext(h);
  h.request("GET", "/");
  EXPECT_EQ(h.responseHeader("retry-after"), "2");
}

TEST(HttpLocalRateLimitTest, TellsGrpcInItsOwnWay) {
  struct Case {
    std::string more;
    std::string status;
  };
  for (const Case& one :
       {Case{"", "14"}, Case{", rate_limited_as_resource_exhausted: true", "8"}}) {
    HttpFilterHarness h(limit(TwoTokens + one.more));
    statusOfNext(h);
    statusOfNext(h);
    h.request("POST", "/s/m", {{"content-type", "application/grpc"}});
    EXPECT_EQ(h.responseHeader(":status"), "200");
    EXPECT_EQ(h.responseHeader("grpc-status"), one.status);
  }
}

TEST(HttpLocalRateLimitTest, CountsBoth) {
  HttpFilterHarness h(limit(TwoTokens));
  for (int i = 0; i < 5; ++i) statusOfNext(h);
  const std::string metrics = h.context().metrics();
  EXPECT_NE(metrics.find("weir_http_local_ratelimit_passed_total{name=\"api\"} 2\n"),
            std::string::npos);
  EXPECT_NE(metrics.find("weir_http_local_ratelimit_limited_total{name=\"api\"} 3\n"),
            std::string::npos);
}

TEST(HttpLocalRateLimitFactoryTest, ChecksEveryField) {
  struct Case {
    std::string fields;
    std::string error;
  };
  const std::string bucket = "token_bucket: {max_tokens: 1, fill_interval: 1s}";
  for (const Case& one : {
           Case{bucket, "stat_prefix: is required: the label of its metrics"},
           Case{"stat_prefix: a", "token_bucket: is required: the tokens that requests take"},
           Case{"stat_prefix: a, token_bucket: {fill_interval: 1s}",
                "token_bucket.max_tokens: 0 is out of range: from 1 to 1000000000 is allowed"},
           Case{"stat_prefix: a, token_bucket: {max_tokens: 1, fill_interval: 1s, "
                "tokens_per_fill: 0}",
                "token_bucket.tokens_per_fill: 0 is out of range: from 1 to 1000000000 is allowed"},
           Case{"stat_prefix: a, token_bucket: {max_tokens: 1}",
                "token_bucket.fill_interval: 0s is out of range: from 50ms to 24h is allowed"},
           Case{"stat_prefix: a, " + bucket + ", response_headers_to_add: [{}]",
                "response_headers_to_add[0].header: is required: the field's key and value"},
       }) {
    EXPECT_EQ(test::errorsOf(makeLocalRateLimitConfigFactory(), one.fields),
              std::vector<std::string>{one.error});
  }
}

}  // namespace
}  // namespace weir::http_filters
