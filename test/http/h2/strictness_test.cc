// Requests and responses that are malformed (RFC 9113 8), byte by byte: each has one outcome.

#include <gtest/gtest.h>

#include "test/http/h2/codec_harness.h"

namespace weir::test {
namespace {

using http::Underscores;

constexpr std::string_view Reset = "RST_STREAM 1 code=1\n";

FieldList request(std::string method, std::string path) {
  return {{":method", std::move(method)},
          {":scheme", "http"},
          {":authority", "a.test"},
          {":path", std::move(path)}};
}

FieldList with(FieldList fields, std::pair<std::string, std::string> more) {
  fields.push_back(std::move(more));
  return fields;
}

struct Malformed {
  const char* what;
  FieldList fields;
};

const Malformed ResetCases[] = {
    {"no method", {{":scheme", "http"}, {":authority", "a"}, {":path", "/"}}},
    {"no scheme", {{":method", "GET"}, {":authority", "a"}, {":path", "/"}}},
    {"no path", {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}},
    {"method twice", with(get(), {":method", "GET"})},
    {"pseudo-header field behind another",
     {{":method", "GET"}, {":scheme", "http"}, {"a", "b"}, {":authority", "a"}, {":path", "/"}}},
    {"unknown pseudo-header field", with(request("GET", "/"), {":weird", "x"})},
    {"a response's pseudo-header field", with(request("GET", "/"), {":status", "200"})},
    {"empty path", request("GET", "")},
    {"path without a slash", request("GET", "x")},
    {"star for GET", request("GET", "*")},
    {"space in the path", request("GET", "/a b")},
    {"control byte in the path", request("GET", "/a\x01")},
    {"method that is no token", request("GE T", "/")},
    {"empty method", request("", "/")},
    {"upper case name", get({{"Accept", "x"}})},
    {"connection", get({{"connection", "close"}})},
    {"keep-alive", get({{"keep-alive", "1"}})},
    {"proxy-connection", get({{"proxy-connection", "close"}})},
    {"transfer-encoding", get({{"transfer-encoding", "chunked"}})},
    {"upgrade", get({{"upgrade", "websocket"}})},
    {"te that is not trailers", get({{"te", "gzip"}})},
    {"host twice", get({{"host", "a.test"}, {"host", "a.test"}})},
    {"content-length twice", get({{"content-length", "0"}, {"content-length", "0"}})},
    {"content-length that is no number", get({{"content-length", "+1"}})},
    {"content-length and no body", get({{"content-length", "1"}})},
    {"authority with odd bytes",
     {{":method", "GET"}, {":scheme", "http"}, {":authority", "a\\b"}, {":path", "/"}}},
    {"CONNECT with a path", with({{":method", "CONNECT"}, {":authority", "a:1"}}, {":path", "/"})},
    {"CONNECT without authority", {{":method", "CONNECT"}}},
    {"protocol without CONNECT", with(request("GET", "/"), {":protocol", "websocket"})},
};

TEST(Http2Strictness, MalformedRequestsAreReset) {
  for (const Malformed& c : ResetCases) {
    ServerHarness server;
    server.feed(hello());
    server.sent();
    server.feed(headers(1, c.fields));
    EXPECT_EQ(describeOutcome(server.sent()), Reset) << c.what;
    EXPECT_EQ(server.codec->openStreams(), 0U) << c.what;
    for (const auto& stream : server.events.streams) {
      EXPECT_EQ(stream->log.find("headers"), std::string::npos) << c.what;
      EXPECT_EQ(stream->log, "reset protocol_error h2_malformed_head\n") << c.what;
    }
    server.feed(headers(3, get()));
    EXPECT_TRUE(server.events.streams.back()->ended) << c.what;
  }
}

FieldList to(std::string authority) {
  return {{":method", "GET"},
          {":scheme", "http"},
          {":authority", std::move(authority)},
          {":path", "/"}};
}

// A host and perhaps a port, by the rule that HTTP/1 has.
TEST(Http2Strictness, AnAuthorityIsAHostAndAPort) {
  for (const std::string good : {"a", "a:80", "a:", "[::1]", "[::1]:80", "1.2.3.4:5", "a:1,b:2"}) {
    ServerHarness server;
    server.feed(hello() + headers(1, to(good)));
    EXPECT_TRUE(server.stream().log.starts_with("headers ")) << good << server.stream().log;
  }
  for (const std::string bad : {"a:b:c", "a:99999", "[::1", "[::1]x", "[]", "a:x", "a:1,b:x"}) {
    for (const FieldList& fields :
         {to(bad),
          FieldList{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", bad}}}) {
      ServerHarness server;
      server.feed(hello() + headers(1, fields));
      EXPECT_EQ(server.stream().log, "bad 400 bad_authority\n") << bad;
    }
  }
}

struct Bad {
  const char* what;
  FieldList fields;
  const char* log;
};

const Bad BadCases[] = {
    {"fragment", request("GET", "/a#b"), "bad 400 bad_path\n"},
    {"host against authority", get({{"host", "b.test"}}), "bad 400 host_mismatch\n"},
    {"user information",
     {{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}},
     "bad 400 bad_authority\n"},
    {"name with a space", get({{"a b", "x"}}), "bad 400 h2_malformed_head\n"},
    {"empty name", get({{"", "x"}}), "bad 400 h2_malformed_head\n"},
    {"value with NUL", get({{"a", std::string("x\0y", 3)}}), "bad 400 h2_malformed_head\n"},
    {"value with CR", get({{"a", "x\ry"}}), "bad 400 h2_malformed_head\n"},
    {"value with LF", get({{"a", "x\ny"}}), "bad 400 h2_malformed_head\n"},
    {"value that begins with a space", get({{"a", " x"}}), "bad 400 h2_malformed_head\n"},
    {"value that ends with a tab", get({{"a", "x\t"}}), "bad 400 h2_malformed_head\n"},
    {"underscore", get({{"x_y", "1"}}), "bad 400 underscore_in_header\n"},
    {"long target", request("GET", "/" + std::string(9000, 'a')), "bad 414 target_too_long\n"},
    {"too many fields", get(FieldList(97, {"a", "b"})), "bad 431 headers_too_large\n"},
    {"too many crumbs", get(FieldList(97, {"cookie", "b"})), "bad 431 headers_too_large\n"},
    {"too large a field", get({{"a", std::string(62'000, 'x')}}), "bad 431 headers_too_large\n"},
};

TEST(Http2Strictness, BadRequestsCanBeAnswered) {
  for (const Bad& c : BadCases) {
    ServerHarness server;
    server.feed(hello() + longHeaders(1, fieldBlock(c.fields)));
    server.sent();
    EXPECT_EQ(server.stream().log, c.log) << c.what;
    EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "400"}}, true));
    EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1 end\n") << c.what;
    EXPECT_EQ(server.codec->openStreams(), 0U) << c.what;
  }
}

TEST(Http2Strictness, BodyOfABadRequestIsDropped) {
  ServerHarness server;
  server.feed(hello() + headers(1, get({{"x_y", "1"}}), 0));
  for (int i = 0; i < 8; ++i) server.feed(data(1, std::string(8000, 'x')));
  EXPECT_EQ(server.stream().log, "bad 400 underscore_in_header\n");
  EXPECT_EQ(server.stream().body, "");
  server.sent();
  EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "400"}}, true));
  EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1 end\n");
}

struct Good {
  const char* what;
  FieldList fields;
  const char* log;
};

const Good GoodCases[] = {
    {"host alone",
     {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a.test"}},
     "headers :method=GET :scheme=http :path=/ :authority=a.test end\n"},
    {"host as authority, in other letters", get({{"host", "A.test"}}),
     "headers :method=GET :scheme=http :authority=a.test :path=/ end\n"},
    {"star for OPTIONS", request("OPTIONS", "*"),
     "headers :method=OPTIONS :scheme=http :authority=a.test :path=* end\n"},
    {"crumbs", get({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}),
     "headers :method=GET :scheme=http :authority=a.test :path=/ cookie=a=1; b=2 x=y end\n"},
    {"octets above ASCII", get({{"a", "\xc3\xa9"}}),
     "headers :method=GET :scheme=http :authority=a.test :path=/ a=\xc3\xa9 end\n"},
    {"as many fields as allowed", get(FieldList(96, {"a", ""})), nullptr},
};

TEST(Http2Strictness, RequestsOfEveryAllowedFormAreTaken) {
  for (const Good& c : GoodCases) {
    ServerHarness server;
    server.feed(hello() + headers(1, c.fields));
    EXPECT_TRUE(server.stream().ended) << c.what;
    if (c.log != nullptr) {
      EXPECT_EQ(server.stream().log, c.log) << c.what;
    }
  }
}

TEST(Http2Strictness, UnderscoresAsTheSettingsSay) {
  const std::pair<Underscores, const char*> cases[] = {
      {Underscores::Drop, "headers :method=GET :scheme=http :authority=a.test :path=/ end\n"},
      {Underscores::Allow,
       "headers :method=GET :scheme=http :authority=a.test :path=/ x_y=1 end\n"}};
  for (const auto& [underscores, log] : cases) {
    http::Http2Settings settings;
    settings.headers.underscores = underscores;
    ServerHarness server(settings);
    server.feed(hello() + headers(1, get({{"x_y", "1"}})));
    EXPECT_EQ(server.stream().log, log);
  }
}

TEST(Http2Strictness, ExtendedConnectOnlyIfItIsAllowed) {
  http::Http2Settings settings;
  settings.allow_connect = false;
  ServerHarness server(settings);
  server.feed(hello() + headers(1, {{":method", "CONNECT"},
                                    {":protocol", "websocket"},
                                    {":scheme", "http"},
                                    {":authority", "a"},
                                    {":path", "/"}}));
  EXPECT_NE(describeOutcome(server.sent()).find(Reset), std::string::npos);
}

const Malformed TrailerCases[] = {
    {"pseudo-header field", {{":path", "/"}}},
    {"connection", {{"connection", "close"}}},
    {"underscore", {{"x_y", "1"}}},
    {"too many", FieldList(101, {"a", "b"})},
};

TEST(Http2Strictness, MalformedTrailersResetTheStreamOnceAResponseHasBegun) {
  for (const Malformed& c : TrailerCases) {
    ServerHarness server;
    server.feed(hello() + headers(1, get(), 0) + data(1, "abc"));
    EXPECT_TRUE(server.stream().encoder->encodeHeaders(Fields{{":status", "200"}}, false));
    server.sent();
    server.feed(headers(1, c.fields));
    EXPECT_EQ(describeOutcome(server.sent()), Reset) << c.what;
    EXPECT_EQ(server.stream().log.find("trailers "), std::string::npos) << c.what;
    EXPECT_TRUE(server.stream().was_reset) << c.what;
    EXPECT_FALSE(server.stream().ended) << c.what;
  }
}

// What is wrong with a request behind its head, and what comes of it while no response has begun.
struct BadRest {
  const char* what;
  FieldList head;
  std::string rest;
  const char* log;  // behind the head
};

const FieldList ThreeBytes = get({{"content-length", "3"}});
const BadRest BadRests[] = {
    {"underscore in trailers", get(), data(1, "abc") + headers(1, {{"x_y", "1"}}),
     "bad 400 underscore_in_trailers\n"},
    {"too many trailers", get(), data(1, "abc") + headers(1, FieldList(101, {"a", "b"})),
     "bad 431 trailers_too_large\n"},
    {"pseudo-header field in trailers", get(), headers(1, {{":path", "/"}}),
     "reset protocol_error h2_malformed_body\n"},
    {"connection in trailers", get(), headers(1, {{"connection", "close"}}),
     "reset protocol_error h2_malformed_body\n"},
    {"trailers that are not the end", get(), headers(1, {{"a", "b"}}, 0),
     "reset protocol_error h2_malformed_body\n"},
    {"more bytes than said", ThreeBytes, data(1, "abcd", EndStream),
     "reset protocol_error h2_malformed_body\n"},
    {"fewer bytes than said", ThreeBytes, data(1, "ab", EndStream),
     "reset protocol_error h2_malformed_body\n"},
    {"no bytes, and some were said", ThreeBytes, data(1, "", EndStream),
     "reset protocol_error h2_malformed_body\n"},
    {"fewer bytes than said, and trailers", ThreeBytes, data(1, "ab") + headers(1, {{"a", "b"}}),
     "reset protocol_error h2_malformed_body\n"},
};

TEST(Http2Strictness, ARequestThatIsBadBehindItsHeadIsAnsweredWhereThatCanBe) {
  for (const BadRest& c : BadRests) {
    for (const bool together : {false, true}) {
      SCOPED_TRACE(std::string(c.what) + (together ? ", with the head" : ""));
      ServerHarness server;
      server.feed(hello());
      const std::string head = headers(1, c.head, 0);
      if (!together) server.feed(head);
      server.feed(together ? head + c.rest : c.rest);
      RecordingDecoder& stream = server.stream();
      EXPECT_TRUE(stream.log.ends_with(c.log)) << stream.log;
      EXPECT_FALSE(stream.ended);
      if (stream.was_reset) {
        EXPECT_EQ(describeOutcome(server.sent()), Reset);
      } else {
        EXPECT_TRUE(stream.encoder->encodeHeaders(Fields{{":status", "400"}}, true));
        EXPECT_EQ(describeOutcome(server.sent()), "HEADERS 1 end\n");
      }
      EXPECT_EQ(server.codec->openStreams(), 0U);
      server.feed(headers(3, get()));
      EXPECT_TRUE(server.events.streams.back()->ended);
    }
  }
}

// A message is not whole without the trailers that were refused.
TEST(Http2Strictness, MalformedTrailersOfAResponseResetTheStream) {
  for (const Malformed& c : TrailerCases) {
    if (std::string_view(c.what) == "underscore") continue;
    ClientHarness client;
    client.feed(settings());
    RecordingDecoder& stream = client.request(get());
    client.sent();
    client.feed(headers(1, {{":status", "200"}}, 0) + data(1, "abc") + headers(1, c.fields));
    EXPECT_EQ(describeOutcome(client.sent()), Reset) << c.what;
    EXPECT_TRUE(stream.was_reset) << c.what;
    EXPECT_FALSE(stream.ended) << c.what;
    EXPECT_EQ(client.codec->openStreams(), 0U) << c.what;
  }
}

const Malformed ResponseCases[] = {
    {"no status", {{"a", "b"}}},
    {"status twice", {{":status", "200"}, {":status", "200"}}},
    {"status of two digits", {{":status", "20"}}},
    {"switching protocols", {{":status", "101"}}},
    {"a request's pseudo-header field", {{":status", "200"}, {":path", "/"}}},
    {"connection", {{":status", "200"}, {"connection", "close"}}},
    {"upper case", {{":status", "200"}, {"Server", "x"}}},
    {"too many fields", FieldList(101, {":status", "200"})},
};

TEST(Http2Strictness, MalformedResponsesAreReset) {
  for (const Malformed& c : ResponseCases) {
    ClientHarness client;
    client.feed(settings());
    RecordingDecoder& stream = client.request(get());
    client.sent();
    FieldList fields = c.fields;
    if (std::string_view(c.what) == "too many fields") {
      fields = FieldList(101, {"a", "b"});
      fields.insert(fields.begin(), {":status", "200"});
    }
    client.feed(headers(1, fields));
    client.sent();
    EXPECT_TRUE(stream.was_reset) << c.what;
    EXPECT_EQ(stream.log.find("headers :"), std::string::npos) << c.what;
    EXPECT_EQ(client.codec->openStreams(), 0U) << c.what;
  }
}

const Malformed UnsendableCases[] = {
    {"name with a colon", get({{"a:b", "x"}})},
    {"name in upper case", get({{"Ab", "x"}})},
    {"unknown pseudo-header field", get({{":weird", "x"}})},
    {"status in a request", get({{":status", "200"}})},
    {"two paths", get({{":path", "/"}})},
    {"method that is no token", request("G T", "/")},
    {"path with a space", request("GET", "/a b")},
    {"no method", {{":scheme", "http"}, {":authority", "a"}, {":path", "/"}}},
};

TEST(Http2Strictness, WhatMustNotBeSentIsRefused) {
  for (const Malformed& c : UnsendableCases) {
    ClientHarness client;
    client.feed(settings());
    client.sent();
    RecordingDecoder& stream = client.request(c.fields);
    EXPECT_FALSE(client.sent_ok) << c.what;
    EXPECT_EQ(client.sent(), "") << c.what;
    stream.encoder->reset(http::ResetReason::Cancel);
    client.sent();
    EXPECT_EQ(client.codec->openStreams(), 0U) << c.what;
  }
}

TEST(Http2Strictness, FieldsOfAConnectionAreNotSent) {
  CodecPair pair;
  pair.client.request(get({{"connection", "x"},
                           {"keep-alive", "1"},
                           {"proxy-connection", "x"},
                           {"transfer-encoding", "chunked"},
                           {"upgrade", "h2c"},
                           {"http2-settings", "x"},
                           {"te", "gzip, trailers"},
                           {"host", "a.test"},
                           {"kept", "1"}}));
  pair.pump();
  EXPECT_EQ(pair.server.stream().log,
            "headers :method=GET :scheme=http :authority=a.test :path=/ te=trailers kept=1 end\n");
}

}  // namespace
}  // namespace weir::test
