// Detection through a whole proxy, with no port configured: who is connected to what, and why.

#include <gtest/gtest.h>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class DetectionIntegrationTest : public testing::Test {
 protected:
  // HTTP goes to one upstream, everything else to another.
  std::string config(const std::string& detect = "") const {
    return "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n" +
           detect +
           "  filter_chains:\n"
           "  - name: http\n"
           "    match: {application_protocols: [http/1.0, http/1.1, h2c]}\n"
           "    filters: " +
           tcpProxyTo("http") +
           "\n"
           "  default_filter_chain:\n"
           "    name: tcp\n"
           "    filters: " +
           tcpProxyTo("tcp") +
           "\n"
           "clusters:\n"
           "- {name: http, endpoints: [{address: \"" +
           http_.address() +
           "\"}]}\n"
           "- {name: tcp, endpoints: [{address: \"" +
           tcp_.address() + "\"}]}\n";
  }

  static std::string detect(const std::string& fields) {
    return "  listener_filters:\n"
           "  - name: d\n"
           "    typed_config: {\"@type\": "
           "type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect, " +
           fields + "}\n";
  }

  static std::string chosen(const std::string& chain, const std::string& protocol,
                            const std::string& reason) {
    return "weir_chain_connections_total{listener=\"in\",chain=\"" + chain + "\",protocol=\"" +
           protocol + "\",reason=\"" + reason + "\"}";
  }

  TestUpstream http_;
  TestUpstream tcp_;
};

