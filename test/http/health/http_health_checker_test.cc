#include "source/http/health/http_health_checker.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/upstream/cluster_manager.h"
#include "test/support/loopback_upstream.h"
#include "test/support/test_loop.h"

namespace weir::http {
namespace {

using std::chrono::seconds;
using Lines = std::vector<std::string>;

const std::string Ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

class HttpHealthCheckerTest : public testing::Test {
 protected:
  // No jitter, so that each check comes at its time.
  HttpHealthCheckerTest() {
    settings_.interval = seconds(5);
    settings_.timeout = seconds(2);
    settings_.interval_jitter = {};
    settings_.unhealthy_threshold = 2;
    settings_.healthy_threshold = 2;
    settings_.http = upstream::HttpCheckSettings{.path = "/healthz", .host = "web"};
  }
  void start(const net::SocketAddress& to) {
    checker_ = std::make_unique<HttpHealthChecker>(
        upstream::HealthCheckTask{*loop_, slices_, to, settings_, true,
                                  [this](bool healthy) {
                                    told_.push_back(healthy ? "healthy" : "unhealthy");
                                    if (hook_) hook_();
                                  },
                                  [this](bool passed) { checks_ += passed ? '+' : '-'; }});
  }
  void start() { start(upstream_.address()); }
  // The request of the connection that was made last, which comes now.
  std::string asked(size_t connection = 0) {
    const auto whole = [&] {
      return upstream_.connections() > connection &&
             upstream_.peer(connection).received().ends_with("\r\n\r\n");
    };
    EXPECT_TRUE(loop_.runUntil(whole));
    return upstream_.connections() > connection ? upstream_.peer(connection).takeReceived() : "";
  }
  // A request comes and is answered so; the outcomes are then these.
  bool answered(const std::string& answer, const std::string& outcomes, size_t connection = 0) {
    if (asked(connection).empty()) return false;
    upstream_.peer(connection).send(answer);
    return checked(outcomes);
  }
  bool checked(const std::string& outcomes) {
    return loop_.runUntil([&] { return checks_ == outcomes; });
  }
  void nextInterval() { loop_.advance(settings_.interval); }

