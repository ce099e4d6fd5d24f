#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/extensions/http/buffer/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;
using Fields = HttpFilterHarness::Fields;

HttpFilterHarness::Factories buffering(int bytes) {
  return {
      test::makeFilter(makeBufferConfigFactory(), "max_request_bytes: " + std::to_string(bytes))};
}

TEST(BufferTest, HoldsARequestUntilItIsWholeHoweverItIsCut) {
  const std::string body = "abcde";
  for (size_t first = 0; first <= body.size(); ++first) {
    HttpFilterHarness h(buffering(5));
    h.requestHeaders({{":method", "POST"}}, false);
    h.requestData(body.substr(0, first), false);
    EXPECT_EQ(h.upstreamRequest(), "||");
    h.requestData(body.substr(first), true);
    EXPECT_EQ(h.upstreamRequest(), ":method=POST;content-length=5;|abcde|end");
  }
}

TEST(BufferTest, KeepsTheLengthThatIsSaid) {
  HttpFilterHarness h(buffering(5));
  h.requestHeaders({{":method", "POST"}, {"content-length", "2"}}, false);
  h.requestData("ab", true);
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;content-length=2;|ab|end");
}

TEST(BufferTest, ARequestWithTrailersIsWholeWithThem) {
  HttpFilterHarness h(buffering(5));
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("ab", false);
  EXPECT_EQ(h.upstreamRequest(), "||");
  h.requestTrailers({{"t", "v"}});
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|ab|t=v;|end");
}

TEST(BufferTest, ARequestWithoutABodyPasses) {
  HttpFilterHarness h(buffering(1));
  h.request("GET", "/");
  EXPECT_EQ(h.upstreamRequest(), ":method=GET;:scheme=http;:authority=test;:path=/;||end");
}

TEST(BufferTest, RefusesMoreThanItsLimitWhereverItIsCut) {
  for (size_t first = 0; first <= 6; ++first) {
    for (const bool end : {false, true}) {
      HttpFilterHarness h(buffering(5));
      h.requestHeaders({{":method", "POST"}}, false);
      h.requestData(std::string(first, 'x'), false);
      h.requestData(std::string(6 - first, 'x'), end);
      EXPECT_EQ(h.responseHeader(":status"), "413") << first << end;
      EXPECT_EQ(h.responseHeader("weir-error"), "request_payload_too_large");
      EXPECT_EQ(h.upstreamRequest(), "||");
    }
  }
}

TEST(BufferTest, RefusesBySaidLengthWithoutTheBody) {
  for (const std::string length : {"6", "99999999999999999999999"}) {
    HttpFilterHarness h(buffering(5));
    h.requestHeaders({{":method", "POST"}, {"content-length", length}}, false);
    EXPECT_EQ(h.responseHeader(":status"), "413");
  }
}

TEST(BufferTest, ItsLimitMayBeAboveTheConnections) {
  HttpFilterHarness h(buffering(100), {.buffer_limit = 4});
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData(std::string(50, 'x'), false);
  EXPECT_FALSE(h.requestPaused());
  h.requestData(std::string(50, 'x'), true);
  EXPECT_EQ(h.upstreamRequest(),
            ":method=POST;content-length=100;|" + std::string(100, 'x') + "|end");
}

TEST(BufferTest, ATunnelIsNotHeld) {
  for (const Fields& head :
       {Fields{{":method", "CONNECT"}}, Fields{{":method", "CONNECT"}, {":protocol", "websocket"}},
        Fields{{":method", "GET"}, {"upgrade", "websocket"}}}) {
    HttpFilterHarness h(buffering(1));
    h.requestHeaders(head, false);
    EXPECT_NE(h.upstreamRequest(), "||");
    h.requestData("more than one", false);
    EXPECT_NE(h.upstreamRequest().find("|more than one|"), std::string::npos);
  }
}

TEST(BufferTest, AnAnswerBeforeTheEndGoesThrough) {
  HttpFilterHarness h(buffering(5));
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("ab", false);
  h.respond(200, "early");
  EXPECT_EQ(h.response(), ":status=200;|early|end");
}

TEST(BufferFactoryTest, ChecksItsLimit) {
  const std::vector<std::string> errors = {
      "max_request_bytes: 0 is out of range: from 1 to 4294967295 is allowed"};
  EXPECT_EQ(test::errorsOf(makeBufferConfigFactory(), ""), errors);
  EXPECT_EQ(test::errorsOf(makeBufferConfigFactory(), "max_request_bytes: 0"), errors);
}

}  // namespace
}  // namespace weir::http_filters
