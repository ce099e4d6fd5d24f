// What reaches an upstream of requests that servers may take for different ones: one clear answer,
// or one request that has one meaning. End to end, as raw bytes.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

// `status`: of the answer, or 0 and the bytes that are forwarded.
struct RawCase {
  std::string name;
  std::string request;
  int status = 400;
  std::string forwarded = "";
};

std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n" + body;
}

std::string get1(const std::string& fields, const std::string& line = "GET / HTTP/1.1") {
  return line + "\r\n" + fields + "\r\n";
}

// The harness is transparent, and then they would pass.
constexpr char Strict[] = ", headers_with_underscores_action: REJECT_REQUEST";
const std::string Smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string Chunked = "0\r\n\r\n";

std::vector<RawCase> rawCases() {
  using namespace std::string_literals;
  return {
      {"CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", Chunked + "G")},
      {"TE.CL",
       post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "8\r\nSMUGGLED\r\n0\r\n\r\n")},
      {"two lengths", post("Content-Length: 0\r\nContent-Length: 36\r\n", Smuggled)},
      {"a list of lengths", post("Content-Length: 0, 36\r\n", Smuggled)},
      {"length with a sign", post("Content-Length: +4\r\n", "body")},
      {"length in hexadecimal", post("Content-Length: 0x4\r\n", "body")},
      {"length with a space", post("Content-Length: 4 4\r\n", "body")},
      {"no length", post("Content-Length: \r\n", "body")},
      {"negative length", post("Content-Length: -1\r\n", "body")},
      {"length that overflows", post("Content-Length: 18446744073709551620\r\n", "body")},
      {"TE with a vertical tab", post("Transfer-Encoding: \x0b"
                                      "chunked\r\n",
                                      Chunked)},
      {"TE xchunked", post("Transfer-Encoding: xchunked\r\n", Chunked)},
      {"TE twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", Chunked)},
      {"TE list", post("Transfer-Encoding: chunked, identity\r\n", Chunked)},
      {"TE name with a space", post("Transfer-Encoding : chunked\r\n", Chunked)},
      {"TE behind a tab", post("\tTransfer-Encoding: chunked\r\n", Chunked)},
      {"TE folded", post("Transfer-Encoding:\r\n chunked\r\n", Chunked)},
      {"TE with an underscore", post("Transfer_Encoding: chunked\r\n", "")},
      {"TE with HTTP/1.0",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunked},
      {"bare LF in the line", "GET / HTTP/1.1\nHost: a\r\n\r\n"},
      {"bare LF in a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
      {"bare CR in a field", get1("Host: a\r\nX: y\rZ: w\r\n")},
      {"obs-fold", get1("Host: a\r\nX: y\r\n z\r\n")},
      {"NUL in a value", get1("Host: a\r\nX: y\0z\r\n"s)},
      {"NUL in a name", get1("Host: a\r\nX\0Y: z\r\n"s)},
      {"control byte in a value", get1("Host: a\r\nX: \x01\r\n")},
      {"empty name", get1("Host: a\r\n: z\r\n")},
      {"no colon", get1("Host: a\r\nnonsense\r\n")},
      {"no Host", get1("")},
      {"two Hosts", get1("Host: a\r\nHost: b\r\n")},
      {"Host with a slash", get1("Host: a/b\r\n")},
      {"Host with a space", get1("Host: a b\r\n")},
      {"Host with credentials", get1("Host: u@a\r\n")},
      {"a chunk size with a sign", post("Transfer-Encoding: chunked\r\n", "+1\r\nx\r\n" + Chunked)},
      {"a chunk size with 0x", post("Transfer-Encoding: chunked\r\n", "0x1\r\nx\r\n" + Chunked)},
      {"a chunk size that overflows",
       post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nx\r\n" + Chunked)},
      {"a chunk behind LF", post("Transfer-Encoding: chunked\r\n", "1\nx\r\n" + Chunked)},
      {"a chunk without CRLF", post("Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n" + Chunked)},
      {"a space in the target", get1("Host: a\r\n", "GET /a b HTTP/1.1")},
      {"a fragment", get1("Host: a\r\n", "GET /a#b HTTP/1.1")},
      {"HTTP/1.2", get1("Host: a\r\n", "GET / HTTP/1.2"), 505},
      {"HTTP/3.0", get1("Host: a\r\n", "GET / HTTP/3.0"), 505},
      {"lower-case version", get1("Host: a\r\n", "GET / http/1.1")},
      {"two spaces", get1("Host: a\r\n", "GET  / HTTP/1.1")},
      {"an equal length twice", post("Content-Length: 2\r\nContent-Length: 2\r\n", "ok")},
      {"a connection option :authority", get1("Host: a\r\nConnection: :authority\r\n")},
      {"a connection option :method", get1("Host: a\r\nConnection: :method\r\n")},
      {"a connection option :path", get1("Host: a\r\nConnection: close, :path\r\n")},
      {"a connection option :scheme", get1("Host: a\r\nConnection: x\r\nConnection: :scheme\r\n")},
      {"a connection option :status", get1("Host: a\r\nConnection: :status\r\n")},
      {"an absolute target without its authority",
       get1("Host: b\r\nConnection: :authority\r\n", "GET http://a/x HTTP/1.1")},
      {"absolute target", get1("Host: b\r\n", "GET http://a/x HTTP/1.1"), 0,
       "GET /x HTTP/1.1\r\nhost: a\r\n\r\n"},
      {"TE in capitals", post("transfer-ENCODING: Chunked\r\n", "1\r\nx\r\n" + Chunked), 0,
       "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"},
      {"a length with zeros", post("Content-Length: 0004\r\n", "body"), 0,
       "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody"},
      {"fields of the connection",
       get1("Host: a\r\nConnection: x-secret, close\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n"
            "Proxy-Connection: x\r\nTE: gzip\r\nY: z\r\n"),
       0, "GET / HTTP/1.1\r\nhost: a\r\ny: z\r\n\r\n"},
      {"the upgrade to h2c",
       get1("Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"),
       0, "GET / HTTP/1.1\r\nhost: a\r\n\r\n"},
      {"a chunk extension", post("Transfer-Encoding: chunked\r\n", "1;a=b\r\nx\r\n" + Chunked), 0,
       "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"},
  };
}

