#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/extensions/http/cors/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;
using Fields = HttpFilterHarness::Fields;

const std::string Origins =
    "stat_prefix: web, allow_origin_string_match: [{exact: \"https://a.test\"}, "
    "{suffix: .b.test}, {safe_regex: {regex: \"https://c[0-9]+\"}}]";

HttpFilterHarness::Factories cors(const std::string& more = "") {
  return {test::makeFilter(makeCorsConfigFactory(), Origins + more)};
}

Fields preflight(const std::string& origin, const std::string& headers = "") {
  Fields fields = {{"origin", origin}, {"access-control-request-method", "PUT"}};
  if (!headers.empty()) fields.push_back({"access-control-request-headers", headers});
  return fields;
}

TEST(CorsTest, ResponsesNameAnOriginThatMay) {
  struct Case {
    std::string origin;
    bool allowed;
  };
  for (const Case& one : {
           Case{"https://a.test", true},
           Case{"https://A.test", false},
           Case{"https://a.test.evil", false},
           Case{"http://a.test", false},
           Case{"https://x.b.test", true},
           Case{"https://b.test", false},
           Case{"https://c12", true},
           Case{"https://c12/", false},
           Case{"null", false},
           Case{"", false},
       }) {
    HttpFilterHarness h(cors());
    h.request("GET", "/", {{"origin", one.origin}});
    h.respond(200, "x");
    EXPECT_EQ(h.response(), ":status=200;vary=origin;" +
                                (one.allowed ? "access-control-allow-origin=" + one.origin + ";"
                                             : std::string()) +
                                "|x|end")
        << one.origin;
  }
}

TEST(CorsTest, AResponseWithoutAnOriginOnlyVaries) {
  HttpFilterHarness h(cors(", allow_credentials: true, expose_headers: x-a"));
  h.request("GET", "/");
  h.respond(204, "");
  EXPECT_EQ(h.response(), ":status=204;vary=origin;||end");
}

TEST(CorsTest, VaryIsNotSaidTwice) {
  for (const std::string vary : {"origin", "Origin", "accept-encoding, ORIGIN", "*"}) {
    HttpFilterHarness h(cors());
    h.request("GET", "/");
    h.respond(200, "", {{"vary", vary}});
    EXPECT_EQ(h.response(), ":status=200;vary=" + vary + ";||end");
  }
  HttpFilterHarness h(cors());
  h.request("GET", "/");
  h.respond(200, "", {{"vary", "x-origin"}});
  EXPECT_EQ(h.response(), ":status=200;vary=x-origin;vary=origin;||end");
}

TEST(CorsTest, WhatTheUpstreamSaysIsReplaced) {
  HttpFilterHarness h(cors(", allow_credentials: true, expose_headers: \"x-a, x-b\""));
  h.request("GET", "/", {{"origin", "https://a.test"}});
  h.respond(200, "", {{"access-control-allow-origin", "*"}});
  EXPECT_EQ(h.response(),
            ":status=200;access-control-allow-origin=https://a.test;vary=origin;"
            "access-control-allow-credentials=true;access-control-expose-headers=x-a, x-b;||end");
}

TEST(CorsTest, AnswersPreflights) {
  HttpFilterHarness h(
      cors(", allow_methods: \"PUT, DELETE\", allow_headers: x-a, max_age: 10m, "
           "allow_credentials: true, expose_headers: x-b"));
  h.request("OPTIONS", "/", preflight("https://a.test", "x-z"));
  EXPECT_EQ(h.upstreamRequest(), "||");
  EXPECT_EQ(h.response(),
            ":status=200;content-length=0;access-control-allow-methods=PUT, DELETE;"
            "access-control-allow-headers=x-a;access-control-max-age=600;vary=origin;"
            "access-control-allow-origin=https://a.test;access-control-allow-credentials=true;"
            "access-control-expose-headers=x-b;||end");
}

TEST(CorsTest, AStarAllowsWhatIsAskedFor) {
  HttpFilterHarness h(cors(", allow_methods: \"*\", allow_headers: \"*\""));
  h.request("OPTIONS", "/", preflight("https://a.test", "x-z, x-y"));
  EXPECT_EQ(h.responseHeader("access-control-allow-methods"), "PUT");
  EXPECT_EQ(h.responseHeader("access-control-allow-headers"), "x-z, x-y");
  HttpFilterHarness without(cors(", allow_headers: \"*\""));
  without.request("OPTIONS", "/", preflight("https://a.test"));
  EXPECT_EQ(without.responseHeader("access-control-allow-headers"), "-");
  EXPECT_EQ(without.responseHeader("access-control-allow-methods"), "-");
  EXPECT_EQ(without.responseHeader("access-control-max-age"), "-");
}

TEST(CorsTest, AnyOriginIsNamed) {
  HttpFilterHarness h({test::makeFilter(
      makeCorsConfigFactory(), "stat_prefix: w, allow_origin_string_match: [{exact: \"*\"}]")});
  h.request("GET", "/", {{"origin", "https://anyone"}});
  h.respond(200, "");
  EXPECT_EQ(h.responseHeader("access-control-allow-origin"), "https://anyone");
}

