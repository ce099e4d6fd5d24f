// How long a client may do nothing, and how its connection ends: on a memory pipe, by the manual
// clock.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "source/extensions/http/router/router.h"
#include "source/extensions/network/http_conn_manager/http_conn_manager.h"
#include "test/http/h2/frames.h"
#include "test/support/filter_harness.h"

namespace weir::extensions {
namespace {

using namespace std::chrono_literals;

// Never answers.
class Silent final : public http::StreamDecoderFilter {
 public:
  http::FilterStatus decodeHeaders(http::HeaderMap&, bool) override {
    return http::FilterStatus::StopAllIteration;
  }
};
class SilentFactory final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "silent"; }
  void create(http::FilterAdder& adder) const override { adder.add<Silent>(); }
};
// Asks for the route and never answers.
class RoutedSilence final : public http::StreamDecoderFilter {
 public:
  explicit RoutedSilence(http::FilterContext& context) : context_(context) {}
  http::FilterStatus decodeHeaders(http::HeaderMap&, bool) override {
    EXPECT_NE(context_.route(), nullptr);
    return http::FilterStatus::StopAllIteration;
  }

 private:
  http::FilterContext& context_;
};
class RoutedSilenceFactory final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "routed_silence"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<RoutedSilence>(adder.context());
  }
};

// Answer by a head that is none of a response, one in place of an answer, the other as its end.
class Informational final : public http::StreamDecoderFilter {
 public:
  explicit Informational(http::FilterContext& context) : context_(context) {}
  http::FilterStatus decodeHeaders(http::HeaderMap&, bool) override {
    context_.sendLocalReply({.status = 103});
    return http::FilterStatus::StopAllIteration;
  }

 private:
  http::FilterContext& context_;
};
class InformationalEnd final : public http::StreamDecoderFilter {
 public:
  explicit InformationalEnd(http::FilterContext& context) : context_(context) {}
  http::FilterStatus decodeHeaders(http::HeaderMap&, bool) override {
    http::setStatus(context_.responseHeaders(), 103);
    context_.encodeHeaders(true);
    return http::FilterStatus::StopAllIteration;
  }

 private:
  http::FilterContext& context_;
};
class InformationalEndFactory final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "informational_end"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<InformationalEnd>(adder.context());
  }
};
class InformationalFactory final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "informational"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<Informational>(adder.context());
  }
};

class CountingFactory final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "counting"; }
  std::string_view statPrefix() const override { return "counted"; }
  void create(http::FilterAdder& adder) const override { adder.add<Silent>(); }
};

struct HttpConnectionTest : testing::Test {
  HttpConnectionTest() {
    settings.stat_prefix = "web";
    settings.transparent = true;  // no field is added to what is compared
    http::VirtualHostSpec host{"all", "", {"*"}, {}};
    http::RouteSpec direct;
    direct.match.path = {http::PathMatch::Kind::Exact, "/direct"};
    direct.route.action = http::DirectResponse{204, ""};
    http::RouteSpec quick;
    quick.match.path = {http::PathMatch::Kind::Prefix, "/"};
    http::Forward forward;
    forward.clusters.emplace_back("up");
    forward.idle_timeout = 2s;
    quick.route.action = forward;
    host.routes = {direct, quick};
    Diagnostics diagnostics;
    settings.routes = http::RouteTable::compile({host}, diagnostics);
    settings.filters = {std::make_shared<http_filters::RouterFactory>()};
  }

  test::FilterHarness& start() {
    harness = std::make_unique<test::FilterHarness>(
        test::FilterHarness::Factories{std::make_shared<HttpConnManagerFactory>(settings)});
    harness->run();
    return *harness;
  }
  void send(const std::string& bytes) {
    harness->client().send(bytes);
    harness->run();
  }
  std::string received() { return harness->client().received(); }

  HttpConnManagerSettings settings;
  std::unique_ptr<test::FilterHarness> harness;
};

constexpr auto Request = "GET /direct HTTP/1.1\r\nHost: t\r\n\r\n";
constexpr auto Answer = "HTTP/1.1 204 No Content\r\n\r\n";

TEST_F(HttpConnectionTest, TheSeriesOfItsFiltersAreItsOwn) {
  settings.filters.insert(settings.filters.begin(), std::make_shared<CountingFactory>());
  EXPECT_EQ(HttpConnManagerFactory(settings).statPrefixes(),
            (std::vector<std::string_view>{"web", "counted"}));
}

TEST_F(HttpConnectionTest, AConnectionWithoutARequestEndsAfterTheIdleTimeout) {
  settings.idle_timeout = 10s;
  auto& h = start();
  h.advance(10s - 1ms);
  EXPECT_FALSE(h.closed());
  h.advance(2ms);
  EXPECT_TRUE(h.client().ended());
  EXPECT_EQ(h.closeReason(), "idle_timeout");
}

TEST_F(HttpConnectionTest, AClientThatEndsIsNamedAsWithAnyProtocol) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const std::string settings_frame("\0\0\0\4\0\0\0\0\0", 9);
  for (const std::string& bytes : {std::string(), std::string(Request), preface + settings_frame}) {
    auto& h = start();
    send(bytes);
    h.client().sendEnd();
    h.run();
    EXPECT_TRUE(h.closed());
    EXPECT_EQ(h.closeReason(), "client_fin");
  }
}

TEST_F(HttpConnectionTest, TheIdleTimeoutBeginsAnewAfterEachResponse) {
  settings.idle_timeout = 10s;
  auto& h = start();
  for (int i = 0; i < 3; ++i) {
    h.advance(9s);
    send(Request);
    EXPECT_EQ(received(), Answer);
    h.client().takeReceived();
  }
  h.advance(9s);
  EXPECT_FALSE(h.closed());
  h.advance(2s);
  EXPECT_TRUE(h.closed());
}

