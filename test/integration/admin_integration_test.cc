// What the admin port of a running proxy answers.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "source/base/log.h"
#include "source/server/admin.h"
#include "source/server/explain.h"
#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

constexpr const char* NoSuchPath =
    "404 {\"error\":\"nothing has this path; \\\"/\\\" lists what there is\"}\n";

class AdminIntegrationTest : public testing::Test {
 protected:
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& headers = "Host: localhost\r\n") {
    return proxy_.askAdmin(method, target, headers);
  }

  TestUpstream upstream_;
  ServerUnderTest proxy_{
      "admin: {address: \"127.0.0.1:0\"}\n"
      "drain_timeout: 1h\n"
      "listeners:\n"
      "- name: in\n"
      "  address: 127.0.0.1:0\n"
      "  filter_chains: [{name: http, match: {application_protocols: [http/1.1]}, "
      "filters: " +
      tcpProxyTo("up") +
      "}]\n"
      "  default_filter_chain: {name: rest, filters: " +
      tcpProxyTo("up") + "}\nclusters:\n- {name: up, endpoints: [{address: \"" +
      upstream_.address() + "\"}]}\n"};
};

TEST_F(AdminIntegrationTest, SaysWhatThereIs) {
  EXPECT_EQ(ask("GET", "/ready"), "200 ready\n");
  EXPECT_EQ(ask("GET", "/live"), "200 live\n");
  proxy_.onWorker(0, [](server::Worker&) {});  // it has its listeners by now
  EXPECT_NE(ask("GET", "/metrics").find("weir_listener_connections_total"), std::string::npos);
  EXPECT_EQ(ask("GET", "/listeners"),
            "200 [{\"name\":\"in\",\"address\":\"127.0.0.1:" + std::to_string(proxy_.port()) +
                "\",\"filter_chains\":[\"http\"],"
                "\"default_filter_chain\":\"rest\"}]\n");
  const std::string clusters = ask("GET", "/clusters");
  EXPECT_TRUE(clusters.starts_with("200 [{\"name\":\"bypass\",")) << clusters;
  EXPECT_NE(clusters.find("{\"name\":\"up\",\"type\":\"STATIC\","), std::string::npos) << clusters;
  EXPECT_NE(clusters.find("\"address\":\"" + upstream_.address() + "\""), std::string::npos);
  EXPECT_TRUE(ask("GET", "/").starts_with("200 GET /ready  "));
  EXPECT_EQ(ask("GET", "/nothing"), NoSuchPath);
}

TEST_F(AdminIntegrationTest, IsAPageForABrowserThatRunsNothingAndLoadsNothing) {
  const std::string headers =
      "Host: localhost\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
  TestSocket asked = proxy_.startAsking("GET", "/", headers);
  const std::string all = asked.receiveAll();
  EXPECT_TRUE(all.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"))
      << all;
  EXPECT_NE(all.find("\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-"),
            std::string::npos);
  EXPECT_NE(all.find("<a href=\"/connections\">"), std::string::npos);
  EXPECT_NE(all.find("<form method=\"post\" action=\"/drain\">"), std::string::npos);
  EXPECT_EQ(all.find("<script"), std::string::npos);
  EXPECT_EQ(all.find("://"), std::string::npos);
  EXPECT_EQ(proxy_.askAdmin("GET", "/nothing", headers), NoSuchPath);
}

// As a browser sends a form, with what was left empty.
TEST_F(AdminIntegrationTest, TakesWhatAFormSends) {
  const std::string dst = "127.0.0.1:" + std::to_string(proxy_.port());
  EXPECT_TRUE(proxy_.askAdmin("GET", "/explain?dst=" + dst + "&src=&sni=&alpn=&bytes=&listener=")
                  .starts_with("200 {"));
  EXPECT_TRUE(
      proxy_.askAdmin("GET", "/connections?listener=&filter_chain=&cluster=&source=&id=&limit=")
          .starts_with("200 {"));
}

TEST_F(AdminIntegrationTest, AMistypedParameterIsNotTakenForNone) {
  const auto wrong = [](const std::string& detail) {
    return "400 {\"error\":\"there is no parameter " + detail + "\"}\n";
  };
  EXPECT_EQ(proxy_.askAdmin("POST", "/learned?listner=in"),
            wrong(R"(\"listner\"; there are: listener)"));
  EXPECT_EQ(proxy_.askAdmin("POST", "/logging?level=debug&componet=dns"),
            wrong(R"(\"componet\"; there are: level component)"));
  EXPECT_EQ(log::threshold(log::Component::Main), log::Level::Info);
  EXPECT_EQ(proxy_.askAdmin("POST", "/quit?now=1"), wrong(R"(\"now\"; there is none)"));
  EXPECT_TRUE(proxy_.askAdmin("GET", "/connections?list=in").starts_with("400 "));
  EXPECT_TRUE(proxy_.askAdmin("GET", "/metrics?format=prometheus").starts_with("200 "));
  EXPECT_EQ(proxy_.askAdmin("POST", "/metrics"), "405 {\"error\":\"this is read by GET\"}\n");
  EXPECT_EQ(proxy_.askAdmin("GET", "/quit"), "405 {\"error\":\"this wants POST\"}\n");
}

TEST_F(AdminIntegrationTest, ClustersShowTheConnectionsOfAHost) {
  TestSocket client = TestSocket::connectTo(proxy_.port());
  client.send("not http");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(8), "not http");
  const std::string clusters = ask("GET", "/clusters");
  EXPECT_NE(clusters.find("\"active_connections\":1,\"connects\":1"), std::string::npos)
      << clusters;
}

