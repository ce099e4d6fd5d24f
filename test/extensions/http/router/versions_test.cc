// Every version of HTTP on the side of the client with every one on that of the upstream, through a
// whole connection manager: what one side says the other one is told.

#include <gtest/gtest.h>

#include <string>

#include "source/http/upgrade.h"
#include "test/extensions/http/router/exchange.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr bool Versions[] = {false, true};  // whether it is HTTP/2

void forAll(const auto& body, const std::string& route = "", const std::string& manager = "") {
  for (const bool client : Versions) {
    for (const bool server : Versions) {
      Exchange exchange(client, server, route, manager);
      SCOPED_TRACE(exchange.name());
      body(exchange);
    }
  }
}

FieldList fields(const std::string& method, FieldList more = {}) {
  FieldList all = get(std::move(more));
  all[0].second = method;
  return all;
}
FieldList status(const std::string& code, FieldList more = {}) {
  more.insert(more.begin(), {":status", code});
  return more;
}

constexpr const char* Target = " :scheme=http :authority=a.test :path=/";

struct Row {
  const char* what;
  Message request;
  Message response;
  std::string server_gets;  // "METHOD" stands before the target, "|" for it
  std::string client_gets;
};

const Row Rows[] = {
    {"GET",
     {fields("GET", {{"x", "1"}})},
     {status("200", {{"content-length", "5"}}), "hello"},
     "headers :method=GET| x=1 end\n",
     "headers :status=200 content-length=5\nbody of 5 end\n"},
    {"a response of unknown length",
     {fields("GET")},
     {status("200"), "hello"},
     "headers :method=GET| end\n",
     "headers :status=200\nbody of 5 end\n"},
    {"a response without a body",
     {fields("GET")},
     {status("200", {{"content-length", "0"}})},
     "headers :method=GET| end\n",
     "headers :status=200 content-length=0 end\n"},
    {"a body with its length",
     {fields("POST", {{"content-length", "4"}}), "data"},
     {status("204")},
     "headers :method=POST| content-length=4\nbody of 4 end\n",
     "headers :status=204 end\n"},
    {"a body of unknown length",
     {fields("POST"), "data"},
     {status("204")},
     "headers :method=POST|\nbody of 4 end\n",
     "headers :status=204 end\n"},
    {"trailers both ways",
     {fields("POST"), "data", {{"sum", "1"}}},
     {status("200"), "hello", {{"grpc-status", "0"}}},
     "headers :method=POST|\nbody of 4\ntrailers sum=1\n",
     "headers :status=200\nbody of 5\ntrailers grpc-status=0\n"},
    {"HEAD",
     {fields("HEAD")},
     {status("200", {{"content-length", "5"}})},
     "headers :method=HEAD| end\n",
     "headers :status=200 content-length=5 end\n"},
    {"204",
     {fields("DELETE")},
     {status("204")},
     "headers :method=DELETE| end\n",
     "headers :status=204 end\n"},
    {"304",
     {fields("GET", {{"if-none-match", "\"x\""}})},
     {status("304", {{"etag", "\"x\""}})},
     "headers :method=GET| if-none-match=\"x\" end\n",
     "headers :status=304 etag=\"x\" end\n"},
    {"a large body both ways",
     {fields("POST"), std::string(300'000, 'u')},
     {status("200"), std::string(300'000, 'd')},
     "headers :method=POST|\nbody of 300000 end\n",
     "headers :status=200\nbody of 300000 end\n"},
};

std::string withTarget(std::string text) { return text.replace(text.find('|'), 1, Target); }

TEST(HttpVersions, AMessagePassesAsItIs) {
  for (const Row& row : Rows) {
    forAll([&](Exchange& exchange) {
      SCOPED_TRACE(row.what);
      exchange.request(row.request);
      ASSERT_TRUE(exchange.served(1));
      exchange.settle();
      EXPECT_TRUE(exchange.proxy.until([&] {
        exchange.settle();
        return exchange.server().ended;
      }));
      EXPECT_EQ(exchange.server().log, withTarget(row.server_gets));
      exchange.respond(row.response);
      EXPECT_TRUE(exchange.answered());
      EXPECT_EQ(exchange.client().log, row.client_gets);
    });
  }
}

TEST(HttpVersions, InformationalHeadsPass) {
  forAll([](Exchange& exchange) {
    exchange.begin(fields("POST", {{"expect", "100-continue"}, {"content-length", "4"}}), false);
    ASSERT_TRUE(exchange.served(1));
    EXPECT_TRUE(exchange.server().encoder->encodeHeaders(Fields{{":status", "100"}}, false));
    exchange.settle();
    EXPECT_EQ(exchange.client().log, "headers :status=100\n");
    exchange.toServer("data", true);
    EXPECT_EQ(exchange.server().body, "data");
    EXPECT_TRUE(exchange.server().encoder->encodeHeaders(
        Fields{{":status", "103"}, {"link", "</a>"}}, false));
    exchange.settle();
    exchange.respond({status("204")});
    EXPECT_TRUE(exchange.answered());
    EXPECT_EQ(exchange.client().log,
              "headers :status=100\nheaders :status=103 link=</a>\nheaders :status=204 end\n");
  });
}

TEST(HttpVersions, AResponseThatEndsWithItsConnectionIsWhole) {
  for (const bool client : Versions) {
    Exchange exchange(client, false);
    SCOPED_TRACE(exchange.name());
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(1));
    exchange.proxy.upstream().peer().send("HTTP/1.0 200 OK\r\n\r\nhello");
    exchange.settle();
    exchange.proxy.upstream().peer().sendEnd();
    EXPECT_TRUE(exchange.answered());
    EXPECT_EQ(exchange.client().log, "headers :status=200\nbody of 5 end\n");
  }
}

// Up to where it was reset.
std::string firstLine(const std::string& log) { return log.substr(0, log.find_first_of(" \n", 8)); }

TEST(HttpVersions, AnUpstreamThatResetsIsA503OrAReset) {
  forAll([](Exchange& exchange) {
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(1));
    exchange.server().encoder->reset(http::ResetReason::InternalError);
    exchange.settle();
    if (!exchange.server_h2) exchange.proxy.upstream().peer().reset();
    EXPECT_TRUE(exchange.answered());
    EXPECT_EQ(firstLine(exchange.client().log), "headers :status=503");
    EXPECT_NE(exchange.client().log.find("upstream_reset"), std::string::npos);
  });
  forAll([](Exchange& exchange) {
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(1));
    EXPECT_TRUE(exchange.server().encoder->encodeHeaders(Fields{{":status", "200"}}, false));
    exchange.toClient("some", false);
    EXPECT_EQ(exchange.client().body, "some");
    exchange.server().encoder->reset(http::ResetReason::InternalError);
    exchange.settle();
    if (!exchange.server_h2) exchange.proxy.upstream().peer().reset();
    EXPECT_TRUE(exchange.proxy.until([&] {
      exchange.settle();
      return exchange.client().was_reset;
    }));
    EXPECT_FALSE(exchange.client().ended);
  });
}

TEST(HttpVersions, AnUpstreamThatGoesOnceAllIsSaidHarmsNobody) {
  forAll([](Exchange& exchange) {
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(1));
    exchange.respond({status("200"), "hello"});
    EXPECT_TRUE(exchange.answered());
    exchange.proxy.upstream().peer().reset();
    exchange.settle();
    EXPECT_EQ(exchange.client().log, "headers :status=200\nbody of 5 end\n");
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(2));
    exchange.respond({status("204")});
    EXPECT_TRUE(exchange.answered());
    EXPECT_EQ(exchange.client().log, "headers :status=204 end\n");
  });
}

