#pragma once

// A CONNECT that ends here (RFC 9110 9.3.6): the connection that it leads to, and the bytes both
// ways. A part of the router.
//
// Loop: its stream's. Order of calls: start(); then the hooks of its filter; cancel() at the end of
// the stream.

#include <memory>
#include <string_view>

#include "source/base/result.h"
#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/http/filter_context.h"
#include "source/http/route.h"
#include "source/net/connection.h"
#include "source/upstream/cluster.h"

namespace weir::http_filters {

class ConnectTunnel final : private net::ConnectionEvents {
 public:
  // Outlives it.
  explicit ConnectTunnel(http::FilterContext& context);
  ~ConnectTunnel() override;

  // Connects, and answers the request in its context: with 200 once the connection stands, else
  // with 503 and a reason; with 501 if its authority is no IP:PORT where one is needed, and with
  // 508 if that is where the client's own connection came in.
  void start(const http::Tunnel& route, bool end_stream);
  // From the client. Takes all of `data`.
  void onClientData(buffer::Buffer& data, bool end_stream);
  void onClientWriteReady();
  // Lets go of the upstream: what was written to it still goes out if both ways have ended; else it
  // is reset.
  void cancel();

 private:
  void onConnected() override;
  void onData(buffer::Buffer& data, bool end_stream) override;
  void onWriteReady() override;
  void onFault(const Error& error) override;

  void connect(upstream::Cluster& cluster, const upstream::ConnectRequest& request);
  void connectToAuthority();
  void fail(const Error& error);
  void reply(unsigned status, std::string_view reason);
  void close(bool reset);

  http::FilterContext& context_;
  upstream::Cluster* cluster_ = nullptr;
  std::unique_ptr<net::Connection> connection_;  // null before it began, and once it is over
  upstream::Place place_;
  event::Timer connect_timeout_;
  MonotonicTime started_;
  bool open_ = false;
  bool paused_ = false;
  bool read_ended_ = false;
};

}  // namespace weir::http_filters