TEST_F(AdminIntegrationTest, ExplainsAsTheCommandDoes) {
  const std::string dst = "127.0.0.1:" + std::to_string(proxy_.port());
  const auto request = server::readExplainRequest(
      {.listener = "in", .dst = dst, .bytes = "GET / HTTP/1.1\\r\\n"}, "--");
  ASSERT_TRUE(request.ok());
  const auto explained = server::explainConnection(proxy_.server().settings(), request.value());
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained.value().chain, "http");
  EXPECT_EQ(ask("GET", "/explain?listener=in&dst=" + dst + "&bytes=GET+/+HTTP/1.1%5Cr%5Cn"),
            "200 " + server::explanationJson(explained.value()) + "\n");
  EXPECT_EQ(ask("GET", "/explain?dst=here"),
            "400 {\"error\":\"dst \\\"here\\\" is not IP:PORT or [IP6]:PORT\"}\n");
  EXPECT_TRUE(ask("GET", "/explain").starts_with("400 "));
}

TEST_F(AdminIntegrationTest, LevelsChangeWhileItRuns) {
  const log::Level before = log::threshold(log::Component::Dns);
  EXPECT_TRUE(ask("POST", "/logging?component=dns&level=off").starts_with("200 {\"main\":"));
  EXPECT_EQ(log::threshold(log::Component::Dns), log::Level::Off);
  EXPECT_EQ(log::threshold(log::Component::Main), log::Level::Info);
  EXPECT_NE(ask("GET", "/logging").find("\"dns\":\"off\""), std::string::npos);
  EXPECT_TRUE(ask("POST", "/logging?level=warn").starts_with("200 "));
  EXPECT_EQ(log::threshold(log::Component::Dns), log::Level::Warn);
  EXPECT_EQ(log::threshold(log::Component::Main), log::Level::Warn);
  EXPECT_TRUE(ask("POST", "/logging?component=disk&level=warn").starts_with("400 "));
  EXPECT_TRUE(ask("POST", "/logging?level=loud").starts_with("400 "));
  log::setAllThresholds(before);
}

TEST_F(AdminIntegrationTest, NothingChangesByReadingOrForAnotherOrigin) {
  EXPECT_TRUE(ask("GET", "/quit").starts_with("405 "));
  EXPECT_TRUE(ask("POST", "/metrics").starts_with("405 "));
  const std::string host = "Host: localhost:1\r\n";
  EXPECT_TRUE(ask("POST", "/quit", host + "Origin: http://evil.example\r\n").starts_with("403 "));
  EXPECT_TRUE(ask("POST", "/quit", host + "Origin: null\r\n").starts_with("403 "));
  EXPECT_TRUE(ask("GET", "/metrics", "Host: evil.example\r\n").starts_with("403 "));
  EXPECT_EQ(ask("GET", "/ready"), "200 ready\n");
  EXPECT_TRUE(ask("POST", "/logging?level=info", host + "Origin: http://localhost:1\r\n")
                  .starts_with("200 "));
}

TEST_F(AdminIntegrationTest, DrainsAndSaysSo) {
  TestSocket client = TestSocket::connectTo(proxy_.port());
  client.send("not http");
  TestSocket server = upstream_.accept();
  EXPECT_EQ(server.receive(8), "not http");
  EXPECT_EQ(ask("POST", "/drain"), "200 {\"state\":\"draining\"}\n");
  EXPECT_EQ(ask("GET", "/ready"), "503 draining\n");
  client.halfClose();
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "");
  EXPECT_TRUE(proxy_.ends());
}

TEST_F(AdminIntegrationTest, QuitsAndSaysSo) {
  EXPECT_EQ(ask("POST", "/quit"), "200 {\"state\":\"ending\"}\n");
  EXPECT_TRUE(proxy_.ends());
}

// The second one is read in the turn in which the process ends for the first.
TEST_F(AdminIntegrationTest, QuitsOnceThoughItIsToldTwice) {
  TestSocket client = TestSocket::connectTo(proxy_.server().adminAddress()->ip.port);
  const std::string quit = "POST /quit HTTP/1.1\r\nHost: localhost\r\n\r\n";
  client.send(quit + quit);
  EXPECT_EQ(client.receive(15), "HTTP/1.1 200 OK");
  EXPECT_TRUE(proxy_.ends());
}

