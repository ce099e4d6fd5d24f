#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/extensions/http/grpc_stats/factory.h"
#include "source/extensions/http/grpc_stats/message_counter.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;
using Fields = HttpFilterHarness::Fields;

std::string message(const std::string& text) {
  std::string out(5, '\0');
  out[3] = static_cast<char>(text.size() >> 8);
  out[4] = static_cast<char>(text.size() & 255);
  return out + text;
}

std::span<const uint8_t> bytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

HttpFilterHarness::Factories counting(const std::string& more) {
  return {test::makeFilter(makeGrpcStatsConfigFactory(), "stat_prefix: g, " + more)};
}
const std::string Listed =
    "individual_method_stats_allowlist: {services: [{name: a.B, method_names: [Get, Put]}]}";
const Fields Grpc = {{"content-type", "application/grpc"}};

// "service=\"a.B\",method=\"Get\""
std::string labels(const std::string& service, const std::string& method) {
  return "{name=\"g\",service=\"" + service + "\",method=\"" + method + "\",";
}

void expectMetric(HttpFilterHarness& h, const std::string& line, bool there = true) {
  EXPECT_EQ(h.context().metrics().find(line + "\n") != std::string::npos, there)
      << line << "\n"
      << h.context().metrics();
}

TEST(GrpcMessageCounterTest, CountsHoweverTheBodyIsCut) {
  const std::string body =
      message("") + message("a") + message(std::string(300, 'x')) + message("");
  for (size_t first = 0; first <= body.size(); ++first) {
    GrpcMessageCounter counter;
    const uint64_t before = counter.add(bytesOf(body.substr(0, first)));
    EXPECT_EQ(before + counter.add(bytesOf(body.substr(first))), 4U) << first;
  }
  GrpcMessageCounter counter;
  uint64_t all = 0;
  for (const char c : body) all += counter.add(bytesOf(std::string(1, c)));
  EXPECT_EQ(all, 4U);
}

