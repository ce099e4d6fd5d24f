// CONNECTs to names: a DNS server and an upstream on loopback, and a client on a memory pipe.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "source/extensions/http/router/router.h"
#include "source/extensions/network/http_conn_manager/http_conn_manager.h"
#include "test/support/filter_harness.h"
#include "test/support/loopback_dns.h"
#include "test/support/loopback_upstream.h"

namespace weir::http_filters {
namespace {

using std::chrono::seconds;

constexpr std::string_view Opened = "HTTP/1.1 200 OK\r\n\r\n";

struct ConnectTunnelTest : testing::Test {
  ConnectTunnelTest() : dns(*loop), upstream(loop) {
    http::Tunnel tunnel;
    tunnel.allow_local_destinations = true;
    route(tunnel);
    settings.stat_prefix = "web";
    settings.transparent = true;
    options.servers = {dns.address()};
    options.resolv_conf = "/does/not/exist";
    options.deadline = seconds(5);
  }

  void route(const http::Tunnel& tunnel) {
    http::VirtualHostSpec host{"all", "", {"*"}, {}};
    http::RouteSpec through;
    through.match.path = {http::PathMatch::Kind::Connect, ""};
    through.route.action = tunnel;
    host.routes = {through};
    Diagnostics diagnostics;
    settings.routes = http::RouteTable::compile({host}, diagnostics);
    EXPECT_TRUE(diagnostics.ok());
  }

