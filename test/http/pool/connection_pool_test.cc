// The pool over real sockets of loopback, on a manual clock; servers are raw bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/http/pool/pool_set.h"
#include "test/http/h2/codec_harness.h"
#include "test/http/h2/frames.h"
#include "test/support/loopback_upstream.h"
#include "test/support/proxy_headers.h"
#include "test/support/worker_context.h"

namespace weir::http {
namespace {

using test::FieldList;

constexpr std::string_view Ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

const FieldList& getFields() {
  static const FieldList fields = test::get();
  return fields;
}

// One request: waits for its stream, sends a GET, and keeps what becomes of it.
class Request final : public PoolWaiter {
 public:
  void onPoolReady(const PooledStream& stream) override { begin(stream); }
  void onPoolFailure(const Error& error) override { failure = toString(error.code); }
  void begin(const PooledStream& stream) {
    encoder = stream.encoder;
    reused = stream.reused;
    EXPECT_TRUE(encoder->encodeHeaders(test::Fields(getFields()), true));
  }
  bool begun() const { return encoder != nullptr; }

  test::RecordingDecoder decoder;
  StreamEncoder* encoder = nullptr;
  bool reused = false;
  std::string failure;
};

class ConnectionPoolTest : public testing::Test {
 protected:
  static upstream::ClusterSettings settings() {
    upstream::ClusterSettings made;
    made.name = "up";
    return made;
  }

  void start(upstream::ClusterSettings settings, Version version = Version::Http11) {
    version_ = version;
    if (settings.endpoints.empty()) settings.endpoints = {upstream_.address()};
    context_.emplace(std::vector{std::move(settings)}, net::ConnectionLimits{}, &loop_);
    cluster_ = context_->cluster_set.find("up");
    auto place = cluster_->startRequest({});
    ASSERT_TRUE(place.ok());
    host_ = place.value().host();
  }

  // A request, begun if there is room. Its error, if there is one at once, is its failure.
  Request& ask(bool fresh = false, uint64_t owner = 0,
               const upstream::ConnectRequest& connect = {}) {
    Request& request = *requests_.emplace_back(std::make_unique<Request>());
    ConnectionPool& pool = set().pool(*cluster_, host_, version_, owner);
    auto stream = pool.newStream(request.decoder, request, connect, fresh);
    if (!stream.ok()) {
      request.failure = toString(stream.error().code);
    } else if (stream.value().encoder != nullptr) {
      request.begin(stream.value());
    }
    return request;
  }
  PoolSet& set() { return PoolSet::of(context_->worker); }
  size_t connections() { return set().pool(*cluster_, host_, version_, 0).connections(); }

  // Turns until the upstream has so many connections.
  bool accepted(size_t count) {
    return loop_.runUntil([&] { return upstream_.connections() >= count; });
  }
  bool received(size_t peer, size_t requests) {
    return loop_.runUntil([&] {
      size_t found = 0;
      for (size_t at = 0;
           (at = upstream_.peer(peer).received().find("GET", at)) != std::string::npos; ++at) {
        ++found;
      }
      return found >= requests;
    });
  }
  bool until(const auto& condition) { return loop_.runUntil(condition); }
  bool begun(const Request& request) {
    return until([&] { return request.begun(); });
  }
  bool over(const Request& request) {
    return until([&] { return request.decoder.ended || request.decoder.was_reset; });
  }
  void settle() { loop_.runUntilIdle(); }

