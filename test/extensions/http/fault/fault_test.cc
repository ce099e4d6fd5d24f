#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "source/extensions/http/fault/factory.h"
#include "source/http/response_flags.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using std::chrono::milliseconds;
using test::HttpFilterHarness;

std::string delay(int percent) {
  return "delay: {fixed_delay: 2s, percentage: {numerator: " + std::to_string(percent) + "}}";
}
std::string abort(int percent, const std::string& with = "http_status: 503") {
  return "abort: {" + with + ", percentage: {numerator: " + std::to_string(percent) + "}}";
}

HttpFilterHarness::Factories fault(const std::string& fields) {
  return {test::makeFilter(makeFaultConfigFactory(), "stat_prefix: f, " + fields)};
}

bool has(HttpFilterHarness& h, const std::string& line) {
  return h.context().metrics().find(line + "\n") != std::string::npos;
}

std::string flags(HttpFilterHarness& h) {
  std::string out;
  http::appendResponseFlags(h.info(), false, out);
  return out;
}

TEST(FaultTest, HoldsARequestBackForItsTime) {
  HttpFilterHarness h(fault(delay(100)));
  h.requestHeaders({{":method", "POST"}, {":path", "/"}}, false);
  h.requestData("body", false);
  h.requestTrailers({{"t", "v"}});
  h.advance(milliseconds(1999));
  EXPECT_EQ(h.upstreamRequest(), "||");
  EXPECT_TRUE(has(h, "weir_http_fault_active{name=\"f\"} 1"));
  h.advance(milliseconds(1));
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;:path=/;|body|t=v;|end");
  EXPECT_TRUE(has(h, "weir_http_fault_active{name=\"f\"} 0"));
  EXPECT_TRUE(has(h, "weir_http_fault_injected_total{name=\"f\",fault=\"delay\"} 1"));
  h.respond(200, "");
  EXPECT_EQ(h.response(), ":status=200;||end");
  EXPECT_EQ(flags(h), "DI");
}

TEST(FaultTest, AnswersInThePlaceOfTheUpstream) {
  HttpFilterHarness h(fault(abort(100, "http_status: 418")));
  h.request("GET", "/");
  EXPECT_EQ(h.upstreamRequest(), "||");
  EXPECT_EQ(h.response(), ":status=418;content-length=0;weir-error=fault_filter_abort;||end");
  EXPECT_EQ(flags(h), "FI");
  EXPECT_TRUE(has(h, "weir_http_fault_injected_total{name=\"f\",fault=\"abort\"} 1"));
}

TEST(FaultTest, AnswersInTheClientsLanguage) {
  struct Case {
    std::string with;
    std::string grpc_status;  // for gRPC clients
    std::string http_status;  // for others
  };
  for (const Case& one : {
           Case{"http_status: 404", "12", "404"},
           Case{"grpc_status: 5", "5", "404"},
           Case{"grpc_status: 0", "0", "200"},
           Case{"grpc_status: 16", "16", "401"},
       }) {
    HttpFilterHarness h(fault(abort(100, one.with)));
    h.request("POST", "/s/m", {{"content-type", "application/grpc"}});
    EXPECT_EQ(h.responseHeader("grpc-status"), one.grpc_status) << one.with;
    h.nextStream();
    h.request("GET", "/");
    EXPECT_EQ(h.responseHeader(":status"), one.http_status) << one.with;
  }
}

TEST(FaultTest, DelaysBeforeItAnswers) {
  HttpFilterHarness h(fault(delay(100) + ", " + abort(100)));
  h.request("GET", "/");
  h.advance(milliseconds(1999));
  EXPECT_EQ(h.response(), "||");
  h.advance(milliseconds(1));
  EXPECT_EQ(h.responseHeader(":status"), "503");
  EXPECT_EQ(h.upstreamRequest(), "||");
  EXPECT_TRUE(has(h, "weir_http_fault_active{name=\"f\"} 0"));
}

TEST(FaultTest, AClientThatGoesAwayIsNotWaitedFor) {
  HttpFilterHarness h(fault(delay(100) + ", max_active_faults: 1"));
  h.request("GET", "/");
  h.resetByClient();
  EXPECT_TRUE(has(h, "weir_http_fault_active{name=\"f\"} 0"));
  h.nextStream();
  h.request("GET", "/");
  h.advance(milliseconds(2000));
  EXPECT_NE(h.upstreamRequest(), "||");
}

