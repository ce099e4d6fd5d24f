// Listener filters of one's own that name another source behind a PROXY header: the limit of a
// source counts by the header, from beginning to end.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "source/extensions/listener/original_dst/factory.h"
#include "source/extensions/listener/proxy_protocol/factory.h"
#include "source/extensions/network/echo/factory.h"
#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

using filter::FactStatus;

// Says that whoever sends anything comes from elsewhere, and speaks "moved".
class MovingFilter final : public filter::ListenerFilter {
 public:
  FactStatus start(const filter::AcceptedSocket&, filter::Sniffed&) override {
    return FactStatus::NeedMore;
  }
  FactStatus onBytes(std::span<const uint8_t>, filter::Sniffed& out) override {
    out.facts.source = *net::IpPort::parse("203.0.113.99:1");
    out.facts.application_protocols = {"moved"};
    out.settled = filter::Fact::Source | filter::Fact::ApplicationProtocols;
    return FactStatus::Done;
  }
  FactStatus onEnd(std::span<const uint8_t>, filter::Sniffed&) override { return FactStatus::Done; }
};

class MovingFilterFactory final : public filter::ListenerFilterFactory {
 public:
  std::string_view name() const override { return "moving"; }
  filter::FactSet provides() const override {
    return filter::Fact::Source | filter::Fact::ApplicationProtocols;
  }
  size_t maxBytes() const override { return 64; }
  std::unique_ptr<filter::ListenerFilter> create() const override {
    return std::make_unique<MovingFilter>();
  }
};

// In a registry without original_dst, whose message serves as its own.
class MovingConfigFactory final : public config::ListenerFilterConfigFactory {
 public:
  std::string_view messageType() const override { return type_->messageType(); }
  std::unique_ptr<filter::ListenerFilterFactory> create(const google::protobuf::Message&,
                                                        const FieldScope&,
                                                        config::BuildContext&) const override {
    return std::make_unique<MovingFilterFactory>();
  }

 private:
  const std::unique_ptr<config::ListenerFilterConfigFactory> type_ =
      extensions::makeOriginalDstConfigFactory();
};

void registerMoving(config::Registry& registry) {
  registry.add(std::make_unique<MovingConfigFactory>());
  registry.add(extensions::makeProxyProtocolConfigFactory());
  registry.add(extensions::makeEchoConfigFactory());
}

std::string config() {
  const std::string type = "{typed_config: {\"@type\": type.googleapis.com/weir.extensions.";
  const std::string echo = "filters: [" + type + "network.echo.v1.Echo}}]}";
  return "listeners:\n- name: in\n  address: 127.0.0.1:0\n  max_connections_per_source: 1\n"
         "  listener_filters: [" +
         type + "listener.proxy_protocol.v1.ProxyProtocol}}, " + type +
         "listener.original_dst.v1.OriginalDst}}]\n"
         "  filter_chains: [{name: moved, match: {application_protocols: [moved]}, " +
         echo + "]\n  default_filter_chain: {name: rest, " + echo + "\n";
}

const std::string Header = "PROXY TCP4 192.0.2.1 198.51.100.2 4660 25\r\n";

// Another one with the same header is turned away: the first one's was read, then.
void waitUntilCounted(ServerUnderTest& proxy) {
  const std::string turned_away =
      "weir_connection_closes_total{listener=\"in\",close=\"source_overflow\"}";
  for (const uint64_t before = proxy.metric(turned_away); proxy.metric(turned_away) == before;) {
    TestSocket other = TestSocket::connectTo(proxy.port());
    other.send(Header);
    EXPECT_EQ(other.receiveAll(), "");
  }
}

TEST(SourceChangeTest, WhatWasCountedForTheHeaderIsFreeAtTheEnd) {
  ServerUnderTest proxy(config(), 1, registerMoving);
  for (int i = 0; i < 3; ++i) {
    TestSocket client = TestSocket::connectTo(proxy.port());
    client.send(Header);
    waitUntilCounted(proxy);
    client.send("hello");
    EXPECT_EQ(client.receive(5), "hello") << i;
    client.halfClose();
    EXPECT_EQ(client.receiveAll(), "");
    proxy.waitForMetricBelow("weir_listener_open_connections{listener=\"in\"}", 1);
  }
  EXPECT_EQ(proxy.metric("weir_chain_connections_total{listener=\"in\",chain=\"moved\","
                         "protocol=\"tcp\",reason=\"client_bytes\"}"),
            3U);
}

}  // namespace
}  // namespace weir::test