TEST_F(HttpConnectionTest, ARequestThatTakesTooLongIsAnsweredWith408) {
  settings.request_timeout = 5s;
  settings.filters = {std::make_shared<SilentFactory>()};
  auto& h = start();
  send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n12345");
  h.advance(5s - 1ms);
  EXPECT_EQ(received(), "");
  h.advance(2ms);
  EXPECT_EQ(received().substr(0, 28), "HTTP/1.1 408 Request Timeout");
  EXPECT_NE(received().find("weir-error: request_timeout"), std::string::npos);
}

TEST_F(HttpConnectionTest, AStreamWithoutABytePassesForDeadAndIsAnsweredWith504) {
  settings.stream_idle_timeout = 5s;
  settings.filters = {std::make_shared<SilentFactory>()};
  auto& h = start();
  send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  h.advance(5s + 1ms);
  EXPECT_EQ(received().substr(0, 12), "HTTP/1.1 504");
  EXPECT_NE(received().find("weir-error: stream_idle_timeout"), std::string::npos);
}

TEST_F(HttpConnectionTest, ARoutesShorterIdleTimeoutIsKept) {
  settings.filters = {std::make_shared<RoutedSilenceFactory>()};
  auto& h = start();
  send("GET /other HTTP/1.1\r\nHost: t\r\n\r\n");
  h.advance(2s - 1ms);
  EXPECT_EQ(received(), "");
  h.advance(2ms);
  EXPECT_EQ(received().substr(0, 12), "HTTP/1.1 504");
}

TEST_F(HttpConnectionTest, AConnectionEndsAtItsMaximumEvenIfItNeverSaidWhatItSpeaks) {
  settings.max_connection_duration = 3s;
  auto& h = start();
  send("P");  // of POST, or of HTTP/2's preface
  h.advance(3s + 1ms);
  EXPECT_TRUE(h.client().ended());
  EXPECT_EQ(h.closeReason(), "max_connection_duration");
}

// RFC 9113 3.4: an answer in HTTP/1 would be one to a request that nobody made.
TEST_F(HttpConnectionTest, ABrokenPrefaceOfHttp2IsAnsweredInHttp2) {
  const std::string line = "PRI * HTTP/2.0\r\n";
  for (const std::string rest : {"\r\nXX\r\n\r\n", "Host: t\r\n\r\n"}) {
    for (size_t cut = 0; cut < line.size(); ++cut) {
      auto& h = start();
      send(line.substr(0, cut));
      send(line.substr(cut) + rest);
      EXPECT_EQ(test::describeOutcome(received()), "GOAWAY last=0 code=1\n") << cut;
      EXPECT_EQ(h.closeReason(), "h2_bad_preface") << cut;
    }
  }
}

TEST_F(HttpConnectionTest, ALineThatOnlyBeginsAsThePrefaceIsHttp1) {
  start();
  send("PRI * HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(received().substr(0, 9), "HTTP/1.1 ");
}

TEST_F(HttpConnectionTest, ADrainEndsAConnectionWithoutARequestInTime) {
  settings.drain_timeout = 5s;
  settings.codec = HttpConnManagerSettings::Codec::Http1;
  auto& h = start();
  h.context().worker.drains.start();
  h.advance(5s - 1ms);
  EXPECT_FALSE(h.client().ended());
  h.advance(2ms);
  EXPECT_TRUE(h.client().ended());
}

TEST_F(HttpConnectionTest, AnInformationalHeadIsNoResponse) {
  const std::vector<std::shared_ptr<const http::FilterFactory>> both = {
      std::make_shared<InformationalFactory>(), std::make_shared<InformationalEndFactory>()};
  for (const auto& factory : both) {
    settings.filters = {factory};
    start();
    send(Request);
    EXPECT_EQ(received(),
              "HTTP/1.1 502 Bad Gateway\r\nweir-error: invalid_response_headers\r\n"
              "content-length: 0\r\n\r\n")
        << factory->name();
  }
}

// By HTTP/2, while no response has begun.
TEST_F(HttpConnectionTest, TrailersThatARequestCannotHaveAreAnswered) {
  settings.filters = {std::make_shared<SilentFactory>()};
  auto& h = start();
  send(test::hello() + test::headers(1, test::get(), 0) + test::data(1, "body"));
  send(test::headers(1, {{"x_y", "1"}}));
  EXPECT_EQ(test::describeOutcome(received()), "HEADERS 1\nDATA 1 size=11 end\n");
  EXPECT_FALSE(h.closed());
  EXPECT_NE(h.context().metrics().find("reason=\"underscore_in_trailers\""), std::string::npos);
}

// Of one that asked for the end, nothing is expected until it has its answer.
TEST_F(HttpConnectionTest, AConnectionForOneRequestIsNotWatchedMeanwhile) {
  auto& h = start();
  send("GET /direct HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(received(), "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(h.closed());
  EXPECT_TRUE(h.clientHeld());
}

TEST_F(HttpConnectionTest, ADrainingConnectionSaysSoInItsNextResponse) {
  auto& h = start();
  send(Request);
  h.client().takeReceived();
  h.context().worker.drains.start();
  send(Request);
  EXPECT_EQ(received(), "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(h.client().ended());
}

TEST_F(HttpConnectionTest, StreamsAreCountedAsDoneWhenTheClientIsGoneRightBehindAFault) {
  settings.filters = {std::make_shared<SilentFactory>()};
  auto& h = start();
  send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
  h.client().reset();
  h.run();
  EXPECT_TRUE(h.closed());
  EXPECT_NE(h.context().metrics().find("weir_http_active_requests{name=\"web\"} 0\n"),
            std::string::npos);
}

}  // namespace
}  // namespace weir::extensions
