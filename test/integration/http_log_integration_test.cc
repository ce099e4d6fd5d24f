// Lines about requests in the access log, through the whole proxy.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class HttpLogIntegrationTest : public testing::Test {
 protected:
  ~HttpLogIntegrationTest() override {
    for (const std::string& path : {log_, own_, own_ + ".1"}) std::remove(path.c_str());
  }

  // `log`: more fields of the process's log; `manager`: of the http_conn_manager.
  void start(const std::string& log, const std::string& manager) {
    proxy_ = std::make_unique<ServerUnderTest>(
        "access_log: {path: " + log_ + log +
        "}\nlisteners:\n- name: in\n  address: 127.0.0.1:0\n  default_filter_chain: {name: web, "
        "filters: [{typed_config: {\"@type\": "
        "type.googleapis.com/weir.extensions.network.http_conn_manager.v1.HttpConnectionManager, "
        "stat_prefix: web" +
        manager +
        ", route_config: {virtual_hosts: [{name: all, domains: [\"*\"], routes: [{name: main, "
        "match: {prefix: /up}, route: {cluster: up, prefix_rewrite: /x}}]}]}}}]}\nclusters:\n- "
        "{name: up, endpoints: [{address: \"" +
        upstream_.address() + "\"}]}\n");
  }

  std::vector<std::string> logged() {
    proxy_.reset();  // which writes all
    return linesOf(log_);
  }
  static std::vector<std::string> linesOf(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  // One that the upstream answers, and one that has no route, over one connection.
  void twoRequests() {
    TestSocket client = TestSocket::connectTo(proxy_->port());
    client.send("GET /up/1 HTTP/1.1\r\nHost: a\r\nUser-Agent: u x=\"1\"\r\n\r\n");
    TestSocket server = upstream_.accept();
    const std::string forwarded = "GET /x/1 HTTP/1.1\r\n";
    EXPECT_EQ(server.receive(forwarded.size()), forwarded);
    server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Two: 2\r\n\r\nhi");
    client.send("GET /none HTTP/1.0\r\nHost: a\r\n\r\n");
    EXPECT_NE(client.receiveAll().find("404"), std::string::npos);
  }

  const std::string log_ = testing::TempDir() + "http_log_access.log";
  const std::string own_ = testing::TempDir() + "http_log_requests.log";
  TestUpstream upstream_;
  std::unique_ptr<ServerUnderTest> proxy_;
};

