// The codec on the side of the client, as its connection and its connection manager see it.

#include "source/http/h1/server_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "test/http/h1/server_harness.h"

namespace weir::http::test {
namespace {

using Stream = ServerHarness::Stream;

std::string request(std::string_view more = "", std::string_view line = "GET / HTTP/1.1") {
  return std::string(line) + "\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

const std::string Get = request();
const std::string GetHead = "head\n  :method: GET\n  :scheme: http\n  :authority: a\n  :path: /\n";

TEST(Http1ServerCodecTest, TellsARequestAndWritesItsResponse) {
  ServerHarness server;
  server.answerAll("hello");
  server.feed("GET /x?y HTTP/1.1\r\nHost: example.com\r\nUser-Agent:  me \r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(server.story(),
            "head\n  :method: GET\n  :scheme: http\n  :authority: example.com\n  :path: /x?y\n"
            "  user-agent: me\n  accept: */*\nend\n");
  EXPECT_EQ(server.out.written, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
  EXPECT_EQ(server.out.writes, 1);
  EXPECT_EQ(server.streams_ended, 1);
  EXPECT_EQ(server.codec.openStreams(), 0U);
}

TEST(Http1ServerCodecTest, AnswersPipelinedRequestsInTheirOrder) {
  ServerHarness server;
  server.answerAll();
  server.feed(request("", "GET /1 HTTP/1.1") + request("", "GET /2 HTTP/1.1"));
  ASSERT_EQ(server.streams.size(), 2U);
  EXPECT_EQ(server.streams[1]->decoder.head.get(HeaderId::Path), "/2");
  EXPECT_EQ(server.out.writes, 2);
  EXPECT_EQ(server.end, "");
}

TEST(Http1ServerCodecTest, LeavesTheNextRequestUntilTheResponseHasEnded) {
  ServerHarness server;
  server.feed(Get + Get);
  EXPECT_EQ(server.streams.size(), 1U);
  EXPECT_EQ(server.input.size(), Get.size());
  server.respond(*server.streams[0], 200, "");
  server.settle();
  EXPECT_EQ(server.streams.size(), 2U);
}

TEST(Http1ServerCodecTest, AnswersAClientThatHasClosedItsSide) {
  ServerHarness server;
  server.feed(Get, true);
  EXPECT_EQ(server.end, "");
  server.respond(*server.streams[0], 200, "late");
  server.settle();
  EXPECT_EQ(server.out.written, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate");
  EXPECT_EQ(server.end, "flush closed_by_peer");
}

TEST(Http1ServerCodecTest, ReadsChunksAndTrailers) {
  ServerHarness server;
  server.feed(request("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1") +
              "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 7\r\nHost: b\r\n\r\n");
  EXPECT_EQ(server.story(),
            "head\n  :method: POST\n  :scheme: http\n  :authority: a\n  :path: /\n"
            "body abcde\ntrailers\n  x-sum: 7\n");
}

TEST(Http1ServerCodecTest, TellsTheEndWithTheLastBytes) {
  ServerHarness server;
  server.feed(request("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(server.first().data_calls, 1);
}

TEST(Http1ServerCodecTest, WritesChunksForAResponseOfUnknownLength) {
  ServerHarness server;
  server.feed(Get);
  HeaderMap head;
  setStatus(head, 200);
  HeaderMap trailers;
  trailers.add("x-sum", "1");
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
  server.send(*server.streams[0], "0123456789abcdef", false);
  server.send(*server.streams[0], "", false);
  server.streams[0]->encoder->encodeTrailers(trailers);
  server.settle();
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            "10\r\n0123456789abcdef\r\n0\r\nx-sum: 1\r\n\r\n");
  EXPECT_EQ(server.end, "");
}

TEST(Http1ServerCodecTest, EndsTheConnectionBehindABodyThatHttp10CannotFrame) {
  ServerHarness server;
  server.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(server.streams[0]->version, Version::Http10);
  HeaderMap head;
  setStatus(head, 200);
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
  server.send(*server.streams[0], "all of it", true);
  server.settle();
  EXPECT_EQ(server.out.written, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it");
  EXPECT_EQ(server.end, "flush last_response");
}

struct KeepAliveCase {
  std::string request;
  std::string response_fields;
  std::string end;
};

TEST(Http1ServerCodecTest, KeepsTheConnectionAsBothSidesMeanIt) {
  const KeepAliveCase cases[] = {
      {Get, "", ""},
      {request("Connection: close\r\n"), "connection: close\r\n", "flush_write last_response"},
      {request("Connection: Keep-Alive, CLOSE\r\n"), "connection: close\r\n",
       "flush_write last_response"},
      {"GET / HTTP/1.0\r\n\r\n", "connection: close\r\n", "flush_write last_response"},
      // More than was said may follow: what is unread when a socket is closed resets it.
      {request("Connection: close\r\n") + "\r\n", "connection: close\r\n", "flush last_response"},
      {request("Connection: close\r\nContent-Length: 2\r\n") + "ab", "connection: close\r\n",
       "flush last_response"},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "connection: keep-alive\r\n", ""},
  };
  for (const KeepAliveCase& c : cases) {
    ServerHarness server;
    server.answerAll();
    server.feed(c.request);
    EXPECT_EQ(server.out.written,
              "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" + c.response_fields + "\r\nok")
        << c.request;
    EXPECT_EQ(server.end, c.end) << c.request;
  }
}

TEST(Http1ServerCodecTest, WritesNoBodyWhereThereIsNone) {
  struct Case {
    std::string_view method;
    unsigned status;
    std::string_view head;
  };
  const Case cases[] = {
      {"HEAD", 200, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"},
      {"GET", 304, "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"},
      {"GET", 204, "HTTP/1.1 204 No Content\r\n\r\n"},
  };
  for (const Case& c : cases) {
    ServerHarness server;
    server.feed(request("", std::string(c.method) + " / HTTP/1.1"));
    server.respond(*server.streams[0], c.status, "hello");
    server.settle();
    EXPECT_EQ(server.out.written, c.head);
    EXPECT_EQ(server.end, "");
  }
}

TEST(Http1ServerCodecTest, SendsInformationalResponsesToThoseWhoKnowThem) {
  for (const std::string_view version : {"1.0", "1.1"}) {
    ServerHarness server;
    server.feed(request("Expect: 100-continue\r\nContent-Length: 2\r\n",
                        "POST / HTTP/" + std::string(version)));
    EXPECT_EQ(server.first().head.get(HeaderId::Expect), "100-continue");
    HeaderMap head;
    setStatus(head, 100);
    EXPECT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
    server.settle();
    EXPECT_EQ(server.out.written, version == "1.0" ? "" : "HTTP/1.1 100 Continue\r\n\r\n");
  }
}

TEST(Http1ServerCodecTest, ClosesBehindAResponseThatCameBeforeTheRequestWasWhole) {
  ServerHarness server;
  server.feed(request("Content-Length: 10\r\n", "POST / HTTP/1.1") + "part");
  server.respond(*server.streams[0], 413, "");
  server.feed("more");
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(server.end, "flush h1_early_response");
  EXPECT_EQ(server.first().body, "part");
}

// Whatever the response is; but for a success, which may well end behind the request.
TEST(Http1ServerCodecTest, TellsInTheHeadOfAnEarlyResponseThatItCloses) {
  struct Case {
    unsigned status;
    bool body;
    bool closes;
  };
  for (const Case& one : {Case{200, false, true},
                          {413, false, true},
                          {200, true, false},
                          {307, true, true},
                          {401, true, true},
                          {408, true, true},
                          {413, true, true},
                          {503, true, true}}) {
    SCOPED_TRACE(one.status);
    ServerHarness server;
    server.feed(request("Content-Length: 10\r\n", "POST / HTTP/1.1") + "part");
    HeaderMap head;
    setStatus(head, one.status);
    ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, !one.body));
    server.settle();
    const bool told = server.out.written.find("\r\nconnection: close\r\n") != std::string::npos;
    EXPECT_EQ(told, one.closes);
    // The rest of the request comes while the response is under way.
    server.feed(" whole");
    if (one.body) server.send(*server.streams[0], "x", true);
    server.settle();
    EXPECT_EQ(server.end.empty(), !told) << server.end;
  }
}

TEST(Http1ServerCodecTest, NeverWritesAFrameOfAnotherLength) {
  struct Case {
    std::string_view body;
    bool last;
  };
  for (const Case& one : {Case{"abc", true}, {"abcdef", true}, {"abcdef", false}}) {
    ServerHarness server;
    server.feed(Get);
    HeaderMap head;
    setStatus(head, 200);
    head.add(HeaderId::ContentLength, "5");
    ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
    server.send(*server.streams[0], one.body, one.last);
    server.settle();
    EXPECT_EQ(server.end, "reset h1_response_length fault");
    // Whoever has written the end has done with the stream.
    const std::string told = one.last ? "" : "reset internal_error h1_response_length\n";
    EXPECT_EQ(server.story(),
              GetHead + "end\n" + told + "connection reset h1_response_length fault\n");
  }
}

TEST(Http1ServerCodecTest, RefusesToWriteWhatMustNotBeSent) {
  ServerHarness server;
  server.feed(Get);
  const auto refuses = [&](std::string_view name, std::string_view value) {
    HeaderMap head;
    setStatus(head, 200);
    head.add(name, value);
    return !server.streams[0]->encoder->encodeHeaders(head, true);
  };
  EXPECT_TRUE(refuses("x", "a\r\nb: c"));
  EXPECT_TRUE(refuses("x", std::string_view("a\0b", 3)));
  EXPECT_TRUE(refuses("a b", "c"));
  EXPECT_TRUE(refuses("", "c"));
  EXPECT_TRUE(refuses("content-length", "1, 1"));
  EXPECT_TRUE(refuses("content-length", "7"));
  EXPECT_TRUE(refuses(":status", "20"));
  server.settle();
  EXPECT_EQ(server.out.written, "");
  EXPECT_FALSE(refuses("x", "a\tb"));
}

TEST(Http1ServerCodecTest, WritesNoFieldOfTheConnection) {
  ServerHarness server;
  server.feed(Get);
  HeaderMap head;
  setStatus(head, 200);
  for (const char* name : {"keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade",
                           "http2-settings", "x-hop", "host"}) {
    head.add(name, "x");
  }
  head.add("connection", "close, X-Hop");
  head.add("x-kept", "1");
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, true));
  server.settle();
  EXPECT_EQ(server.out.written, "HTTP/1.1 200 OK\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n");
}

TEST(Http1ServerCodecTest, AnswersAMalformedRequestAndEnds) {
  ServerHarness server;
  server.answerAll();
  server.feed("GET / HTTP/1.1\nHost: a\r\n\r\n" + Get);
  EXPECT_EQ(server.story(), "bad 400 h1_bare_lf\nconnection flush last_response\n");
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

TEST(Http1ServerCodecTest, AnswersABrokenBodyThatHasNoResponseYet) {
  ServerHarness server;
  server.answerAll();
  server.feed(request("Transfer-Encoding: chunked\r\n") + "2\r\nabc\r\n0\r\n\r\n" + Get);
  EXPECT_EQ(server.streams.size(), 1U);
  EXPECT_EQ(server.story(),
            GetHead + "bad 400 h1_chunk_end\nbody ab\nconnection flush last_response\n");
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

TEST(Http1ServerCodecTest, TellsABodyThatWasCutOff) {
  ServerHarness server;
  server.feed(request("Content-Length: 5\r\n") + "ab", true);
  EXPECT_EQ(server.end, "reset h1_incomplete_body fault");
  EXPECT_NE(server.story().find("reset connection_gone h1_incomplete_body"), std::string::npos);
}

TEST(Http1ServerCodecTest, BoundsTheTimeOfAHeadFromItsFirstByte) {
  ServerHarness server;
  server.answerAll();
  server.loop.advance(std::chrono::seconds(60));
  server.feed("GET / HT");
  server.loop.advance(std::chrono::seconds(9));
  EXPECT_EQ(server.streams.size(), 0U);
  server.feed("TP/1.1\r\n");
  server.loop.advance(std::chrono::seconds(1));
  EXPECT_EQ(server.story(), "bad 408 h1_head_timeout\nconnection flush last_response\n");
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}

TEST(Http1ServerCodecTest, AHeadIsNotLateWhileNothingIsRead) {
  ServerHarness server;
  server.answerAll();
  server.feed("GET / HT");
  server.out.blocked = true;
  server.feed("TP/1.1\r\nHost: a\r\n\r\n");
  server.loop.advance(std::chrono::seconds(60));
  EXPECT_EQ(server.story(), "");
  server.out.blocked = false;
  server.codec.onWriteReady();
  server.settle();
  EXPECT_EQ(server.story(), GetHead + "end\n");
  EXPECT_EQ(server.end, "");
}

TEST(Http1ServerCodecTest, WhatFollowsTheLastRequestIsNotReadBeforeItsAnswer) {
  ServerHarness server;
  server.feed("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n");
  HeaderMap head;
  setStatus(head, 403);
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
  server.feed(std::string(100'000, 'x'));
  EXPECT_EQ(server.input.size(), 100'000U);
  server.send(*server.streams[0], "no", true);
  server.settle();
  EXPECT_EQ(server.end, "flush last_response");
  server.codec.onBytes(server.input, false);
  EXPECT_TRUE(server.input.empty());
}

TEST(Http1ServerCodecTest, ADrainThatFinishesWithTheResponseEndsTheConnection) {
  ServerHarness server;
  server.feed(Get);
  server.respond(*server.streams[0], 200, "ok");
  server.codec.startDrain();
  server.codec.finishDrain();
  server.settle();
  EXPECT_EQ(server.end, "flush drained");
}

TEST(Http1ServerCodecTest, AResponseThatDemandsAnUpgradeSaysToWhat) {
  ServerHarness server;
  server.feed(Get + request("Connection: close\r\n"));
  for (size_t i = 0; i < 2; ++i) {
    HeaderMap head;
    setStatus(head, 426);
    head.add(HeaderId::Upgrade, "x/2");
    ASSERT_TRUE(server.streams.at(i)->encoder->encodeHeaders(head, true));
    server.settle();
  }
  const std::string upgrade =
      "HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\nupgrade: x/2\r\n"
      "connection: upgrade\r\n";
  EXPECT_EQ(server.out.written, upgrade + "\r\n" + upgrade + "connection: close\r\n\r\n");
}

TEST(Http1ServerCodecTest, HoldsWhatFollowsAnUpgradeUntilItIsAccepted) {
  ServerHarness server;
  server.feed(request("Upgrade: h2c, websocket\r\nConnection: upgrade, HTTP2-Settings\r\n"
                      "HTTP2-Settings: x\r\n") +
              "early");
  EXPECT_EQ(server.story(), GetHead + "  upgrade: websocket\n");
  HeaderMap head;
  setStatus(head, 101);
  head.add(HeaderId::Upgrade, "websocket");
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
  server.settle();
  EXPECT_EQ(
      server.out.takeWritten(),
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
  EXPECT_EQ(server.first().body, "early");
  server.send(*server.streams[0], "frame", false);
  server.feed(" late", true);
  EXPECT_EQ(server.out.written, "frame");
  EXPECT_EQ(server.story(), GetHead + "  upgrade: websocket\nbody early late\nend\n");
  EXPECT_FALSE(server.out.ended);
  server.send(*server.streams[0], "", true);
  server.settle();
  EXPECT_TRUE(server.out.ended);
  EXPECT_EQ(server.end, "flush tunnel_ended");
  EXPECT_EQ(server.streams_ended, 1);
}

// Written with a space behind each comma the list is longer than it came.
TEST(Http1ServerCodecTest, AListOfProtocolsWithoutSpacesFits) {
  std::string packed = "a";
  std::string spaced = "a";
  for (int i = 0; i < 1000; ++i) {
    packed += ",b";
    spaced += ", b";
  }
  ServerHarness server;
  server.feed(request("Upgrade: " + packed + "\r\nUpgrade: c,,h2c,d\r\nConnection: upgrade\r\n"));
  HeaderMap& head = server.first().head;
  // What is added next must not lie upon it.
  head.add("x", std::string(1000, 'x'));
  EXPECT_EQ(head.get(HeaderId::Upgrade), spaced + ", c, d");
}

TEST(Http1ServerCodecTest, TakesWhatFollowsARefusedUpgradeForTheNextRequest) {
  ServerHarness server;
  server.feed(request("Upgrade: websocket\r\nConnection: upgrade\r\n") + Get);
  server.respond(*server.streams[0], 403, "no");
  server.settle();
  EXPECT_EQ(server.streams.size(), 2U);
  EXPECT_EQ(server.end, "");
}

TEST(Http1ServerCodecTest, LetsAConnectThroughOnlyAfterItsSuccess) {
  ServerHarness server;
  server.feed("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\nhello");
  EXPECT_EQ(server.story(), "head\n  :method: CONNECT\n  :authority: b:443\n");
  HeaderMap head;
  setStatus(head, 200);
  head.add(HeaderId::ContentLength, "3");
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
  server.settle();
  EXPECT_EQ(server.out.written, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(server.first().body, "hello");
}

TEST(Http1ServerCodecTest, EndsBehindAConnectThatWasRefused) {
  ServerHarness server;
  server.feed("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.respond(*server.streams[0], 403, "");
  server.settle();
  EXPECT_EQ(server.streams.size(), 1U);
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_EQ(server.end, "flush last_response");
}

TEST(Http1ServerCodecTest, DrainsAfterTheNextResponse) {
  ServerHarness server;
  server.answerAll();
  server.codec.startDrain();
  server.feed(Get);
  EXPECT_EQ(server.out.written,
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  EXPECT_EQ(server.end, "flush last_response");
}

TEST(Http1ServerCodecTest, EndsAnIdleConnectionAtTheEndOfTheDrain) {
  ServerHarness server;
  server.codec.startDrain();
  server.codec.finishDrain();
  server.settle();
  EXPECT_EQ(server.end, "flush drained");
}

TEST(Http1ServerCodecTest, PausesTheBodyAndTheConnection) {
  ServerHarness server;
  server.feed(request("Content-Length: 4\r\n") + "ab");
  server.streams[0]->encoder->pauseReading(true);
  EXPECT_TRUE(server.out.paused);
  server.feed("cd");
  EXPECT_EQ(server.first().body, "ab");
  server.streams[0]->encoder->pauseReading(false);
  server.settle();
  EXPECT_FALSE(server.out.paused);
  EXPECT_EQ(server.story(), GetHead + "  content-length: 4\nbody abcd\nend\n");
}

TEST(Http1ServerCodecTest, TellsWhenWritingIsBlockedAndWhenNoMore) {
  ServerHarness server;
  server.feed(Get);
  HeaderMap head;
  setStatus(head, 200);
  Stream& stream = *server.streams[0];
  ASSERT_TRUE(stream.encoder->encodeHeaders(head, false));
  server.send(stream, std::string(40000, 'x'), false);
  EXPECT_TRUE(stream.encoder->writeBlocked());
  server.out.blocked = true;
  server.settle();
  EXPECT_EQ(stream.decoder.write_ready, 0);
  server.out.blocked = false;
  server.codec.onWriteReady();
  EXPECT_EQ(stream.decoder.write_ready, 1);
}

TEST(Http1ServerCodecTest, BeginsNoRequestForAClientThatDoesNotReadItsResponses) {
  ServerHarness server;
  server.answerAll();
  server.out.blocked = true;
  server.feed(Get);
  EXPECT_EQ(server.streams.size(), 0U);
  server.out.blocked = false;
  server.codec.onWriteReady();
  server.settle();
  EXPECT_EQ(server.streams.size(), 1U);
}

TEST(Http1ServerCodecTest, ResetDropsWhatWasNotSent) {
  ServerHarness server;
  server.feed(Get);
  HeaderMap head;
  setStatus(head, 200);
  ASSERT_TRUE(server.streams[0]->encoder->encodeHeaders(head, false));
  server.streams[0]->encoder->reset(ResetReason::InternalError);
  server.settle();
  EXPECT_EQ(server.out.written, "");
  EXPECT_EQ(server.end, "reset internal_error");
  EXPECT_EQ(server.streams_ended, 1);
}

TEST(Http1ServerCodecTest, TellsAStreamThatItsConnectionIsGone) {
  ServerHarness server;
  server.feed(Get);
  server.codec.onConnectionGone();
  EXPECT_EQ(server.story(), GetHead + "end\nreset connection_gone \n");
  EXPECT_EQ(server.codec.openStreams(), 0U);
}

}  // namespace
}  // namespace weir::http::test
