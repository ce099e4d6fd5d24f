// What is said of a request before it comes, against what is done with it: the same configuration
// explains each of them, and then gets its bytes.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

using filter::RequestDescription;
using Version = RequestDescription::Version;

HttpProxyParts partsWith(const std::string& manager = "") {
  return {.manager = manager,
          .routes =
              "[{match: {connect_matcher: {}}, tunnel: {authority: {}}},"
              "{match: {prefix: /}, direct_response: {status: 204}}]",
          .transparent = false};
}

// "answered with STATUS: REASON", as an explanation has it, of an answer; empty of one with 204.
std::string verdictOf(const std::string& response) {
  if (response.starts_with("HTTP/1.1 204")) return "answered with 204 and 0 bytes";
  constexpr std::string_view Field = "weir-error: ";
  const size_t at = response.find(Field);
  if (!response.starts_with("HTTP/1.1 ") || at == std::string::npos) return response;
  const size_t begin = at + Field.size();
  return "answered with " + response.substr(9, 3) + ": " +
         response.substr(begin, response.find('\r', begin) - begin);
}

void expectSame(const std::string& head, const std::string& manager, const std::string& outcome) {
  HttpProxyHarness proxy(partsWith(manager));
  EXPECT_EQ(proxy.explain({.head = head}), outcome) << head;
  proxy.client().send(head);
  proxy.until([&] { return !proxy.client().received().empty(); });
  EXPECT_EQ(verdictOf(proxy.client().received()), outcome) << head;
}

TEST(ExplainedRequests, OfHttp1HaveTheOutcomeThatWasSaid) {
  constexpr const char* Passes = "answered with 204 and 0 bytes";
  const std::string get = "GET / HTTP/1.1\r\n";
  const std::string post = "POST / HTTP/1.1\r\nhost: a\r\n";
  const std::pair<std::string, const char*> cases[] = {
      {get + "host: a\r\n\r\n", Passes},
      {"\r\n" + get + "host: a\r\n\r\n", Passes},
      {get + "\r\n", "answered with 400: h1_no_host"},
      {get + "host:\r\n\r\n", "answered with 400: h1_host"},
      {get + "host: a\r\nhost: b\r\n\r\n", "answered with 400: h1_repeated_host"},
      {get + "host: a b\r\n\r\n", "answered with 400: h1_host"},
      {get + "host: u@a\r\n\r\n", "answered with 400: h1_host"},
      {"GET / HTTP/1.0\r\n\r\n", Passes},
      {"GET / HTTP/2.0\r\nhost: a\r\n\r\n", "answered with 505: h1_version_not_supported"},
      {"GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n", Passes},
      {"GET ftp://b/ HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: unknown_scheme"},
      {"GET /a#b HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: h1_target"},
      {"GET /%00 HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: path_has_nul"},
      {"GET * HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: h1_target"},
      {"GET  / HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: h1_target"},
      {"G@T / HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: h1_method"},
      {"GET / HTTP/1.1\nhost: a\n\n", "answered with 400: h1_bare_lf"},
      {get + "host: a\r\nx_y: 1\r\n\r\n", "answered with 400: underscore_in_header"},
      {get + "host: a\r\nx : 1\r\n\r\n", "answered with 400: h1_field_name"},
      {get + "host: a\r\nx: 1\r\n  2\r\n\r\n", "answered with 400: h1_folded_field"},
      {post + "expect: 100-continue\r\n\r\n", Passes},
      {post + "expect: fast\r\n\r\n", "answered with 417: unknown_expectation"},
      {post + "expect: 100-continue, fast\r\n\r\n", "answered with 417: unknown_expectation"},
      {post + "content-length: 0\r\n\r\n", Passes},
      {post + "content-length: x\r\n\r\n", "answered with 400: h1_content_length"},
      {post + "content-length: +1\r\n\r\n", "answered with 400: h1_content_length"},
      {post + "content-length: 1\r\ncontent-length: 1\r\n\r\n",
       "answered with 400: h1_repeated_content_length"},
      {post + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
       "answered with 400: h1_length_and_chunked"},
      {post + "transfer-encoding: gzip, chunked\r\n\r\n",
       "answered with 501: h1_unknown_transfer_coding"},
      {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nhost: a\r\n\r\n",
       "answered with 414: target_too_long"},
      {"CONNECT a HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: h1_authority"},
      {"CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 403: local_destination"},
      {"CONNECT [::ffff:169.254.169.254]:80 HTTP/1.1\r\nhost: a\r\n\r\n",
       "answered with 403: local_destination"},
      {"CONNECT a:0 HTTP/1.1\r\nhost: a\r\n\r\n", "answered with 400: bad_authority"},
      {"CONNECT a:1 HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n",
       "answered with 400: h1_connect_with_body"},
  };
  for (const auto& [head, outcome] : cases) expectSame(head, "", outcome);
  expectSame("GET / HTTP/1.0\r\n\r\n", ", http_protocol_options: {accept_http_10: false}",
             "answered with 426: h1_http_10_not_accepted");
  expectSame(get + "host: a\r\nx_y: 1\r\n\r\n", ", headers_with_underscores_action: DROP_HEADER",
             Passes);
  expectSame(get + "host: a\r\nx: 1\r\ny: 2\r\n\r\n", ", max_headers_count: 2",
             "answered with 431: headers_too_large");
}

