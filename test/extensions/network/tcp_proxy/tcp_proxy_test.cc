#include "source/extensions/network/tcp_proxy/tcp_proxy.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "test/support/filter_harness.h"
#include "test/support/loopback_upstream.h"

namespace weir::extensions {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Type = upstream::ClusterSettings::Type;

// Passes everything on: with it in the chain, the relay is not alone with the connection.
class PassThrough final : public filter::ReadFilter, public filter::WriteFilter {
 public:
  filter::FilterStatus onData(buffer::Buffer&, bool) override {
    return filter::FilterStatus::Continue;
  }
  filter::FilterStatus onWrite(buffer::Buffer&, bool) override {
    return filter::FilterStatus::Continue;
  }
};

class PassThroughFactory final : public filter::NetworkFilterFactory {
 public:
  std::string_view name() const override { return "pass_through"; }
  void create(filter::FilterAdder& adder) const override {
    auto filter = std::make_unique<PassThrough>();
    PassThrough& both = *filter;
    adder.addBoth(std::move(filter), both);
  }
};

class TcpProxyFixture : public testing::Test {
 protected:
  // A client whose chain ends with a tcp_proxy to `endpoints`.
  void start(std::vector<upstream::EndpointSettings> endpoints, bool alone = true) {
    options_.loop = &loop_;
    options_.clusters = {{.name = "db", .endpoints = std::move(endpoints)}};
    test::FilterHarness::Factories factories;
    if (!alone) factories.push_back(std::make_shared<PassThroughFactory>());
    factories.push_back(std::make_shared<TcpProxyFactory>(TcpProxySettings{{{"db"}}, relay_}));
    harness_.emplace(std::move(factories), std::move(options_));
  }
  void startAndConnect(bool alone = true) {
    start({upstream_.address()}, alone);
    ASSERT_TRUE(until([&] { return upstream_.connections() == 1; }));
    // One round trip shows that the relay stands.
    server().send("ready");
    ASSERT_TRUE(until([&] { return client().received() == "ready"; }));
    client().takeReceived();
  }

  bool until(auto condition) { return loop_.runUntil(condition); }
  bool clientGets(const std::string& text) {
    return until([&] { return client().received() == text; });
  }
  bool serverGets(const std::string& text) {
    return until([&] { return server().received() == text; });
  }
  bool closesFor(const std::string& reason) {
    return until([&] { return harness_->closed(); }) && harness_->closeReason() == reason;
  }
  bool clientIsReset() {
    return until([&] { return client().error() == ECONNRESET; });
  }
  test::TestPeer& client() { return harness_->client(); }
  test::TestPeer& server() { return upstream_.peer(); }

  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  RelaySettings relay_;
  test::FilterHarness::Options options_;
  std::optional<test::FilterHarness> harness_;
};

// Each behaviour holds if the relay has the connection for itself, and if a filter is before it.
class TcpProxyTest : public TcpProxyFixture, public testing::WithParamInterface<bool> {
 protected:
  void connect() { startAndConnect(GetParam()); }
};

TEST_P(TcpProxyTest, RelaysBothWays) {
  ASSERT_NO_FATAL_FAILURE(connect());
  client().send("question");
  EXPECT_TRUE(serverGets("question"));
  server().send("answer");
  EXPECT_TRUE(clientGets("answer"));
  EXPECT_EQ(harness_->info().cluster, "db");
  EXPECT_EQ(harness_->info().upstream, upstream_.address().toString());
}

TEST_P(TcpProxyTest, WhatTheClientSentBeforeIsRelayed) {
  options_.client_bytes = "early";
  start({upstream_.address()}, GetParam());
  client().send(" and late");
  client().sendEnd();
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1 && server().ended(); }));
  EXPECT_EQ(server().received(), "early and late");
}

TEST_P(TcpProxyTest, RelaysBulkUnchanged) {
  ASSERT_NO_FATAL_FAILURE(connect());
  std::string text(5 << 20, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 1000);
  client().send(text);
  server().send(text);
  EXPECT_TRUE(until([&] {
    return server().received().size() == text.size() && client().received().size() == text.size();
  }));
  EXPECT_TRUE(server().received() == text && client().received() == text);
}

