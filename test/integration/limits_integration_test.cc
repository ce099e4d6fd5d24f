// The limits of a whole proxy: who is turned away, under which name, and that nobody else notices.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

class LimitsIntegrationTest : public testing::Test {
 protected:
  std::string config(const std::string& top, const std::string& in = "") const {
    const std::string chain =
        "  default_filter_chain: {name: tcp, filters: " + tcpProxyTo("up") + "}\n";
    return top + "listeners:\n- name: in\n  address: 127.0.0.1:0\n" + in + chain +
           "- name: other\n  address: 127.0.0.1:0\n" + chain +
           "clusters:\n- {name: up, endpoints: [{address: \"" + upstream_.address() + "\"}]}\n";
  }
  static void expectRefused(uint16_t port) {
    EXPECT_EQ(TestSocket::connectTo(port).receiveAll(), "");
  }

  TestUpstream upstream_;
};

TEST_F(LimitsIntegrationTest, TheProcessHasALimitForAllListenersAndItIsFreeAgain) {
  ServerUnderTest proxy(config("max_connections: 2\n"), 2);
  TestSocket first = TestSocket::connectTo(proxy.port(0));
  TestSocket first_server = upstream_.accept();
  TestSocket second = TestSocket::connectTo(proxy.port(1));
  TestSocket second_server = upstream_.accept();
  expectRefused(proxy.port(0));
  expectRefused(proxy.port(1));
  EXPECT_EQ(proxy.metric("weir_process_overflow_total{listener=\"in\"}"), 1U);
  EXPECT_EQ(proxy.metric("weir_process_overflow_total{listener=\"other\"}"), 1U);
  EXPECT_EQ(proxy.metric("weir_process_max_connections"), 2U);
  first.send("still open");
  EXPECT_EQ(first_server.receive(10), "still open");
  second.reset();
  proxy.waitForMetric("weir_connection_closes_total{listener=\"other\",close=\"client_reset\"}", 1);
  TestSocket third = TestSocket::connectTo(proxy.port(0));
  TestSocket third_server = upstream_.accept();
  third.send("x");
  EXPECT_EQ(third_server.receive(1), "x");
}

TEST_F(LimitsIntegrationTest, ASourceHasALimitOfItsOwn) {
  ServerUnderTest proxy(config("", "  max_connections_per_source: 1\n"));
  TestSocket first = TestSocket::connectTo(proxy.port(0));
  TestSocket server = upstream_.accept();
  expectRefused(proxy.port(0));
  EXPECT_EQ(proxy.metric("weir_source_overflow_total{listener=\"in\"}"), 1U);
  TestSocket from_elsewhere = TestSocket::connectTo(proxy.port(0), "127.0.0.2");
  TestSocket second_server = upstream_.accept();
  from_elsewhere.send("x");
  EXPECT_EQ(second_server.receive(1), "x");
}

TEST_F(LimitsIntegrationTest, TooMuchMemoryShedsNewConnectionsAndKeepsOpenOnes) {
  ServerUnderTest proxy(config(""));
  TestSocket first = TestSocket::connectTo(proxy.port(0));
  TestSocket server = upstream_.accept();
  EXPECT_EQ(proxy.reload(config("overload: {max_memory_bytes: 1000}\n")), "");
  proxy.waitForMetric("weir_overload_active{resource=\"memory\"}", 1);
  expectRefused(proxy.port(0));
  EXPECT_EQ(proxy.metric("weir_overload_shed_total{listener=\"in\",resource=\"memory\"}"), 1U);
  first.send("still open");
  EXPECT_EQ(server.receive(10), "still open");
  EXPECT_EQ(proxy.reload(config("")), "");
  proxy.waitForMetricBelow("weir_overload_active{resource=\"memory\"}", 1);
  TestSocket second = TestSocket::connectTo(proxy.port(0));
  TestSocket second_server = upstream_.accept();
  second.send("x");
  EXPECT_EQ(second_server.receive(1), "x");
}

}  // namespace
}  // namespace weir::test