  // A connection of which nothing has come.
  void open() {
    const auto router = std::make_shared<RouterFactory>(options);
    settings.filters = {router};
    test::FilterHarness::Options with;
    with.loop = &loop;
    harness = std::make_unique<test::FilterHarness>(
        test::FilterHarness::Factories{
            std::make_shared<extensions::HttpConnManagerFactory>(settings)},
        std::move(with));
    harness->context().own_addresses.setListeners(listeners);
    names = &router->namesOn(harness->context().worker);
  }
  void ask(const std::string& name, uint16_t port) {
    const std::string authority = name + ":" + std::to_string(port);
    harness->client().send("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
  }
  test::FilterHarness& connect(const std::string& name, uint16_t port) {
    open();
    ask(name, port);
    return *harness;
  }
  // Until it is answered, as if another CONNECT had asked.
  void lookUp(const std::string& name) {
    bool answered = false;
    const auto query = names->resolve(name, [&](const auto&) { answered = true; });
    ASSERT_NE(query, nullptr);
    ASSERT_TRUE(loop.runUntil([&] { return answered; }));
  }
  uint16_t port() const { return upstream.address().ip.port; }
  bool clientSees(std::string_view text) {
    return loop.runUntil(
        [&] { return harness->client().received().find(text) != std::string::npos; });
  }
  bool upstreamSees(std::string_view text) {
    return loop.runUntil(
        [&] { return upstream.connections() > 0 && upstream.peer().received() == text; });
  }

  test::TestLoop loop;
  test::LoopbackDns dns;
  test::LoopbackUpstream upstream;
  upstream::DnsOptions options;
  extensions::HttpConnManagerSettings settings;
  std::vector<net::SocketAddress> listeners;  // of the process
  std::unique_ptr<test::FilterHarness> harness;
  NameLookups* names = nullptr;  // of its worker
};

TEST_F(ConnectTunnelTest, LeadsToTheAddressOfTheName) {
  dns.answer("a.test", {"127.0.0.1"}, 60);
  test::FilterHarness& h = connect("a.test", port());
  h.client().send("early");  // before anybody knows where to
  ASSERT_TRUE(clientSees(Opened));
  EXPECT_TRUE(upstreamSees("early"));
  upstream.peer().send("pong");
  EXPECT_TRUE(clientSees("pong"));
  h.client().sendEnd();
  EXPECT_TRUE(loop.runUntil([&] { return upstream.peer().ended(); }));
}

TEST_F(ConnectTunnelTest, TriesTheNextAddressIfConnectingFails) {
  dns.answer("a.test", {"127.0.0.2", "127.0.0.1"}, 60);  // nobody listens on the first one
  connect("a.test", port());
  harness->client().send("early");
  ASSERT_TRUE(clientSees(Opened));
  EXPECT_TRUE(upstreamSees("early"));
}

// A name may have any number of them.
TEST_F(ConnectTunnelTest, TriesFourAddressesAtMost) {
  dns.answer("four.test", {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"}, 60);
  dns.answer("five.test", {"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.1"}, 60);
  connect("four.test", port());
  EXPECT_TRUE(clientSees(Opened));
  connect("five.test", port());
  EXPECT_TRUE(clientSees("weir-error: upstream_refused\r\n"));
  EXPECT_EQ(upstream.connections(), 1U);
}

TEST_F(ConnectTunnelTest, SaysThatConnectingToTheLastOneFailed) {
  dns.answer("a.test", {"127.0.0.2", "127.0.0.3"}, 60);
  connect("a.test", port());
  EXPECT_TRUE(clientSees("HTTP/1.1 503"));
  EXPECT_TRUE(clientSees("weir-error: upstream_refused\r\n"));
}

TEST_F(ConnectTunnelTest, LeadsToWhatIsNearOnlyIfTheRouteAllowsIt) {
  dns.answer("a.test", {"127.0.0.1"}, 60);
  route(http::Tunnel{});
  for (const char* near :
       {"127.0.0.1", "127.9.9.9", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
        "[::ffff:0.0.0.0]", "169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "a.test"}) {
    connect(near, port());
    EXPECT_TRUE(clientSees("HTTP/1.1 403")) << near;
    EXPECT_TRUE(clientSees("weir-error: local_destination\r\n")) << near;
  }
  EXPECT_EQ(upstream.connections(), 0U);
}

TEST_F(ConnectTunnelTest, SaysThatANameHasNoAddress) {
  dns.fail("broken.test", test::DnsServFail);
  for (const char* name : {"unknown.test", "broken.test"}) {
    connect(name, 80);
    EXPECT_TRUE(clientSees("HTTP/1.1 503")) << name;
    EXPECT_TRUE(clientSees("weir-error: dns_resolution_failure\r\n")) << name;
  }
}

TEST_F(ConnectTunnelTest, GivesUpANameThatIsNotAnswered) {
  dns.ignore("silent.test");
  connect("silent.test", 80);
  ASSERT_TRUE(loop.runUntil([&] { return !dns.questions().empty(); }));
  loop.advance(options.deadline - seconds(1));
  EXPECT_EQ(harness->client().received(), "");
  loop.advance(seconds(1));
  EXPECT_TRUE(clientSees("weir-error: dns_resolution_failure\r\n"));
}

TEST_F(ConnectTunnelTest, AClientThatLeavesMeanwhileIsNotWaitedFor) {
  dns.ignore("silent.test");
  connect("silent.test", 80);
  ASSERT_TRUE(loop.runUntil([&] { return !dns.questions().empty(); }));
  harness->client().reset();
  EXPECT_TRUE(loop.runUntil([&] { return harness->closed(); }));
}

struct NameLookupsTest : ConnectTunnelTest {
  NameLookupsTest() { open(); }
  bool counted(const std::string& outcome) {
    return harness->context().metrics().find("weir_http_connect_lookups_total{outcome=\"" +
                                             outcome + "\"} 1\n") != std::string::npos;
  }
};

TEST_F(NameLookupsTest, ABoundedNumberIsLookedUpAtOnce) {
  dns.ignore("silent.test");
  std::vector<std::unique_ptr<NameLookups::Query>> queries;
  for (size_t i = 0; i < NameLookups::MaxAtOnce; ++i) {
    queries.push_back(names->resolve("silent.test", [](const auto&) {}));
    ASSERT_NE(queries.back(), nullptr);
  }
  EXPECT_EQ(names->resolve("silent.test", [](const auto&) {}), nullptr);
  EXPECT_TRUE(counted("overflow"));
  queries.pop_back();
  EXPECT_NE(names->resolve("silent.test", [](const auto&) {}), nullptr);
}

TEST_F(NameLookupsTest, AnAnswerIsKnownForAsLongAsItsTtlSays) {
  struct Case {
    unsigned ttl;
    Duration kept;
  };
  for (const Case& one : {Case{0, seconds(0)}, Case{5, seconds(5)}, Case{3600, seconds(60)}}) {
    const std::string name = "a" + std::to_string(one.ttl) + ".test";
    dns.answer(name, {"192.0.2.1"}, one.ttl);
    EXPECT_EQ(names->known(name), nullptr);
    lookUp(name);
    if (one.kept > Duration::zero()) {
      loop.advance(one.kept - std::chrono::milliseconds(1));
      ASSERT_NE(names->known(name), nullptr) << name;
      EXPECT_EQ(names->known("A" + name.substr(1))->addresses.size(), 1U);
      loop.advance(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(names->known(name), nullptr) << name;
  }
}

TEST_F(NameLookupsTest, ABoundedNumberIsKnown) {
  for (size_t i = 0; i <= NameLookups::MaxKept; ++i) {
    const std::string name = "n" + std::to_string(i) + ".test";
    dns.answer(name, {"192.0.2.1"}, 60);
    lookUp(name);
  }
  EXPECT_EQ(names->known("n0.test"), nullptr);
  EXPECT_NE(names->known("n1.test"), nullptr);
}

TEST_F(NameLookupsTest, OutcomesAreCounted) {
  dns.answer("a.test", {"192.0.2.1"}, 60);
  dns.fail("broken.test", test::DnsServFail);
  lookUp("a.test");
  EXPECT_NE(names->known("a.test"), nullptr);
  lookUp("unknown.test");
  lookUp("broken.test");
  for (const char* outcome : {"resolved", "known", "not_found", "server_failure"})
    EXPECT_TRUE(counted(outcome)) << outcome;
}

TEST_F(ConnectTunnelTest, ANameWhoseAnswerHoldsIsNotAskedForAnew) {
  dns.answer("a.test", {"127.0.0.1"}, 60);
  open();
  lookUp("a.test");
  const size_t asked = dns.questions().size();
  ask("A.test", port());
  EXPECT_TRUE(clientSees(Opened));
  EXPECT_EQ(dns.questions().size(), asked);
}

TEST_F(ConnectTunnelTest, ANameIsForgottenIfNobodyIsThere) {
  dns.answer("a.test", {"127.0.0.2"}, 60);
  connect("a.test", port());
  EXPECT_TRUE(clientSees("weir-error: upstream_refused\r\n"));
  EXPECT_EQ(names->known("a.test"), nullptr);
}

TEST_F(ConnectTunnelTest, DoesNotLeadBackToTheProxyByName) {
  dns.answer("self.test", {"127.0.0.1"}, 60);
  listeners = {upstream.address()};
  for (const char* self : {"self.test", "127.0.0.1", "0.0.0.0"}) {
    connect(self, port());
    EXPECT_TRUE(clientSees("HTTP/1.1 508")) << self;
    EXPECT_TRUE(clientSees("weir-error: loop\r\n")) << self;
  }
  EXPECT_EQ(upstream.connections(), 0U);
}

}  // namespace
}  // namespace weir::http_filters