  // Before the pools, which reset the streams that are still open when they go.
  std::vector<std::unique_ptr<Request>> requests_;
  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  std::optional<test::WorkerContext> context_;
  upstream::Cluster* cluster_ = nullptr;
  std::shared_ptr<upstream::Host> host_;
  Version version_ = Version::Http11;
};

// --- HTTP/1.

TEST_F(ConnectionPoolTest, TheConnectionThatWasUsedLastIsUsedAgain) {
  start(settings());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  Request& second = ask();
  ASSERT_TRUE(begun(second) && accepted(2) && received(1, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  upstream_.peer(1).send(Ok);
  ASSERT_TRUE(over(second));
  settle();
  EXPECT_TRUE(ask().begun());
  EXPECT_TRUE(received(1, 2));
  EXPECT_TRUE(requests_.back()->reused);
  EXPECT_EQ(connections(), 2u);
}

TEST_F(ConnectionPoolTest, AWaitingRequestTakesAConnectionThatBecomesFree) {
  auto one = settings();
  one.max_connections = 1;
  start(one);
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
  auto one = settings();
  one.max_connections = 1;
  start(one);
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
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
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
  auto one = settings();
  one.max_connections = 1;
  start(one);
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
  start(settings());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  upstream_.peer(0).close();
  EXPECT_TRUE(until([&] { return connections() == 0; }));
  EXPECT_TRUE(begun(ask()));
  EXPECT_TRUE(accepted(2));
}

// The request is asked for in the very turn in which the end is read: in every place of that turn.
TEST_F(ConnectionPoolTest, ARequestMayCrossTheEndOfAnIdleConnection) {
  start(settings());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
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
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(std::string(Ok) + "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison");
  ASSERT_TRUE(over(first));
  EXPECT_TRUE(until([&] { return connections() == 0; }));
  Request& second = ask();
  ASSERT_TRUE(begun(second) && accepted(2) && received(1, 1));
  EXPECT_EQ(second.decoder.log, "");
}

TEST_F(ConnectionPoolTest, IdleConnectionsEnd) {
  auto short_idle = settings();
  short_idle.http.idle_timeout = std::chrono::seconds(10);
  start(short_idle);
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  // A request that is under way is not idle.
  loop_.advance(std::chrono::seconds(60));
  EXPECT_EQ(connections(), 1u);
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
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
  start(settings());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  settle();
  Request& second = ask(true);
  EXPECT_FALSE(second.begun());
  EXPECT_TRUE(begun(second) && accepted(2));
  EXPECT_FALSE(second.reused);
}

TEST_F(ConnectionPoolTest, WhoAsksForAFreshConnectionGetsThePlaceOfAnIdleOne) {
  auto one = settings();
  one.max_connections = 1;
  start(one);
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  settle();
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
    requests_.clear();
  }
}

TEST_F(ConnectionPoolTest, AnIdleConnectionGivesWayToAnotherClients) {
  auto one = settings();
  one.max_connections_per_endpoint = 1;
  start(one);
  Request& first = ask(false, 1);
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  settle();
  EXPECT_TRUE(begun(ask(false, 2)) && accepted(2));
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
}

TEST_F(ConnectionPoolTest, WhoAsksForAFreshConnectionHoldsUpNobody) {
  start(settings());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  settle();
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
    requests_.clear();
    auto one = settings();
    one.max_connections = 1;
    start(one);
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
  Request& first = ask(false, 1);
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  Request& second = ask(false, 1);
  ASSERT_TRUE(begun(second) && accepted(2) && received(1, 1));
  Request& other = ask(false, 2);
  ASSERT_TRUE(begun(other) && accepted(3) && received(2, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  settle();
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
  start(settings());
  Request& first = ask(false, 1);
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
  upstream_.peer(0).send(Ok);
  ASSERT_TRUE(over(first));
  settle();
  EXPECT_FALSE(ask(false, 2).begun());
  EXPECT_TRUE(ask(false, 1).begun());
}

TEST_F(ConnectionPoolTest, AResetStreamEndsItsConnection) {
  start(settings());
  Request& first = ask();
  ASSERT_TRUE(begun(first) && accepted(1) && received(0, 1));
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

// --- HTTP/2.

class Http2PoolTest : public ConnectionPoolTest {
 protected:
  // Another connection, whose server has said how many streams it takes.
  bool greeted(size_t peer, uint32_t streams) {
    if (!accepted(peer + 1)) return false;
    upstream_.peer(peer).send(test::settings({{3, streams}}));
    return true;
  }
  size_t headsAt(size_t peer) {
    size_t heads = 0;
    for (const auto& frame : test::parseFrames(upstream_.peer(peer).received())) {
      heads += frame.type == test::HeadersFrame ? 1 : 0;
    }
    return heads;
  }
  size_t begunCount() const {
    size_t count = 0;
    for (const auto& request : requests_) count += request->begun() ? 1 : 0;
    return count;
  }
  void respond(size_t peer, uint32_t stream) {
    upstream_.peer(peer).send(test::headers(stream, {{":status", "200"}}));
  }
};

TEST_F(Http2PoolTest, ManyStreamsShareAConnection) {
  start(settings(), Version::Http2);
  for (int i = 0; i < 50; ++i) ask();
  ASSERT_TRUE(greeted(0, 100));
  EXPECT_TRUE(until([&] { return begunCount() == 50 && headsAt(0) == 50; }));
  EXPECT_EQ(connections(), 1u);
}

TEST_F(Http2PoolTest, AnotherConnectionIsMadeWhereOneTakesNoMore) {
  start(settings(), Version::Http2);
  for (int i = 0; i < 5; ++i) ask();
  ASSERT_TRUE(greeted(0, 2));
  ASSERT_TRUE(greeted(1, 2) && greeted(2, 2));
  EXPECT_TRUE(until([&] { return begunCount() == 5; }));
  settle();
  EXPECT_EQ(upstream_.connections(), 3u);
  EXPECT_TRUE(until([&] { return headsAt(0) == 2 && headsAt(1) + headsAt(2) == 3; }));
}

TEST_F(Http2PoolTest, AServerThatTakesNoneIsNotAskedOverAndOver) {
  start(settings(), Version::Http2);
  ask();
  ask();
  ASSERT_TRUE(greeted(0, 0));
  loop_.advance(std::chrono::seconds(1));
  EXPECT_LE(upstream_.connections(), 1u);
  EXPECT_LE(begunCount(), 1u);
  upstream_.peer(0).send(test::settings({{3, 10}}));
  EXPECT_TRUE(until([&] { return headsAt(0) == 2; }));
}

TEST_F(Http2PoolTest, NothingBeginsAfterAGoaway) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  upstream_.peer(0).send(
      test::frame(test::GoawayFrame, 0, 0, test::number(1, 4) + test::number(0, 4)));
  settle();
  ASSERT_TRUE(until([&] {
    loop_->runOnce(false);
    return !ask().begun();
  }));
  // The stream that the server has taken goes on to its end.
  ASSERT_TRUE(greeted(1, 100));
  respond(0, 1);
  EXPECT_TRUE(over(first));
  EXPECT_EQ(first.decoder.was_reset, false);
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
  EXPECT_TRUE(until([&] { return headsAt(1) >= 1; }));
}

TEST_F(Http2PoolTest, StreamsThatAGoawayLeavesOutAreRefused) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  Request& second = ask();
  ASSERT_TRUE(until([&] { return headsAt(0) == 2; }));
  upstream_.peer(0).send(
      test::frame(test::GoawayFrame, 0, 0, test::number(1, 4) + test::number(0, 4)));
  ASSERT_TRUE(over(second));
  EXPECT_NE(second.decoder.log.find("refused"), std::string::npos) << second.decoder.log;
  EXPECT_FALSE(first.decoder.was_reset);
  respond(0, 1);
  EXPECT_TRUE(over(first));
  EXPECT_FALSE(first.decoder.was_reset);
}

TEST_F(Http2PoolTest, AConnectionHasNoMoreRequestsThanItMay) {
  auto two = settings();
  two.http.max_requests_per_connection = 2;
  start(two, Version::Http2);
  for (int i = 0; i < 3; ++i) ask();
  ASSERT_TRUE(greeted(0, 100) && greeted(1, 100));
  EXPECT_TRUE(until([&] { return headsAt(0) == 2 && headsAt(1) == 1; }));
  respond(0, 1);
  respond(0, 3);
  EXPECT_TRUE(until([&] { return upstream_.peer(0).ended(); }));
}

TEST_F(Http2PoolTest, AFaultOfTheServerResetsItsStreams) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  upstream_.peer(0).send(test::data(0, "bad"));
  EXPECT_TRUE(over(first));
  EXPECT_TRUE(first.decoder.was_reset);
  EXPECT_TRUE(until([&] { return connections() == 0; }));
  EXPECT_TRUE((ask(), greeted(1, 100)));
}

// A host that is gone without a word: power, or a firewall that has forgotten the connection.
TEST_F(Http2PoolTest, AServerThatAnswersNoPingLosesItsConnection) {
  auto watched = settings();
  watched.http.http2.keepalive_interval = std::chrono::seconds(30);
  watched.http.http2.keepalive_timeout = std::chrono::seconds(5);
  start(watched, Version::Http2);
  Request& request = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  upstream_.peer(0).send(test::frame(test::SettingsFrame, test::Ack, 0));
  settle();
  const auto pings = [&] {
    const auto frames = test::parseFrames(upstream_.peer(0).received());
    return std::count_if(frames.begin(), frames.end(),
                         [](const auto& one) { return one.type == test::PingFrame; });
  };
  loop_.advance(std::chrono::seconds(29));
  EXPECT_EQ(pings(), 0);
  loop_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(until([&] { return pings() == 1; }));
  upstream_.peer(0).send(test::frame(test::PingFrame, test::Ack, 0, std::string(8, '\0')));
  settle();
  loop_.advance(std::chrono::seconds(30));
  EXPECT_TRUE(until([&] { return pings() == 2; }));
  EXPECT_FALSE(request.decoder.was_reset);
  loop_.advance(std::chrono::seconds(5));
  EXPECT_TRUE(over(request));
  EXPECT_EQ(request.decoder.log, "reset connection_gone h2_keepalive_timeout\n");
  EXPECT_TRUE(until([&] { return connections() == 0; }));
}

TEST_F(Http2PoolTest, TheServerIsToldWhatTheClusterSays) {
  auto all = settings();
  all.http.max_response_header_bytes = 8192;
  all.http.http2.hpack_table_size = 1024;
  all.http.http2.initial_stream_window_size = 100'000;
  all.http.http2.initial_connection_window_size = 200'000;
  start(all, Version::Http2);
  ask();
  ASSERT_TRUE(accepted(1) && until([&] { return headsAt(0) == 1; }));
  const auto number = [](uint64_t id, uint64_t value) {
    return test::number(id, 2) + test::number(value, 4);
  };
  std::string said;
  std::string window;
  for (const auto& frame : test::parseFrames(upstream_.peer(0).received())) {
    if (frame.type == test::SettingsFrame) said += frame.payload;
    if (frame.type == test::WindowUpdateFrame && frame.stream == 0) window += frame.payload;
  }
  EXPECT_EQ(said,
            number(1, 1024) + number(4, 100'000) + number(6, 8192) + number(2, 0) + number(9, 1));
  EXPECT_EQ(window, test::number(200'000 - 65535, 4));
}

TEST_F(Http2PoolTest, AConnectionHasNoMoreStreamsAtOnceThanTheClusterSays) {
  auto two = settings();
  two.http.http2.max_concurrent_streams = 2;
  start(two, Version::Http2);
  for (int i = 0; i < 5; ++i) ask();
  ASSERT_TRUE(accepted(3));
  for (size_t peer = 0; peer < 3; ++peer) ASSERT_TRUE(greeted(peer, 100));
  EXPECT_TRUE(until([&] { return headsAt(0) + headsAt(1) + headsAt(2) == 5; }));
  for (size_t peer = 0; peer < 3; ++peer) EXPECT_LE(headsAt(peer), 2U);
  settle();
  EXPECT_EQ(upstream_.connections(), 3U);
}

// What is not said of them is as the codecs have it.
TEST(UpstreamHttpSettings, DefaultsAreThoseOfTheCodecs) {
  const upstream::HttpSettings cluster;
  const Http2Settings codec;
  EXPECT_EQ(cluster.max_response_header_bytes, codec.headers.max_bytes);
  EXPECT_EQ(cluster.max_response_headers, codec.headers.max_count);
  EXPECT_EQ(cluster.http2.hpack_table_size, codec.hpack_table_size);
  EXPECT_EQ(cluster.http2.max_concurrent_streams, codec.max_concurrent_streams);
  EXPECT_EQ(cluster.http2.initial_stream_window_size, codec.initial_stream_window_size);
  EXPECT_EQ(cluster.http2.initial_connection_window_size, codec.initial_connection_window_size);
  EXPECT_EQ(cluster.http2.keepalive_interval, codec.keepalive_interval);
  EXPECT_EQ(cluster.http2.keepalive_timeout, codec.keepalive_timeout);
}

TEST_F(Http2PoolTest, AResetStreamLeavesTheOthersAlone) {
  start(settings(), Version::Http2);
  Request& first = ask();
  ASSERT_TRUE(greeted(0, 100) && until([&] { return headsAt(0) == 1; }));
  Request& second = ask();
  ASSERT_TRUE(until([&] { return headsAt(0) == 2; }));
  first.encoder->reset(ResetReason::Cancel);
  respond(0, 3);
  EXPECT_TRUE(over(second));
  EXPECT_FALSE(second.decoder.was_reset);
  EXPECT_EQ(connections(), 1u);
}

}  // namespace
}  // namespace weir::http