TEST_P(TcpProxyTest, TheClientsEndIsCarriedAndTheServerMayGoOn) {
  ASSERT_NO_FATAL_FAILURE(connect());
  client().send("last");
  client().sendEnd();
  ASSERT_TRUE(until([&] { return server().ended(); }));
  EXPECT_EQ(server().received(), "last");
  server().send("answer");
  EXPECT_TRUE(clientGets("answer"));
  server().sendEnd();
  EXPECT_TRUE(closesFor("client_fin"));
  EXPECT_TRUE(until([&] { return client().ended(); }));
  EXPECT_EQ(client().error(), 0);
}

TEST_P(TcpProxyTest, TheServersEndIsCarriedAndTheClientMayGoOn) {
  ASSERT_NO_FATAL_FAILURE(connect());
  server().send("last");
  server().sendEnd();
  ASSERT_TRUE(until([&] { return client().ended(); }));
  EXPECT_EQ(client().received(), "last");
  client().send("more");
  EXPECT_TRUE(serverGets("more"));
  client().sendEnd();
  EXPECT_TRUE(closesFor("upstream_fin"));
  EXPECT_TRUE(until([&] { return server().ended(); }));
}

TEST_P(TcpProxyTest, AResetOfTheServerIsAResetForTheClient) {
  ASSERT_NO_FATAL_FAILURE(connect());
  server().reset();
  EXPECT_TRUE(closesFor("upstream_reset"));
  EXPECT_TRUE(clientIsReset());
}

TEST_P(TcpProxyTest, AResetOfTheClientIsAResetForTheServer) {
  ASSERT_NO_FATAL_FAILURE(connect());
  client().reset();
  EXPECT_TRUE(closesFor("client_reset"));
  EXPECT_TRUE(until([&] { return server().error() == ECONNRESET; }));
}

TEST_P(TcpProxyTest, ASlowServerHoldsTheClientBack) {
  ASSERT_NO_FATAL_FAILURE(connect());
  server().stopReading();
  const std::string text(30 << 20, 'x');
  client().send(text);
  harness_->run();
  EXPECT_FALSE(client().allSent());
  EXPECT_LE(harness_->context().slices.bytesInUse(), 16U * 32768);
  while (server().received().size() < text.size()) {
    server().readOn();
    server().stopReading();
    loop_->runOnce(false);
  }
  EXPECT_TRUE(server().received() == text);
}

TEST_P(TcpProxyTest, WithoutAByteForIdleTimeoutItEnds) {
  relay_.idle_timeout = minutes(10);
  ASSERT_NO_FATAL_FAILURE(connect());
  harness_->advance(minutes(9));
  client().send("x");
  ASSERT_TRUE(serverGets("x"));
  harness_->advance(minutes(10) - milliseconds(1));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(milliseconds(1));
  EXPECT_TRUE(closesFor("idle_timeout"));
  EXPECT_TRUE(until([&] { return server().ended(); }));
}

TEST_P(TcpProxyTest, ByteFromTheServerCountsAgainstIdleness) {
  relay_.idle_timeout = minutes(10);
  ASSERT_NO_FATAL_FAILURE(connect());
  harness_->advance(minutes(9));
  server().send("x");
  ASSERT_TRUE(clientGets("x"));
  harness_->advance(minutes(9));
  EXPECT_FALSE(harness_->closed());
}

TEST_P(TcpProxyTest, AfterOneEndTheHalfOpenTimeoutHolds) {
  relay_.half_open_timeout = seconds(30);
  ASSERT_NO_FATAL_FAILURE(connect());
  client().sendEnd();
  ASSERT_TRUE(until([&] { return server().ended(); }));
  harness_->advance(seconds(29));
  server().send("x");
  ASSERT_TRUE(clientGets("x"));
  harness_->advance(seconds(29));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(seconds(1));
  EXPECT_TRUE(closesFor("half_open_timeout"));
}

TEST_P(TcpProxyTest, TimeoutsOfZeroAreNone) {
  relay_.idle_timeout = relay_.half_open_timeout = Duration::zero();
  ASSERT_NO_FATAL_FAILURE(connect());
  harness_->advance(hours(1000));
  client().sendEnd();
  ASSERT_TRUE(until([&] { return server().ended(); }));
  harness_->advance(hours(1000));
  EXPECT_FALSE(harness_->closed());
}

