// The pool, with HTTP/1 to the servers.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "test/http/pool/pool_harness.h"

namespace weir::http::pool_test {
namespace {

TEST_F(ConnectionPoolTest, TheConnectionThatWasUsedLastIsUsedAgain) {
  start(settings());
  Request& first = askOverNew(0);
  Request& second = askOverNew(1);
  answer(first, 0);
  answer(second, 1);
  EXPECT_TRUE(ask().begun());
  EXPECT_TRUE(received(1, 2));
  EXPECT_TRUE(requests_.back()->reused);
  EXPECT_EQ(connections(), 2u);
}

TEST_F(ConnectionPoolTest, AWaitingRequestTakesAConnectionThatBecomesFree) {
  start(oneConnection());
  Request& first = ask();
  Request& second = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  EXPECT_FALSE(second.begun());
  upstream_.peer(0).send(Ok);
  EXPECT_TRUE(begun(second));
  EXPECT_TRUE(second.reused);
  EXPECT_TRUE(received(0, 2));
}

TEST_F(ConnectionPoolTest, AWaitingRequestGetsAnotherConnectionWhenTheOneItWaitsForEnds) {
  start(oneConnection());
  Request& first = ask();
  Request& second = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  ASSERT_TRUE(over(first));
  EXPECT_TRUE(begun(second) && accepted(2) && received(1, 1));
  EXPECT_FALSE(second.reused);
}

// Its client may be gone by then: copies of requests outlive their originals.
TEST_F(ConnectionPoolTest, AConnectionThatIsMadeLaterSaysWhoseItIs) {
  auto proxied = settings();
  proxied.max_connections = 1;
  proxied.proxy_protocol = upstream::ProxyProtocolSettings{
      .version = net::ProxyVersion::V2, .passed_tlvs = net::ProxyTlvTypes().set(0xea)};
  start(proxied);
  askOverNew(0);
  const std::string value(600, 'v');
  Request& second = ask(false, 0,
                        {.destination = *net::IpPort::parse("198.51.100.2:443"),
                         .source = *net::IpPort::parse("192.0.2.1:4660"),
                         .proxy_tlvs = std::make_shared<const std::vector<net::ProxyTlv>>(
                             std::vector<net::ProxyTlv>{{0xea, value}})});
  upstream_.peer(0).reset();
  ASSERT_TRUE(begun(second) && accepted(2) && received(1, 1));
  EXPECT_TRUE(upstream_.peer(1).received().starts_with(test::proxyTcp4(test::tlv(0xea, value))));
}

TEST_F(ConnectionPoolTest, MoreThanMayWaitAreRefused) {
  auto few = settings();
  few.max_pending_requests = 2;
  start(few);
  ask();
  ask();
  EXPECT_EQ(ask().failure, "overflow");
  EXPECT_TRUE(begun(*requests_[0]) && begun(*requests_[1]));
  // Those that were given their streams wait no longer.
  EXPECT_EQ(ask().failure, "");
}

TEST_F(ConnectionPoolTest, ARequestThatLeavesDoesNotWait) {
  auto few = settings();
  few.max_pending_requests = 1;
  start(few);
  ask().leavePool();
  EXPECT_EQ(ask().failure, "");
  EXPECT_TRUE(begun(*requests_[1]));
  EXPECT_FALSE(requests_[0]->begun());
}

TEST_F(ConnectionPoolTest, WhoWaitsForAConnectionThatIsRefusedIsTold) {
  auto refusing = settings();
  refusing.endpoints = {upstream_.refusingAddress()};
  start(refusing);
  Request& first = ask();
  Request& second = ask();
  EXPECT_TRUE(until([&] { return !first.failure.empty() && !second.failure.empty(); }));
  EXPECT_EQ(first.failure, "refused");
  settle();
  EXPECT_EQ(set().size(), 0u);
}

// The others wait for the connection that there is, or for the next one.
TEST_F(ConnectionPoolTest, AConnectionThatFailsFailsNoMoreThanItWasMadeFor) {
  auto silent = oneConnection();
  silent.endpoints = {upstream_.unansweringAddress()};
  silent.connect_timeout = std::chrono::seconds(3);
  startWithEarly(std::move(silent));
  Request& busy = ask();
  ASSERT_TRUE(busy.begun() && received(0, 1));
  Request& second = ask();
  Request& third = ask();
  Request& fourth = ask();
  loop_.advance(std::chrono::seconds(3));
  EXPECT_EQ(second.failure, "timeout");
  EXPECT_EQ(third.failure + fourth.failure, "");
  answer(busy, 0);
  EXPECT_TRUE(third.begun() && received(0, 2));
  answer(third, 0);
  EXPECT_TRUE(fourth.begun());
}

TEST_F(ConnectionPoolTest, ConnectingTakesNoLongerThanItMay) {
  auto silent = settings();
  silent.endpoints = {upstream_.unansweringAddress()};
  silent.connect_timeout = std::chrono::seconds(3);
  start(silent);
  Request& request = ask();
  loop_.advance(std::chrono::milliseconds(2999));
  EXPECT_EQ(request.failure, "");
  loop_.advance(std::chrono::milliseconds(2));
  EXPECT_EQ(request.failure, "timeout");
}

// The time that a server of HTTP/2 has to answer begins once the connection stands.
TEST_F(ConnectionPoolTest, ConnectingByHttp2MayTakeAsLong) {
  auto patient = settings();
  patient.endpoints = {upstream_.unansweringAddress()};
  patient.connect_timeout = std::chrono::seconds(60);
  patient.http.http2.keepalive_interval = std::chrono::seconds(1);
  start(patient, Version::Http2);
  Request& request = ask();
  loop_.advance(std::chrono::seconds(59));
  EXPECT_EQ(request.failure, "");
  loop_.advance(std::chrono::seconds(2));
  EXPECT_EQ(request.failure, "timeout");
}

TEST_F(ConnectionPoolTest, AServerThatClosesEveryConnectionAtOnceFailsTheRequest) {
  start(oneConnection());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1));
  Request& second = ask();
  upstream_.peer(0).reset();
  ASSERT_TRUE(over(first));
  ASSERT_TRUE(accepted(2));
  upstream_.peer(1).reset();
  // It was begun, or it was told: it never waits for ever.
  EXPECT_TRUE(until([&] { return !second.failure.empty() || second.decoder.was_reset; }));
}