FieldList fieldsOf(const RequestDescription& request) {
  FieldList fields = {{":method", request.method}};
  if (request.method != "CONNECT") fields.push_back({":scheme", "http"});
  fields.push_back({":authority", request.host});
  if (!request.path.empty()) fields.push_back({":path", request.path});
  for (const auto& field : request.headers) fields.push_back(field);
  return fields;
}

TEST(ExplainedRequests, OfHttp2HaveTheOutcomeThatWasSaid) {
  const std::string reset = "ended without an answer: h2_malformed_head";
  const std::pair<RequestDescription, std::string> cases[] = {
      {{.host = "a"}, "answered with 204 and 0 bytes"},
      {{.host = "a:b:c"}, "answered with 400: bad_authority"},
      {{.host = ""}, reset},
      {{.host = "a", .path = "/a#b"}, "answered with 400: bad_path"},
      {{.host = "a", .path = "*"}, reset},
      {{.host = "a", .headers = {{"host", "b"}}}, "answered with 400: host_mismatch"},
      {{.host = "a", .headers = {{"x_y", "1"}}}, "answered with 400: underscore_in_header"},
      {{.host = "a", .headers = {{"x", "a\x01"}}}, "answered with 400: h2_malformed_head"},
      {{.host = "a", .headers = {{"connection", "close"}}}, reset},
      {{.host = "a", .headers = {{"upgrade", "x"}}}, reset},
      {{.host = "a", .headers = {{"te", "gzip"}}}, reset},
      {{.host = "a", .headers = {{"te", "trailers"}}}, "answered with 204 and 0 bytes"},
      {{.host = "a", .headers = {{"content-length", "x"}}}, reset},
      {{.host = "a", .headers = {{"content-length", "0"}, {"content-length", "0"}}}, reset},
      {{.host = "a", .headers = {{"expect", "fast"}}}, "answered with 417: unknown_expectation"},
      {{.method = "CONNECT", .host = "127.0.0.1:1", .path = ""},
       "answered with 403: local_destination"},
      {{.method = "CONNECT", .host = "a", .path = ""}, "answered with 400: bad_authority"},
      {{.method = "CONNECT", .host = "a:1", .path = "/"}, reset},
  };
  for (auto [request, outcome] : cases) {
    HttpProxyHarness proxy(partsWith());
    request.version = Version::Http2;
    EXPECT_EQ(proxy.explain(request), outcome) << request.host << request.path;
    proxy.client().send(hello() + frame(SettingsFrame, Ack, 0) + headers(1, fieldsOf(request)));
    proxy.until([&] { return !describeOutcome(proxy.client().received()).empty(); });
    // Its line in the log has the status, or 0, and the reason.
    const bool was_reset = describeOutcome(proxy.client().received()).starts_with("RST_STREAM");
    EXPECT_EQ(was_reset, outcome == reset) << request.host << request.path << proxy.logged();
    if (outcome.starts_with("answered with 204")) continue;
    const std::string reason = outcome.substr(outcome.rfind(' ') + 1);
    EXPECT_NE(proxy.logged().find(reason), std::string::npos) << outcome << proxy.logged();
    if (was_reset) continue;
    EXPECT_NE(proxy.logged().find(outcome.substr(14, 3)), std::string::npos) << proxy.logged();
  }
}

// Over a listener of the other version.
TEST(ExplainedRequests, OfAnotherVersionThanTheCodecsHaveTheOutcomeThatWasSaid) {
  {
    HttpProxyHarness proxy(partsWith(", codec_type: HTTP1"));
    EXPECT_EQ(proxy.explain({.host = "a", .version = Version::Http2}),
              "answered with 505: h1_version_not_supported");
    proxy.client().send(hello());
    EXPECT_TRUE(proxy.clientSees("weir-error: h1_version_not_supported"));
  }
  HttpProxyHarness proxy(partsWith(", codec_type: HTTP2"));
  EXPECT_EQ(proxy.explain({.host = "a", .version = Version::Http11}),
            "ended without an answer: h2_bad_preface");
  EXPECT_EQ(proxy.explain({.host = "a"}), "answered with 204 and 0 bytes");
  proxy.client().send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.metric("weir_http_rejected_total{name=\"web\",reason=\"h2_bad_preface\"}"), 1);
}

}  // namespace
}  // namespace weir::test
