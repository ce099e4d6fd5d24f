// Further tries of the router through a whole connection manager, on a manual clock: after what,
// when, with which body, and what may happen while the next one is waited for.

#include <gtest/gtest.h>

#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "test/http/h2/frames.h"
#include "test/support/http_proxy_harness.h"
#include "test/support/http_text.h"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HttpProxyParts retrying(const std::string& retry_on, const std::string& more = "") {
  return forwarding(", retry_policy: {retry_on: \"" + retry_on + "\"" + more + "}");
}

size_t requestsAt(HttpProxyHarness& proxy) {
  size_t found = 0;
  for (size_t i = 0; i < proxy.upstream().connections(); ++i) {
    found += countOf("HTTP/1.1\r\n", proxy.upstream().peer(i).received());
  }
  return found;
}

// Whether a request is tried again after its first try has met with `event`.
bool retriedAfter(const HttpProxyParts& parts, const std::string& event) {
  HttpProxyHarness proxy(parts);
  proxy.client().send(Get);
  EXPECT_TRUE(proxy.until([&] { return requestsAt(proxy) == 1; }));
  TestPeer& server = proxy.upstream().peer();
  if (event == "reset") {
    server.reset();
  } else if (event == "close") {
    server.close();
  } else if (event == "garbage") {
    server.send("SSH-2.0-x\r\n\r\n");
  } else if (event.starts_with("grpc")) {
    server.send("HTTP/1.1 200 OK\r\ngrpc-status: " + event.substr(4) +
                "\r\ncontent-length: 0\r\n\r\n");
  } else {
    server.send(responseOf(event));
  }
  bool again = false;
  proxy.until([&] {
    proxy.advance(milliseconds(50));
    again = requestsAt(proxy) == 2;
    return again || !proxy.client().received().empty();
  });
  return again;
}

struct WordCase {
  std::string word;
  std::string retried;  // the events, each behind a space
};

TEST(RouterRetries, TriesAgainAfterWhatTheWordsSay) {
  const std::vector<std::string> events = {"200",   "400",   "409",   "425",    "500",     "502",
                                           "503",   "504",   "reset", "close",  "garbage", "grpc0",
                                           "grpc1", "grpc4", "grpc8", "grpc13", "grpc14"};
  const std::vector<WordCase> cases = {
      {"5xx", " 500 502 503 504 reset close garbage"},
      {"gateway-error", " 502 503 504 reset close garbage"},
      {"reset", " reset close garbage"},
      {"reset-before-request", ""},
      {"connect-failure", ""},
      {"refused-stream", ""},
      {"retriable-4xx", " 409"},
      {"retriable-status-codes", " 425"},
      {"cancelled", " grpc1"},
      {"deadline-exceeded", " grpc4"},
      {"resource-exhausted", " grpc8"},
      {"internal", " grpc13"},
      {"unavailable", " grpc14"},
      {"reset,retriable-4xx", " 409 reset close garbage"},
  };
  for (const WordCase& one : cases) {
    const bool codes = one.word == "retriable-status-codes";
    std::string retried;
    for (const std::string& event : events) {
      const auto parts = retrying(one.word, codes ? ", retriable_status_codes: [425]" : "");
      if (retriedAfter(parts, event)) retried += ' ' + event;
    }
    EXPECT_EQ(retried, one.retried) << one.word;
  }
}

TEST(RouterRetries, TriesAgainAtAnotherHostIfConnectingFails) {
  for (const std::string word : {"connect-failure", "5xx", "gateway-error"}) {
    for (int turn = 0; turn < 2; ++turn) {
      HttpProxyParts parts = retrying(word);
      parts.endpoints = "[{address: \"REFUSING\"}, {address: \"UP\"}]";
      HttpProxyHarness proxy(parts);
      // Of two in turn, one begins with the host that refuses.
      for (int i = 0; i < 2; ++i) {
        proxy.client().send(Get);
        const size_t requests = static_cast<size_t>(i) + 1;
        EXPECT_TRUE(proxy.until([&] {
          proxy.advance(milliseconds(50));
          return requestsAt(proxy) == requests;
        })) << word;
        proxy.upstream().peer().send(Ok);
        EXPECT_TRUE(proxy.clientGets(Ok));
      }
    }
  }
}

TEST(RouterRetries, WithoutThatWordAFailureToConnectIsTheAnswer) {
  HttpProxyParts parts = retrying("reset");
  parts.endpoints = "[{address: \"REFUSING\"}]";
  HttpProxyHarness proxy(parts);
  proxy.client().send(Get);
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503 ") && proxy.clientSees("upstream_refused"));
}

TEST(RouterRetries, WaitsBeforeItTriesAgain) {
  HttpProxyHarness proxy(
      retrying("5xx", ", num_retries: 3, retry_back_off: {base_interval: 1s, max_interval: 4s}"));
  proxy.client().send(Get);
  for (size_t tries = 1; tries <= 4; ++tries) {
    ASSERT_TRUE(proxy.until([&] {
      proxy.advance(milliseconds(100));
      return requestsAt(proxy) == tries;
    }));
    proxy.upstream().peer().send(responseOf("503"));
  }
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 503"));
  EXPECT_EQ(requestsAt(proxy), 4u);
}

