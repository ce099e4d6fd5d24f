#pragma once

// HTTP filters in their chain, between a client and an upstream that the test plays: no network, no
// codec, no time but the manual clock's. Behind the filters under test stands a terminal filter
// that records the request and lets the test respond.
//
//   HttpFilterHarness harness({std::make_shared<MyFactory>(settings)});
//   harness.request("GET", "/");
//   harness.respond(200, "hello");
//   EXPECT_EQ(harness.response(), ":status=200;x-mine=1;|hello|end");

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/filter_manager.h"
#include "source/http/route_table.h"
#include "test/support/worker_context.h"

namespace weir::test {

class HttpFilterHarness final : private http::StreamEnds {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  using Factories = std::vector<std::shared_ptr<const http::FilterFactory>>;
  struct Options {
    size_t buffer_limit = 32768;
    std::shared_ptr<const http::RouteTable> routes = nullptr;  // null: no route is found
    std::vector<upstream::ClusterSettings> clusters = {};
    // The last of the factories is terminal itself: nothing is added behind it.
    bool has_terminal = false;
  };

  explicit HttpFilterHarness(Factories factories)
      : HttpFilterHarness(std::move(factories), Options{}) {}
  HttpFilterHarness(Factories factories, Options options);
  ~HttpFilterHarness() override;

  // The client's side. request() is one without a body, to "test".
  void request(std::string_view method, std::string_view path, const Fields& more = {});
  void requestHeaders(const Fields& fields, bool end_stream);
  void requestData(std::string_view text, bool end_stream);
  void requestTrailers(const Fields& fields);
  // The client goes away.
  void resetByClient();
  // The client reads no more, or again.
  void blockClient(bool blocked);

  // The upstream's side.
  void respond(unsigned status, std::string_view body, const Fields& more = {});
  void respondHeaders(const Fields& fields, bool end_stream);
  void respondData(std::string_view text, bool end_stream);
  void respondTrailers(const Fields& fields);
  // The upstream takes no more of the request, or again.
  void blockUpstream(bool blocked);

  // What has come to each side: "name=value;…|body|trailers", then "end" or "reset:REASON".
  std::string upstreamRequest() const { return upstream_.text(); }
  std::string response() const { return client_.text(); }
  std::string responseBody() const { return client_.body; }
  std::string responseHeader(std::string_view name) const;
  bool requestPaused() const { return request_paused_; }
  // The terminal filter was told that it may write again.
  int writeReadies() const { return write_readies_; }

  // All that can happen without time passing, happens.
  void run() { context_.loop.runUntilIdle(); }
  void advance(Duration d) { context_.loop.advance(d); }
  // The stream is over, and another request may begin.
  void nextStream();

  http::StreamInfo& info() { return manager_->info(); }
  http::FilterManager& manager() { return *manager_; }
  WorkerContext& context() { return context_; }
  filter::ConnectionInfo& connection() { return connection_; }

 private:
  class Upstream;
  class UpstreamFactory;
  struct Message {
    std::string text() const;
    std::string head;
    std::string body;
    std::string trailers;
    std::string end;
  };

  void sendHeaders(http::HeaderMap& headers, bool end_stream) override;
  void sendData(buffer::Buffer& data, bool end_stream) override;
  void sendTrailers(http::HeaderMap& trailers) override;
  bool sendBlocked() const override { return client_blocked_; }
  void pauseRequest(bool paused) override { request_paused_ = paused; }
  void resetStream(http::ResetReason reason, std::string_view why) override;
  const http::Route* chooseRoute(const http::HeaderMap& request) override;
  bool upgradeAllowed(std::string_view) const override { return false; }
  void begin();
  void finishIfDone();

  const Options options_;
  WorkerContext context_;
  filter::ConnectionInfo connection_;
  Factories factories_;
  std::unique_ptr<http::FilterManager> manager_;
  http::FilterContext* upstream_context_ = nullptr;
  Message upstream_;
  Message client_;
  bool begun_ = false;
  bool client_blocked_ = false;
  bool request_paused_ = false;
  int write_readies_ = 0;
};

}  // namespace weir::test