int statusIn(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : -1;
}

std::string allForwarded(HttpProxyHarness& proxy) {
  std::string all;
  for (size_t i = 0; i < proxy.upstream().connections(); ++i) {
    all += proxy.upstream().peer(i).received();
  }
  return all;
}

TEST(Smuggling, Http1RequestsHaveOneMeaning) {
  for (const RawCase& one : rawCases()) {
    HttpProxyHarness proxy({.manager = Strict});
    proxy.client().send(one.request);
    if (one.status != 0) {
      EXPECT_TRUE(proxy.clientSees("\r\n\r\n")) << one.name;
      EXPECT_EQ(statusIn(proxy.client().received()), one.status)
          << one.name << ": " << proxy.client().received();
      EXPECT_TRUE(proxy.clientEnds()) << one.name;
      // A head that was right may have gone out before its body was found wrong; no request whole.
      EXPECT_EQ(allForwarded(proxy).find("smuggled"), std::string::npos) << one.name;
      EXPECT_FALSE(allForwarded(proxy).ends_with("0\r\n\r\n")) << one.name;
      continue;
    }
    EXPECT_TRUE(proxy.until([&] { return allForwarded(proxy).size() >= one.forwarded.size(); }));
    proxy.run();
    EXPECT_EQ(allForwarded(proxy), one.forwarded) << one.name;
    EXPECT_EQ(proxy.client().received(), "") << one.name;
  }
}

// --- From HTTP/2 down to HTTP/1.

struct DownCase {
  std::string name;
  FieldList fields;
  std::string body = "";
  std::string forwarded = "";  // empty: refused
};

