#include "source/server/detection.h"

#include <gtest/gtest.h>

#include "source/extensions/listener/proxy_protocol/proxy_protocol.h"
#include "test/server/listener_fixture.h"
#include "test/support/loopback_upstream.h"
#include "test/support/memory_pipe.h"
#include "test/support/test_peer.h"
#include "test/support/worker_context.h"

namespace weir::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct NoRedirect final : filter::AcceptedSocket {
  bool originalDestination(net::IpPort&) const override { return false; }
};

// What the detection told its owner, in one word or two.
struct Owner final : DetectionOwner {
  void onDecided(ChainChoice::Status, filter::Reason reason,
                 std::unique_ptr<upstream::EarlyConnection> connection) override {
    told = std::string(toString(reason));
    early = std::move(connection);
  }
  void onDetectionClosed(std::string_view reason) override {
    told = "closed:" + std::string(reason);
  }
  std::string told;
  std::unique_ptr<upstream::EarlyConnection> early;
};

class DetectionTest : public testing::Test {
 protected:
  void TearDown() override {
    if (owner_.early != nullptr) loop_->retire(std::move(owner_.early));
    detection_.reset();
    if (connection_ != nullptr) connection_->close(false);
    connection_.reset();
    loop_.runUntilIdle();
    EXPECT_EQ(probes_, 0U);
    EXPECT_EQ(budget_.held(), 0U);
  }

  // A silent client connects. `tcp`: where the fallback leads to.
  void begin(const net::SocketAddress& tcp, bool learned = false) {
    settings_ = httpAndTcp(policy_);
    if (with_header_) {
      settings_.listener_filters.insert(
          settings_.listener_filters.begin(),
          std::make_shared<extensions::ProxyProtocolFactory>(extensions::ProxyProtocolSettings{}));
    }
    context_ = std::make_unique<test::WorkerContext>(
        std::vector<upstream::ClusterSettings>{{.name = "http", .endpoints = {tcp}},
                                               {.name = "tcp", .endpoints = {tcp}}},
        net::ConnectionLimits{}, &loop_);
    info_.facts.destination = *net::IpPort::parse("10.0.0.9:25");
    filter::FactSet provided = filter::Fact::ApplicationProtocols;
    if (with_header_) provided = provided | filter::Fact::Source | filter::Fact::Destination;
    info_.facts.known = filter::FactSet::all().without(provided);
    if (learned) learned_.learn(info_.facts.destination, loop_->now());
    shared_.emplace(DetectionShared{
        settings_, silencePolicyOf(settings_), context_->worker, learned_, probes_, budget_,
        [this](const net::IpPort&, bool first) { news_ += first ? "+" : "-"; }});
    connection_ = std::make_unique<net::Connection>(*loop_, context_->slices, pipe_.takeFirst(),
                                                    net::Connection::Start::Connected,
                                                    net::ConnectionLimits{}, nobody_);
    choice_.emplace(settings_, socket_, info_);
    ASSERT_EQ(choice_->begin(), ChainChoice::Status::Wait);
    detection_ = std::make_unique<Detection>(*shared_, *choice_, info_, *connection_, owner_);
    detection_->start();
    loop_.runUntilIdle();
  }
  bool told(const std::string& what) {
    return loop_.runUntil([&] { return owner_.told == what; });
  }
  bool probeStands() {
    return loop_.runUntil([&] { return upstream_.connections() == 1; });
  }
  std::string chain() { return choice_->chain() == nullptr ? "-" : choice_->chain()->name; }
  bool counted(const std::string& outcome) {
    return context_->metrics().find("weir_probe_total{listener=\"in\",outcome=\"" + outcome +
                                    "\"} 1") != std::string::npos;
  }