  buffer::SlicePool slices_;  // a loop frees what was retired to it, which may hold some
  test::TestLoop loop_;
  test::LoopbackUpstream upstream_{loop_};
  upstream::HealthCheckSettings settings_;
  std::unique_ptr<HttpHealthChecker> checker_;
  Lines told_;
  std::string checks_;
  std::function<void()> hook_;
};

TEST_F(HttpHealthCheckerTest, AsksForThePathAndPassesWithA200) {
  start();
  const std::string request = asked();
  EXPECT_EQ(request.substr(0, request.find("\r\n")), "GET /healthz HTTP/1.1");
  EXPECT_NE(request.find("host: web\r\n"), std::string::npos);
  EXPECT_NE(request.find("user-agent: weir-health-check\r\n"), std::string::npos);
  upstream_.peer().send(Ok);
  EXPECT_TRUE(checked("+"));
  EXPECT_EQ(told_, Lines{});
  EXPECT_EQ(checker_->lastFailure(), "");
}

TEST_F(HttpHealthCheckerTest, UsesTheConnectionAgain) {
  start();
  EXPECT_TRUE(answered(Ok, "+"));
  nextInterval();
  EXPECT_TRUE(answered(Ok, "++"));
  nextInterval();
  EXPECT_TRUE(
      answered("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "+++"));
  EXPECT_EQ(upstream_.connections(), 1U);
}

TEST_F(HttpHealthCheckerTest, SendsThePreambleOnceInFrontOfTheFirstRequest) {
  settings_.send = "PROXY UNKNOWN\r\n";
  start();
  const std::string request = asked();
  EXPECT_TRUE(request.starts_with("PROXY UNKNOWN\r\nGET /healthz")) << request;
  upstream_.peer().send(Ok);
  ASSERT_TRUE(checked("+"));
  nextInterval();
  EXPECT_TRUE(asked().starts_with("GET /healthz"));
}

struct AnswerCase {
  std::string answer;
  bool closes;
  std::string failure;  // empty: it passes; *: whatever is told
  std::string method = "GET";
};
class HealthAnswerTest : public HttpHealthCheckerTest,
                         public testing::WithParamInterface<AnswerCase> {};
TEST_P(HealthAnswerTest, PassesOrFails) {
  settings_.http->method = GetParam().method;
  settings_.http->expected_statuses = {{200, 201}, {404, 405}};
  start();
  asked();
  upstream_.peer().send(GetParam().answer);
  if (GetParam().closes) upstream_.peer().close();
  EXPECT_TRUE(checked(GetParam().failure.empty() ? "+" : "-"));
  if (GetParam().failure == "*") {
    EXPECT_NE(checker_->lastFailure(), "");
  } else {
    EXPECT_EQ(checker_->lastFailure(), GetParam().failure);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Cases, HealthAnswerTest,
    testing::Values(AnswerCase{"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", false, ""},
                    AnswerCase{"HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n", false, "status 405"},
                    AnswerCase{"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", false, "status 503"},
                    AnswerCase{"HTTP/1.1 204 No Content\r\n\r\n", false, "status 204"},
                    AnswerCase{"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n", false, "*"},
                    AnswerCase{"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: "
                               "0\r\n\r\n",
                               false, ""},
                    AnswerCase{"HTTP/1.1 200 OK\r\n\r\nall until the end", true, ""},
                    AnswerCase{"HTTP/1.0 200 OK\r\n\r\n", true, ""},
                    AnswerCase{"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n", false, "", "HEAD"},
                    AnswerCase{"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx", true, "*"},
                    AnswerCase{"SSH-2.0-OpenSSH\r\n\r\n", false, "*"}, AnswerCase{"", true, "*"}));

TEST_F(HttpHealthCheckerTest, AfterABadStatusItConnectsAnew) {
  start();
  EXPECT_TRUE(answered("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "-"));
  EXPECT_EQ(told_, Lines{"unhealthy"});
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  for (const char* outcomes : {"-+", "-++"}) {
    nextInterval();
    EXPECT_TRUE(answered(Ok, outcomes, 1));
  }
  EXPECT_EQ(told_, (Lines{"unhealthy", "healthy"}));
}

TEST_F(HttpHealthCheckerTest, AfterConnectionCloseItConnectsAnew) {
  start();
  EXPECT_TRUE(answered("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", "+"));
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer().ended(); }));
  nextInterval();
  EXPECT_TRUE(answered(Ok, "++", 1));
}

TEST_F(HttpHealthCheckerTest, AHostThatClosesBetweenTwoChecksIsStillHealthy) {
  start();
  EXPECT_TRUE(answered(Ok, "+"));
  upstream_.peer().close();
  loop_.runUntilIdle();
  nextInterval();
  EXPECT_TRUE(answered(Ok, "++", 1));
}

TEST_F(HttpHealthCheckerTest, AUsedConnectionThatIsClosedInsteadOfAnAnswerIsReplaced) {
  start();
  EXPECT_TRUE(answered(Ok, "+"));
  nextInterval();
  asked();
  upstream_.peer().reset();
  EXPECT_TRUE(answered(Ok, "++", 1));
}

TEST_F(HttpHealthCheckerTest, ANewConnectionThatIsResetFails) {
  start();
  asked();
  upstream_.peer().reset();
  EXPECT_TRUE(checked("-"));
  EXPECT_NE(checker_->lastFailure(), "");
}

TEST_F(HttpHealthCheckerTest, AUsedConnectionThatIsResetWithinAnAnswerFails) {
  start();
  EXPECT_TRUE(answered(Ok, "+"));
  nextInterval();
  asked();
  upstream_.peer().send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab");
  loop_.runUntilIdle();
  upstream_.peer().reset();
  EXPECT_TRUE(checked("+-"));
  EXPECT_EQ(upstream_.connections(), 1U);
}

TEST_F(HttpHealthCheckerTest, AnAnswerThatIsNotWholeInTimeFails) {
  start();
  asked();
  upstream_.peer().send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab");
  loop_.runUntilIdle();
  loop_.advance(settings_.timeout);
  EXPECT_TRUE(checked("-"));
  EXPECT_EQ(checker_->lastFailure(), "no answer in time");
}

TEST_F(HttpHealthCheckerTest, AHostThatCannotBeReachedFails) {
  start(upstream_.refusingAddress());
  EXPECT_TRUE(checked("-"));
  nextInterval();
  EXPECT_TRUE(checked("--"));
  EXPECT_EQ(told_, Lines{"unhealthy"});
}

TEST_F(HttpHealthCheckerTest, AHostThatDoesNotAcceptFailsInTime) {
  start(upstream_.unansweringAddress());
  loop_.runUntilIdle();
  loop_.advance(settings_.timeout);
  EXPECT_TRUE(checked("-"));
  EXPECT_EQ(checker_->lastFailure(), "no connection in time");
}

TEST_F(HttpHealthCheckerTest, MayBeDroppedByWhatItTellsAndInACheck) {
  hook_ = [this] { checker_.reset(); };
  start();
  EXPECT_TRUE(answered("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "-"));
  EXPECT_EQ(checker_, nullptr);
  start();
  asked(1);
  checker_.reset();
  EXPECT_TRUE(loop_.runUntil([&] { return upstream_.peer(1).ended(); }));
  EXPECT_EQ(checks_, "-");
}

TEST_F(HttpHealthCheckerTest, TheManagerOfClustersUsesIt) {
  upstream::ClusterManager manager(*loop_, {}, makeHttpHealthChecker);
  upstream::ClusterSettings cluster{.name = "web", .endpoints = {upstream_.address()}};
  settings_.http->host.clear();
  cluster.health_check = settings_;
  upstream::ClusterStates states;
  manager.prepare({cluster}, [&](upstream::ClusterStates made) { states = std::move(made); });
  const std::string request = asked();
  EXPECT_NE(request.find("host: web\r\n"), std::string::npos);  // the name of the cluster
  upstream_.peer().send("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
  EXPECT_TRUE(loop_.runUntil(
      [&] { return states != nullptr && !(*states->at("web")->hosts())[0]->fit(); }));
}

}  // namespace
}  // namespace weir::http
