#pragma once

// The pool over real sockets of loopback, on a manual clock; servers are raw bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/pool/pool_set.h"
#include "source/upstream/early_connection.h"
#include "test/http/h2/codec_harness.h"
#include "test/http/h2/frames.h"
#include "test/support/http_text.h"
#include "test/support/loopback_upstream.h"
#include "test/support/proxy_headers.h"
#include "test/support/worker_context.h"

namespace weir::http::pool_test {

using test::FieldList;

constexpr std::string_view Ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

inline const FieldList& getFields() {
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

  static upstream::ClusterSettings oneConnection() {
    upstream::ClusterSettings made = settings();
    made.max_connections = 1;
    return made;
  }

  void start(upstream::ClusterSettings settings, Version version = Version::Http11,
             std::vector<upstream::ClusterSettings> others = {}) {
    version_ = version;
    if (settings.endpoints.empty()) settings.endpoints = {upstream_.address()};
    others.push_back(std::move(settings));
    context_.emplace(std::move(others), net::ConnectionLimits{}, &loop_);
    cluster_ = context_->cluster_set.find("up");
    auto place = cluster_->startRequest({});
    ASSERT_TRUE(place.ok());
    host_ = place.value().host();
  }

  // The pool of its host has one connection, to `upstream_`, wherever the host is.
  void startWithEarly(upstream::ClusterSettings settings) {
    upstream::ClusterSettings reachable;
    reachable.name = "reachable";
    reachable.endpoints = {upstream_.address()};
    start(std::move(settings), Version::Http11, {std::move(reachable)});
    struct NoEvents final : upstream::EarlyEvents {
      void onEarlyConnected() override {}
      void onServerSpoke() override {}
      void onEarlyFailed(const Error&) override {}
    } events;
    upstream::EarlyConnection early(*context_->cluster_set.find("reachable"), *loop_);
    ASSERT_TRUE(early.start({}, events).ok());
    ASSERT_TRUE(until([&] { return early.connected(); }) && accepted(1));
    set().pool(*cluster_, host_, version_, 0).adopt(early);
    early.cancel();
    settle();
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
    return loop_.runUntil(
        [&] { return test::countOf("GET", upstream_.peer(peer).received()) >= requests; });
  }
  // Of HTTP/1: a request that makes a connection, the `peer`-th, and has come through it.
  Request& askOverNew(size_t peer, uint64_t owner = 0) {
    Request& request = ask(false, owner);
    EXPECT_TRUE(begun(request) && accepted(peer + 1) && received(peer, 1));
    return request;
  }
  // Its response: the connection is idle.
  void answer(const Request& request, size_t peer) {
    upstream_.peer(peer).send(Ok);
    EXPECT_TRUE(over(request));
    settle();
  }
  // A pool with one connection, which has had a request and is idle.
  void startUsed(upstream::ClusterSettings settings, uint64_t owner = 0) {
    start(std::move(settings));
    answer(askOverNew(0, owner), 0);
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

}  // namespace weir::http::pool_test
