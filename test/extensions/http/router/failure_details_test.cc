// What the log and the metrics have of an upstream that failed a request.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr std::string_view Get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
constexpr std::string_view Chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
constexpr std::string_view Part = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";

std::string reply(const FieldList& more, uint8_t flags) {
  FieldList fields = {{":status", "200"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return settings() + headers(1, fields, flags);
}

struct Case {
  bool h2;
  std::string answer;
  enum class End : uint8_t { No, Fin, Reset } end;
  std::string_view details;
  std::string_view detail;
};
using End = Case::End;

std::vector<Case> cases() {
  const std::string rst = settings() + test::rst(1, 2);
  return {
      {false, "SSH-2.0-server\r\n\r\n", End::No,
       "upstream_protocol_error{h1_status_line} flags=UPE", "h1_status_line"},
      {false, "HTTP/1.1 200 OK\r\na b\r\n\r\n", End::No, "upstream_protocol_error{h1_field", ""},
      {false, std::string(Chunked) + "x\r\n", End::No,
       "upstream_protocol_error{h1_chunk_size} flags=UPE", "h1_chunk_size"},
      {false, "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", End::No,
       "upstream_protocol_error{h1_repeated_content_length} ", "h1_repeated_content_length"},
      {false, "HTTP/1.1 200 OK\r\nlong: " + std::string(70'000, 'x') + "\r\n\r\n", End::No,
       "upstream_protocol_error{headers_too_large} ", "headers_too_large"},
      {false, "", End::Fin, "upstream_reset{h1_closed_before_response} flags=UC",
       "h1_closed_before_response"},
      {false, "", End::Reset, "upstream_reset{connection_gone} flags=UC", "connection_gone"},
      {false, "HTTP/1.1 2", End::Fin, "upstream_reset{incomplete_head} flags=UC",
       "incomplete_head"},
      {false, std::string(Part), End::Fin, "upstream_reset{h1_incomplete_body} flags=UC",
       "h1_incomplete_body"},
      {true, reply({{"content-length", "9"}}, 0) + data(1, "part", EndStream), End::No,
       "upstream_protocol_error{h2_malformed_body} ", "h2_malformed_body"},
      {true, settings() + data(0, "bad"), End::No, "upstream_protocol_error{h2_protocol_error} ",
       "h2_protocol_error"},
      {true, rst, End::No, "upstream_reset{internal_error} flags=UR", "internal_error"},
      {true, settings() + headers(1, {{":status", "099"}}, 0), End::No,
       "upstream_protocol_error{h2_status} ", "h2_status"},
      {true, "HTTP/1.1 400 Bad Request\r\n\r\n", End::No, "upstream_not_http2 flags=UPE",
       "not_http2"},
  };
}

TEST(FailureDetails, TheLogAndTheMetricsNameWhatTheUpstreamDid) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.details);
    HttpProxyHarness proxy(
        {.cluster = std::string(", http_protocol_options: {upstream_protocol: ") +
                    (one.h2 ? "HTTP2}" : "HTTP1}")});
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamSees(one.h2 ? ClientPreface : Get));
    TestPeer& upstream = proxy.upstream().peer();
    upstream.send(one.answer);
    if (one.end != End::No) one.end == End::Fin ? upstream.close() : upstream.reset();
    const std::string wanted = " details=" + std::string(one.details);
    EXPECT_TRUE(proxy.until([&] { return proxy.logged().find(wanted) != std::string::npos; }))
        << proxy.logged();
    if (one.detail.empty()) continue;
    EXPECT_EQ(proxy.metric("weir_upstream_reset_details_total{cluster=\"up\",detail=\"" +
                           std::string(one.detail) + "\"}"),
              1);
  }
}

// The head and the fault come in one read: the client gets nothing of the response.
TEST(FailureDetails, AResponseOfWhichNothingWasSentHasNoStatus) {
  for (const bool h2 : {false, true}) {
    SCOPED_TRACE(h2);
    HttpProxyHarness proxy;
    proxy.client().send(h2 ? hello() + headers(1, get()) : std::string(Get));
    ASSERT_TRUE(proxy.accepted(1));
    proxy.run();
    proxy.upstream().peer().send(std::string(Chunked) + "x\r\n");
    ASSERT_TRUE(proxy.until([&] { return !proxy.logged().empty(); }));
    EXPECT_NE(proxy.logged().find(" status=0 details=upstream_protocol_error{h1_chunk_size} "),
              std::string::npos)
        << proxy.logged();
    EXPECT_EQ(proxy.metric("weir_http_responses_total{name=\"web\",status=\"none\"}"), 1);
    EXPECT_EQ(proxy.metric("weir_http_responses_total{name=\"web\",status=\"2xx\"}"), 0);
    const std::string& got = proxy.client().received();
    EXPECT_EQ(h2 ? describeOutcome(got).find("HEADERS") : got.find("HTTP"), std::string::npos);
  }
}