TEST_F(ConnectionPoolTest, AnIdleConnectionThatTheServerClosesIsNotUsed) {
  startUsed(settings());
  upstream_.peer(0).close();
  EXPECT_TRUE(until([&] { return connections() == 0; }));
  EXPECT_TRUE(begun(ask()));
  EXPECT_TRUE(accepted(2));
}

// The request is asked for in the very turn in which the end is read: in every place of that turn.
TEST_F(ConnectionPoolTest, ARequestMayCrossTheEndOfAnIdleConnection) {
  startUsed(settings());
  upstream_.peer(0).close();
  std::vector<Request*> asked;
  for (int turn = 0; turn < 200 && asked.size() < 200 && connections() > 0; ++turn) {
    asked.push_back(&ask());
    loop_->post([&] { asked.push_back(&ask()); });
    loop_->runOnce(false);
    if (asked.front()->begun() && asked.front()->reused) break;
  }
  settle();
  for (Request* request : asked) {
    EXPECT_TRUE(begun(*request) || request->decoder.was_reset || !request->failure.empty());
  }
}

TEST_F(ConnectionPoolTest, BytesThatNobodyAskedForEndAnIdleConnection) {
  start(settings());
  Request& first = askOverNew(0);
  upstream_.peer(0).send(std::string(Ok) + "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison");
  ASSERT_TRUE(over(first));
  EXPECT_TRUE(until([&] { return connections() == 0; }));
  Request& second = askOverNew(1);
  EXPECT_EQ(second.decoder.log, "");
}

TEST_F(ConnectionPoolTest, IdleConnectionsEnd) {
  auto short_idle = settings();
  short_idle.http.idle_timeout = std::chrono::seconds(10);
  start(short_idle);
  Request& first = askOverNew(0);
  // A request that is under way is not idle.
  loop_.advance(std::chrono::seconds(60));
  EXPECT_EQ(connections(), 1u);
  answer(first, 0);
  loop_.advance(std::chrono::seconds(9));
  EXPECT_EQ(connections(), 1u);
  loop_.advance(std::chrono::seconds(7));
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
  settle();
  EXPECT_EQ(set().size(), 0u);
}

TEST_F(ConnectionPoolTest, AConnectionHasNoMoreRequestsThanItMay) {
  auto two = settings();
  two.http.max_requests_per_connection = 2;
  start(two);
  for (size_t i = 0; i < 3; ++i) {
    Request& request = ask();
    ASSERT_TRUE(begun(request) && accepted(1 + i / 2));
    ASSERT_TRUE(received(i / 2, 1 + i % 2));
    upstream_.peer(i / 2).send(Ok);
    ASSERT_TRUE(over(request));
    settle();
  }
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
  EXPECT_EQ(connections(), 1u);
}

TEST_F(ConnectionPoolTest, AFreshConnectionIsMadeForWhoAsksForOne) {
  startUsed(settings());
  Request& second = ask(true);
  EXPECT_FALSE(second.begun());
  EXPECT_TRUE(begun(second) && accepted(2));
  EXPECT_FALSE(second.reused);
}

TEST_F(ConnectionPoolTest, WhoAsksForAFreshConnectionGetsThePlaceOfAnIdleOne) {
  startUsed(oneConnection());
  // It gives way.
  EXPECT_TRUE(begun(ask(true)) && accepted(2));
  EXPECT_FALSE(requests_.back()->reused);
}