// What a client says of itself is in no line, unless a trusted proxy stands behind it.
TEST_F(HttpLogIntegrationTest, WhatDidNotGoUpstreamIsNamedAndTheClientIsWhomProxiesName) {
  start("", ", xff_num_trusted_hops: 1");
  TestSocket client = TestSocket::connectTo(proxy_->port());
  client.send(
      "GET /a%2fb HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.9, 203.0.113.7\r\n"
      "X-Envoy-Original-Path: /forged\r\n\r\nGET /a%00 HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.receiveAll().find("HTTP/1.1 400"), std::string::npos);
  const std::vector<std::string> lines = logged();
  ASSERT_GE(lines.size(), 2U);
  EXPECT_NE(lines[0].find(" src=203.0.113.7:0 "), std::string::npos) << lines[0];
  EXPECT_NE(lines[0].find(" path=/a%2fb status=307 details=path_redirect flags=- "),
            std::string::npos)
      << lines[0];
  EXPECT_NE(lines[1].find(" src=127.0.0.1:"), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find(" status=400 details=path_has_nul flags=DPE "), std::string::npos)
      << lines[1];
}

TEST_F(HttpLogIntegrationTest, OfAMalformedRequestThereIsWhatCouldBeRead) {
  start("", "");
  for (const std::string fields : {"Host: a\r\nContent-Length: x\r\n", "Host: a\r\nX Y: z\r\n"}) {
    TestSocket client = TestSocket::connectTo(proxy_->port());
    client.send("PURGE /up/1 HTTP/1.1\r\n" + fields + "\r\n");
    EXPECT_NE(client.receiveAll().find("HTTP/1.1 400"), std::string::npos);
  }
  TestSocket client = TestSocket::connectTo(proxy_->port());
  client.send("POST /up/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
  EXPECT_NE(client.receiveAll().find("weir-error: h1_chunk_size"), std::string::npos);
  upstream_.close();
  const std::vector<std::string> lines = logged();
  ASSERT_GE(lines.size(), 3U);
  EXPECT_NE(lines[0].find(" method=PURGE authority=a path=/up/1 status=400 "
                          "details=h1_content_length flags=DPE "),
            std::string::npos)
      << lines[0];
  bool body = false;
  for (const std::string& line : lines) {
    body |= line.find(
                " method=POST authority=a path=/up/1 status=400 details=h1_chunk_size "
                "flags=DPE ") != std::string::npos;
  }
  EXPECT_TRUE(body);
}

TEST_F(HttpLogIntegrationTest, OfAHeadThatIsRefusedInMidWayThereIsWhatCouldBeRead) {
  struct Case {
    std::string head;
    std::string line;
  };
  const std::string noted = "/" + std::string(255, 'a');
  const std::vector<Case> cases = {
      {"GET /up/1 HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
       " method=GET authority=- path=/up/1 status=400 details=h1_bare_lf flags=DPE "},
      {"\r\nPUT /up/2 HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
       " method=PUT authority=- path=/up/2 status=400 details=h1_folded_field flags=DPE "},
      {"GET /up/3 HTTP/1.1\r\nX: " + std::string(100'000, 'x'),
       " method=GET authority=- path=/up/3 status=431 details=headers_too_large flags=DPE "},
      {"GET /" + std::string(20'000, 'a'),
       " method=GET authority=- path=" + noted + " status=414 details=target_too_long flags=DPE "},
      {"G\x01T /up/5 HTTP/1.1\nHost: a\r\n\r\n",
       " method=- authority=- path=- status=400 details=h1_bare_lf flags=DPE "},
      {"GET /up\x01 HTTP/1.1\nHost: a\r\n\r\n",
       " method=GET authority=- path=- status=400 details=h1_bare_lf flags=DPE "},
  };
  start("", "");
  for (const Case& one : cases) {
    TestSocket client = TestSocket::connectTo(proxy_->port());
    client.send(one.head);
    EXPECT_NE(client.receiveAll().find("HTTP/1.1 4"), std::string::npos) << one.line;
  }
  std::string all;
  for (const std::string& line : logged()) all += line + "\n";
  for (const Case& one : cases)
    EXPECT_NE(all.find(one.line), std::string::npos) << one.line << "\n" << all;
}

TEST_F(HttpLogIntegrationTest, EachRequestHasALineWithTheUsualKeys) {
  start("", "");
  twoRequests();
  const auto lines = logged();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_NE(lines[0].find(" method=GET authority=a path=/up/1 status=200 details=via_upstream "
                          "flags=- grpc=- virtual_host=all route=main cluster=up upstream=" +
                          upstream_.address() + " attempts=1 rx_bytes=0 tx_bytes=2 duration_ms="),
            std::string::npos)
      << lines[0];
  EXPECT_NE(lines[0].find(" user_agent=u%20x=%221%22"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find(" stream=2 protocol=HTTP/1.0 "), std::string::npos) << lines[1];
  EXPECT_NE(lines[1].find(" status=404 details=route_not_found flags=NR "), std::string::npos)
      << lines[1];
  EXPECT_NE(lines[2].find(" close="), std::string::npos) << lines[2];
}

TEST_F(HttpLogIntegrationTest, LinesHaveAFormOfTheirOwn) {
  start("", ", access_log: {text_format: \"%REQ(:PATH)% %RESP(X-TWO)% %RESPONSE_CODE%\"}");
  twoRequests();
  const auto lines = logged();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "/x/1 2 200");
  EXPECT_EQ(lines[1], "/none - 404");
}

TEST_F(HttpLogIntegrationTest, AreJsonWhereThoseOfConnectionsAre) {
  start(", format: JSON", "");
  twoRequests();
  const auto lines = logged();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_NE(lines[1].find(",\"status\":404,\"details\":\"route_not_found\",\"flags\":\"NR\","),
            std::string::npos)
      << lines[1];
}

TEST_F(HttpLogIntegrationTest, HaveAFileOfTheirOwn) {
  start(", format: JSON", ", access_log: {path: " + own_ + "}");
  twoRequests();
  const auto lines = logged();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find("\"close\":"), std::string::npos) << lines[0];
  const auto requests = linesOf(own_);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[1].find(",\"status\":404,"), std::string::npos) << requests[1];
}

TEST_F(HttpLogIntegrationTest, AreWrittenToTheirFileAlsoIfConnectionsHaveNoLines) {
  start(", disabled: true", ", access_log: {path: " + own_ + "}");
  twoRequests();
  EXPECT_TRUE(logged().empty());
  EXPECT_EQ(linesOf(own_).size(), 2U);
}

TEST_F(HttpLogIntegrationTest, GoToANewFileOnceTheirsWasMoved) {
  start("", ", access_log: {path: " + own_ + ", text_format: \"%RESPONSE_CODE%\"}");
  twoRequests();
  proxy_->waitForMetricBelow("weir_http_active_requests{name=\"web\"}", 1);
  ASSERT_EQ(std::rename(own_.c_str(), (own_ + ".1").c_str()), 0);
  proxy_->server().loop().post([this] { proxy_->server().reopenLogs(); });
  proxy_->letMainGoOn();
  TestSocket client = TestSocket::connectTo(proxy_->port());
  client.send("GET /none HTTP/1.0\r\nHost: a\r\n\r\n");
  client.receiveAll();
  static_cast<void>(logged());
  EXPECT_EQ(linesOf(own_ + ".1"), (std::vector<std::string>{"200", "404"}));
  EXPECT_EQ(linesOf(own_), std::vector<std::string>{"404"});
}

TEST_F(HttpLogIntegrationTest, MayBeLeftOut) {
  start("", ", access_log: {disabled: true}");
  twoRequests();
  const auto lines = logged();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_NE(lines[0].find(" close="), std::string::npos) << lines[0];
}

TEST_F(HttpLogIntegrationTest, ARequestThatBrokeTheProtocolHasALine) {
  start("", ", access_log: {text_format: \"%RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(:METHOD)%\"}");
  TestSocket client = TestSocket::connectTo(proxy_->port());
  client.send(
      "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.receiveAll();
  const auto lines = logged();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].starts_with("400 DPE ")) << lines[0];
}

}  // namespace
}  // namespace weir::test