// What the upstream has said beside that is not what the client has seen.
TEST(FailureDetails, TheLogHasFieldsOfTheResponseThatWereSent) {
  const HttpProxyParts logging = {
      .manager = ", access_log: {text_format: \"%RESPONSE_CODE% %RESP(X-A)% %TRAILER(X-B)%\"}"};
  const std::string head = "HTTP/1.1 200 OK\r\nx-a: 1\r\ntransfer-encoding: chunked\r\n\r\n";
  {
    HttpProxyHarness proxy(logging);
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.upstream().peer().send(head + "x\r\n");
    ASSERT_TRUE(proxy.until([&] { return !proxy.logged().empty(); }));
    EXPECT_EQ(proxy.logged(), "0 - -\n");
  }
  for (const auto& [trailers, line] :
       {std::pair("x-b: 2\r\n\r\n", "200 1 2\n"), {"x-b: 2\r\na b\r\n\r\n", "200 1 -\n"}}) {
    HttpProxyHarness proxy(logging);
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    proxy.upstream().peer().send(head);
    ASSERT_TRUE(proxy.clientSees("x-a: 1"));
    proxy.upstream().peer().send("0\r\n" + std::string(trailers));
    ASSERT_TRUE(proxy.until([&] { return !proxy.logged().empty(); }));
    EXPECT_EQ(proxy.logged(), line);
  }
}

TEST(FailureDetails, AResponseOfWhichTheHeadWasSentHasItsStatus) {
  for (const bool h2 : {false, true}) {
    SCOPED_TRACE(h2);
    HttpProxyHarness proxy;
    proxy.client().send(h2 ? hello() + headers(1, get()) : std::string(Get));
    ASSERT_TRUE(proxy.accepted(1));
    proxy.run();
    proxy.upstream().peer().send(std::string(Chunked));
    ASSERT_TRUE(proxy.until([&] {
      const std::string& got = proxy.client().received();
      return (h2 ? describeOutcome(got).find("HEADERS") : got.find("HTTP")) != std::string::npos;
    }));
    proxy.upstream().peer().send("x\r\n");
    ASSERT_TRUE(proxy.until([&] { return !proxy.logged().empty(); }));
    EXPECT_NE(proxy.logged().find(" status=200 "), std::string::npos) << proxy.logged();
  }
}

// It could have become the response to the next request.
TEST(FailureDetails, BytesBehindAResponseAreCounted) {
  for (const bool at_once : {false, true}) {
    SCOPED_TRACE(at_once);
    HttpProxyHarness proxy;
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    const std::string answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    proxy.upstream().peer().send(answer + (at_once ? "more" : ""));
    ASSERT_TRUE(proxy.clientGets(answer));
    if (!at_once) proxy.upstream().peer().send("more");
    EXPECT_TRUE(proxy.until([&] {
      return proxy.metric(
                 "weir_upstream_reset_details_total{cluster=\"up\",detail=\"h1_unasked_bytes\"}") ==
             1;
    }));
    proxy.run();
    EXPECT_NE(proxy.logged().find(" status=200 details=via_upstream "), std::string::npos);
  }
}

// Nobody but the client is to blame for what comes after the failure of a try.
TEST(FailureDetails, OfATryThatWasRepeatedTheLineHasNone) {
  HttpProxyHarness proxy(
      {.routes = "[{match: {prefix: /}, route: {cluster: up, timeout: 5s, retry_policy: {retry_on: "
                 "5xx, num_retries: 1}}}]"});
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.upstream().peer().send("x\r\n\r\n");
  proxy.run();
  proxy.advance(seconds(1));
  ASSERT_TRUE(proxy.upstreamGets(Get, 1));
  proxy.advance(seconds(5));
  EXPECT_TRUE(proxy.until([&] {
    return proxy.logged().find(" details=upstream_request_timeout flags=UT ") != std::string::npos;
  })) << proxy.logged();
}

// The end of a client's connection of HTTP/1 names what its last response was cut off for.
TEST(FailureDetails, AConnectionThatEndsInMidResponseSaysWhy) {
  struct Cut {
    std::string_view route;
    End end;
    Duration wait;
    std::string_view close;
  };
  for (const Cut& one :
       {Cut{"", End::Fin, {}, "upstream_reset"},
        {"", End::Reset, {}, "upstream_reset"},
        {", timeout: 3s", End::No, seconds(3), "upstream_request_timeout"},
        {", timeout: 0s, idle_timeout: 3s", End::No, seconds(3), "stream_idle_timeout"},
        {", timeout: 0s, max_stream_duration: {max_stream_duration: 3s}", End::No, seconds(3),
         "max_stream_duration"}}) {
    SCOPED_TRACE(one.close);
    HttpProxyHarness proxy(
        {.routes = "[{match: {prefix: /}, route: {cluster: up" + std::string(one.route) + "}}]"});
    proxy.client().send(Get);
    ASSERT_TRUE(proxy.upstreamGets(Get));
    TestPeer& upstream = proxy.upstream().peer();
    upstream.send(Part);
    ASSERT_TRUE(proxy.clientGets(Part));
    if (one.end != End::No) one.end == End::Fin ? upstream.close() : upstream.reset();
    proxy.advance(one.wait);
    EXPECT_TRUE(proxy.clientEnds());
    EXPECT_EQ(proxy.filters().closeReason(), one.close);
  }
}

TEST(FailureDetails, AProtocolErrorInMidResponseIsTheConnectionsEndToo) {
  HttpProxyHarness proxy;
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.upstream().peer().send(std::string(Chunked) + "1\r\na\r\n");
  ASSERT_TRUE(proxy.clientSees("1\r\na\r\n"));
  proxy.upstream().peer().send("x\r\n");
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.filters().closeReason(), "upstream_protocol_error");
}

}  // namespace
}  // namespace weir::test
