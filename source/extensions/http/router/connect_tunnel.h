#pragma once

// A CONNECT that ends here (RFC 9110 9.3.6): the connection that it leads to, and the bytes both
// ways. A part of the router.
//
// Loop: its stream's. Order of calls: start(); then the hooks of its filter; cancel() at the end of
// the stream.

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "source/base/result.h"
#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/extensions/http/router/name_lookups.h"
#include "source/http/filter_context.h"
#include "source/http/route.h"
#include "source/net/connection.h"
#include "source/upstream/cluster.h"

namespace weir::http_filters {

class ConnectTunnel final : private net::ConnectionEvents {
 public:
  // Both outlive it.
  ConnectTunnel(http::FilterContext& context, NameLookups& names);
  ~ConnectTunnel() override;

  // Connects, and answers the request in its context: with 200 once the connection stands, else
  // with 503 and a reason; with 400 if its authority has no port where one is needed, and with 508
  // if that is a listener of this process. Of a name's addresses the next one is tried if
  // connecting to one fails.
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
  void lookUp(uint16_t port);
  void tryAddresses(const upstream::DnsAnswer& answer, uint16_t port);
  void connectToNext();
  void notConnected(ErrorCode code);
  void fail(const Error& error);
  void breakOff();
  void reply(unsigned status, std::string_view reason);
  void close(bool reset);

  http::FilterContext& context_;
  NameLookups& names_;
  upstream::Cluster* cluster_ = nullptr;
  std::unique_ptr<net::Connection> connection_;  // null before it began, and once it is over
  upstream::Place place_;
  event::Timer connect_timeout_;
  MonotonicTime started_;
  std::string name_;  // of the authority; empty if that is an address
  std::unique_ptr<NameLookups::Query> query_;
  std::deque<net::IpPort> untried_;  // addresses of the authority
  buffer::Buffer early_;             // from the client, until the connection stands
  bool early_end_ = false;
  bool allow_local_ = false;
  bool open_ = false;
  bool paused_ = false;
  bool read_ended_ = false;
};

}  // namespace weir::http_filters