TEST(RouterRetries, TheBodyGoesOutAgain) {
  HttpProxyHarness proxy(retrying("5xx"));
  proxy.client().send(
      "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nbo\r\n");
  const std::string first = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
  EXPECT_TRUE(proxy.upstreamGets(first + "2\r\nbo\r\n"));
  proxy.client().send("2\r\ndy\r\n0\r\nx-sum: 1\r\n\r\n");
  ASSERT_TRUE(proxy.upstreamSees("x-sum"));
  proxy.upstream().peer().takeReceived();
  proxy.upstream().peer().send(responseOf("500"));
  ASSERT_TRUE(proxy.until([&] {
    proxy.advance(milliseconds(50));
    return !proxy.upstream().peer().received().empty();
  }));
  EXPECT_TRUE(proxy.upstreamGets(first + "4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n"));
  proxy.upstream().peer().send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
}

// While the body still comes, and the first try has failed: what came goes out, then what comes.
TEST(RouterRetries, ABodyThatIsStillComingGoesOutAgain) {
  HttpProxyHarness proxy(retrying("5xx"));
  proxy.client().send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nab");
  const std::string head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\n";
  EXPECT_TRUE(proxy.upstreamGets(head + "ab"));
  proxy.upstream().peer().send(responseOf("503"));
  proxy.client().send("cd");
  ASSERT_TRUE(proxy.until([&] {
    proxy.advance(milliseconds(50));
    return proxy.upstream().connections() == 2;
  }));
  proxy.client().send("ef");
  EXPECT_TRUE(proxy.upstreamGets(head + "abcdef", 1));
  proxy.upstream().peer(1).send(Ok);
  EXPECT_TRUE(proxy.clientGets(Ok));
}

TEST(RouterRetries, ABodyThatIsTooLongToKeepIsNotSentAgain) {
  HttpProxyParts parts = retrying("5xx", ", per_try_timeout: 5s");
  parts.buffer_bytes = 4096;
  const std::string request =
      "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8192\r\n\r\n" + std::string(8192, 'x');
  {
    HttpProxyHarness proxy(parts);
    proxy.client().send(request);
    ASSERT_TRUE(proxy.upstreamGets(request));
    proxy.upstream().peer().send(responseOf("500"));
    EXPECT_TRUE(proxy.clientSees("HTTP/1.1 500"));
  }
  HttpProxyHarness proxy(parts);
  proxy.client().send(request);
  ASSERT_TRUE(proxy.upstreamGets(request));
  proxy.advance(seconds(6));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 504"));
  EXPECT_TRUE(proxy.clientSees("weir-error: upstream_per_try_timeout"));
}

TEST(RouterRetries, ATryThatTakesTooLongIsGivenUp) {
  HttpProxyHarness proxy(retrying("5xx", ", per_try_timeout: 2s"));
  proxy.client().send(Post);
  ASSERT_TRUE(proxy.upstreamGets(Post));
  proxy.advance(milliseconds(1900));
  EXPECT_EQ(proxy.upstream().connections(), 1u);
  proxy.advance(milliseconds(500));
  ASSERT_TRUE(proxy.upstreamGets(Post, 1));
  proxy.advance(seconds(3));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 504"));
}

TEST(RouterRetries, TheTimeoutIsOverAllTries) {
  HttpProxyHarness proxy(forwarding(
      ", timeout: 3s, retry_policy: {retry_on: 5xx, num_retries: 5, per_try_timeout: 2s}"));
  proxy.client().send(Get);
  ASSERT_TRUE(proxy.upstreamGets(Get));
  proxy.advance(milliseconds(2500));
  ASSERT_TRUE(proxy.upstreamGets(Get, 1));
  proxy.advance(milliseconds(600));
  EXPECT_TRUE(proxy.clientSees("HTTP/1.1 504"));
  EXPECT_TRUE(proxy.clientSees("weir-error: upstream_request_timeout"));
  proxy.advance(seconds(10));
  EXPECT_EQ(proxy.upstream().connections(), 2u);
}

// --- While the next try is waited for.

// A POST whose body is on its way, over either version.
struct WaitingClient {
  std::string head() const {
    if (!h2) return "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    FieldList fields = get();
    fields[0].second = "POST";
    return hello() + frame(SettingsFrame, Ack, 0) + headers(1, fields, 0);
  }
  std::string body(const std::string& bytes, bool last = false) const {
    if (h2) return data(1, bytes, last ? EndStream : 0);
    std::ostringstream text;
    text << std::hex << bytes.size() << "\r\n" << bytes << "\r\n" << (last ? "0\r\n\r\n" : "");
    return text.str();
  }
  const bool h2;
};

