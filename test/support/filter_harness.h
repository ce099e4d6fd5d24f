#pragma once

// For authors of network filters: a client on a memory pipe, a chain of the filters under test, and
// time that a test moves.
//
//   FilterHarness harness({std::make_shared<EchoFactory>()});
//   harness.client().send("hello");
//   harness.run();
//   EXPECT_EQ(harness.client().received(), "hello");
//
// The chain starts in the constructor, as it does for a connection whose chain was chosen; run()
// before the first look. Destroying the harness while the connection is open ends it, and proves
// that nothing leaks. Thread: the test's.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/filter/filter_chain.h"
#include "test/support/memory_pipe.h"
#include "test/support/test_peer.h"
#include "test/support/worker_context.h"

namespace weir::test {

class FilterHarness final : private filter::ChainOwner {
 public:
  using Factories = std::vector<std::shared_ptr<const filter::NetworkFilterFactory>>;

  struct Options {
    std::vector<upstream::ClusterSettings> clusters;  // what tcp_proxy and others find
    TestLoop* loop = nullptr;  // shared with a LoopbackUpstream, or null for one of its own
    size_t buffer_bytes = 32768;
    filter::LineSink* log = nullptr;  // the access log; outlives the harness
    filter::ConnectionInfo info;      // as known when the chain is chosen
    std::string client_bytes;         // sent before the chain was chosen
    // Null, or one of the factories, that takes what the connection needs before the chain starts.
    std::shared_ptr<const filter::NetworkFilterFactory> early_of;
    // Null, or makes the connection that was opened early (see EarlyConnection).
    std::function<std::unique_ptr<upstream::EarlyConnection>(filter::Worker&)> early;
  };

  explicit FilterHarness(Factories factories) : FilterHarness(std::move(factories), Options{}) {}
  FilterHarness(Factories factories, Options options);
  ~FilterHarness() override;
  FilterHarness(const FilterHarness&) = delete;
  FilterHarness& operator=(const FilterHarness&) = delete;

  // All that can happen without time passing, happens.
  void run() { context_.loop.runUntilIdle(); }
  void advance(Duration d) { context_.loop.advance(d); }

  TestPeer& client() { return *client_; }
  // Delay, short writes and so on between client and proxy.
  PipeWay& towardsClient() { return pipe_.toSecond(); }
  PipeWay& towardsProxy() { return pipe_.toFirst(); }

  // Nothing is expected of the client (net::Stream::expectNothing()): over a socket, it may never
  // have been watched.
  bool clientHeld() const { return pipe_.firstHeld(); }

  TestLoop& loop() { return context_.loop; }
  WorkerContext& context() { return context_; }
  filter::FilterChain& chain() { return *chain_; }
  net::Connection& connection() { return *connection_; }
  const filter::ConnectionInfo& info() const { return info_; }

  // The connection has ended; then closeReason() is what the access log would say.
  bool closed() const { return closed_; }
  std::string closeReason() const { return std::string(info_.close_reason); }

 private:
  void onChainClosed() override { closed_ = true; }

  WorkerContext context_;
  MemoryPipe pipe_;
  filter::ConnectionInfo info_;
  std::unique_ptr<TestPeer> client_;
  std::unique_ptr<net::Connection> connection_;
  std::unique_ptr<filter::FilterChain> chain_;
  const Factories factories_;
  bool closed_ = false;
};

}  // namespace weir::test
