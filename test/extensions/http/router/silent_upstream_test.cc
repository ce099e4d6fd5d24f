// An upstream of HTTP/2 whose host vanishes, or just answers nothing: what requests over the same
// connection come to.

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

using std::chrono::seconds;

constexpr std::string_view Get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
constexpr std::string_view NoContent = "HTTP/1.1 204 No Content\r\n\r\n";

class SilentUpstreamTest : public testing::Test {
 protected:
  void start(const std::string& route, const std::string& cluster = "") {
    proxy_.emplace(
        HttpProxyParts{.routes = "[{match: {prefix: /}, route: {cluster: up, " + route + "}}]",
                       .cluster = ", http_protocol_options: {upstream_protocol: HTTP2}" + cluster});
    proxy_->client().send(Get);
    ASSERT_TRUE(asked(0, "HEADERS 1 end\n"));
    peer(0).send(settings() + frame(SettingsFrame, Ack, 0) + headers(1, {{":status", "204"}}));
    ASSERT_TRUE(proxy_->clientGets(NoContent));
  }
  // Of frames that matter, the upstream's connection has got these.
  bool asked(size_t connection, std::string_view frames) {
    return proxy_->accepted(connection + 1) && proxy_->until([&] {
      return describeOutcome(peer(connection).received()).ends_with(frames);
    });
  }
  void timeOutOne() {
    proxy_->client().send(Get);
    proxy_->run();
    proxy_->advance(seconds(1));
    ASSERT_TRUE(proxy_->clientSees("weir-error: upstream_request_timeout\r\n"));
    proxy_->client().takeReceived();
  }
  TestPeer& peer(size_t connection) { return proxy_->upstream().peer(connection); }
  void answer(size_t connection, uint32_t stream) {
    peer(connection)
        .send(settings() + frame(SettingsFrame, Ack, 0) + headers(stream, {{":status", "204"}}));
  }

  void letARequestTimeOut() {
    start("timeout: 5s");
    proxy_->client().send(Get);
    ASSERT_TRUE(asked(0, "HEADERS 3 end\n"));
    proxy_->advance(seconds(5));
    ASSERT_TRUE(proxy_->clientSees("weir-error: upstream_request_timeout\r\n"));
    proxy_->client().takeReceived();
  }

  std::optional<HttpProxyHarness> proxy_;
};

TEST_F(SilentUpstreamTest, TheRequestAfterTheOneThatTimedOutGoesOverAnotherConnection) {
  ASSERT_NO_FATAL_FAILURE(letARequestTimeOut());
  proxy_->client().send(Get);
  ASSERT_TRUE(asked(1, "HEADERS 1 end\n"));
  answer(1, 1);
  EXPECT_TRUE(proxy_->clientGets(NoContent));
  // Its PING is not answered.
  EXPECT_FALSE(peer(0).ended());
  proxy_->advance(seconds(10));
  EXPECT_TRUE(proxy_->until([&] { return peer(0).ended() || peer(0).error() != 0; }));
}

TEST_F(SilentUpstreamTest, ATryThatTimedOutIsRepeatedOverAnotherConnection) {
  start("timeout: 5s, retry_policy: {retry_on: 5xx, per_try_timeout: 1s}");
  proxy_->client().send(Get);
  ASSERT_TRUE(asked(0, "HEADERS 3 end\n"));
  proxy_->advance(seconds(1));
  proxy_->advance(seconds(1));  // the wait before the next try
  ASSERT_TRUE(asked(1, "HEADERS 1 end\n"));
  answer(1, 1);
  EXPECT_TRUE(proxy_->clientGets(NoContent));
}

TEST_F(SilentUpstreamTest, AConnectionThatAnswersItsPingIsUsedAgain) {
  ASSERT_NO_FATAL_FAILURE(letARequestTimeOut());
  peer(0).send(frame(PingFrame, Ack, 0, std::string(8, '\0')));
  proxy_->run();
  proxy_->client().send(Get);
  ASSERT_TRUE(proxy_->until([&] {
    return describeOutcome(peer(0).received()).find("HEADERS 5 end\n") != std::string::npos;
  }));
  peer(0).send(headers(5, {{":status", "204"}}));
  EXPECT_TRUE(proxy_->clientGets(NoContent));
  EXPECT_EQ(proxy_->upstream().connections(), 1U);
}

// Whatever they wait for of it: an answer, the PING's, or the begin of another connection.
TEST_F(SilentUpstreamTest, EachRequestThatTimesOutCountsAgainstTheHost) {
  const std::string outlier =
      ", healthy_panic_threshold: 0, "
      "outlier_detection: {consecutive_5xx: 5, max_ejection_percent: 100}";
  for (const std::string limit : {"", ", max_connections: 1"}) {
    start("timeout: 1s", outlier + limit);
    for (int i = 0; i < 5; ++i) ASSERT_NO_FATAL_FAILURE(timeOutOne()) << limit;
    EXPECT_EQ(proxy_->metric("weir_upstream_requests_total{cluster=\"up\",outcome=\"failed\"}"), 5);
    proxy_->client().send(Get);
    EXPECT_TRUE(proxy_->clientSees("weir-error: no_healthy_upstream\r\n")) << limit;
  }
}

}  // namespace
}  // namespace weir::test