std::string withAdmin(const std::string& address) {
  return "admin: {address: \"" + address +
         "\"}\nlisteners:\n- name: in\n  address: 127.0.0.1:0\n"
         "  default_filter_chain: {name: rest, filters: [{typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.network.echo.v1.Echo}}]}\n";
}

TEST(AdminAddressTest, MayBeAUnixSocketWhereAnyHostIsRight) {
  const std::string path = "/tmp/weir-admin-" + std::to_string(::getpid()) + ".sock";
  testing::internal::CaptureStderr();
  {
    ServerUnderTest proxy(withAdmin("unix:" + path));
    for (const char* host : {"Host: localhost\r\n", "Host: any.example\r\n", ""})
      EXPECT_EQ(proxy.askAdmin("GET", "/ready", host), "200 ready\n") << host;
    EXPECT_TRUE(proxy.askAdmin("POST", "/learned").starts_with("200 "));
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// While its connections end, another process may take the path.
TEST(AdminAddressTest, PathOfAUnixSocketIsFreeFromADrainOn) {
  const std::string path = "/tmp/weir-admin-drain-" + std::to_string(::getpid()) + ".sock";
  {
    ServerUnderTest proxy(withAdmin("unix:" + path));
    TestSocket open = TestSocket::connectTo(proxy.port());
    open.send("x");
    EXPECT_EQ(open.receive(1), "x");
    TestSocket admin = TestSocket::connectToUnix(path);
    proxy.drain();
    proxy.letMainGoOn();
    admin.send("GET /ready HTTP/1.1\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(ServerUnderTest::readAnswer(admin), "503 draining\n");
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
    std::ofstream(path) << "another's";
    open.halfClose();
    EXPECT_TRUE(proxy.ends());
  }
  EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  ::unlink(path.c_str());
}

TEST(AdminAddressTest, OnEveryAddressAskersMayNotNameAHost) {
  ServerUnderTest proxy(withAdmin("0.0.0.0:0"));
  for (const char* host : {"Host: 127.0.0.1:9901\r\n", "Host: 10.1.2.3\r\n", "Host: localhost\r\n",
                           "Host: [2001:db8::1]:9901\r\n", ""})
    EXPECT_TRUE(proxy.askAdmin("GET", "/clusters", host).starts_with("200 ")) << host;
  for (const char* host : {"Host: evil.example\r\n", "Host: 10.1.2.3.evil.example:9901\r\n"}) {
    for (const char* path : {"/clusters", "/config_dump", "/nothing", "/"})
      EXPECT_EQ(proxy.askAdmin("GET", path, host),
                "403 {\"error\":\"the Host header has to be an IP address, or localhost\"}\n")
          << host << path;
    for (const char* path : {"/quit", "/ready"})
      EXPECT_TRUE(proxy.askAdmin("POST", path, host).starts_with("403 ")) << host << path;
    for (const char* path : {"/ready", "/live", "/metrics"})
      EXPECT_TRUE(proxy.askAdmin("GET", path, host).starts_with("200 ")) << host << path;
  }
}

TEST(AdminAddressTest, IsWarnedOfWhereOthersMayReachIt) {
  const auto saidFor = [](const std::string& address) {
    testing::internal::CaptureStderr();
    { ServerUnderTest proxy(withAdmin(address)); }
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_NE(saidFor("0.0.0.0:0").find("warn admin: the admin port on 0.0.0.0:"), std::string::npos);
  EXPECT_EQ(saidFor("127.0.0.1:0"), "");
}

TEST(AdminHostTest, KnowsTheNamesOfThisMachine) {
  for (const char* host :
       {"", "localhost", "localhost:9901", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:9901"})
    EXPECT_TRUE(server::isLoopbackHost(host)) << host;
  for (const char* host : {"evil.example", "localhost.evil.example:9901", "10.0.0.1", "[::2]:1",
                           "127.0.0.1.evil.example", "[::1", ":80", "[", "[::1].evil.example"})
    EXPECT_FALSE(server::isLoopbackHost(host)) << host;
}

TEST(AdminHostTest, KnowsWhatIsNoName) {
  for (const char* host : {"", "localhost:9901", "127.0.0.1", "10.0.0.1:80", "[2001:db8::1]:9901"})
    EXPECT_TRUE(server::isHostWithoutName(host)) << host;
  for (const char* host : {"evil.example", "evil.example:9901", "10.0.0.1.evil.example", "[::1",
                           ":80", "[evil.example]", "[::1].evil.example", "1.2.3"})
    EXPECT_FALSE(server::isHostWithoutName(host)) << host;
}

}  // namespace
}  // namespace weir::test