TEST_F(ConnectionPoolTest, AnIdleConnectionGivesWayToOneThatIsNeededElsewhere) {
  test::LoopbackUpstream other(loop_);
  for (const Version version : {Version::Http11, Version::Http2}) {
    auto two = settings();
    two.max_connections = 1;
    two.endpoints = {upstream_.address(), other.address()};
    start(two, version);
    const bool here = host_->address() == upstream_.address();
    test::LoopbackUpstream& from = here ? upstream_ : other;
    test::LoopbackUpstream& to = here ? other : upstream_;
    const size_t peer = from.connections();
    const size_t next = to.connections();
    Request& first = ask();
    ASSERT_TRUE(until([&] { return from.connections() > peer; }));
    const bool http2 = version == Version::Http2;
    if (http2) from.peer(peer).send(test::settings());
    ASSERT_TRUE(begun(first));
    settle();
    const auto place = cluster_->startRequest({});
    host_ = place.value().host();
    ASSERT_NE(host_->address(), from.address());
    // A connection that is used does not.
    EXPECT_EQ(ask().failure, "overflow");
    from.peer(peer).send(http2 ? test::headers(1, {{":status", "200"}}) : std::string(Ok));
    ASSERT_TRUE(over(first));
    settle();
    Request& second = ask();
    EXPECT_EQ(second.failure, "");
    EXPECT_TRUE(until([&] { return to.connections() > next && from.peer(peer).ended(); }));
    if (http2) to.peer(next).send(test::settings());
    EXPECT_TRUE(begun(second));
  }
}

TEST_F(ConnectionPoolTest, AnIdleConnectionGivesWayToAnotherClients) {
  auto one = settings();
  one.max_connections_per_endpoint = 1;
  startUsed(one, 1);
  EXPECT_TRUE(begun(ask(false, 2)) && accepted(2));
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
}

TEST_F(ConnectionPoolTest, WhoAsksForAFreshConnectionHoldsUpNobody) {
  startUsed(settings());
  Request& second = ask(true);
  EXPECT_FALSE(second.begun());
  EXPECT_TRUE(ask().begun());
  EXPECT_TRUE(requests_.back()->reused);
  // Nor is it held up, by who comes later and finds none: each gets one.
  Request& fourth = ask();
  EXPECT_TRUE(begun(second) && begun(fourth) && accepted(3));
  EXPECT_FALSE(second.reused);
}

TEST_F(ConnectionPoolTest, WhoeverWaitsComesInTurn) {
  for (const bool fresh_first : {true, false}) {
    start(oneConnection());
    const size_t peer = upstream_.connections();
    Request& first = ask();
    ASSERT_TRUE(begun(first) && accepted(peer + 1) && received(peer, 1));
    Request& second = ask(fresh_first);
    Request& third = ask(!fresh_first);
    upstream_.peer(peer).send(Ok);
    ASSERT_TRUE(begun(second) && received(peer, 2));
    EXPECT_FALSE(third.begun()) << fresh_first;
    upstream_.peer(peer).send(Ok);
    EXPECT_TRUE(begun(third) && received(peer, 3)) << fresh_first;
  }
}

TEST_F(ConnectionPoolTest, ConnectionsEndWhenTheirOwnerIsGoneAndTheyAreIdle) {
  start(settings());
  Request& first = askOverNew(0, 1);
  askOverNew(1, 1);
  askOverNew(2, 2);
  answer(first, 0);
  Request& waits = ask(true, 1);
  set().ownerGone(1);
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
  EXPECT_TRUE(begun(waits) && accepted(4) && received(3, 1));
  EXPECT_FALSE(upstream_.peer(1).ended());
  upstream_.peer(1).send(Ok);
  upstream_.peer(3).send(Ok);
  EXPECT_TRUE(until([&] { return upstream_.peer(1).ended() && upstream_.peer(3).ended(); }));
  settle();
  EXPECT_EQ(set().size(), 1U);
  EXPECT_FALSE(upstream_.peer(2).ended());
}

TEST_F(ConnectionPoolTest, OwnersShareNoConnection) {
  startUsed(settings(), 1);
  EXPECT_FALSE(ask(false, 2).begun());
  EXPECT_TRUE(ask(false, 1).begun());
}

TEST_F(ConnectionPoolTest, AResetStreamEndsItsConnection) {
  start(settings());
  Request& first = askOverNew(0);
  first.encoder->reset(ResetReason::Cancel);
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended() || upstream_.peer(0).error() != 0; }));
  settle();
  EXPECT_EQ(set().size(), 0u);
}

// Everything in every state ends with the worker; its parts check that nothing is left.
TEST_F(ConnectionPoolTest, EndsWithAllThatIsOpen) {
  for (const Version version : {Version::Http11, Version::Http2}) {
    auto both = settings();
    both.max_connections = 3;
    start(both, version);
    for (int i = 0; i < 5; ++i) ask();
    if (version == Version::Http11) {
      ASSERT_TRUE(begun(*requests_[0]));
    }
    ask();
    // In this order, as in a worker: those who wait may outlive the pool.
    host_.reset();
    cluster_ = nullptr;
    context_.reset();
    for (const auto& request : requests_) EXPECT_FALSE(request->waiting());
    requests_.clear();
  }
}

}  // namespace
}  // namespace weir::http::pool_test
