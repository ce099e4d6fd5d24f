// What is said of a request before it comes, against what is done with it: the same configuration
// explains each of them, and then gets its bytes.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "source/http/h2/preface.h"
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

TEST(ExplainedRequests, OfGrpcThatAFilterRefusesHaveTheOutcomeThatWasSaid) {
  const std::string types = "type.googleapis.com/weir.extensions.http.";
  HttpProxyParts parts =
      partsWith(", http_filters: [{typed_config: {\"@type\": " + types +
                "rbac.v1.Rbac, stat_prefix: r, rules: {action: DENY, policies: {all: {permissions: "
                "[{any: true}], principals: [{any: true}]}}}}}, {typed_config: {\"@type\": " +
                types + "router.v1.Router}}]");
  HttpProxyHarness proxy(parts);
  const RequestDescription request{.host = "a", .headers = {{"content-type", "application/grpc"}}};
  const std::string outcome = proxy.explain(request);
  EXPECT_NE(outcome.find("answered with 200 and grpc-status 7 (rbac_access_denied)"),
            std::string::npos)
      << outcome;
  proxy.client().send(filter::http1HeadOf(request));
  EXPECT_TRUE(proxy.clientSees("grpc-status: 7\r\n"));
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

// Nothing has looked at the bytes before the codec is chosen by them.
TEST(ExplainedRequests, WithoutADetectorTheirBytesChooseTheCodec) {
  const std::string broken = "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n";
  const std::string preface(http::Http2Preface);
  constexpr const char* NoVersion = "answered with 505: h1_version_not_supported";
  expectSame(preface, ", codec_type: HTTP1", NoVersion);
  expectSame("\r\n" + preface, "", NoVersion);
  for (const char* version : {"2.0", "3.0", "0.9", "1.2"}) {
    const std::string head = "GET / HTTP/" + std::string(version) + "\r\nhost: a\r\n\r\n";
    expectSame(head, "", NoVersion);
    expectSame(head, ", codec_type: HTTP1", NoVersion);
  }
  {
    HttpProxyHarness proxy(partsWith());
    EXPECT_EQ(proxy.explain({.head = preface}),
              "not known: of bytes of HTTP/2 the preface is read, and no request behind it");
    proxy.client().send(hello() + headers(1, fieldsOf({.host = "a"})));
    EXPECT_TRUE(proxy.until([&] { return !describeOutcome(proxy.client().received()).empty(); }));
    EXPECT_NE(proxy.logged().find("status=204"), std::string::npos);
  }
  HttpProxyHarness proxy(partsWith());
  EXPECT_EQ(proxy.explain({.head = broken}), "ended without an answer: h2_bad_preface");
  proxy.client().send(broken);
  EXPECT_TRUE(proxy.clientEnds());
  EXPECT_EQ(proxy.metric("weir_http_rejected_total{name=\"web\",reason=\"h2_bad_preface\"}"), 1);
}

HttpProxyParts partsOfGrpc() {
  return {.routes =
              "[{match: {prefix: /d}, direct_response: {status: 401, body: {inline_string: no}}},"
              "{match: {prefix: /r}, redirect: {path_redirect: /x}}]",
          .transparent = false};
}

// A reply to gRPC is of status 200, whatever it says.
TEST(ExplainedRequests, OfGrpcHaveTheOutcomeThatWasSaid) {
  const std::string type = "host: a\r\ncontent-type: application/grpc+proto\r\n\r\n";
  const std::pair<std::string, std::string> cases[] = {
      {"POST /none HTTP/1.1\r\n" + type, "answered with 200 and grpc-status 12: no route takes it"},
      {"POST /d HTTP/1.1\r\n" + type, "answered with 200 and grpc-status 16"},
      {"POST /r HTTP/1.1\r\n" + type,
       "answered with 200 and grpc-status 2, and location http://a/x"},
      {"POST /%00 HTTP/1.1\r\n" + type, "answered with 200 and grpc-status 13: path_has_nul"},
      {"POST /a%2fb HTTP/1.1\r\n" + type,
       "answered with 200 and grpc-status 2, and location http://a/a/b, as its path has escaped "
       "slashes"},
      {"POST / HTTP/1.1\r\nexpect: fast\r\n" + type,
       "answered with 200 and grpc-status 2: unknown_expectation"},
      {"POST / HTTP/1.1\r\nupgrade: x\r\nconnection: upgrade\r\n" + type,
       "answered with 200 and grpc-status 12: no route takes it"},
      // Of a head that cannot be read nothing tells that it is gRPC.
      {"POST / HTTP/1.1\r\nx_y: 1\r\n" + type, "answered with 400: underscore_in_header"},
      {"POST / HTTP/1.1\r\nx : 1\r\n" + type, "answered with 400: h1_field_name"},
  };
  for (const auto& [head, outcome] : cases) {
    HttpProxyHarness proxy(partsOfGrpc());
    EXPECT_EQ(proxy.explain({.head = head}), outcome) << head;
    proxy.client().send(head);
    proxy.until([&] { return !proxy.client().received().empty(); });
    const std::string& got = proxy.client().received();
    EXPECT_EQ(got.substr(9, 3), outcome.substr(14, 3)) << head << got;
    const size_t grpc = outcome.find("grpc-status ");
    if (grpc == std::string::npos) continue;
    const std::string status =
        outcome.substr(grpc + 12, outcome.find_first_of(":,", grpc) - grpc - 12);
    EXPECT_NE(got.find("grpc-status: " + status + "\r\n"), std::string::npos) << head << got;
  }
  HttpProxyHarness proxy(partsOfGrpc());
  const RequestDescription request{.host = "a",
                                   .headers = {{"x_y", "1"}, {"content-type", "application/grpc"}},
                                   .version = Version::Http2};
  EXPECT_EQ(proxy.explain(request), "answered with 200 and grpc-status 13: underscore_in_header");
  proxy.client().send(hello() + frame(SettingsFrame, Ack, 0) + headers(1, fieldsOf(request)));
  EXPECT_TRUE(proxy.until([&] { return !proxy.logged().empty(); }));
  EXPECT_NE(proxy.logged().find(" status=200 details=underscore_in_header"), std::string::npos)
      << proxy.logged();
  EXPECT_NE(proxy.logged().find(" grpc=Internal "), std::string::npos) << proxy.logged();
}

}  // namespace
}  // namespace weir::test
