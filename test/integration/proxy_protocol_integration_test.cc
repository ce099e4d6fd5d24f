// PROXY headers through a whole proxy: from the client's side, and towards the upstream.

#include <gtest/gtest.h>

#include "test/integration/server_under_test.h"
#include "test/support/proxy_headers.h"

namespace weir::test {
namespace {

const std::string Type = "type.googleapis.com/weir.extensions.listener.";

// Who listens on all addresses is found at any address of this machine.
class OwnDestinationTest : public testing::Test {
 protected:
  static std::string listener(const std::string& name, const std::string& filters) {
    return "- name: " + name + "\n  address: 0.0.0.0:0\n  max_connections: 60\n" + filters +
           "  default_filter_chain: {name: skip, filters: [{typed_config: {\"@type\": "
           "type.googleapis.com/weir.extensions.network.bypass.v1.Bypass}}]}\n";
  }
  static std::string config() {
    return "listeners:\n" +
           listener("in", "  listener_filters: [{typed_config: {\"@type\": " + Type +
                              "proxy_protocol.v1.ProxyProtocol}}]\n") +
           listener("out", "");
  }
  // A connection whose destination turns out to be this one.
  static TestSocket going(const ServerUnderTest& proxy, const std::string& ip, uint16_t port) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send("PROXY TCP4 192.0.2.1 " + ip + " 4660 " + std::to_string(port) + "\r\n");
    return client;
  }
  static std::string loops(const std::string& name) {
    return "weir_connection_closes_total{listener=\"" + name + "\",close=\"loop\"}";
  }
  static std::string connections(const std::string& name) {
    return "weir_listener_connections_total{listener=\"" + name + "\"}";
  }
};

TEST_F(OwnDestinationTest, AListenerDoesNotConnectToItselfByAnotherAddress) {
  ServerUnderTest proxy(config());
  TestSocket client = going(proxy, "127.0.0.2", proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric(loops("in"), 1);
  EXPECT_EQ(proxy.metric(connections("in")), 1U);
}

// The second one is connected to by this process, at the address where it was dialled.
TEST_F(OwnDestinationTest, AnotherListenerIsReachedAndDoesNotConnectToItself) {
  ServerUnderTest proxy(config());
  TestSocket client = going(proxy, "127.0.0.2", proxy.port(1));
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric(loops("out"), 1);
  EXPECT_EQ(proxy.metric(connections("in")), 1U);
  EXPECT_EQ(proxy.metric(connections("out")), 1U);
}

class ProxyProtocolIntegrationTest : public testing::Test {
 protected:
  // Port 25 and HTTP have chains of their own.
  std::string config(const std::string& header = "") const {
    return "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n"
           "  listener_filters:\n"
           "  - typed_config: {\"@type\": " +
           Type + "proxy_protocol.v1.ProxyProtocol" + header +
           "}\n"
           "  filter_chains:\n"
           "  - name: smtp\n"
           "    match: {destination_ports: [25]}\n"
           "    filters: " +
           tcpProxyTo("smtp") +
           "\n"
           "  - name: http\n"
           "    match: {application_protocols: [http/1.1]}\n"
           "    filters: " +
           tcpProxyTo("http") +
           "\n"
           "  - name: near\n"
           "    match: {source_prefix_ranges: [192.0.2.0/24]}\n"
           "    filters: " +
           tcpProxyTo("near") +
           "\n"
           "  default_filter_chain:\n"
           "    name: rest\n"
           "    filters: " +
           tcpProxyTo("rest") + "\nclusters:\n" + cluster("smtp", smtp_) + cluster("http", http_) +
           cluster("near", near_) + cluster("rest", rest_);
  }
  static std::string cluster(const std::string& name, const TestUpstream& upstream) {
    return "- {name: " + name + ", endpoints: [{address: \"" + upstream.address() + "\"}]}\n";
  }
  static std::string header(const std::string& source, const std::string& port) {
    return "PROXY TCP4 " + source + " 198.51.100.2 4660 " + port + "\r\n";
  }
  static std::string closes(const std::string& reason) {
    return "weir_connection_closes_total{listener=\"in\",close=\"" + reason + "\"}";
  }

  TestUpstream smtp_;
  TestUpstream http_;
  TestUpstream near_;
  TestUpstream rest_;
};

TEST_F(ProxyProtocolIntegrationTest, AnOpaquePortIsTheOneThatTheHeaderSays) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(header("203.0.113.1", "25"));
  TestSocket server = smtp_.accept();
  server.send("220 mail\r\n");
  EXPECT_EQ(client.receive(10), "220 mail\r\n");
  client.send("EHLO a\r\n");
  EXPECT_EQ(server.receive(8), "EHLO a\r\n");
  EXPECT_EQ(proxy.metric("weir_chain_connections_total{listener=\"in\",chain=\"smtp\","
                         "protocol=\"tcp\",reason=\"match\"}"),
            1U);
  EXPECT_EQ(proxy.metric("weir_listener_headers_total{listener=\"in\",header=\"v1\"}"), 1U);
}

// All come from one load balancer, here from one that may have a single connection without a
// header.
TEST_F(ProxyProtocolIntegrationTest, TheLimitOfASourceIsThatOfTheOneInTheHeader) {
  std::string yaml = config();
  yaml.insert(yaml.find("  listener_filters"), "  max_connections_per_source: 1\n");
  ServerUnderTest proxy(yaml);
  const std::string overflow = "weir_source_overflow_total{listener=\"in\"}";
  TestSocket first = TestSocket::connectTo(proxy.port());
  first.send(header("203.0.113.1", "25"));
  TestSocket first_server = smtp_.accept();
  TestSocket other = TestSocket::connectTo(proxy.port());
  other.send(header("203.0.113.2", "25"));
  TestSocket other_server = smtp_.accept();
  for (const char* port : {"25", "80"}) {  // decided by the header alone; or still to be
    TestSocket same = TestSocket::connectTo(proxy.port());
    same.send(header("203.0.113.1", port));
    EXPECT_EQ(same.receiveAll(), "");
    EXPECT_TRUE(same.wasReset());
  }
  proxy.waitForMetric(closes("source_overflow"), 2);
  EXPECT_EQ(proxy.metric(overflow), 2U);
  TestSocket silent = TestSocket::connectTo(proxy.port());
  TestSocket one_more = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(one_more.receiveAll(), "");
  EXPECT_EQ(proxy.metric(overflow), 3U);
  silent.send("PROXY UNKNOWN\r\n");  // of the balancer itself
  first.reset();
  proxy.waitForMetric(closes("client_reset"), 1);
  silent.reset();
  proxy.waitForMetric(closes("client_reset"), 2);
  TestSocket again = TestSocket::connectTo(proxy.port());
  again.send(header("203.0.113.1", "25"));
  smtp_.accept().send("220 mail\r\n");
  EXPECT_EQ(again.receive(10), "220 mail\r\n");
}

TEST_F(ProxyProtocolIntegrationTest, DetectionSeesWhatIsBehindTheHeader) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(header("203.0.113.1", "80") + request);
  EXPECT_EQ(http_.accept().receive(request.size()), request);
}

