#include "source/http/upgrade.h"

#include <gtest/gtest.h>

#include <utility>

#include "source/http/sha1.h"

namespace weir::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

void fill(HeaderMap& map, const Fields& fields) {
  for (const auto& [name, value] : fields) map.add(name, value);
}

std::string textOf(const HeaderMap& map) {
  std::string out;
  for (const HeaderEntry& entry : map.entries()) {
    out += std::string(entry.name) + "=" + std::string(entry.value) + ";";
  }
  return out;
}

const Fields WebSocketUpgrade = {{":method", "GET"},
                                 {":scheme", "http"},
                                 {":authority", "a"},
                                 {":path", "/chat"},
                                 {"upgrade", "websocket"},
                                 {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                 {"sec-websocket-version", "13"},
                                 {"x-one", "1"}};

std::string hexOf(std::string_view text) {
  std::string out;
  for (const uint8_t byte : sha1(text)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

// RFC 3174 7.3, and FIPS 180's of the empty text.
TEST(Sha1Test, IsThatOfTheStandards) {
  EXPECT_EQ(hexOf(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hexOf("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hexOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hexOf(std::string(1000000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  std::string repeated;
  for (int i = 0; i < 80; ++i) repeated += "01234567";
  EXPECT_EQ(hexOf(repeated), "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

// The lengths at which the end of the text takes another block.
TEST(Sha1Test, EndsInOneBlockOrTwo) {
  EXPECT_EQ(hexOf(std::string(55, 'a')), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  EXPECT_EQ(hexOf(std::string(56, 'a')), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  EXPECT_EQ(hexOf(std::string(63, 'a')), "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
  EXPECT_EQ(hexOf(std::string(64, 'a')), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

// RFC 6455 1.3.
TEST(UpgradeTest, AnswersTheKeyOfAWebSocket) {
  EXPECT_EQ(webSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(UpgradeTest, AKeyIsSixteenBytes) {
  EXPECT_EQ(webSocketKey(0, 0), "AAAAAAAAAAAAAAAAAAAAAA==");
  EXPECT_EQ(webSocketKey(0x0807060504030201, 0x100f0e0d0c0b0a09), "AQIDBAUGBwgJCgsMDQ4PEA==");
}

struct FormCase {
  Fields request;
  TunnelForm form;
  std::vector<std::string> types;
};

TEST(UpgradeTest, KnowsWhatARequestAsksFor) {
  const FormCase cases[] = {
      {{{":method", "GET"}, {":path", "/"}}, TunnelForm::None, {}},
      {{{":method", "CONNECT"}, {":authority", "a:1"}}, TunnelForm::Connect, {"connect"}},
      {{{":method", "CONNECT"}, {":protocol", "WebSocket"}},
       TunnelForm::ExtendedConnect,
       {"websocket"}},
      {{{":method", "GET"}, {"upgrade", "WebSocket"}}, TunnelForm::Upgrade, {"websocket"}},
      {{{":method", "POST"}, {"upgrade", "spdy/3.1,\tWebSocket , x"}},
       TunnelForm::Upgrade,
       {"spdy", "websocket", "x"}},
  };
  for (const FormCase& one : cases) {
    HeaderMap request;
    fill(request, one.request);
    EXPECT_EQ(tunnelFormOf(request), one.form) << textOf(request);
    EXPECT_EQ(upgradeTypesOf(request), one.types) << textOf(request);
  }
}

TEST(UpgradeTest, OpensTunnelsByTheStatusOfTheirForm) {
  EXPECT_FALSE(opensTunnel(TunnelForm::None, 101));
  EXPECT_FALSE(opensTunnel(TunnelForm::None, 200));
  EXPECT_TRUE(opensTunnel(TunnelForm::Upgrade, 101));
  EXPECT_FALSE(opensTunnel(TunnelForm::Upgrade, 200));
  EXPECT_TRUE(opensTunnel(TunnelForm::Connect, 200));
  EXPECT_TRUE(opensTunnel(TunnelForm::ExtendedConnect, 299));
  EXPECT_FALSE(opensTunnel(TunnelForm::Connect, 300));
  EXPECT_FALSE(opensTunnel(TunnelForm::Connect, 101));
}

TEST(UpgradeTest, KeepsTheProtocolsThatMayPass) {
  HeaderMap request;
  fill(request, {{":method", "GET"}, {"upgrade", "spdy/3.1, WebSocket, x"}});
  keepUpgrades({"websocket", "x"}, request);
  EXPECT_EQ(request.get(HeaderId::Upgrade), "WebSocket, x");
  HeaderMap connect;
  fill(connect, {{":method", "CONNECT"}, {":protocol", "x"}});
  keepUpgrades({"y"}, connect);
  EXPECT_EQ(textOf(connect), ":method=CONNECT;:protocol=x;");
}

TEST(UpgradeTest, TurnsAnUpgradeIntoAnExtendedConnect) {
  HeaderMap from;
  HeaderMap to;
  fill(from, WebSocketUpgrade);
  from.add("content-length", "0");
  toExtendedConnect(from, to);
  EXPECT_EQ(textOf(to),
            ":method=CONNECT;:protocol=websocket;:scheme=http;:authority=a;:path=/chat;"
            "sec-websocket-version=13;x-one=1;");
}

TEST(UpgradeTest, TurnsAnExtendedConnectIntoAnUpgrade) {
  HeaderMap from;
  HeaderMap to;
  fill(from, {{":method", "CONNECT"},
              {":protocol", "websocket"},
              {":scheme", "https"},
              {":authority", "a"},
              {":path", "/chat"},
              {"sec-websocket-key", "theirs"},
              {"x-one", "1"}});
  toUpgrade(from, "ours", to);
  EXPECT_EQ(textOf(to),
            ":method=GET;:scheme=https;:authority=a;:path=/chat;x-one=1;upgrade=websocket;"
            "sec-websocket-key=ours;");
}

TEST(UpgradeTest, OnlyAWebSocketHasAKey) {
  HeaderMap from;
  HeaderMap to;
  fill(from, {{":method", "CONNECT"}, {":protocol", "other"}, {":path", "/"}});
  toUpgrade(from, "ours", to);
  EXPECT_EQ(textOf(to), ":method=GET;:path=/;upgrade=other;");
}

struct AnswerCase {
  Fields response;
  UpgradeAnswer answer;
  std::string seen;  // by the client
};

TEST(UpgradeTest, AnswersAnUpgrade) {
  const AnswerCase cases[] = {
      {{{":status", "200"}, {"content-length", "0"}, {"sec-websocket-protocol", "chat"}},
       UpgradeAnswer::Tunnel,
       ":status=101;sec-websocket-protocol=chat;upgrade=websocket;"
       "sec-websocket-accept=s3pPLMBiTxaQ9kYGzzhZRbK+xOo=;"},
      {{{":status", "204"}},
       UpgradeAnswer::Tunnel,
       ":status=101;upgrade=websocket;sec-websocket-accept=s3pPLMBiTxaQ9kYGzzhZRbK+xOo=;"},
      {{{":status", "403"}, {"x", "y"}}, UpgradeAnswer::Passed, ":status=403;x=y;"},
      {{{":status", "302"}}, UpgradeAnswer::Passed, ":status=302;"},
  };
  for (const AnswerCase& one : cases) {
    HeaderMap request;
    HeaderMap response;
    fill(request, WebSocketUpgrade);
    fill(response, one.response);
    EXPECT_EQ(answerUpgrade(request, response), one.answer) << textOf(response);
    EXPECT_EQ(textOf(response), one.seen);
  }
}

TEST(UpgradeTest, AnswersAnExtendedConnect) {
  const std::string accept = webSocketAccept("key");
  const AnswerCase cases[] = {
      {{{":status", "101"},
        {"upgrade", "websocket"},
        {"connection", "upgrade"},
        {"sec-websocket-accept", accept},
        {"x", "y"}},
       UpgradeAnswer::Tunnel,
       ":status=200;x=y;"},
      // HTTP/2 has no refusal by success.
      {{{":status", "200"}}, UpgradeAnswer::Refused, ":status=200;"},
      {{{":status", "404"}}, UpgradeAnswer::Passed, ":status=404;"},
      {{{":status", "101"}, {"upgrade", "websocket"}, {"sec-websocket-accept", "other"}},
       UpgradeAnswer::Broken,
       ":status=101;upgrade=websocket;sec-websocket-accept=other;"},
      {{{":status", "101"}, {"upgrade", "websocket"}},
       UpgradeAnswer::Broken,
       ":status=101;upgrade=websocket;"},
      {{{":status", "101"}, {"sec-websocket-accept", accept}},
       UpgradeAnswer::NotOffered,
       ":status=101;sec-websocket-accept=" + accept + ";"},
      {{{":status", "101"}, {"upgrade", "other"}, {"sec-websocket-accept", accept}},
       UpgradeAnswer::NotOffered,
       ":status=101;upgrade=other;sec-websocket-accept=" + accept + ";"},
  };
  for (const AnswerCase& one : cases) {
    HeaderMap request;
    HeaderMap response;
    fill(request, {{":method", "CONNECT"}, {":protocol", "WebSocket"}});
    fill(response, one.response);
    EXPECT_EQ(answerExtendedConnect(request, "key", response), one.answer) << textOf(response);
    EXPECT_EQ(textOf(response), one.seen);
  }
}

TEST(UpgradeTest, AServerGoesOnWithWhatWasOffered) {
  struct Case {
    std::string offer;
    std::string answer;
    bool offered;
  };
  const Case cases[] = {
      {"websocket", "websocket", true},
      {"websocket", "WebSocket", true},
      {"a, b/2", "b/2", true},
      {"a, b/2", "b", true},
      {"a, b/2", "b/2, a", true},
      {"websocket", "h2c", false},
      {"websocket", "", false},
      {"websocket", "websocket, h2c", false},
      {"b/2", "b/1", false},
      {"websocket", "web", false},
      {"websocket", "websocket2", false},
      {"a, b", "a b", false},
  };
  for (const Case& one : cases) {
    HeaderMap request;
    HeaderMap response;
    fill(request, {{":method", "GET"}, {"upgrade", one.offer}});
    fill(response, {{":status", "101"}, {"upgrade", one.answer}});
    EXPECT_EQ(answersOffer(request, response), one.offered) << one.offer << " " << one.answer;
    setStatus(response, 200);
    EXPECT_TRUE(answersOffer(request, response));
  }
}

TEST(UpgradeTest, TakesWhateverStandsInUpgrade) {
  const std::string all = " ,, a/1 ,\t/2,websocket/13,,";
  for (size_t size = 0; size <= all.size(); ++size) {
    HeaderMap request;
    HeaderMap to;
    fill(request, {{":method", "GET"}, {"upgrade", all.substr(0, size)}});
    const auto types = upgradeTypesOf(request);
    keepUpgrades(types, request);
    EXPECT_EQ(upgradeTypesOf(request).empty(), types.empty());
    toExtendedConnect(request, to);
    EXPECT_EQ(to.get(HeaderId::Method), "CONNECT");
  }
}

}  // namespace
}  // namespace weir::http