TEST(GrpcMessageCounterTest, AnyLengthIsOne) {
  GrpcMessageCounter counter;
  EXPECT_EQ(counter.add(bytesOf(std::string("\1\xff\xff\xff\xff", 5))), 1U);
  EXPECT_EQ(counter.add(bytesOf(std::string(100'000, '\0'))), 0U);
}

TEST(GrpcStatsTest, CountsMessagesAndTheStatusOfTrailers) {
  HttpFilterHarness h(counting(Listed));
  h.requestHeaders(
      {{":method", "POST"}, {":path", "/a.B/Get"}, {"content-type", "application/grpc"}}, false);
  h.requestData(message("one") + message("two").substr(0, 3), false);
  h.requestData(message("two").substr(3), true);
  EXPECT_EQ(h.upstreamRequest().substr(h.upstreamRequest().find('|')),
            "|" + message("one") + message("two") + "|end");
  h.respondHeaders({{":status", "200"}, {"content-type", "application/grpc"}}, false);
  h.respondData(message("answer"), false);
  h.respondTrailers({{"grpc-status", "0"}});
  expectMetric(h,
               "weir_http_grpc_messages_total" + labels("a.B", "Get") + "direction=\"request\"} 2");
  expectMetric(
      h, "weir_http_grpc_messages_total" + labels("a.B", "Get") + "direction=\"response\"} 1");
  expectMetric(
      h, "weir_http_grpc_method_requests_total" + labels("a.B", "Get") + "grpc_status=\"OK\"} 1");
}

TEST(GrpcStatsTest, CountsTheStatusHoweverTheStreamEnds) {
  struct Case {
    Fields head;
    std::string status;
  };
  for (const Case& one : {
           Case{{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "5"}},
                "NOT_FOUND"},
           Case{{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "17"}},
                "other"},
           Case{{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "x"}},
                "other"},
           Case{{{":status", "200"}, {"content-type", "application/grpc"}}, "none"},
           Case{{{":status", "503"}}, "UNAVAILABLE"},
           Case{{{":status", "404"}, {"content-type", "text/html"}}, "UNIMPLEMENTED"},
       }) {
    HttpFilterHarness h(counting(Listed));
    h.request("POST", "/a.B/Put", Grpc);
    h.respondHeaders(one.head, true);
    expectMetric(h, "weir_http_grpc_method_requests_total" + labels("a.B", "Put") +
                        "grpc_status=\"" + one.status + "\"} 1");
  }
  HttpFilterHarness reset(counting(Listed));
  reset.request("POST", "/a.B/Put", Grpc);
  reset.resetByClient();
  expectMetric(reset, "weir_http_grpc_method_requests_total" + labels("a.B", "Put") +
                          "grpc_status=\"none\"} 1");
}

TEST(GrpcStatsTest, CountsWhatTheProxyAnswers) {
  HttpFilterHarness h(counting(Listed));
  h.request("POST", "/a.B/Get", Grpc);
  h.manager().sendLocalReply({503, "overloaded"});
  h.run();
  expectMetric(h, "weir_http_grpc_method_requests_total" + labels("a.B", "Get") +
                      "grpc_status=\"UNAVAILABLE\"} 1");
}

TEST(GrpcStatsTest, OtherRequestsAreNotCounted) {
  HttpFilterHarness h(counting("stats_for_all_methods: true"));
  h.request("POST", "/a.B/Get");
  h.respond(200, message("x"), Grpc);
  EXPECT_EQ(h.context().metrics().find("weir_http_grpc_method_requests_total"), std::string::npos);
}

TEST(GrpcStatsTest, OnlySomeMethodsHaveCountersOfTheirOwn) {
  struct Case {
    std::string more;
    std::string path;
    std::string labels;
  };
  const std::string all = "stats_for_all_methods: true";
  for (const Case& one : {
           Case{Listed, "/a.B/Get", labels("a.B", "Get")},
           Case{Listed, "/a.B/Delete", labels("other", "other")},
           Case{"", "/a.B/Get", labels("other", "other")},
           Case{all, "/a.B/Get", labels("a.B", "Get")},
           Case{all, "/Get", labels("other", "other")},
           Case{all, "/a/b/c", labels("other", "other")},
           Case{all, "/a.B/", labels("other", "other")},
           Case{all, "/a.B/Get?x", labels("other", "other")},
           Case{all, "/a.B/%41", labels("other", "other")},
           Case{all, "/a.B/" + std::string(300, 'x'), labels("other", "other")},
           Case{"stats_for_all_methods: false", "/a.B/Get", labels("other", "other")},
       }) {
    HttpFilterHarness h(counting(one.more));
    h.request("POST", one.path, Grpc);
    h.nextStream();
    expectMetric(h,
                 "weir_http_grpc_method_requests_total" + one.labels + "grpc_status=\"none\"} 1");
  }
}

TEST(GrpcStatsTest, ClientsMakeNoMoreCountersThanAllowed) {
  HttpFilterHarness h(counting("stats_for_all_methods: true, max_methods: 2"));
  for (const std::string path : {"/a.B/One", "/a.B/Two", "/a.B/Three", "/a.B/One", "/a.B/Four"}) {
    h.request("POST", path, Grpc);
    h.nextStream();
  }
  expectMetric(
      h, "weir_http_grpc_method_requests_total" + labels("a.B", "One") + "grpc_status=\"none\"} 2");
  expectMetric(
      h, "weir_http_grpc_method_requests_total" + labels("a.B", "Two") + "grpc_status=\"none\"} 1");
  expectMetric(h, "weir_http_grpc_method_requests_total" + labels("other", "other") +
                      "grpc_status=\"none\"} 2");
}

TEST(GrpcStatsFactoryTest, ChecksEveryField) {
  struct Case {
    std::string fields;
    std::string error;
  };
  for (const Case& one : {
           Case{"", "stat_prefix: is required: the label of its metrics"},
           Case{"stat_prefix: a, individual_method_stats_allowlist: {}",
                "individual_method_stats_allowlist.services: is required: at least one"},
           Case{"stat_prefix: a, individual_method_stats_allowlist: {services: [{method_names: "
                "[a]}]}",
                "individual_method_stats_allowlist.services[0].name: is required: the name of a "
                "service"},
           Case{"stat_prefix: a, individual_method_stats_allowlist: {services: [{name: a}]}",
                "individual_method_stats_allowlist.services[0].method_names: is required: at least "
                "one"},
           Case{"stat_prefix: a, individual_method_stats_allowlist: {services: [{name: a, "
                "method_names: [\"\"]}]}",
                "individual_method_stats_allowlist.services[0].method_names[0]: is required: the "
                "name of a method"},
           Case{"stat_prefix: a, stats_for_all_methods: true, max_methods: 501",
                "max_methods: 501 is out of range: from 1 to 500 is allowed"},
           Case{"stat_prefix: a, max_methods: 5", "max_methods: is only for stats_for_all_methods"},
       }) {
    EXPECT_EQ(test::errorsOf(makeGrpcStatsConfigFactory(), one.fields),
              std::vector<std::string>{one.error});
  }
}

}  // namespace
}  // namespace weir::http_filters
