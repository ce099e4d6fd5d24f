// How a cluster speaks HTTP.

#include <chrono>
#include <optional>
#include <string_view>

#include "source/config/field_checks.h"
#include "source/config/http2_checks.h"
#include "source/config/parse.h"

namespace weir::config {
namespace {

using Protocol = upstream::HttpSettings::Protocol;

Protocol protocolOf(const v1::Cluster& cluster) {
  const v1::HttpProtocolOptions& options = cluster.http_protocol_options();
  if (!options.has_upstream_protocol()) {
    const bool chosen_by_clients = cluster.type() == v1::Cluster::ORIGINAL_DST;
    return chosen_by_clients ? Protocol::AsClient : Protocol::Http1;
  }
  switch (options.upstream_protocol()) {
    case v1::HttpProtocolOptions::HTTP1: return Protocol::Http1;
    case v1::HttpProtocolOptions::HTTP2: return Protocol::Http2;
    default: return Protocol::AsClient;
  }
}

void parseResponseLimits(const v1::HttpProtocolOptions& options, const FieldScope& scope,
                         net::HttpHeadLimits& limits) {
  const auto limit = [&](std::string_view name, bool is_set, uint32_t value, uint64_t absent,
                         uint64_t most) {
    return checkInteger(scope.field(name), is_set ? std::optional<uint64_t>(value) : std::nullopt,
                        absent, {1, most});
  };
  limits.max_bytes = 1024 * limit("max_response_headers_kb", options.has_max_response_headers_kb(),
                                  options.max_response_headers_kb(), limits.max_bytes / 1024, 8192);
  limits.max_count = limit("max_headers_count", options.has_max_headers_count(),
                           options.max_headers_count(), limits.max_count, 10000);
}

void parseHttp2(const v1::HttpProtocolOptions& all, const FieldScope& scope,
                upstream::HttpSettings& http) {
  const v1::Http2ProtocolOptions& options = all.http2_protocol_options();
  if (http.protocol == Protocol::Http1 && all.has_http2_protocol_options()) {
    scope.error(
        "is never used: the cluster is spoken to over HTTP/1.1; with it, set upstream_protocol: "
        "HTTP2 or AS_CLIENT");
  }
  checkHttp2Options(options, scope, http.http2);
  if (options.has_allow_connect()) {
    scope.field("allow_connect")
        .error("must not be set for a cluster: its endpoints say whether they take such requests");
  }
}

}  // namespace

upstream::HttpSettings parseClusterHttp(const v1::Cluster& cluster, const FieldScope& scope) {
  const v1::HttpProtocolOptions& options = cluster.http_protocol_options();
  const FieldScope field = scope.field("http_protocol_options");
  upstream::HttpSettings http;
  http.protocol = protocolOf(cluster);
  if (http.protocol == Protocol::Http2 && cluster.health_check().has_http_health_check()) {
    scope.field("health_check")
        .field("http_health_check")
        .error("asks over HTTP/1.1: must not be set with an upstream_protocol of HTTP2");
  }
  http.idle_timeout = checkDuration(
      field.field("idle_timeout"), options.has_idle_timeout() ? &options.idle_timeout() : nullptr,
      http.idle_timeout, {std::chrono::milliseconds(1), std::chrono::hours(24), true});
  http.max_requests_per_connection = options.max_requests_per_connection();
  parseResponseLimits(options, field, http.response_headers);
  parseHttp2(options, field.field("http2_protocol_options"), http);
  return http;
}

}  // namespace weir::config
