#include "source/extensions/listener/proto_detect/http_sniffer.h"

#include <gtest/gtest.h>

#include "test/support/every_prefix.h"

namespace weir::extensions {
namespace {

using namespace std::string_literals;
using weir::test::bytesOf;
using weir::test::feedEveryPrefix;
using weir::test::feedEverySplit;
using enum HttpSniff;

constexpr std::string_view Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const HttpMethods& registered() {
  static const HttpMethods methods;
  return methods;
}

HttpSniff sniff(std::string_view bytes, const HttpMethods& methods = registered()) {
  return sniffHttp(bytesOf(bytes), methods);
}

// The length of the shortest prefix that has an answer.
size_t settledAt(std::string_view bytes, const HttpMethods& methods = registered()) {
  for (size_t size = 0; size <= bytes.size(); ++size) {
    if (sniff(bytes.substr(0, size), methods) != NeedMore) return size;
  }
  return std::string_view::npos;
}

struct HttpCase {
  std::string bytes;
  HttpSniff answer;
};

TEST(HttpSnifferTest, AWholeRequestLineIsHttp) {
  const HttpCase cases[] = {
      {"GET / HTTP/1.1\r\n", Http11},
      {"GET / HTTP/1.0\r\n", Http10},
      {"GET /foo/bar/bar/blah HTTP/1.1\r\n", Http11},
      {"POST /foo HTTP/1.1\r\n", Http11},
      {"PUT /x HTTP/1.1\r\n", Http11},
      {"PATCH /x HTTP/1.1\r\n", Http11},
      {"PROPFIND / HTTP/1.1\r\n", Http11},
      {"VERSION-CONTROL /x HTTP/1.1\r\n", Http11},
      {"UPDATE /x HTTP/1.1\r\n", Http11},
      {"UPDATEREDIRECTREF /x HTTP/1.1\r\n", Http11},
      {"OPTIONS * HTTP/1.1\r\n", Http11},
      {"CONNECT example.com:443 HTTP/1.1\r\n", Http11},
      {"GET http://example.com/?a=b HTTP/1.1\r\n", Http11},
      {"QUERY /q HTTP/1.1\r\n", Http11},
      {"GET /%7Euser/{x}|\"<>^` HTTP/1.1\r\n", Http11},
      {std::string(Preface), H2c},
  };
  for (const auto& [bytes, answer] : cases) {
    EXPECT_EQ(sniff(bytes), answer) << bytes;
    EXPECT_EQ(settledAt(bytes), bytes.size()) << bytes;
    EXPECT_EQ(sniff(bytes + "Host: x\r\n\r\n"), answer) << bytes;
    EXPECT_EQ(sniff(bytes + "\0\xff"s), answer) << bytes;
  }
}

struct NotHttpCase {
  std::string bytes;
  size_t settled_at;
};

void expectSettled(std::span<const NotHttpCase> cases) {
  for (const auto& [bytes, settled_at] : cases) {
    EXPECT_EQ(sniff(bytes), NotHttp) << bytes;
    EXPECT_EQ(settledAt(bytes), settled_at) << bytes;
  }
}

TEST(HttpSnifferTest, WhatIsAlmostHttpIsNotHttpFromTheFirstByteThatShowsIt) {
  const NotHttpCase cases[] = {
      {"get / HTTP/1.1\r\n", 1},
      {"Get / HTTP/1.1\r\n", 2},
      {"FOOBAR / HTTP/1.1\r\n", 1},
      {"XGET / HTTP/1.1\r\n", 1},
      {"GETX / HTTP/1.1\r\n", 4},
      {"M-SEARCH * HTTP/1.1\r\n", 2},
      {"\r\nGET / HTTP/1.1\r\n", 1},
      {"\nGET / HTTP/1.1\r\n", 1},
      {"\rGET / HTTP/1.1\r\n", 1},
      {" GET / HTTP/1.1\r\n", 1},
      {"GET\t/ HTTP/1.1\r\n", 4},
      {"GET  / HTTP/1.1\r\n", 5},
      {"GET /  HTTP/1.1\r\n", 7},
      {"GET /\tHTTP/1.1\r\n", 6},
      {"GET /x\r\n", 7},  // HTTP/0.9
      {"GET /x\n", 7},
      {"GET \r\n", 5},
      {"GET / HTTP/1.1\n", 15},
      {"GET / HTTP/1.1 \r\n", 15},
      {"GET / HTTP/1.1\r\r\n", 16},
      {"GET / HTTP/1.12\r\n", 15},
      {"GET / HTTP/1.2\r\n", 14},
      {"GET / HTTP/2.0\r\n", 12},
      {"GET / HTTP/0.9\r\n", 12},
      {"GET / http/1.1\r\n", 7},
      {"GET / HTTPS/1.1\r\n", 11},
      {"GET /a b HTTP/1.1\r\n", 8},
      {"GET /\xc3\xa9 HTTP/1.1\r\n", 6},  // UTF-8
      {"GET /\x7f HTTP/1.1\r\n", 6},
      {"GET /\0 HTTP/1.1\r\n"s, 6},
      {"PRI * HTTP/1.1\r\n", 12},
      {"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n", 20},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", 24},
      {"PRI /x", 5},
      {"PRX", 3},
  };
  expectSettled(cases);
}

// What detection that looks at one read, and takes any token for a method, has been seen to get
// wrong: none of these is HTTP, and all are known at once.
TEST(HttpSnifferTest, OtherProtocolsAreToldApartAtOnce) {
  const NotHttpCase cases[] = {
      {"aaaaaaaaaaaaaaaa", 1},
      {"hello-world-hello-world", 1},
      {"dGhpcyBpcyBiYXNlNjQ=", 1},
      {"SSH-2.0-OpenSSH_9.2", 2},
      {"SSH-2.0-OpenSSH_9.2\r\n", 2},
      {"foo.bar.blah\r\nbobo", 1},
      {"garbage garbage garbage ", 1},
      {"ruok", 1},
      {"PING\r\n", 2},
      {"*1\r\n$4\r\nPING\r\n", 1},
      {"get k\r\n", 1},
      {"set k 0 0 1\r\n", 1},
      {"CONNECT {\"verbose\":false}\r\n", 26},
      {"CONNECT {\"verbose\": false}\r\n", 21},
      {"EHLO client.example\r\n", 1},
      {"a001 CAPABILITY\r\n", 1},
      {"\0\0\0\x08\x04\xd2\x16\x2f"s, 1},
      {"\x10\x0c\0\x04MQTT\x04"s, 1},
      {"AMQP\0\0\x09\x01"s, 2},
      {"\x16\x03\x01\x02\0\x01"s, 1},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", 4},
      {"OPTIONS rtsp://h/x RTSP/1.0\r\n", 20},
      {"DESCRIBE rtsp://h/x RTSP/1.0\r\n", 3},
      {"OPTIONS sip:bob@h SIP/2.0\r\n", 19},
      {"INVITE sip:bob@h SIP/2.0\r\n", 1},
      {"OPTIONS icap://h/x ICAP/1.0\r\n", 20},
      {"HTTP/1.1 200 OK\r\n", 2},
      {"CONNECT\naccept-version:1.2\n", 8},
      {"STOMP\n", 2},
      {"{\"json\": true}", 1},
      {"some.metric:1|c", 1},
      {"<13>1 2026-11-22T00:00:00Z h a - - -", 1},
      {"X anything", 1},
  };
  expectSettled(cases);
}

TEST(HttpSnifferTest, EveryRegisteredMethodBeginsARequest) {
  EXPECT_EQ(registered().sorted().size(), 39U);
  for (const auto& method : registered().sorted()) {
    EXPECT_EQ(sniff(method + " / HTTP/1.1\r\n"), Http11) << method;
  }
}

TEST(HttpSnifferTest, ExtraMethodsCountWhereTheyAreGiven) {
  const HttpMethods methods({"PURGE", "M-SEARCH", "GET", "GETALL"});
  EXPECT_EQ(sniff("PURGE /x HTTP/1.1\r\n", methods), Http11);
  EXPECT_EQ(sniff("M-SEARCH * HTTP/1.1\r\n", methods), Http11);
  EXPECT_EQ(sniff("GET / HTTP/1.1\r\n", methods), Http11);
  EXPECT_EQ(sniff("GETALL / HTTP/1.1\r\n", methods), Http11);
  EXPECT_EQ(sniff("GETAL / HTTP/1.1\r\n", methods), NotHttp);
  EXPECT_EQ(sniff("PURGE /x HTTP/1.1\r\n"), NotHttp);
}

TEST(HttpSnifferTest, AnExtraMethodMayBeginLikeThePreface) {
  const HttpMethods methods({"PRICE", "PRI"});
  EXPECT_EQ(sniff("PRICE / HTTP/1.1\r\n", methods), Http11);
  EXPECT_EQ(sniff(Preface, methods), H2c);
  EXPECT_EQ(sniff("PRI / HTTP/1.1\r\n", methods), NotHttp);
}

TEST(HttpSnifferTest, TheLongestRequestLineIsHttpAndALongerOneIsNot) {
  const std::string_view end = " HTTP/1.1\r\n";
  const std::string longest = "GET /" + std::string(MaxRequestLine - 5 - end.size(), 'x');
  const std::string line = longest + std::string(end);
  ASSERT_EQ(line.size(), MaxRequestLine);
  EXPECT_EQ(sniff(line), Http11);
  EXPECT_EQ(sniff(longest), NeedMore);
  EXPECT_EQ(sniff(longest + "x"), NotHttp);
  EXPECT_EQ(sniff(longest + "x" + std::string(end)), NotHttp);
}

// Feeding byte by byte must cost the line's length, not its square: a scan of everything on each
// call would take minutes.
TEST(HttpSnifferTest, ALongLineInSingleBytesIsReadOnce) {
  const std::string line = "GET /" + std::string(60'000, 'x') + " HTTP/1.0\r\n";
  HttpSniffer sniffer(registered());
  size_t size = 0;
  while (sniffer.scan(bytesOf(line).first(size)) == NeedMore) ++size;
  EXPECT_EQ(size, line.size());
}

std::vector<std::string> streamsToCut() {
  return {
      "GET /foo/bar/bar/blah HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /foo HTTP/1.0\r\n\r\nbody",
      std::string(Preface) + "\0\0\0\4"s,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r!",
      "PROPPATCH /x HTTP/1.1\r\n",
      "OPTIONS rtsp://h/x RTSP/1.0\r\n",
      "GET /x\r\n",
      "UPDATEREDIRECT /x HTTP/1.1\r\n",
      "ruok",
  };
}

TEST(HttpSnifferTest, TheAnswerDoesNotDependOnTheCut) {
  const auto make = [] {
    return
        [sniffer = HttpSniffer(registered())](auto prefix) mutable { return sniffer.scan(prefix); };
  };
  for (const auto& stream : streamsToCut()) {
    for (const auto answer : feedEverySplit(bytesOf(stream), make))
      EXPECT_EQ(answer, sniff(stream));
    const auto fresh = [](auto prefix) { return sniffHttp(prefix, registered()); };
    EXPECT_EQ(feedEveryPrefix(bytesOf(stream), make()), feedEveryPrefix(bytesOf(stream), fresh));
  }
}

// Of bytes that are held, both answers can still come: nothing was settled too late.
TEST(HttpSnifferTest, NothingIsHeldThatIsSettled) {
  for (const std::string line : {"GET /ab HTTP/1.1\r\n", "BASELINE-CONTROL / HTTP/1.0\r\n"}) {
    for (size_t size = 0; size < line.size(); ++size) {
      EXPECT_EQ(sniff(line.substr(0, size)), NeedMore) << size;
      EXPECT_EQ(sniff(line.substr(0, size) + "\x01"), NotHttp) << size;
    }
  }
  for (size_t size = 0; size < Preface.size(); ++size) {
    EXPECT_EQ(sniff(Preface.substr(0, size)), NeedMore) << size;
    EXPECT_EQ(sniff(std::string(Preface.substr(0, size)) + "\x01"), NotHttp) << size;
  }
}

}  // namespace
}  // namespace weir::extensions