TEST(HttpVersions, AClientThatResetsResetsTheUpstream) {
  forAll([](Exchange& exchange) {
    exchange.begin(fields("POST"), false);
    exchange.toServer("some", false);
    ASSERT_TRUE(exchange.served(1));
    exchange.client().encoder->reset(http::ResetReason::Cancel);
    exchange.settle();
    if (!exchange.client_h2) exchange.proxy.client().reset();
    EXPECT_TRUE(exchange.proxy.until([&] {
      exchange.settle();
      return exchange.server().was_reset;
    }));
    EXPECT_EQ(exchange.proxy.metric("weir_http_active_requests{name=\"web\"}"), 0);
    EXPECT_EQ(exchange.proxy.metric("weir_upstream_active_requests{cluster=\"up\"}"), 0);
  });
}

TEST(HttpVersions, AServerThatDrainsFinishesWhatIsUnderWay) {
  forAll([](Exchange& exchange) {
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(1));
    exchange.lastServer().codec->startDrain();
    exchange.settle();
    exchange.lastServer().codec->finishDrain();
    exchange.settle();
    exchange.respond({status("200"), "hello"});
    EXPECT_TRUE(exchange.answered());
    EXPECT_EQ(exchange.client().log, "headers :status=200\nbody of 5 end\n");
    exchange.request({fields("GET")});
    ASSERT_TRUE(exchange.served(2));
    EXPECT_EQ(exchange.proxy.upstream().connections(), 2U);
    exchange.respond({status("204")});
    EXPECT_TRUE(exchange.answered());
    EXPECT_EQ(exchange.client().log, "headers :status=204 end\n");
  });
}