TEST_F(ProxyProtocolIntegrationTest, DetectionIsTheSameByteByByte) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string request = "GET / HTTP/1.1\r\n\r\n";
  for (const char c : header("203.0.113.1", "80") + request) client.send({&c, 1});
  EXPECT_EQ(http_.accept().receive(request.size()), request);
}

TEST_F(ProxyProtocolIntegrationTest, SilenceBehindTheHeaderFindsAServerThatSpeaksFirst) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(header("192.0.2.77", "3306"));
  TestSocket server = near_.accept();
  server.send("greeting");
  EXPECT_EQ(client.receive(8), "greeting");
}

TEST_F(ProxyProtocolIntegrationTest, AnUnknownConnectionKeepsTheAddressesOfItsSocket) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("PROXY UNKNOWN\r\nhello");
  EXPECT_EQ(rest_.accept().receive(5), "hello");
}

TEST_F(ProxyProtocolIntegrationTest, WithoutAHeaderTheConnectionIsClosedAndCounted) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric(closes("proxy_protocol_invalid"), 1);
  EXPECT_FALSE(http_.hasPending());
}

TEST_F(ProxyProtocolIntegrationTest, AClientThatEndsWithinTheHeaderIsClosedAndCounted) {
  ServerUnderTest proxy(config());
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("PROXY TCP4");
  client.halfClose();
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric(closes("proxy_protocol_incomplete"), 1);
}

