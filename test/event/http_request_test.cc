#include "source/event/http_request.h"

#include <gtest/gtest.h>

#include "test/support/every_prefix.h"

namespace weir::event {
namespace {

const std::string Whole =
    "POST /logging/x%20y?level=debug&component=dns%26&flag HTTP/1.1\r\nHost: LocalHost:9901\r\n"
    "Content-Length: 5\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    "Origin: http://localhost:9901\r\nAccept: Text/HTML,*/*;q=0.8\r\nExpect: 100-continue\r\n\r\n";

std::string_view textOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(HttpHeadTest, HasAllOfARequest) {
  const HttpHeadResult result = parseHttpHead(Whole + "a=b&c");
  const auto* head = std::get_if<HttpRequestHead>(&result);
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->path, "/logging/x y");
  EXPECT_EQ(head->parameters,
            (HttpParameters{{"level", "debug"}, {"component", "dns&"}, {"flag", ""}}));
  EXPECT_EQ(head->host, "localhost:9901");
  EXPECT_EQ(head->origin, "http://localhost:9901");
  EXPECT_EQ(head->accept, "text/html,*/*;q=0.8");
  EXPECT_TRUE(head->form);
  EXPECT_TRUE(head->expects_continue);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_EQ(head->content_length, 5U);
  EXPECT_EQ(head->bytes, Whole.size());
}

TEST(HttpHeadTest, EveryPrefixNeedsMore) {
  const auto answers = test::feedEveryPrefix(
      test::bytesOf(Whole),
      [](std::span<const uint8_t> bytes) { return parseHttpHead(textOf(bytes)); });
  for (size_t size = 0; size < Whole.size(); ++size) {
    EXPECT_TRUE(std::holds_alternative<HttpNeedsMore>(answers[size])) << size;
  }
  EXPECT_TRUE(std::holds_alternative<HttpRequestHead>(answers[Whole.size()]));
}

TEST(HttpHeadTest, AnyByteInAnyPlaceIsAnswered) {
  for (size_t at = 0; at < Whole.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = Whole;
      changed[at] = static_cast<char>(byte);
      (void)parseHttpHead(changed);
    }
  }
}

TEST(HttpHeadTest, KeepsTheConnectionAsTheVersionAndTheHeaderSay) {
  struct Case {
    std::string text;
    bool keep;
  };
  for (const Case& c : {Case{"GET / HTTP/1.1\r\n\r\n", true},
                        {"GET / HTTP/1.0\r\n\r\n", false},
                        {"GET / HTTP/1.1\r\nConnection: Close\r\n\r\n", false},
                        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true}}) {
    EXPECT_EQ(std::get<HttpRequestHead>(parseHttpHead(c.text)).keep_alive, c.keep) << c.text;
  }
}

struct Refused {
  std::string text;
  int status;
};

TEST(HttpHeadTest, RefusesWhatIsNotARequest) {
  const std::string get = "GET / HTTP/1.1\r\n";
  for (const Refused& c : {
           Refused{"GET /\r\n", 400},
           {"GET / HTTP/2.0\r\n", 505},
           {"GET / HTTP/1.2\r\n", 505},
           {"GET / FTP/1.1\r\n", 400},
           {"DELETE / HTTP/1.1\r\n", 501},
           {"G@T / HTTP/1.1\r\n", 400},
           {" / HTTP/1.1\r\n", 400},
           {"GET x HTTP/1.1\r\n", 400},
           {"GET http://a/ HTTP/1.1\r\n", 400},
           {"GET /a b HTTP/1.1\r\n", 400},
           {"GET /\x80 HTTP/1.1\r\n", 400},
           {"GET /%2 HTTP/1.1\r\n", 400},
           {"GET /%zz HTTP/1.1\r\n", 400},
           {"GET /?a=%zz HTTP/1.1\r\n", 400},
           {"\r\n\r\n", 400},
           {get + "no colon\r\n\r\n", 400},
           {get + " folded: x\r\n\r\n", 400},
           {get + "a b: x\r\n\r\n", 400},
           {get + "a: x\ny\r\n\r\n", 400},
           {get + "Host: a\r\nHost: b\r\n\r\n", 400},
           {get + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
           {get + "Content-Length: -1\r\n\r\n", 400},
           {get + "Content-Length: 1x\r\n\r\n", 400},
           {get + "Content-Length:\r\n\r\n", 400},
           {get + "Content-Length: 65537\r\n\r\n", 413},
           {get + "Content-Length: 99999999999999999999999\r\n\r\n", 413},
           {get + "Transfer-Encoding: chunked\r\n\r\n", 501},
           {get + std::string(MaxHttpHeadBytes, 'a'), 431},
           {std::string(MaxHttpHeadBytes, 'a'), 431},
       }) {
    const HttpHeadResult result = parseHttpHead(c.text);
    const auto* refusal = std::get_if<HttpRefusal>(&result);
    ASSERT_NE(refusal, nullptr) << c.text.substr(0, 80);
    EXPECT_EQ(refusal->status, c.status) << c.text.substr(0, 80);
  }
}

TEST(HttpParametersTest, AreDecodedInTheirOrder) {
  HttpParameters out;
  EXPECT_TRUE(parseHttpParameters("a=1&&b=x+y%2B&c&=d&e=f=g&", out));
  EXPECT_EQ(out, (HttpParameters{{"a", "1"}, {"b", "x y+"}, {"c", ""}, {"", "d"}, {"e", "f=g"}}));
  EXPECT_EQ(findParameter(out, "b"), "x y+");
  EXPECT_EQ(findParameter(out, "z"), std::nullopt);
  EXPECT_FALSE(parseHttpParameters("a=%", out));
  EXPECT_FALSE(parseHttpParameters("a=%4", out));
}

}  // namespace
}  // namespace weir::event
