#pragma once

// HTTP through http_conn_manager and its filters on one loop with a manual clock: a client on a
// memory pipe, the configuration as YAML, and an upstream on loopback whose connections a test
// plays with raw bytes. For what needs time, or every order of events; a whole proxy is
// integration/server_under_test.h.
//
//   HttpProxyHarness proxy({.routes = "[{match: {prefix: /}, route: {cluster: up}}]"});
//   proxy.client().send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
//   EXPECT_TRUE(proxy.upstreamGets("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
//
// Destroying it ends everything in the state it is in, and proves that nothing leaks. Thread: the
// test's.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "source/config/extension_factory.h"
#include "source/filter/line_sink.h"
#include "source/filter/network_filter.h"
#include "source/filter/request_explanation.h"
#include "test/support/filter_harness.h"
#include "test/support/loopback_upstream.h"

namespace weir::test {

// `manager`: more fields of the http_conn_manager; `routes`: those of its one virtual host;
// `cluster`: more fields of the cluster "up"; `clusters`: further ones. Each in one line of YAML
// that begins with a comma, but for the routes. "REFUSING" and "SILENT" stand for addresses that
// refuse connections, and that do not answer.
struct HttpProxyParts {
  std::string manager = "";
  std::string routes = "[{match: {prefix: /}, route: {cluster: up}}]";
  std::string cluster = "";
  std::string clusters = "";
  std::string endpoints = "[{address: \"UP\"}]";
  size_t buffer_bytes = 32768;
  bool transparent = true;
};

// With more fields of the one route, and of its cluster.
inline HttpProxyParts forwarding(const std::string& route, const std::string& cluster = "") {
  return {.routes = "[{match: {prefix: /}, route: {cluster: up" + route + "}}]",
          .cluster = cluster};
}

class HttpProxyHarness {
 public:
  using Extensions = std::function<void(config::Registry&)>;

  // Aborts if the configuration has errors. `extensions`: more of them than the built-in ones.
  explicit HttpProxyHarness(const HttpProxyParts& parts = {}, const Extensions& extensions = {});

  TestPeer& client() { return harness_->client(); }
  LoopbackUpstream& upstream() { return upstream_; }
  FilterHarness& filters() { return *harness_; }
  TestLoop& loop() { return loop_; }
  size_t bytesInUse() { return harness_->context().slices.bytesInUse(); }

  // What would be made of a request, by what the configuration says of it.
  std::string explain(const filter::RequestDescription& request) {
    return terminal_->explainRequest(request, {})->outcome;
  }

  void advance(Duration d) { loop_.advance(d); }
  void run() { loop_.runUntilIdle(); }

  // Each turns until it holds; false if it does not come to.
  bool until(const auto& condition) { return loop_.runUntil(condition); }
  bool accepted(size_t connections) {
    return until([&] { return upstream_.connections() >= connections; });
  }
  // The upstream's connection has got exactly this since takeReceived().
  bool upstreamGets(std::string_view bytes, size_t peer = 0);
  bool clientGets(std::string_view bytes);
  // It has got this, among other things.
  bool upstreamSees(std::string_view bytes, size_t peer = 0);
  bool clientSees(std::string_view bytes);
  // The connection with the client has ended, and the client has read all.
  bool clientEnds();
  // The lines of the access log so far.
  const std::string& logged() const { return log_.lines; }
  // That of a gauge or counter, as a scrape has it; 0 if there is none.
  double metric(std::string_view series);

 private:
  struct Log final : filter::LineSink {
    void write(std::string_view line) override { lines += line; }
    bool wantsJson() const override { return false; }
    std::string lines;
  };

  Log log_;
  TestLoop loop_;
  LoopbackUpstream upstream_{loop_};
  std::shared_ptr<const filter::NetworkFilterFactory> terminal_;
  std::optional<FilterHarness> harness_;
};

}  // namespace weir::test