TEST_F(ProxyProtocolIntegrationTest, WhereItIsAllowedBytesWithoutAHeaderAreCarried) {
  ServerUnderTest proxy(config(", allow_requests_without_proxy_protocol: true"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(http_.accept().receive(18), "GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(proxy.metric("weir_listener_headers_total{listener=\"in\",header=\"none\"}"), 1U);
}

TEST_F(ProxyProtocolIntegrationTest, APeerThatIsNotAllowedIsClosed) {
  ServerUnderTest proxy(config(", allowed_source_ranges: [10.0.0.0/8]"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  EXPECT_EQ(client.receiveAll(), "");
  proxy.waitForMetric(closes("proxy_protocol_untrusted"), 1);
}

// Towards the upstream.

class ProxyProtocolUpstreamTest : public testing::Test {
 protected:
  std::string config(const std::string& listener, const std::string& proxy) const {
    return "listeners:\n"
           "- name: in\n"
           "  address: 127.0.0.1:0\n" +
           listener +
           "  filter_chains:\n"
           "  - name: http\n"
           "    match: {application_protocols: [http/1.1]}\n"
           "    filters: " +
           tcpProxyTo("other") +
           "\n"
           "  default_filter_chain:\n"
           "    name: tcp\n"
           "    filters: " +
           tcpProxyTo("db") + "\nclusters:\n- {name: db, proxy_protocol: " + proxy +
           ", endpoints: [{address: \"" + upstream_.address() +
           "\"}]}\n- {name: other, endpoints: [{address: \"127.0.0.1:1\"}]}\n";
  }
  static std::string expectsHeader() {
    return "  listener_filters:\n  - typed_config: {\"@type\": " + Type +
           "proxy_protocol.v1.ProxyProtocol, pass_through_tlvs: {}}\n";
  }
  TestUpstream upstream_;
};

TEST_F(ProxyProtocolUpstreamTest, AServerThatSpeaksFirstGetsTheHeaderBeforeTheClientSaysAnything) {
  ServerUnderTest proxy(config("", "{}"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  TestSocket server = upstream_.accept();
  const std::string begin = "PROXY TCP4 127.0.0.1 127.0.0.1 ";
  EXPECT_EQ(server.receive(begin.size()), begin);
  std::string ports;
  while (!ports.ends_with("\r\n")) ports += server.receive(1);
  EXPECT_TRUE(ports.ends_with(" " + std::to_string(proxy.port()) + "\r\n")) << ports;
  server.send("greeting");
  EXPECT_EQ(client.receive(8), "greeting");
  client.send("hello");
  EXPECT_EQ(server.receive(5), "hello");
}

TEST_F(ProxyProtocolUpstreamTest, TheHeaderStandsOnceInFrontOfTheClientsBytes) {
  ServerUnderTest proxy(config(expectsHeader(), "{version: V1}"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  const std::string header = "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n";
  const std::string body(300'000, 'x');
  client.send(header + body);
  client.halfClose();
  EXPECT_TRUE(upstream_.accept().receiveAll() == header + body);
}

TEST_F(ProxyProtocolUpstreamTest, FieldsOfTheClientsHeaderArePassedOn) {
  ServerUnderTest proxy(config(expectsHeader(),
                               "{version: V2, pass_through_tlvs: "
                               "{match_type: INCLUDE, tlv_type: [2]}}"));
  TestSocket client = TestSocket::connectTo(proxy.port());
  client.send(proxyTcp4(tlv(0xea, "vpce") + tlv(2, "example.com")));
  client.send("\x01hello");
  const std::string expected = proxyTcp4(tlv(2, "example.com")) + "\x01hello";
  EXPECT_EQ(upstream_.accept().receive(expected.size()), expected);
}

}  // namespace
}  // namespace weir::test