FieldList request2(const FieldList& more, const std::string& path = "/",
                   const std::string& authority = "a", const std::string& method = "GET") {
  FieldList all = {
      {":method", method}, {":scheme", "http"}, {":authority", authority}, {":path", path}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<DownCase> downCases() {
  using namespace std::string_literals;
  return {
      {"CR LF in a value", request2({{"x", "y\r\nTransfer-Encoding: chunked"}})},
      {"LF in a value", request2({{"x", "y\nz: w"}})},
      {"CR in a value", request2({{"x", "y\rz"}})},
      {"NUL in a value", request2({{"x", "y\0z"s}})},
      {"CR LF in a name", request2({{"x: y\r\nz", "w"}})},
      {"colon in a name", request2({{"x:y", "z"}})},
      {"space in a name", request2({{"x y", "z"}})},
      {"space behind a name", request2({{"transfer-encoding ", "chunked"}})},
      {"capitals in a name", request2({{"X-Y", "z"}})},
      {"empty name", request2({{"", "z"}})},
      {"transfer-encoding", request2({{"transfer-encoding", "chunked"}})},
      {"connection", request2({{"connection", "close"}})},
      {"keep-alive", request2({{"keep-alive", "5"}})},
      {"upgrade", request2({{"upgrade", "websocket"}})},
      {"te that is not trailers", request2({{"te", "gzip"}})},
      {"space in the path", request2({}, "/ HTTP/1.1\r\nx: y")},
      {"a space in the path", request2({}, "/a b")},
      {"LF in the path", request2({}, "/a\nb")},
      {"no slash", request2({}, "a")},
      {"empty path", request2({}, "")},
      {"CR LF in the authority", request2({}, "/", "a\r\nx: y")},
      {"space in the authority", request2({}, "/", "a b")},
      {"slash in the authority", request2({}, "/", "a/b")},
      {"space in the method", request2({}, "/", "a", "GET /x HTTP/1.1\r\n")},
      {"another host", request2({{"host", "b"}})},
      {"two hosts", request2({{"host", "a"}, {"host", "a"}})},
      {"content-length that is too long", request2({{"content-length", "9"}}, "/", "a", "POST"),
       "body"},
      {"content-length that is too short", request2({{"content-length", "2"}}, "/", "a", "POST"),
       "body" + Smuggled},
      {"two lengths",
       request2({{"content-length", "4"}, {"content-length", "5"}}, "/", "a", "POST"), "body"},
      {"length that is none", request2({{"content-length", "+4"}}, "/", "a", "POST"), "body"},
      {"a pseudo-header behind a field",
       {{":method", "GET"}, {":scheme", "http"}, {"x", "y"}, {":authority", "a"}, {":path", "/"}}},
      {"a pseudo-header twice", request2({{":path", "/b"}})},
      {"an unknown pseudo-header", request2({{":x", "y"}})},
      {"an underscore", request2({{"x_y", "z"}})},
      {"the same host", request2({{"host", "a"}}), "", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"},
      {"te: trailers", request2({{"te", "trailers"}, {"y", "z"}}), "",
       "GET / HTTP/1.1\r\nhost: a\r\ny: z\r\n\r\n"},
      {"crumbs", request2({{"cookie", "a=b"}, {"cookie", "c=d"}}), "",
       "GET / HTTP/1.1\r\nhost: a\r\ncookie: a=b; c=d\r\n\r\n"},
      {"a length that is right", request2({{"content-length", "4"}}, "/", "a", "POST"), "body",
       "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody"},
      {"no length", request2({}, "/", "a", "POST"), "body",
       "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"},
  };
}

TEST(BrokenBody, IsAnsweredWithItsReason) {
  for (const std::string& fields :
       {std::string(), std::string("content-type: application/grpc\r\n")}) {
    HttpProxyHarness proxy;
    proxy.client().send(post(fields + "Transfer-Encoding: chunked\r\n", "2\r\nab\r\n"));
    ASSERT_TRUE(proxy.upstreamSees("ab"));
    proxy.client().send("x\r\n");
    EXPECT_TRUE(proxy.clientSees("weir-error: h1_chunk_size")) << fields;
    EXPECT_TRUE(proxy.clientSees(fields.empty() ? "HTTP/1.1 400" : "grpc-status"));
    EXPECT_TRUE(proxy.clientEnds());
    EXPECT_FALSE(proxy.upstreamSees("0\r\n\r\n")) << "what is not whole is not ended";
  }
}

TEST(Transparent, ChangesNothingThatIsClear) {
  const std::string request =
      "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nhost: a\r\nx_y: z\r\n\r\n";
  HttpProxyHarness proxy;  // which is transparent
  proxy.client().send(request);
  EXPECT_TRUE(proxy.upstreamGets(request));
  HttpProxyHarness other({.manager = ", max_request_target_bytes: 9000"});
  other.client().send("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nhost: a\r\n\r\n");
  EXPECT_TRUE(other.clientSees("HTTP/1.1 414"));
  HttpProxyHarness strict({.manager = ", headers_with_underscores_action: "
                                      "REJECT_REQUEST, max_request_target_bytes: 8192"});
  strict.client().send(request);
  EXPECT_TRUE(strict.clientSees("HTTP/1.1 414"));
}

TEST(Smuggling, Http2RequestsHaveOneMeaningOverHttp1) {
  for (const DownCase& one : downCases()) {
    HttpProxyHarness proxy({.manager = Strict});
    std::string bytes = hello() + headers(1, one.fields, one.body.empty() ? EndStream : 0);
    if (!one.body.empty()) bytes += data(1, one.body, EndStream);
    proxy.client().send(bytes);
    if (one.forwarded.empty()) {
      const auto refused = [&] {
        for (const Frame& got : parseFrames(proxy.client().received())) {
          if (got.stream == 1 || got.type == GoawayFrame) return true;
        }
        return false;
      };
      EXPECT_TRUE(proxy.until(refused)) << one.name;
      proxy.run();
      const std::string all = allForwarded(proxy);
      EXPECT_EQ(all.find("smuggled"), std::string::npos) << one.name << ": " << all;
      EXPECT_TRUE(all.empty() || !one.body.empty()) << one.name << ": " << all;
      EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << one.name << ": " << all;
      continue;
    }
    EXPECT_TRUE(proxy.until([&] { return allForwarded(proxy).size() >= one.forwarded.size(); }));
    proxy.run();
    EXPECT_EQ(allForwarded(proxy), one.forwarded) << one.name;
  }
}

}  // namespace
}  // namespace weir::test
