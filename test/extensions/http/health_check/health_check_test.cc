#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "source/extensions/http/health_check/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;

HttpFilterHarness::Factories healthCheck(const std::string& more = "") {
  return {test::makeFilter(
      makeHealthCheckConfigFactory(),
      "pass_through_mode: false, headers: [{name: \":path\", string_match: {exact: /healthz}}" +
          more + "]")};
}

TEST(HealthCheckTest, AnswersThoseWhoAsk) {
  for (const std::string method : {"GET", "HEAD"}) {
    HttpFilterHarness h(healthCheck());
    h.request(method, "/healthz");
    EXPECT_EQ(h.upstreamRequest(), "||");
    EXPECT_EQ(h.response(), ":status=200;content-length=0;||end");
    EXPECT_EQ(h.info().reason, "");
    EXPECT_EQ(h.info().details, "health_check");
  }
}

TEST(HealthCheckTest, AllOthersPass) {
  struct Case {
    std::string path;
    HttpFilterHarness::Fields fields;
    bool passes;
  };
  for (const Case& one : {
           Case{"/healthz", {{"x-probe", "1"}}, false},
           Case{"/healthz", {}, true},
           Case{"/healthz?x", {{"x-probe", "1"}}, true},
           Case{"/", {{"x-probe", "1"}}, true},
       }) {
    HttpFilterHarness h(healthCheck(", {name: x-probe}"));
    h.request("GET", one.path, one.fields);
    EXPECT_EQ(h.upstreamRequest() != "||", one.passes) << one.path;
  }
}

TEST(HealthCheckTest, IsNotWellWhileItDrains) {
  HttpFilterHarness h(healthCheck());
  h.context().worker.drains.start();
  h.request("GET", "/healthz");
  EXPECT_EQ(h.responseHeader(":status"), "503");
  EXPECT_EQ(h.responseHeader("weir-error"), "draining");
  h.nextStream();
  h.request("GET", "/");
  EXPECT_NE(h.upstreamRequest(), "||") << "what is under way goes on";
}

TEST(HealthCheckTest, MayAskTheUpstreamInstead) {
  const auto passing = test::makeFilter(
      makeHealthCheckConfigFactory(),
      "pass_through_mode: true, headers: [{name: \":path\", string_match: {exact: /healthz}}]");
  HttpFilterHarness h({passing});
  h.request("GET", "/healthz");
  EXPECT_NE(h.upstreamRequest(), "||");
  h.respond(500, "");
  EXPECT_EQ(h.responseHeader(":status"), "500");
  h.nextStream();
  h.context().worker.drains.start();
  h.request("GET", "/healthz");
  EXPECT_EQ(h.responseHeader("weir-error"), "draining");
}

TEST(HealthCheckTest, WhatCameBackIsTheAnswerForAWhile) {
  const auto caching = test::makeFilter(
      makeHealthCheckConfigFactory(),
      "pass_through_mode: true, cache_time: 2s, headers: [{name: \":path\", string_match: {exact: "
      "/healthz}}]");
  HttpFilterHarness h({caching});
  for (const unsigned status : {200U, 503U}) {
    h.request("GET", "/healthz");
    EXPECT_NE(h.upstreamRequest(), "||") << status;
    h.respond(status, "body");
    h.nextStream();
    h.request("GET", "/other");
    h.respond(404, "");
    h.nextStream();
    h.advance(std::chrono::milliseconds(1999));
    h.request("GET", "/healthz");
    EXPECT_EQ(h.upstreamRequest(), "||") << status;
    EXPECT_EQ(h.responseHeader(":status"), std::to_string(status));
    EXPECT_EQ(h.info().details, "health_check_cached");
    EXPECT_EQ(h.info().reason, "");
    h.nextStream();
    h.advance(std::chrono::milliseconds(1));
  }
  h.request("GET", "/healthz");
  EXPECT_NE(h.upstreamRequest(), "||");
  h.respond(200, "");
  h.nextStream();
  h.context().worker.drains.start();
  h.request("GET", "/healthz");
  EXPECT_EQ(h.responseHeader("weir-error"), "draining");
}

TEST(HealthCheckFactoryTest, ChecksEveryField) {
  struct Case {
    std::string fields;
    std::string error;
  };
  for (const Case& one : {
           Case{"headers: [{name: x}]", "pass_through_mode: is required: true or false"},
           Case{"pass_through_mode: false",
                "headers: is required: at least one, such as of \":path\""},
           Case{"pass_through_mode: false, cache_time: 1s, headers: [{name: x}]",
                "cache_time: only with pass_through_mode: true; else there is no answer to keep"},
           Case{"pass_through_mode: false, headers: [{name: \"a b\"}]",
                "headers[0].name: \"a b\" is not the name of a field"},
       }) {
    EXPECT_EQ(test::errorsOf(makeHealthCheckConfigFactory(), one.fields),
              std::vector<std::string>{one.error});
  }
}

}  // namespace
}  // namespace weir::http_filters