TEST_F(DetectionIntegrationTest, RequestLineGoesToTheHttpChainWithEveryByte) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  TestSocket server = http_.accept();
  EXPECT_EQ(server.receive(27), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  server.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(client.receive(27), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(proxy.metric(chosen("http", "http/1.1", "client_bytes")), 1U);
}

TEST_F(DetectionIntegrationTest, RequestLineInSegmentsOfOneByteGivesTheSameAnswer) {
  // Slow segments must not be taken for silence.
  ServerUnderTest proxy(config(detect("server_first: {disabled: true}")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string request = "GET /x HTTP/1.1\r\n\r\n";
  for (const char c : request) client.send({&c, 1});
  EXPECT_EQ(http_.accept().receive(request.size()), request);
}

TEST_F(DetectionIntegrationTest, MoreBytesThanTheBufferLimitBeforeTheChoiceAreCarriedOn) {
  ServerUnderTest proxy(config("  per_connection_buffer_limit_bytes: 4096\n"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string request = "POST / HTTP/1.1\r\n\r\n" + std::string(60000, 'x');
  client.send(request);
  EXPECT_TRUE(http_.accept().receive(request.size()) == request);
}

TEST_F(DetectionIntegrationTest, BytesThatRuleHttpOutAreForwardedAtOnce) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("ruok");
  EXPECT_EQ(tcp_.accept().receive(4), "ruok");
}

TEST_F(DetectionIntegrationTest, ServerThatSpeaksFirstIsHeardWithoutDetectionTimeout) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = tcp_.accept();
  server.send("220 mail ESMTP\r\n");
  EXPECT_EQ(client.receive(16), "220 mail ESMTP\r\n");
  EXPECT_EQ(proxy.metric(chosen("tcp", "smtp", "server_first")), 1U);
  client.send("QUIT\r\n");
  EXPECT_EQ(server.receive(6), "QUIT\r\n");
}

TEST_F(DetectionIntegrationTest, SecondConnectionToAServerThatSpeaksFirstIsLearnedByEveryWorker) {
  ServerUnderTest proxy(config(), 2);
  {
    TestSocket client = TestSocket::connectTo(proxy.port());
    TestSocket server = tcp_.accept();
    server.send("220 mail ESMTP\r\n");
    EXPECT_EQ(client.receive(16), "220 mail ESMTP\r\n");
  }
  for (int i = 0; i < 8; ++i) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    TestSocket server = tcp_.accept();
    server.send("220 mail ESMTP\r\n");
    EXPECT_EQ(client.receive(16), "220 mail ESMTP\r\n");
  }
  EXPECT_GE(proxy.metric(chosen("tcp", "smtp", "learned")), 7U);
}

TEST_F(DetectionIntegrationTest, ClientThatSpeaksFirstIsHeardWhereTheServerIsExpectedTo) {
  ServerUnderTest proxy(config());
  const auto silentClientIsGreeted = [&] {
    TestSocket client = TestSocket::connectTo(proxy.port());
    TestSocket server = tcp_.accept();
    server.send("220 mail ESMTP\r\n");
    EXPECT_EQ(client.receive(16), "220 mail ESMTP\r\n");
  };
  silentClientIsGreeted();
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(http_.accept().receive(18), "GET / HTTP/1.1\r\n\r\n");
  // If the probe was made before the bytes came, the destination now counts as mixed; else it is
  // still learned.
  if (tcp_.hasPending()) {
    tcp_.accept();
    silentClientIsGreeted();
    EXPECT_EQ(proxy.metric(chosen("tcp", "smtp", "learned")), 0U);
  }
}

TEST_F(DetectionIntegrationTest, ClientThatSpeaksAfterTheProbeIsStillDetected) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket probe = tcp_.accept();  // the client was silent for long enough
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(http_.accept().receive(18), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(probe.receiveAll(), "");
  proxy.waitForMetric("weir_probe_total{listener=\"in\",outcome=\"client_spoke\"}", 1);
}

TEST_F(DetectionIntegrationTest, ProbeIsUsedByTheChainThatItWasMadeFor) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket probe = tcp_.accept();
  client.send("ruok");
  EXPECT_EQ(probe.receive(4), "ruok");
  EXPECT_FALSE(tcp_.hasPending());
}

TEST_F(DetectionIntegrationTest, SilenceEndsAsTcpAndIsNotClosed) {
  ServerUnderTest proxy(config(detect("detection_timeout: 0.05s, server_first: {disabled: true}")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = tcp_.accept();
  client.send("late");
  EXPECT_EQ(server.receive(4), "late");
  EXPECT_EQ(proxy.metric(chosen("tcp", "tcp", "timeout")), 1U);
}

TEST_F(DetectionIntegrationTest, SilenceIsClosedWhereTheConfigSaysSo) {
  ServerUnderTest proxy(config(
      detect("detection_timeout: 0.05s, on_timeout: CLOSE, server_first: {disabled: true}")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric("weir_connection_closes_total{listener=\"in\",close=\"detection_timeout\"}",
                      1);
}

TEST_F(DetectionIntegrationTest, HalfRequestLineIsHeldForPartialTimeoutOnly) {
  ServerUnderTest proxy(config(detect("partial_timeout: 0.05s")));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET /half");
  EXPECT_EQ(tcp_.accept().receive(9), "GET /half");
  EXPECT_EQ(proxy.metric(chosen("tcp", "tcp", "timeout")), 1U);
}

TEST_F(DetectionIntegrationTest, ClientThatHalfClosesBeforeItSentAnythingIsConnected) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.halfClose();
  TestSocket server = tcp_.accept();
  EXPECT_EQ(server.receiveAll(), "");
  server.send("still here");
  server.halfClose();
  EXPECT_EQ(client.receiveAll(), "still here");
  EXPECT_EQ(proxy.metric(chosen("tcp", "tcp", "client_closed")), 1U);
}

TEST_F(DetectionIntegrationTest, ClientThatResetsWhileDetectingIsCounted) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET /");
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 1);
  client.reset();
  proxy.waitForMetric("weir_connection_closes_total{listener=\"in\",close=\"client_reset\"}", 1);
  EXPECT_EQ(proxy.metric("weir_listener_open_connections{listener=\"in\"}"), 0U);
}

TEST_F(DetectionIntegrationTest, StopsCleanlyWithConnectionsInEveryState) {
  ServerUnderTest proxy(config(), 2);
  TestSocket silent = TestSocket::connectTo(proxy.port());
  TestSocket partial = TestSocket::connectTo(proxy.port());
  partial.send("GET /");
  TestSocket open = TestSocket::connectTo(proxy.port());
  open.send("ruok");
  TestSocket server = tcp_.accept();
  proxy.waitForMetric("weir_listener_open_connections{listener=\"in\"}", 3);
}

}  // namespace
}  // namespace weir::test