  struct Nobody final : net::ConnectionEvents {
    void onData(buffer::Buffer&, bool) override {}
    void onFault(const Error&) override {}
  };
  Nobody nobody_;
  NoRedirect socket_;
  filter::SilencePolicy policy_;
  bool with_header_ = false;
  size_t probes_ = 0;  // open now
  DetectionBudget budget_;
  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  test::MemoryPipe pipe_{*loop_};
  test::TestPeer client_{*loop_, pipe_.takeSecond()};
  config::ListenerSettings settings_;
  std::unique_ptr<test::WorkerContext> context_;
  LearnedServers learned_{16, std::chrono::hours(1)};
  std::optional<DetectionShared> shared_;
  filter::ConnectionInfo info_;
  std::unique_ptr<net::Connection> connection_;
  std::optional<ChainChoice> choice_;
  Owner owner_;
  std::unique_ptr<Detection> detection_;
  std::string news_;
};

TEST_F(DetectionTest, ClientBytesDecideAtOnce) {
  begin(upstream_.address());
  client_.send("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_EQ(chain(), "http");
  EXPECT_EQ(upstream_.connections(), 0U);
}

TEST_F(DetectionTest, NoProbeBeforeTheClientWasSilentForLongEnough) {
  begin(upstream_.address());
  loop_.advance(milliseconds(24));
  EXPECT_EQ(probes_, 0U);
  loop_.advance(milliseconds(1));
  EXPECT_EQ(probes_, 1U);
}

TEST_F(DetectionTest, ServerThatSpeaksDecidesAndIsLearnedAndTold) {
  upstream_.greetWith("220 mail ESMTP\r\n");
  begin(upstream_.address());
  loop_.advance(milliseconds(25));
  EXPECT_TRUE(told("server_first"));
  EXPECT_EQ(chain(), "tcp");
  EXPECT_EQ(info_.protocol, "smtp");
  EXPECT_NE(owner_.early, nullptr);
  EXPECT_EQ(news_, "+");
  EXPECT_TRUE(counted("server_spoke"));
}

TEST_F(DetectionTest, LearnedServerIsConnectedAtOnceAndCountsAfterTwoMilliseconds) {
  upstream_.greetWith("220 mail ESMTP\r\n");
  begin(upstream_.address(), true);
  EXPECT_TRUE(probeStands());
  loop_.advance(milliseconds(1));
  EXPECT_EQ(owner_.told, "");
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(told("learned"));
  EXPECT_EQ(news_, "");
}

TEST_F(DetectionTest,
       ClientThatSpeaksWhileTheExpectedGreetingIsThereIsHeardAndTheMemoryContradicted) {
  upstream_.greetWith("220 mail ESMTP\r\n");
  begin(upstream_.address(), true);
  EXPECT_TRUE(probeStands());
  client_.send("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_EQ(chain(), "http");
  EXPECT_EQ(news_, "-");
  EXPECT_FALSE(learned_.expects(info_.facts.destination, loop_->now()));
}

TEST_F(DetectionTest, ClientOfTheExpectedServerThatSpeaksAtOnceContradictsNothing) {
  begin(upstream_.address(), true);
  client_.send("SSH-2.0-client\r\n");
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_EQ(chain(), "tcp");
  EXPECT_TRUE(learned_.expects(info_.facts.destination, loop_->now()));
}

TEST_F(DetectionTest, ProbeIsHandedOverWhenTheClientSpeaksBeforeItStands) {
  begin(upstream_.address());
  loop_.advance(milliseconds(25));
  client_.send("ruok");
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_NE(owner_.early, nullptr);
  EXPECT_TRUE(counted("client_spoke"));
}

TEST_F(DetectionTest, RefusedProbeDecidesNothing) {
  begin(upstream_.refusingAddress());
  loop_.advance(milliseconds(25));
  EXPECT_TRUE(loop_.runUntil([&] { return counted("failed"); }));
  EXPECT_EQ(owner_.told, "");
  client_.send("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_EQ(owner_.early, nullptr);
}

TEST_F(DetectionTest, ServerThatClosesWithoutAWordDecidesNothing) {
  begin(upstream_.address());
  loop_.advance(milliseconds(25));
  ASSERT_TRUE(probeStands());
  upstream_.peer().close();
  EXPECT_TRUE(loop_.runUntil([&] { return counted("server_closed"); }));
  EXPECT_EQ(owner_.told, "");
}

TEST_F(DetectionTest, ProbesAreBounded) {
  policy_.server_first.max_probes = 3;
  probes_ = 3;
  begin(upstream_.address());
  loop_.advance(milliseconds(25));
  EXPECT_TRUE(counted("limited"));
  EXPECT_EQ(probes_, 3U);
  probes_ = 0;
}

TEST_F(DetectionTest, TheCountersOfAListenerAreLookedUpOnce) {
  policy_.server_first.max_probes = 0;
  policy_.detection_timeout = milliseconds(50);
  budget_.setLimit(DetectionBudget::BytesOfEach);
  begin(upstream_.address());
  const std::string probes = "weir_probe_total";
  const std::string overflows = "weir_detection_overflow_total";
  for (const std::string& metric : {probes, overflows}) {
    for (size_t i = 0; i < stats::Registry::MaxSeries; ++i)
      context_->stats.counter(metric, "Others.", {{"listener", std::to_string(i)}});
  }
  const auto again = [&, before = info_.facts] {
    detection_.reset();
    info_.facts = before;
    choice_.emplace(settings_, socket_, info_);
    ASSERT_EQ(choice_->begin(), ChainChoice::Status::Wait);
    detection_ = std::make_unique<Detection>(*shared_, *choice_, info_, *connection_, owner_);
    detection_->start();
    loop_.advance(milliseconds(25));
  };
  for (int i = 0; i < 3; ++i) again();
  budget_.setLimit(DetectionBudget::BytesOfEach - 1);
  for (int i = 0; i < 3; ++i) again();
  const std::string metrics = context_->metrics();
  for (const std::string& metric : {probes, overflows}) {
    EXPECT_NE(metrics.find("weir_metrics_folded_total{metric=\"" + metric + "\"} 1\n"),
              std::string::npos)
        << metrics;
  }
  EXPECT_NE(metrics.find("weir_detection_overflow_total{listener=\"other\"} 3\n"),
            std::string::npos);
}

TEST_F(DetectionTest, DisabledMeansNoProbe) {
  policy_.server_first.enabled = false;
  begin(upstream_.address());
  loop_.advance(seconds(9));
  EXPECT_EQ(context_->metrics().find("weir_probe_total"), std::string::npos);
}

TEST_F(DetectionTest, ChainThatMustNotConnectEarlyIsNotProbed) {
  begin(upstream_.address());
  settings_.default_chain->early_connect = false;
  loop_.advance(seconds(9));
  EXPECT_EQ(context_->metrics().find("weir_probe_total"), std::string::npos);
}

TEST_F(DetectionTest, SilenceOnBothSidesEndsAsTcpWithTheProbe) {
  begin(upstream_.address());
  loop_.advance(milliseconds(25));
  ASSERT_TRUE(probeStands());
  loop_.advance(seconds(10) - milliseconds(26));
  EXPECT_EQ(owner_.told, "");
  loop_.advance(milliseconds(1));
  EXPECT_EQ(owner_.told, "timeout");
  EXPECT_EQ(chain(), "tcp");
  EXPECT_NE(owner_.early, nullptr);
  EXPECT_TRUE(counted("silence"));
}

TEST_F(DetectionTest, SilenceClosesWhereTheConfigurationSaysSo) {
  policy_.on_timeout = filter::OnTimeout::Close;
  begin(upstream_.address());
  loop_.advance(seconds(10));
  EXPECT_EQ(owner_.told, "closed:detection_timeout");
}

TEST_F(DetectionTest, APrefixIsHeldForPartialTimeoutFromItsLastByte) {
  policy_.on_timeout = filter::OnTimeout::Close;  // which is not for this
  begin(upstream_.address());
  client_.send("GE");
  loop_.advance(milliseconds(900));
  client_.send("T");
  loop_.advance(milliseconds(999));
  EXPECT_EQ(owner_.told, "");
  loop_.advance(milliseconds(1));
  EXPECT_EQ(owner_.told, "timeout");
  EXPECT_EQ(chain(), "tcp");
}

TEST_F(DetectionTest, BytesThatTrickleAreNotHeldBeyondDetectionTimeout) {
  begin(upstream_.address());
  client_.send("GET /");
  for (int i = 0; i < 12; ++i) {
    loop_.advance(milliseconds(850));
    if (owner_.told.empty()) client_.send("x");
  }
  EXPECT_EQ(owner_.told, "timeout");
}

// One byte a second for ever, of what could still be a request: it is held no longer than any
// other, and takes no more memory than its bytes.
TEST_F(DetectionTest, AClientOfOneByteASecondHoldsLittleAndNotForLong) {
  policy_.partial_timeout = seconds(5);  // longer than its pauses
  begin(upstream_.address());
  client_.send("GET /");
  int sent = 0;
  while (owner_.told.empty() && sent < 100) {
    loop_.advance(seconds(1));
    client_.send("x");
    ++sent;
    EXPECT_LE(context_->slices.bytesInUse(), 1024U);
  }
  EXPECT_EQ(owner_.told, "timeout");
  EXPECT_EQ(sent, 10);  // detection_timeout
  EXPECT_LE(context_->slices.inUse(), 1U);
}

TEST_F(DetectionTest, OneThatHoldsMoreThanAllMayIsDecidedAsOnTimeout) {
  budget_.setLimit(DetectionBudget::BytesOfEach + 10);
  begin(upstream_.address());
  client_.send("GET /12345");
  EXPECT_TRUE(loop_.runUntil([&] { return budget_.held() == DetectionBudget::BytesOfEach + 10; }));
  EXPECT_EQ(owner_.told, "");
  client_.send("6");
  EXPECT_TRUE(told("timeout"));
  EXPECT_EQ(chain(), "tcp");
  EXPECT_NE(context_->metrics().find("weir_detection_overflow_total{listener=\"in\"} 1"),
            std::string::npos);
}

TEST_F(DetectionTest, OneTooManyIsDecidedBeforeItsFirstByte) {
  budget_.setLimit(DetectionBudget::BytesOfEach);
  budget_.change(0, 1);  // of another one
  begin(upstream_.address());
  EXPECT_TRUE(told("timeout"));
  budget_.change(1, 0);
}

TEST_F(DetectionTest, OneTooManyIsClosedWhereTheConfigurationSaysSo) {
  policy_.on_timeout = filter::OnTimeout::Close;
  budget_.setLimit(DetectionBudget::BytesOfEach - 1);
  begin(upstream_.address());
  EXPECT_TRUE(told("closed:detection_overflow"));
}

TEST_F(DetectionTest, WhatWasHeldIsFreeAgainOnceItIsDecided) {
  begin(upstream_.address());
  client_.send("GET /");
  EXPECT_TRUE(loop_.runUntil([&] { return budget_.held() == DetectionBudget::BytesOfEach + 5; }));
  client_.send(" HTTP/1.1\r\n");
  EXPECT_TRUE(told("client_bytes"));  // and TearDown() finds nothing held
}

TEST_F(DetectionTest, ClientThatHalfClosesIsTcp) {
  begin(upstream_.address());
  client_.sendEnd();
  EXPECT_TRUE(told("client_closed"));
  EXPECT_EQ(chain(), "tcp");
}

TEST_F(DetectionTest, BytesThatSettleItCountAlsoIfTheClientEndsWithThem) {
  begin(upstream_.address());
  client_.send("GET / HTTP/1.1\r\n");
  client_.sendEnd();
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_EQ(chain(), "http");
}

TEST_F(DetectionTest, BytesThatDoNotSettleItGoToTheFallbackIfTheClientEndsWithThem) {
  begin(upstream_.address());
  client_.send("GE");
  client_.sendEnd();
  EXPECT_TRUE(told("client_closed"));
  EXPECT_EQ(chain(), "tcp");
}

TEST_F(DetectionTest, ClientThatLeavesEndsTheProbe) {
  begin(upstream_.address());
  loop_.advance(milliseconds(25));
  client_.reset();
  EXPECT_TRUE(told("closed:client_reset"));
  EXPECT_TRUE(counted("client_closed"));
  EXPECT_EQ(probes_, 0U);
}

// Behind a PROXY header.

constexpr std::string_view Header = "PROXY TCP4 192.0.2.1 10.0.0.9 4660 25\r\n";

class DetectionBehindHeaderTest : public DetectionTest {
 protected:
  DetectionBehindHeaderTest() { with_header_ = true; }
  bool send(std::string_view bytes) {
    client_.send(std::string(bytes));
    return loop_.runUntil([&] { return info_.header == "v1" || !owner_.told.empty(); });
  }
};

TEST_F(DetectionBehindHeaderTest, NoServerIsProbedBeforeTheHeader) {
  begin(upstream_.address());
  loop_.advance(seconds(9));
  EXPECT_EQ(context_->metrics().find("weir_probe_total"), std::string::npos);
  EXPECT_EQ(probes_, 0U);
}

TEST_F(DetectionBehindHeaderTest, SilenceBehindTheHeaderProbesTheServer) {
  upstream_.greetWith("220 mail ESMTP\r\n");
  begin(upstream_.address());
  loop_.advance(seconds(2));
  ASSERT_TRUE(send(Header));
  loop_.advance(milliseconds(24));
  EXPECT_EQ(probes_, 0U);
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(told("server_first"));
  EXPECT_EQ(chain(), "tcp");
  EXPECT_EQ(info_.facts.source, *net::IpPort::parse("192.0.2.1:4660"));
  EXPECT_TRUE(connection_->readBuffer().empty());
}

TEST_F(DetectionBehindHeaderTest, ALearnedServerIsConnectedAtOnceAndCountsTwoMillisecondsLater) {
  upstream_.greetWith("220 mail ESMTP\r\n");
  begin(upstream_.address(), true);
  loop_.advance(seconds(2));
  ASSERT_TRUE(send(Header));
  EXPECT_TRUE(probeStands());
  loop_.advance(milliseconds(1));
  EXPECT_EQ(owner_.told, "");
  loop_.advance(milliseconds(1));
  EXPECT_TRUE(told("learned"));
}

TEST_F(DetectionBehindHeaderTest, BytesBehindTheHeaderDecideHoweverTheyAreCut) {
  const std::string stream = std::string(Header) + "GET / HTTP/1.1\r\n";
  begin(upstream_.address());
  for (const char c : stream) {
    client_.send(std::string(1, c));
    loop_.runUntilIdle();
  }
  EXPECT_TRUE(told("client_bytes"));
  EXPECT_EQ(chain(), "http");
  EXPECT_EQ(connection_->readBuffer().toString(), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(probes_, 0U);
}

TEST_F(DetectionBehindHeaderTest, AChainThatNeedsNoBytesIsAMatchBehindTheHeader) {
  begin(upstream_.address());
  settings_.chain_specs[0].match.application_protocols.clear();
  settings_.chain_specs[0].match.destination_ports = {25};
  compile(settings_);
  ASSERT_TRUE(send(std::string(Header) + "hello"));
  EXPECT_TRUE(told("match"));
  EXPECT_EQ(connection_->readBuffer().toString(), "hello");
}

TEST_F(DetectionBehindHeaderTest, AHeaderThatIsNotWholeInTimeIsRefused) {
  begin(upstream_.address());
  client_.send("PROXY TCP4");
  loop_.advance(seconds(10) - milliseconds(1));
  EXPECT_EQ(owner_.told, "");
  loop_.advance(milliseconds(1));
  EXPECT_EQ(owner_.told, "timeout");
  EXPECT_EQ(choice_->rejectReason(), "proxy_protocol_incomplete");
}

TEST_F(DetectionBehindHeaderTest, AClientThatEndsBehindTheHeaderIsTcp) {
  begin(upstream_.address());
  client_.send(std::string(Header));
  client_.sendEnd();
  EXPECT_TRUE(told("client_closed"));
  EXPECT_EQ(chain(), "tcp");
}

}  // namespace
}  // namespace weir::server