// Of what is not read meanwhile, the next try is made first.
struct WaitCase {
  struct Outcome {
    std::string logged;  // of the line about the request
    size_t tries = 1;
  };
  const char* what;
  std::string route;
  bool whole;  // the request is, before the wait
  std::function<void(HttpProxyHarness&, const WaitingClient&)> happens;
  Outcome by_http1;
  Outcome by_http2;
};

void passTime(HttpProxyHarness& proxy, milliseconds time) {
  for (milliseconds gone(0); gone < time; gone += milliseconds(100)) {
    proxy.advance(milliseconds(100));
    proxy.run();
  }
}

const WaitCase::Outcome Passed{"status=200 details=via_upstream flags=- ", 2};
const WaitCase::Outcome Gone{"status=0 details=client_gone flags=DC "};
const WaitCase::Outcome TimedOut{"status=504 details=upstream_request_timeout flags=UT "};
const WaitCase::Outcome TooLong{"status=504 details=max_stream_duration flags=UMSDR "};

const WaitCase WaitCases[] = {
    {"the rest of the body comes", "", false,
     [](HttpProxyHarness& proxy, const WaitingClient& client) {
       proxy.client().send(client.body("ZZ", true));
     },
     Passed, Passed},
    {"more of the body comes than may be kept", "", false,
     [](HttpProxyHarness& proxy, const WaitingClient& client) {
       proxy.client().send(client.body(std::string(6000, 'Z'), true));
     },
     Passed, Passed},
    {"the client resets its connection", "", false,
     [](HttpProxyHarness& proxy, const WaitingClient&) { proxy.client().reset(); }, Gone, Gone},
    {"the client gives the request up",
     "",
     false,
     [](HttpProxyHarness& proxy, const WaitingClient& client) {
       client.h2 ? proxy.client().send(rst(1, 8)) : proxy.client().close();
     },
     {Gone.logged, 2},
     {"status=0 details=client_reset flags=DR "}},
    {"the client breaks the rules",
     "",
     false,
     [](HttpProxyHarness& proxy, const WaitingClient& client) {
       proxy.client().send(client.h2 ? headers(1, {{":path", "/"}}) : "x\r\n");
     },
     {"status=400 details=h1_chunk_size flags=DPE ", 2},
     {"status=0 details=h2_malformed_body flags=DPE "}},
    {"the route's timeout is over", ", timeout: 3s", true,
     [](HttpProxyHarness&, const WaitingClient&) {}, TimedOut, TimedOut},
    {"the stream's time is over", ", max_stream_duration: {max_stream_duration: 4s}", false,
     [](HttpProxyHarness&, const WaitingClient&) {}, TooLong, TooLong},
};

HttpProxyParts waiting(const WaitCase& one) {
  HttpProxyParts parts = forwarding(one.route +
                                    ", retry_policy: {retry_on: \"5xx\", num_retries: 1, "
                                    "retry_back_off: {base_interval: 10s, max_interval: 10s}}");
  parts.buffer_bytes = 4096;
  return parts;
}

void checkWait(const WaitCase& one, bool h2) {
  const WaitCase::Outcome& outcome = h2 ? one.by_http2 : one.by_http1;
  HttpProxyHarness proxy(waiting(one));
  const WaitingClient client{h2};
  proxy.client().send(client.head() + client.body("part", one.whole));
  ASSERT_TRUE(proxy.upstreamSees(one.whole ? "part\r\n0\r\n\r\n" : "part"));
  proxy.upstream().peer().send(responseOf("503"));
  ASSERT_TRUE(proxy.until([&] {
    return proxy.metric("weir_upstream_retries_total{cluster=\"up\",outcome=\"attempted\"}") == 1;
  }));
  one.happens(proxy, client);
  proxy.run();
  passTime(proxy, seconds(11));
  EXPECT_EQ(proxy.upstream().connections(), outcome.tries);
  if (outcome.logged == Passed.logged) {
    ASSERT_TRUE(proxy.upstreamSees("\r\n0\r\n\r\n", 1));
    const std::string all = proxy.upstream().peer(1).received();
    EXPECT_NE(all.find("part"), std::string::npos);
    EXPECT_EQ(countOf("Z", all), one.what[0] == 't' ? 2U : 6000U);
    proxy.upstream().peer(1).send(Ok);
  }
  EXPECT_TRUE(proxy.until([&] { return !proxy.logged().empty(); }));
  EXPECT_NE(proxy.logged().find(' ' + outcome.logged), std::string::npos) << proxy.logged();
  EXPECT_EQ(proxy.metric("weir_upstream_active_requests{cluster=\"up\"}"), 0);
}

// Each has one outcome, and leaves nothing behind.
TEST(RouterRetries, WhatHappensWhileTheNextTryIsWaitedFor) {
  for (const WaitCase& one : WaitCases) {
    for (const bool h2 : {false, true}) {
      SCOPED_TRACE(std::string(one.what) + (h2 ? ", HTTP/2" : ", HTTP/1"));
      checkWait(one, h2);
    }
  }
}

}  // namespace
}  // namespace weir::test