TEST(FaultTest, OnlyRequestsThatMatch) {
  HttpFilterHarness h(fault(
      abort(100) + ", headers: [{name: x-a}, {name: \":path\", string_match: {prefix: /x}}]"));
  struct Case {
    std::string path;
    HttpFilterHarness::Fields fields;
    bool aborted;
  };
  for (const Case& one : {Case{"/x", {{"x-a", "1"}}, true}, Case{"/x", {}, false},
                          Case{"/y", {{"x-a", "1"}}, false}}) {
    h.request("GET", one.path, one.fields);
    EXPECT_EQ(h.upstreamRequest() == "||", one.aborted) << one.path;
    h.nextStream();
  }
}

TEST(FaultTest, MoreThanSoManyAreNotDelayed) {
  const auto filters = fault(delay(100) + ", max_active_faults: 1");
  HttpFilterHarness first(filters);
  HttpFilterHarness second(filters);
  first.request("GET", "/");
  second.request("GET", "/");
  EXPECT_EQ(first.upstreamRequest(), "||");
  EXPECT_NE(second.upstreamRequest(), "||");
  EXPECT_TRUE(has(second, "weir_http_fault_overflow_total{name=\"f\"} 1"));
  first.advance(milliseconds(2000));
  second.nextStream();
  second.request("GET", "/");
  EXPECT_EQ(second.upstreamRequest(), "||");
}

TEST(FaultTest, DrawsByTheirShare) {
  struct Case {
    std::string fraction;
    int least;
    int most;
  };
  for (const Case& one :
       {Case{"{numerator: 0}", 0, 0}, Case{"{}", 0, 0}, Case{"{numerator: 50}", 400, 600},
        Case{"{numerator: 5000, denominator: TEN_THOUSAND}", 400, 600},
        Case{"{numerator: 1000000, denominator: MILLION}", 1000, 1000}}) {
    HttpFilterHarness h(fault("abort: {http_status: 503, percentage: " + one.fraction + "}"));
    int aborted = 0;
    for (int i = 0; i < 1000; ++i) {
      h.request("GET", "/");
      aborted += h.upstreamRequest() == "||" ? 1 : 0;
      h.nextStream();
    }
    EXPECT_GE(aborted, one.least) << one.fraction;
    EXPECT_LE(aborted, one.most) << one.fraction;
  }
}

TEST(FaultFactoryTest, ChecksEveryField) {
  struct Case {
    std::string fields;
    std::string error;
  };
  const std::string share = "percentage: {numerator: 1}";
  for (const Case& one : {
           Case{abort(1), "stat_prefix: is required: the label of its metrics"},
           Case{"stat_prefix: f", ": has neither delay nor abort"},
           Case{"stat_prefix: f, delay: {" + share + "}",
                "delay.fixed_delay: 0s is out of range: from 1ms to 1h is allowed"},
           Case{"stat_prefix: f, delay: {fixed_delay: 1s}",
                "delay.percentage: is required: how many of the requests"},
           Case{"stat_prefix: f, delay: {fixed_delay: 1s, percentage: {numerator: 101}}",
                "delay.percentage.numerator: 101 is out of range: from 0 to 100 is allowed"},
           Case{"stat_prefix: f, abort: {" + share + "}",
                "abort: is required to have http_status or grpc_status"},
           Case{"stat_prefix: f, abort: {http_status: 199, " + share + "}",
                "abort.http_status: 199 is out of range: from 200 to 599 is allowed"},
           Case{"stat_prefix: f, abort: {grpc_status: 17, " + share + "}",
                "abort.grpc_status: 17 is out of range: from 0 to 16 is allowed"},
           Case{"stat_prefix: f, abort: {grpc_status: 1}",
                "abort.percentage: is required: how many of the requests"},
           Case{"stat_prefix: f, " + abort(1) + ", headers: [{}]",
                "headers[0].name: is required: the name of a field, such as \"x-user\""},
           Case{"stat_prefix: f, " + abort(1) + ", max_active_faults: 0",
                "max_active_faults: 0 is out of range: from 1 to 4294967295 is allowed"},
       }) {
    EXPECT_EQ(test::errorsOf(makeFaultConfigFactory(), one.fields),
              std::vector<std::string>{one.error});
  }
}

}  // namespace
}  // namespace weir::http_filters