TEST_P(TcpProxyTest, ClosedFromOutsideItIsCutOffForTheServerToo) {
  ASSERT_NO_FATAL_FAILURE(connect());
  harness_->chain().close(filter::Close::Now, "shutdown");
  EXPECT_TRUE(closesFor("shutdown"));
  EXPECT_TRUE(until([&] { return server().error() == ECONNRESET; }));
}

TEST_P(TcpProxyTest, TimedOutWithBytesInHandItDoesNotLookComplete) {
  relay_.idle_timeout = minutes(10);
  ASSERT_NO_FATAL_FAILURE(connect());
  harness_->towardsClient().capacity = 1;
  client().stopReading();
  server().send("more than one byte");
  ASSERT_TRUE(until([&] { return harness_->connection().bytesWritten() > 5; }));
  harness_->advance(minutes(10));
  EXPECT_TRUE(closesFor("idle_timeout"));
  client().readOn();
  EXPECT_TRUE(clientIsReset());
}

// Connecting.

TEST_P(TcpProxyTest, RefusedItResetsTheClient) {
  start({upstream_.refusingAddress()}, GetParam());
  EXPECT_TRUE(closesFor("upstream_refused"));
  EXPECT_TRUE(clientIsReset());
  EXPECT_EQ(harness_->info().upstream, upstream_.refusingAddress().toString());
}

TEST_P(TcpProxyTest, RefusedItTriesAsOftenAsItMay) {
  relay_.max_connect_attempts = 3;
  const auto bad = upstream_.refusingAddress();
  start({bad, bad, upstream_.address()}, GetParam());
  client().send("third");
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1; }));
  EXPECT_TRUE(serverGets("third"));
  harness_->chain().close(filter::Close::Now, "test_over");
  harness_->run();
}

TEST_P(TcpProxyTest, RefusedTooOftenItGivesUp) {
  relay_.max_connect_attempts = 2;
  const auto bad = upstream_.refusingAddress();
  start({bad, bad, upstream_.address()}, GetParam());
  EXPECT_TRUE(closesFor("upstream_refused"));
  EXPECT_EQ(upstream_.connections(), 0U);
}

TEST_P(TcpProxyTest, NotAnsweredInTimeItResetsTheClient) {
  start({upstream_.unansweringAddress()}, GetParam());
  harness_->advance(seconds(5) - milliseconds(1));
  EXPECT_FALSE(harness_->closed());
  harness_->advance(milliseconds(1));
  EXPECT_TRUE(closesFor("upstream_connect_timeout"));
  EXPECT_TRUE(clientIsReset());
}

TEST_P(TcpProxyTest, AClientThatEndedWhileConnectingIsServed) {
  options_.client_bytes = "request";
  start({upstream_.address()}, GetParam());
  client().sendEnd();
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1 && server().ended(); }));
  EXPECT_EQ(server().received(), "request");
  server().send("answer");
  server().sendEnd();
  EXPECT_TRUE(closesFor("client_fin"));
  EXPECT_EQ(client().received(), "answer");
}

TEST_P(TcpProxyTest, AClientThatIsResetWhileConnectingEndsIt) {
  start({upstream_.address()}, GetParam());
  client().reset();
  EXPECT_TRUE(closesFor("client_reset"));
}

TEST_P(TcpProxyTest, UsesTheConnectionThatWasOpenedEarly) {
  struct Ignore final : upstream::EarlyEvents {
    void onEarlyConnected() override {}
    void onServerSpoke() override { spoke = true; }
    void onEarlyFailed(const Error&) override {}
    bool spoke = false;
  } events;
  upstream_.greetWith("220 hello\r\n");
  options_.early = [&](filter::Worker& worker) {
    auto early = std::make_unique<upstream::EarlyConnection>(*worker.clusters.find("db"), *loop_);
    EXPECT_TRUE(early->start({}, events).ok());
    EXPECT_TRUE(until([&] { return events.spoke; }));
    return early;
  };
  start({upstream_.address()}, GetParam());
  EXPECT_TRUE(clientGets("220 hello\r\n"));
  client().send("EHLO");
  EXPECT_TRUE(serverGets("EHLO"));
  EXPECT_EQ(upstream_.connections(), 1U);
}

