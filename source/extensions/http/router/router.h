#pragma once

// Terminal HTTP filter: does with a request what its route says. Forwards it to a host of a
// cluster, tries again where the route allows it, answers directly, redirects, or carries a tunnel.
//
// Reasons in log, metrics and `weir-error`: route_not_found (404), upgrade_not_allowed (403),
// upgrade_refused, upgrade_handshake, upgrade_not_offered, upgrade_unsupported (502),
// bad_authority, and what normalising says of a path that was rewritten (400), loop (508),
// dns_overflow, dns_resolution_failure, no_healthy_upstream, no_destination, upstream_overflow,
// upstream_refused, upstream_unreachable, upstream_connect_timeout, upstream_connect_failed,
// upstream_reset (503), upstream_protocol_error (502), upstream_request_timeout,
// upstream_per_try_timeout, upstream_per_try_idle_timeout (504), max_stream_duration (504, or a
// reset).

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/event/loop.h"
#include "source/extensions/http/router/connect_tunnel.h"
#include "source/extensions/http/router/mirror_request.h"
#include "source/extensions/http/router/retries.h"
#include "source/extensions/http/router/try_timers.h"
#include "source/extensions/http/router/upstream_request.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/http/upgrade.h"
#include "source/upstream/dns_resolver.h"

namespace weir::http_filters {

class RouterFactory;

// Of one stream, on its loop.
class RouterFilter final : public http::StreamDecoderFilter, private UpstreamRequestEvents {
 public:
  // Both outlive it.
  RouterFilter(http::FilterContext& context, const RouterFactory& factory);

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus decodeData(buffer::Buffer& data, bool end_stream) override;
  http::FilterStatus decodeTrailers(http::HeaderMap& trailers) override;
  void onResponseWriteReady() override;
  void onStreamComplete() override;

 private:
  void onUpstreamHeaders(bool end_stream) override;
  void onUpstreamData(buffer::Buffer& data, bool end_stream) override;
  void onUpstreamTrailers() override;
  void onUpstreamFailure(const UpstreamFailure& failure) override;
  void onUpstreamWriteReady() override;

  void redirect(const http::Redirect& redirect);
  void forward(const http::Forward& forward, bool end_stream);
  bool allowUpgrade(const http::Forward& forward);
  http::HeaderMap& inFormFor(http::Version version);
  bool takeAnswer();
  bool changeRequest(const http::Forward& forward, const http::WeightedCluster& cluster);
  bool changePath(const http::Forward& forward);
  void passInformational(unsigned status);
  http::Version versionFor(const upstream::Cluster& cluster) const;
  void attempt(bool end_stream, bool fresh);
  void requestEnded();
  void disarmTimers();
  void noteMoved();
  void startMirrors(bool end_stream);
  UpstreamRequest::Plan planFor(upstream::Cluster& cluster, http::Version version);
  void retryNow();
  void onTimeout();
  void onTryTimeout(std::string_view reason);
  void reply(unsigned status, std::string_view reason);

  http::FilterContext& context_;
  const RouterFactory& factory_;
  const http::Forward* forward_ = nullptr;  // null: it answered by itself
  const http::WeightedCluster* weighted_ = nullptr;
  upstream::Cluster* cluster_ = nullptr;
  UpstreamRequest upstream_;
  std::optional<ConnectTunnel> tunnel_;  // instead of it, of a CONNECT that ends here
  std::vector<MirrorRequest*> mirrors_;  // until they are released
  Retries retries_;
  std::optional<uint64_t> hash_;
  http::TunnelForm form_ = http::TunnelForm::None;  // of the client's request
  // The request, where the upstream wants a tunnel to be asked for in another form.
  std::unique_ptr<http::HeaderMap> translated_;
  std::string web_socket_key_;            // of the translated one
  std::string authority_;                 // as it was, where hosts have it changed to their names
  std::vector<std::string> set_cookies_;  // for the response
  http::HeaderMap* trailers_ = nullptr;
  event::Timer timeout_;
  TryTimers try_timers_;
  bool request_ended_ = false;
  bool continued_ = false;   // a 100 was passed on
  bool responding_ = false;  // the response goes to the client
};

class RouterFactory final : public http::FilterFactory {
 public:
  // `dns`: whom to ask for the names of tunnels, and how.
  explicit RouterFactory(upstream::DnsOptions dns = systemDns()) : dns_(std::move(dns)) {}

  std::string_view name() const override { return "router"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<RouterFilter>(adder.context(), *this);
  }
  // Those of one worker.
  NameLookups& namesOn(filter::Worker& worker) const;

 private:
  static upstream::DnsOptions systemDns();

  const upstream::DnsOptions dns_;
};

}  // namespace weir::http_filters
