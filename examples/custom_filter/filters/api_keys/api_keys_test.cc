#include "filters/api_keys/api_keys.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "filters/api_keys/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace custom {
namespace {

using weir::test::HttpFilterHarness;

// A client, the filter, and an upstream behind it.
class ApiKeysTest : public testing::Test {
 protected:
  bool counted(const std::string& outcome, int times) {
    const std::string line =
        "custom_api_keys_requests_total{listener=\"\",chain=\"\",outcome=\"" + outcome + "\"} ";
    const std::string all = harness_.context().metrics();
    return all.find(line + std::to_string(times) + "\n") != std::string::npos;
  }

  HttpFilterHarness harness_{
      {std::make_shared<ApiKeysFactory>(ApiKeysSettings{.tenants = {{"open-sesame", "ali"}}})}};
};

TEST_F(ApiKeysTest, TheUpstreamIsToldWhoseTheKeyIsAndDoesNotGetIt) {
  harness_.request("GET", "/cave", {{"x-api-key", "open-sesame"}});
  EXPECT_EQ(harness_.upstreamRequest(),
            ":method=GET;:scheme=http;:authority=test;:path=/cave;x-tenant=ali;||end");
  harness_.respond(200, "gold", {{"cache-control", "public"}});
  EXPECT_EQ(harness_.response(), ":status=200;cache-control=private;|gold|end");
  EXPECT_TRUE(counted("passed", 1));
}

TEST_F(ApiKeysTest, WhatAClientSaysOfItselfDoesNotPass) {
  harness_.request("GET", "/", {{"x-tenant", "king"}, {"x-api-key", "open-sesame"}});
  EXPECT_EQ(harness_.upstreamRequest(),
            ":method=GET;:scheme=http;:authority=test;:path=/;x-tenant=ali;||end");
}

TEST_F(ApiKeysTest, ARequestWithoutAKeyIsAnsweredAndGoesNoFurther) {
  harness_.request("GET", "/");
  EXPECT_EQ(harness_.upstreamRequest(), "||");
  EXPECT_EQ(harness_.info().status, 401U);
  EXPECT_EQ(harness_.responseHeader("weir-error"), "api_key_missing");
  EXPECT_EQ(harness_.responseHeader("www-authenticate"), "ApiKey");
  EXPECT_EQ(harness_.responseHeader("cache-control"), "private");
  EXPECT_EQ(harness_.responseBody(), "a key is needed\n");
  EXPECT_TRUE(counted("refused", 1));
}

TEST_F(ApiKeysTest, SoIsOneWithAnUnknownKeyWhateverFollows) {
  harness_.requestHeaders({{":method", "POST"},
                           {":scheme", "http"},
                           {":authority", "test"},
                           {":path", "/"},
                           {"x-api-key", "open-barley"}},
                          false);
  EXPECT_EQ(harness_.responseHeader("weir-error"), "api_key_unknown");
  EXPECT_EQ(harness_.upstreamRequest(), "||");
}

TEST(ApiKeysConfigTest, TheFieldOfTheKeyCanBeChosen) {
  HttpFilterHarness harness({weir::test::makeFilter(
      makeApiKeysConfigFactory(), "header: authorization, keys: [{key: letmein9, tenant: bo}]")});
  harness.request("GET", "/", {{"authorization", "letmein9"}});
  EXPECT_EQ(harness.upstreamRequest(),
            ":method=GET;:scheme=http;:authority=test;:path=/;x-tenant=bo;||end");
}

TEST(ApiKeysConfigTest, ChecksItsFields) {
  struct Case {
    std::string fields, error;
  };
  for (const Case& one : {
           Case{"", "keys: "},
           Case{"header: X-Key, keys: [{key: open-sesame, tenant: a}]", "header: "},
           Case{"keys: [{key: short, tenant: a}]", "keys[0].key: "},
           Case{"keys: [{key: open-sesame}]", "keys[0].tenant: "},
           Case{"keys: [{key: open-sesame, tenant: a}, {key: open-sesame, tenant: b}]",
                "keys[1].key: "},
       }) {
    const auto errors = weir::test::errorsOf(makeApiKeysConfigFactory(), one.fields);
    ASSERT_EQ(errors.size(), 1U) << one.fields;
    EXPECT_TRUE(errors[0].starts_with(one.error)) << errors[0];
  }
}

}  // namespace
}  // namespace custom
