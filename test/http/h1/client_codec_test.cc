// The codec on the side of the upstream, as its connection and its pool see it.

#include "source/http/h1/client_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "test/http/h1/client_harness.h"

namespace weir::http::test {
namespace {

using Stream = ClientHarness::Stream;

TEST(Http1ClientCodecTest, WritesARequestAndTellsItsResponse) {
  ClientHarness client;
  client.request("GET", true, {{":scheme", "http"}, {"accept", "*/*"}});
  EXPECT_EQ(client.out.written, "GET / HTTP/1.1\r\nhost: a\r\naccept: */*\r\n\r\n");
  client.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: s\r\n\r\nok");
  EXPECT_EQ(client.story(),
            "head\n  :status: 200\n  content-length: 2\n  server: s\nbody ok\nend\n");
  EXPECT_EQ(client.streams_ended, 1);
  EXPECT_TRUE(client.codec.canTake());
}

TEST(Http1ClientCodecTest, RefusesResponsesWhoseConnectionNamesNoFields) {
  for (const char* option : {":status", ":path", "close, :status", "a b", "\"x\""}) {
    ClientHarness client;
    client.request();
    client.feed("HTTP/1.1 200 OK\r\nConnection: " + std::string(option) +
                "\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(client.story(),
              "reset protocol_error h1_connection_options\n"
              "connection reset h1_connection_options fault\n")
        << option;
  }
}

TEST(Http1ClientCodecTest, UnderscoresInTheFieldsOfAResponseAreNoFault) {
  for (const auto underscores : {Underscores::Reject, Underscores::Drop, Underscores::Allow}) {
    Http1Settings settings;
    settings.headers.underscores = underscores;
    ClientHarness client(settings);
    client.request();
    client.feed(
        "HTTP/1.1 200 OK\r\nX_Y: z\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT_U: v\r\n\r\n");
    EXPECT_EQ(client.story(), "head\n  :status: 200\n  x_y: z\ntrailers\n  t_u: v\n");
  }
}

TEST(Http1ClientCodecTest, ALengthInTheAnswerToAConnectMeansNothing) {
  for (const char* fields :
       {"Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"}) {
    ClientHarness client;
    Stream& stream = client.request("CONNECT", false);
    client.feed("HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\nhello tunnel");
    EXPECT_EQ(stream.decoder.told(), "head\n  :status: 200\nbody hello tunnel\n") << fields;
    client.send(stream, "raw", false);
    EXPECT_TRUE(client.out.written.ends_with("\r\n\r\nraw")) << client.out.written;
  }
}

TEST(Http1ClientCodecTest, WhatAnUpstreamDemandsToUpgradeToIsTold) {
  ClientHarness client;
  client.request();
  client.feed(
      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: x/2\r\nConnection: upgrade\r\n"
      "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(client.story(), "head\n  :status: 426\n  upgrade: x/2\n  content-length: 0\nend\n");
  EXPECT_TRUE(client.codec.canTake());
}

TEST(Http1ClientCodecTest, FramesTheBodyOfARequest) {
  struct Case {
    std::string_view method;
    bool end_stream;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string_view framing;
  };
  const Case cases[] = {
      {"GET", true, {}, ""},
      {"POST", true, {}, "content-length: 0\r\n"},
      {"DELETE", true, {{"content-length", "0"}}, "content-length: 0\r\n"},
      {"POST", false, {{"content-length", "5"}}, "content-length: 5\r\n"},
      {"POST", false, {}, "transfer-encoding: chunked\r\n"},
      {"GET", false, {}, "transfer-encoding: chunked\r\n"},
  };
  for (const Case& c : cases) {
    ClientHarness client;
    client.request(c.method, c.end_stream, c.fields);
    EXPECT_EQ(client.out.written, std::string(c.method) + " / HTTP/1.1\r\nhost: a\r\n" +
                                      std::string(c.framing) + "\r\n");
  }
}

TEST(Http1ClientCodecTest, WritesHeadAndSmallBodyAtOnce) {
  ClientHarness client;
  Stream& stream = client.open();
  HeaderMap head;
  head.add(":method", "POST");
  head.add(":path", "/");
  ASSERT_TRUE(stream.encoder->encodeHeaders(head, false));
  client.send(stream, "abc", true);
  EXPECT_EQ(client.out.writes, 1);
  EXPECT_EQ(client.out.written,
            "POST / HTTP/1.1\r\nhost: \r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
}

TEST(Http1ClientCodecTest, RefusesToWriteWhatMustNotBeSent) {
  struct Case {
    std::string_view method, authority, path, name, value;
  };
  const Case cases[] = {
      {"G T", "a", "/", "x", "y"},
      {"", "a", "/", "x", "y"},
      {"GET", "a b", "/", "x", "y"},
      {"GET", "u@a", "/", "x", "y"},
      {"GET", "a", "/ HTTP/1.1", "x", "y"},
      {"GET", "a", "/\r\n", "x", "y"},
      {"GET", "a", "", "x", "y"},
      {"GET", "a", "x", "x", "y"},
      {"GET", "a", "*", "x", "y"},
      {"GET", "a", "/#f", "x", "y"},
      {"CONNECT", "", "/", "x", "y"},
      {"GET", "a", "/", "x\r\ny", "y"},
      {"GET", "a", "/", "x:", "y"},
      {"GET", "a", "/", "x", "y\n"},
      {"GET", "a", "/", ":protocol", "websocket"},
      {"GET", "a", "/", "content-length", "+1"},
      {"GET", "a", "/", "content-length", "1"},
  };
  ClientHarness client;
  Stream& stream = client.open();
  for (const Case& c : cases) {
    HeaderMap head;
    head.add(":method", c.method);
    head.add(":authority", c.authority);
    head.add(":path", c.path);
    head.add(c.name, c.value);
    EXPECT_FALSE(stream.encoder->encodeHeaders(head, true)) << c.path << " " << c.name;
  }
  client.settle();
  EXPECT_EQ(client.out.written, "");
}

TEST(Http1ClientCodecTest, TellsEachInformationalResponse) {
  ClientHarness client;
  client.request();
  client.feed(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.story(),
            "head\n  :status: 100\nhead\n  :status: 103\n  link: x\nhead\n  :status: 204\nend\n");
}

TEST(Http1ClientCodecTest, BoundsInformationalResponses) {
  ClientHarness client;
  client.request();
  for (int i = 0; i <= 100; ++i) client.feed("HTTP/1.1 100\r\n\r\n");
  EXPECT_EQ(client.end, "reset h1_informational_responses fault");
}

struct ResponseCase {
  std::string method;
  std::string response;
  bool end_stream;
  std::string story;
};

TEST(Http1ClientCodecTest, ReadsTheBodyThatAResponseHas) {
  const ResponseCase cases[] = {
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false,
       "head\n  :status: 200\n  content-length: 5\nend\n"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false,
       "head\n  :status: 304\n  content-length: 5\nend\n"},
      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
       false, "head\n  :status: 200\nbody a\ntrailers\n  x: y\n"},
      {"GET", "HTTP/1.1 200 OK\r\n\r\nto the end", true,
       "head\n  :status: 200\nbody to the end\nend\nconnection flush last_response\n"},
      {"GET", "HTTP/1.1 200 OK\r\n\r\n", true,
       "head\n  :status: 200\nend\nconnection flush last_response\n"},
      {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", false,
       "head\n  :status: 200\n  content-length: 1\nbody a\nend\nconnection flush last_response\n"},
      {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", false,
       "head\n  :status: 200\n  content-length: 0\nend\n"},
      {"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false,
       "head\n  :status: 200\n  content-length: 0\nend\nconnection flush last_response\n"},
  };
  for (const ResponseCase& c : cases) {
    ClientHarness client;
    client.request(c.method);
    client.feed(c.response, c.end_stream);
    EXPECT_EQ(client.story(), c.story) << c.response;
    EXPECT_EQ(client.codec.canTake(), client.end.empty());
    EXPECT_EQ(client.codec.finished(), !client.end.empty());
  }
}

TEST(Http1ClientCodecTest, TellsAResponseThatIsNotWhole) {
  const ResponseCase cases[] = {
      {"GET", "", true, "reset connection_gone h1_closed_before_response\n"},
      {"GET", "HTTP/1.1 2", true, "reset connection_gone incomplete_head\n"},
      {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", true,
       "head\n  :status: 200\n  content-length: 2\nbody a\n"
       "reset connection_gone h1_incomplete_body\n"},
      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", true,
       "head\n  :status: 200\nbody a\nreset connection_gone h1_incomplete_body\n"},
      {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n", true,
       "head\n  :status: 200\nreset connection_gone h1_incomplete_body\n"},
  };
  for (const ResponseCase& c : cases) {
    ClientHarness client;
    client.request(c.method);
    client.feed(c.response, c.end_stream);
    EXPECT_EQ(client.story().substr(0, c.story.size()), c.story);
    EXPECT_TRUE(client.codec.finished());
    EXPECT_EQ(client.streams_ended, 1);
  }
}

TEST(Http1ClientCodecTest, RefusesAResponseThatCouldBeReadInTwoWays) {
  struct Case {
    std::string_view response;
    std::string_view detail;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\nA: b\r\n\r\n", "h1_bare_lf"},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "h1_folded_field"},
      {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "h1_field_name"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "h1_length_and_chunked"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
       "h1_repeated_content_length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "h1_content_length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "h1_content_length"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n", "h1_transfer_encoding"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "h1_transfer_encoding"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "h1_transfer_encoding_in_http_10"},
      {"HTTP/2.0 200 OK\r\n\r\n", "h1_version"},
      {"HTTP/1.1 20 OK\r\n\r\n", "h1_status"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "h1_status"},
      {"HTTP/1.1 099 OK\r\n\r\n", "h1_status"},
      {"HTTP/1.1  200 OK\r\n\r\n", "h1_status"},
      {"SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n", "h1_status_line"},
      {"\r\n", "h1_empty_head"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
       "h1_unexpected_101"},
  };
  for (const Case& c : cases) {
    ClientHarness client;
    client.request();
    client.feed(c.response);
    EXPECT_EQ(client.story(), "reset protocol_error " + std::string(c.detail) +
                                  "\nconnection reset " + std::string(c.detail) + " fault\n")
        << c.response;
  }
}

TEST(Http1ClientCodecTest, EndsWhenBytesComeThatNobodyAskedFor) {
  ClientHarness client;
  client.request();
  client.feed("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n");
  EXPECT_EQ(client.story(), "head\n  :status: 204\nend\nconnection reset h1_unasked_bytes fault\n");
  EXPECT_FALSE(client.codec.canTake());
}

TEST(Http1ClientCodecTest, TakesNothingForTheResponseThatCameBeforeTheRequestWasSent) {
  ClientHarness client;
  Stream& stream = client.open();
  HeaderMap head;
  head.add(":method", "GET");
  head.add(":path", "/");
  ASSERT_TRUE(stream.encoder->encodeHeaders(head, true));
  client.feed("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.story(),
            "reset connection_gone h1_premature_response\n"
            "connection reset h1_premature_response fault\n");
}

TEST(Http1ClientCodecTest, EndsWhenTheUpstreamClosesAnIdleConnection) {
  ClientHarness client;
  client.feed("", true);
  EXPECT_EQ(client.end, "flush closed_by_peer");
  EXPECT_TRUE(client.codec.finished());
}

TEST(Http1ClientCodecTest, GivesUpARequestWhoseResponseIsAlreadyWhole) {
  ClientHarness client;
  Stream& stream = client.request("POST", false, {{"content-length", "9"}});
  client.send(stream, "part", false);
  client.feed("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.story(),
            "head\n  :status: 413\n  content-length: 0\nend\n"
            "connection reset h1_early_response\n");
}

TEST(Http1ClientCodecTest, NeverWritesAFrameOfAnotherLength) {
  for (const std::string_view body : {"abc", "abcdef"}) {
    ClientHarness client;
    Stream& stream = client.request("POST", false, {{"content-length", "5"}});
    client.send(stream, body, true);
    EXPECT_EQ(client.story(),
              "reset internal_error h1_request_length\n"
              "connection reset h1_request_length fault\n");
  }
}

TEST(Http1ClientCodecTest, OpensATunnelWhenTheUpgradeIsAccepted) {
  ClientHarness client;
  Stream& stream = client.request("GET", false, {{"upgrade", "websocket"}});
  EXPECT_EQ(client.out.takeWritten(),
            "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
  client.send(stream, "early", false);
  EXPECT_EQ(client.out.written, "");
  client.feed(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      "Connection: upgrade\r\n\r\nhello");
  EXPECT_EQ(client.out.written, "early");
  EXPECT_EQ(client.story(), "head\n  :status: 101\n  upgrade: websocket\nbody hello\n");
  client.send(stream, "", true);
  EXPECT_TRUE(client.out.ended);
  EXPECT_EQ(client.end, "");
  client.feed("", true);
  EXPECT_EQ(client.end, "flush tunnel_ended");
}

TEST(Http1ClientCodecTest, DropsWhatWasMeantForATunnelThatWasRefused) {
  ClientHarness client;
  Stream& stream = client.request("GET", false, {{"upgrade", "websocket"}});
  client.send(stream, "early", false);
  client.out.takeWritten();
  client.feed("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  EXPECT_EQ(client.story(), "head\n  :status: 403\n  content-length: 2\nbody no\nend\n");
  EXPECT_EQ(client.out.written, "");
  EXPECT_TRUE(client.codec.canTake());
}

TEST(Http1ClientCodecTest, OpensATunnelWhenTheConnectSucceeds) {
  ClientHarness client;
  client.request("CONNECT", false);
  EXPECT_EQ(client.out.takeWritten(), "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n");
  client.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", true);
  EXPECT_EQ(client.story(), "head\n  :status: 200\nbody ab\nend\n");
  client.send(*client.streams[0], "x", true);
  EXPECT_EQ(client.out.written, "x");
  EXPECT_EQ(client.end, "flush tunnel_ended");
}

TEST(Http1ClientCodecTest, ResetBeforeTheRequestLeavesTheConnectionAlone) {
  ClientHarness client;
  client.open().encoder->reset(ResetReason::Cancel);
  client.settle();
  EXPECT_EQ(client.end, "");
  EXPECT_TRUE(client.codec.canTake());
}

TEST(Http1ClientCodecTest, ResetOfARequestEndsTheConnection) {
  ClientHarness client;
  client.request().encoder->reset(ResetReason::Cancel);
  client.settle();
  EXPECT_EQ(client.end, "reset cancel");
  EXPECT_EQ(client.streams_ended, 1);
}

TEST(Http1ClientCodecTest, DrainsBehindTheResponseThatIsUnderWay) {
  ClientHarness client;
  client.request();
  client.codec.startDrain();
  EXPECT_TRUE(client.codec.finished());
  client.feed("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.story(), "head\n  :status: 204\nend\nconnection flush drained\n");
}

TEST(Http1ClientCodecTest, PausesTheBodyOfAResponse) {
  ClientHarness client;
  Stream& stream = client.request();
  client.feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
  stream.encoder->pauseReading(true);
  client.feed("cd");
  EXPECT_EQ(stream.decoder.body, "ab");
  stream.encoder->pauseReading(false);
  client.settle();
  EXPECT_EQ(client.story(), "head\n  :status: 200\n  content-length: 4\nbody abcd\nend\n");
}

}  // namespace
}  // namespace weir::http::test
