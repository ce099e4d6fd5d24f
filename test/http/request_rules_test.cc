// Rules that hold for requests of every version.

#include "source/http/request_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::string outcomeOf(const Fields& fields) {
  HeaderMap head;
  for (const auto& [name, value] : fields) head.add(name, value);
  const auto bad = checkRequest(head);
  return bad ? std::to_string(bad->status) + " " + std::string(bad->reason) : "passes";
}

TEST(RequestRules, EachRequestHasOneOutcome) {
  const std::pair<Fields, std::string> cases[] = {
      {{{":method", "GET"}, {":scheme", "http"}}, "passes"},
      {{{":method", "M-SEARCH"}, {":scheme", "HTTPS"}}, "passes"},
      {{{":method", "OPTIONS"}}, "passes"},
      {{{":method", "FETCH"}}, "passes"},
      {{{":method", "GET"}, {":scheme", "ftp"}}, "400 unknown_scheme"},
      {{{":method", "GET"}, {":scheme", "httpx"}}, "400 unknown_scheme"},
      {{{":method", "CONNECT"}, {":protocol", "websocket"}}, "passes"},
      {{{":method", "CONNECT"}, {":protocol", "a/1.0"}}, "passes"},
      {{{":method", "CONNECT"}, {":protocol", ""}}, "400 malformed_protocol"},
      {{{":method", "CONNECT"}, {":protocol", "a/"}}, "400 malformed_protocol"},
      {{{":method", "CONNECT"}, {":protocol", "/1"}}, "400 malformed_protocol"},
      {{{":method", "CONNECT"}, {":protocol", "a/1/2"}}, "400 malformed_protocol"},
      {{{":method", "CONNECT"}, {":protocol", "websocket, h2c"}}, "400 malformed_protocol"},
      {{{":method", "CONNECT"}, {":protocol", "websocket,h2c"}}, "400 malformed_protocol"},
      {{{":method", "CONNECT"}, {":protocol", " websocket"}}, "400 malformed_protocol"},
      {{{":method", "PUT"}, {"expect", "100-Continue"}}, "passes"},
      {{{":method", "PUT"}, {"expect", "100-continue"}, {"expect", "100-continue"}}, "passes"},
      {{{":method", "PUT"}, {"expect", "200-ok"}}, "417 unknown_expectation"},
      {{{":method", "PUT"}, {"expect", "100-continue, x"}}, "417 unknown_expectation"},
      {{{":method", "PUT"}, {"expect", "x"}, {"expect", "100-continue"}},
       "417 unknown_expectation"},
      {{{":method", "PUT"}, {"expect", "100-continue"}, {"expect", "x"}},
       "417 unknown_expectation"},
  };
  for (const auto& [fields, outcome] : cases) {
    EXPECT_EQ(outcomeOf(fields), outcome) << testing::PrintToString(fields);
  }
}

TEST(RequestRules, TrailersKeepWhatMayComeBehindABody) {
  HeaderMap trailers;
  for (const char* name : {"x-sum",
                           ":path",
                           ":authority",
                           "weir-route",
                           "x-envoy-retry-on",
                           "x-forwarded-for",
                           "x-forwarded-host",
                           "authorization",
                           "proxy-authorization",
                           "cookie",
                           "set-cookie",
                           "content-length",
                           "transfer-encoding",
                           "connection",
                           "host",
                           "expect",
                           "range",
                           "if-match",
                           "x-request-id",
                           "via",
                           "forwarded",
                           "te",
                           "cache-control",
                           "grpc-status",
                           "x-forwarded",
                           "weird"}) {
    trailers.add(name, "1");
  }
  cleanTrailers(trailers);
  std::string left;
  for (const HeaderEntry& entry : trailers.entries()) left += std::string(entry.name) + " ";
  EXPECT_EQ(left, "x-sum grpc-status x-forwarded weird ");
}

}  // namespace
}  // namespace weir::http