TEST(CorsTest, APreflightOfOthersPassesUnlessItIsToldNotTo) {
  HttpFilterHarness passes(cors());
  passes.request("OPTIONS", "/", preflight("https://evil"));
  EXPECT_EQ(passes.upstreamRequest().substr(0, 16), ":method=OPTIONS;");
  HttpFilterHarness answers(cors(", allow_methods: PUT, forward_not_matching_preflights: false"));
  answers.request("OPTIONS", "/", preflight("https://evil"));
  EXPECT_EQ(answers.response(), ":status=200;content-length=0;vary=origin;||end");
  answers.nextStream();
  answers.request("GET", "/", {{"origin", "https://evil"}});
  EXPECT_EQ(answers.upstreamRequest().substr(0, 12), ":method=GET;");
}

TEST(CorsTest, WhatIsNoPreflightPasses) {
  for (const Fields& fields : {
           Fields{{"origin", "https://a.test"}},
           Fields{{"access-control-request-method", "PUT"}},
           Fields{{"origin", "https://a.test"}, {"access-control-request-method", ""}},
       }) {
    HttpFilterHarness h(cors());
    h.request("OPTIONS", "/", fields);
    EXPECT_NE(h.upstreamRequest(), "||");
  }
}

TEST(CorsTest, AnOriginThatALaterFilterRemovesStillCounts) {
  HttpFilterHarness h(cors());
  h.request("GET", "/", {{"origin", "https://a.test"}});
  h.manager().requestHeaders().remove("origin");
  h.respond(200, "");
  EXPECT_EQ(h.responseHeader("access-control-allow-origin"), "https://a.test");
}

TEST(CorsTest, CountsOrigins) {
  HttpFilterHarness h(cors());
  for (const std::string origin : {"https://a.test", "https://evil", "https://evil", ""}) {
    h.request("GET", "/", {{"origin", origin}});
    h.nextStream();
  }
  const std::string metrics = h.context().metrics();
  EXPECT_NE(metrics.find("weir_http_cors_requests_total{name=\"web\",origin=\"allowed\"} 1\n"),
            std::string::npos)
      << metrics;
  EXPECT_NE(metrics.find("weir_http_cors_requests_total{name=\"web\",origin=\"denied\"} 2\n"),
            std::string::npos);
}

TEST(CorsFactoryTest, TakesOriginsAsBrowsersWriteThem) {
  const std::string origins =
      "{exact: \"https://a.test:8443\"}, {exact: \"null\"}, {suffix: .a.test}, "
      "{exact: \"HTTPS://a.test\", ignore_case: true}";
  EXPECT_EQ(test::errorsOf(makeCorsConfigFactory(),
                           "stat_prefix: w, allow_origin_string_match: [" + origins + "]"),
            std::vector<std::string>{});
}

TEST(CorsFactoryTest, ChecksEveryField) {
  struct Case {
    std::string fields;
    std::string error;
  };
  const std::string all = "stat_prefix: w, allow_origin_string_match: [{exact: \"*\"}]";
  for (
      const Case& one : {
          Case{"allow_origin_string_match: [{exact: \"*\"}]",
               "stat_prefix: is required: the label of its metrics"},
          Case{"stat_prefix: w",
               "allow_origin_string_match: is required: at least one origin that may"},
          Case{"stat_prefix: w, allow_origin_string_match: [{exact: \"https://a.test/\"}]",
               "allow_origin_string_match[0]: \"https://a.test/\" ends with a slash: an origin has "
               "no path"},
          Case{"stat_prefix: w, allow_origin_string_match: [{exact: \"https://a.test/x\"}]",
               "allow_origin_string_match[0]: \"https://a.test/x\" has a path: an origin has none"},
          Case{
              "stat_prefix: w, allow_origin_string_match: [{suffix: .A.test}]",
              "allow_origin_string_match[0]: \".A.test\" has upper case: browsers write origins in "
              "lower case"},
          Case{"stat_prefix: w, allow_origin_string_match: [{exact: a.test}]",
               "allow_origin_string_match[0]: \"a.test\" is no origin: it is a scheme and a host, "
               "such as \"https://a.example\""},
          Case{"stat_prefix: w, allow_origin_string_match: [{exact: \"https://a.test:443\"}]",
               "allow_origin_string_match[0]: \"https://a.test:443\" has the port of its scheme: "
               "browsers leave it out"},
          Case{"stat_prefix: w, allow_origin_string_match: [{}]",
               "allow_origin_string_match[0]: is required: one of exact, prefix, suffix, contains "
               "or safe_regex"},
          Case{all + ", allow_credentials: true",
               "allow_credentials: cannot be true where every origin may: any page could act in a "
               "user's name"},
          Case{all + ", allow_methods: \"PUT GET\"",
               "allow_methods: \"PUT GET\" is neither a name nor a method; they are separated by "
               "commas"},
          Case{all + ", allow_headers: \"x-a,\\tx(\"",
               "allow_headers: \"x(\" is neither a name nor a method; they are separated by "
               "commas"},
          Case{all + ", expose_headers: \"a,,b\"",
               "expose_headers: \"\" is neither a name nor a method; they are separated by commas"},
          Case{all + ", max_age: 25h", "max_age: 25h is out of range: from 0s to 24h is allowed"},
          Case{all + ", max_age: 1.5s", "max_age: is not a whole number of seconds"},
      }) {
    EXPECT_EQ(test::errorsOf(makeCorsConfigFactory(), one.fields),
              std::vector<std::string>{one.error});
  }
}

}  // namespace
}  // namespace weir::http_filters