INSTANTIATE_TEST_SUITE_P(AloneAndBehindAFilter, TcpProxyTest, testing::Values(true, false),
                         [](const auto& instance) {
                           return instance.param ? "Alone" : "BehindAFilter";
                         });

// A cluster of the original destination.

class OriginalDestinationTest : public TcpProxyFixture {
 protected:
  void startTo(const net::IpPort& destination, bool self = false) {
    options_.loop = &loop_;
    options_.clusters = {{.name = "orig", .type = Type::OriginalDst, .endpoints = {}}};
    options_.info.facts.destination = destination;
    options_.info.destination_is_self = self;
    harness_.emplace(test::FilterHarness::Factories{std::make_shared<TcpProxyFactory>(
                         TcpProxySettings{{{"orig"}}, relay_})},
                     std::move(options_));
  }
};

TEST_F(OriginalDestinationTest, GoesWhereTheClientDialled) {
  startTo(upstream_.address().ip);
  client().send("x");
  ASSERT_TRUE(until([&] { return upstream_.connections() == 1; }));
  EXPECT_TRUE(serverGets("x"));
}

TEST_F(OriginalDestinationTest, NeverConnectsToTheListenerItself) {
  relay_.max_connect_attempts = 10;
  startTo(upstream_.address().ip, true);
  EXPECT_TRUE(closesFor("loop"));
  EXPECT_TRUE(clientIsReset());
  EXPECT_EQ(upstream_.connections(), 0U);
}

TEST_F(OriginalDestinationTest, UnknownItResetsTheClient) {
  startTo({});
  EXPECT_TRUE(closesFor("no_destination"));
  EXPECT_EQ(harness_->info().upstream, "");
}

// The option of this process's socket that is connected to `to`.
int keepAliveOfSocketTo(const net::IpPort& to) {
  for (int fd = 0; fd < 1024; ++fd) {
    int value = -1;
    socklen_t length = sizeof value;
    const bool found = net::peerAddress(fd) == to;
    if (found && getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0) return value;
  }
  return -1;
}

TEST_F(TcpProxyFixture, AConnectionThatLastsGetsKeepAliveEvenIfNothingWasSaid) {
  ASSERT_NO_FATAL_FAILURE(startAndConnect());
  loop_.advance(seconds(14));
  EXPECT_EQ(keepAliveOfSocketTo(upstream_.address().ip), 0);
  loop_.advance(seconds(2));
  EXPECT_EQ(keepAliveOfSocketTo(upstream_.address().ip), 1);
}

// A client over a real socket, whose reset and the upstream's answer come in one turn.
TEST_F(TcpProxyFixture, AResetOfTheClientInTheTurnThatConnectsEndsIt) {
  struct Owner final : filter::ChainOwner {
    void onChainClosed() override { closed = true; }
    bool closed = false;
  } owner;
  struct NoEvents final : net::ConnectionEvents {
    void onData(buffer::Buffer&, bool) override {}
    void onFault(const Error&) override {}
  } no_events;
  test::LoopbackUpstream own_side(loop_);
  auto clients_io = net::SocketIo::connect(own_side.address());
  test::WorkerContext context({{.name = "db", .endpoints = {upstream_.address()}}}, {}, &loop_);
  net::Connection connection(*loop_, context.slices, std::move(clients_io).value(),
                             net::Connection::Start::Connected, {}, no_events);
  ASSERT_TRUE(until([&] { return own_side.connections() == 1; }));
  filter::ConnectionInfo info;
  filter::FilterChain chain(context.worker, connection, info, owner);
  own_side.peer().reset();
  const std::vector<std::shared_ptr<const filter::NetworkFilterFactory>> factories{
      std::make_shared<TcpProxyFactory>(TcpProxySettings{{{"db"}}, relay_})};
  chain.start(factories, nullptr);
  EXPECT_TRUE(until([&] { return owner.closed; }));
  EXPECT_EQ(info.close_reason, "client_reset");
  loop_.runUntilIdle();
}

}  // namespace
}  // namespace weir::extensions