TEST(HttpVersions, AnUpstreamThatIsTooSlowIsA504) {
  forAll(
      [](Exchange& exchange) {
        exchange.request({fields("GET")});
        ASSERT_TRUE(exchange.served(1));
        exchange.proxy.advance(seconds(3));
        EXPECT_TRUE(exchange.proxy.until([&] {
          exchange.settle();
          return exchange.client().ended && exchange.server().was_reset;
        }));
        EXPECT_EQ(firstLine(exchange.client().log), "headers :status=504");
      },
      ", timeout: 3s");
}

// The request for a tunnel in the client's version, and what the server is to see of it.
FieldList tunnelRequest(bool h2) {
  if (h2) {
    FieldList all = fields("CONNECT");
    all.insert(all.begin() + 1, {":protocol", "websocket"});
    all.emplace_back("sec-websocket-version", "13");
    return all;
  }
  return fields("GET", {{"upgrade", "websocket"},
                        {"connection", "upgrade"},
                        {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                        {"sec-websocket-version", "13"}});
}

std::string valueIn(const std::string& log, const std::string& name) {
  const size_t at = log.find(" " + name + "=");
  if (at == std::string::npos) return "";
  const size_t begin = at + name.size() + 2;
  return log.substr(begin, log.find_first_of(" \n", begin) - begin);
}

FieldList tunnelAnswer(Exchange& exchange) {
  if (exchange.server_h2) return status("200");
  const std::string key = valueIn(exchange.server().log, "sec-websocket-key");
  return status("101", {{"upgrade", "websocket"},
                        {"connection", "upgrade"},
                        {"sec-websocket-accept", http::webSocketAccept(key)}});
}

TEST(HttpVersions, AWebSocketPassesBothWaysAndEachWayEndsByItself) {
  forAll([](Exchange& exchange) {
    exchange.begin(tunnelRequest(exchange.client_h2), false);
    ASSERT_TRUE(exchange.served(1));
    EXPECT_EQ(valueIn(exchange.server().log, ":method"), exchange.server_h2 ? "CONNECT" : "GET");
    EXPECT_TRUE(exchange.server().encoder->encodeHeaders(Fields(tunnelAnswer(exchange)), false));
    exchange.settle();
    EXPECT_EQ(firstLine(exchange.client().log),
              exchange.client_h2 ? "headers :status=200" : "headers :status=101");
    exchange.toServer("ping", false);
    EXPECT_EQ(exchange.server().body, "ping");
    exchange.toClient("pong", true);
    EXPECT_EQ(exchange.client().body, "pong");
    exchange.toServer("still here", true);
    EXPECT_EQ(exchange.server().body, "pingstill here");
    EXPECT_TRUE(exchange.server().ended && exchange.client().ended);
  });
}

TEST(HttpVersions, ATunnelIsRefusedIfTheServerTakesNone) {
  for (const bool client : Versions) {
    HttpProxyHarness proxy({.cluster = upstreamSpeaks(true)});
    const FieldList request = tunnelRequest(client);
    if (client) {
      proxy.client().send(hello() + headers(1, request, 0));
    } else {
      proxy.client().send(
          "GET / HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
          "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n");
    }
    ASSERT_TRUE(proxy.accepted(1));
    EXPECT_EQ(describeOutcome(proxy.upstream().peer().received()), "");
    proxy.upstream().peer().send(settings());
    EXPECT_TRUE(proxy.until(
        [&] { return proxy.logged().find("details=upgrade_unsupported") != std::string::npos; }));
    EXPECT_TRUE(client || proxy.clientSees("HTTP/1.1 502 Bad Gateway\r\n"));
    EXPECT_EQ(describeOutcome(proxy.upstream().peer().received()), "");
    // It is no fault of the server's.
    EXPECT_EQ(proxy.metric("weir_upstream_resets_total{cluster=\"up\",reason=\"refused_stream\"}"),
              0);
  }
}

}  // namespace
}  // namespace weir::test
