#include "source/config/field_hints.h"

#include "source/config/source_map.h"

namespace weir::config {
namespace {

constexpr std::string_view NoPerFilter =
    "a filter has one configuration for all routes of its listener";
constexpr std::string_view NoTls = "TLS is terminated by the tls_context of the chain";
constexpr std::string_view NoUpstreamTls =
    "TLS towards the endpoints is the tls_context of the cluster";

constexpr std::string_view NoDiscovery =
    "the addresses of a cluster stand in endpoints, or come from DNS with type: STRICT_DNS";
constexpr std::string_view CorsIsAFilter =
    "it is an HTTP filter, weir.extensions.http.cors.v1.Cors, for all routes of its listener";
constexpr std::string_view RateLimitIsAFilter =
    "it is an HTTP filter, weir.extensions.http.local_ratelimit.v1.LocalRateLimit, for all routes "
    "of its listener";
constexpr std::string_view NoHedging =
    "is not available: a try that takes too long ends by per_try_timeout of the route's "
    "retry_policy, and is followed by the next one";
constexpr std::string_view RegexIsAString = "write string_match: {safe_regex: {regex: EXPRESSION}}";

constexpr std::string_view KeepAliveIsHttp2 =
    "keepalive_interval and keepalive_timeout are fields of http2_protocol_options: HTTP/1 has no "
    "PING";

constexpr std::string_view Http1 =
    "weir.extensions.network.http_conn_manager.v1.HttpConnectionManager.Http1ProtocolOptions";
constexpr std::string_view Manager =
    "weir.extensions.network.http_conn_manager.v1.HttpConnectionManager";

constexpr FieldHint Hints[] = {
    {"weir.config.v1.Bootstrap", "static_resources",
     "listeners and clusters stand at the top level of the file"},
    {"weir.config.v1.Bootstrap", "dynamic_resources",
     "the configuration is one file, which is read again when it changes"},
    {"weir.config.v1.Listener", "access_log",
     "access_log at the top level of the file is that of all connections"},
    {"weir.config.v1.Endpoint", "endpoint",
     "the address of an endpoint is its own field, as in address: \"10.0.0.1:80\""},
    {"weir.config.v1.AccessLog", "typed_config",
     "path, text_format and json_format are fields of this message"},
    {"weir.config.v1.RequestLog", "typed_config",
     "path, text_format and json_format are fields of this message"},
    {"weir.config.v1.FilterChain", "transport_socket", NoTls},
    {"weir.config.v1.FilterChain", "filter_chain_match", "it is called match"},
    {"weir.config.v1.Listener", "listener_filters_timeout",
     "it is detection_timeout of proto_detect"},

    {"weir.config.v1.Cluster", "transport_socket", NoUpstreamTls},
    {"weir.config.v1.Cluster", "load_assignment", "the addresses of a cluster stand in endpoints"},
    {"weir.config.v1.Cluster", "hosts", "the addresses of a cluster stand in endpoints"},
    {"weir.config.v1.Cluster", "circuit_breakers",
     "the limits are max_connections, max_pending_requests, max_requests and max_retries or "
     "retry_budget of the cluster"},
    {"weir.config.v1.Cluster", "health_checks", "it is one, health_check"},
    {"weir.config.v1.Cluster", "common_lb_config", "its healthy_panic_threshold is the cluster's"},
    {"weir.config.v1.Cluster", "typed_extension_protocol_options",
     "the version is http_protocol_options: {upstream_protocol: HTTP2}"},
    {"weir.config.v1.Cluster", "http2_protocol_options",
     "it is a field of http_protocol_options, as the version is, upstream_protocol: HTTP2"},
    {"weir.config.v1.Cluster", "common_http_protocol_options",
     "idle_timeout, max_requests_per_connection, max_headers_count and max_response_headers_kb are "
     "fields of http_protocol_options"},
    {"weir.config.v1.Cluster", "cluster_type", "the type is one of type"},
    {"weir.config.v1.Cluster", "eds_cluster_config", NoDiscovery},
    {"weir.config.v1.Cluster", "load_balancing_policy", "the policy is one of lb_policy"},
    {"weir.config.v1.Cluster", "lb_subset_config",
     "there are no subsets: make a cluster of each of them"},
    {"weir.config.v1.Cluster", "dns_refresh_rate",
     "names are resolved again by their TTL, within dns_min_refresh_rate and dns_max_refresh_rate"},
    {"weir.config.v1.Cluster", "respect_dns_ttl",
     "leave it out: names are resolved again by their TTL"},
    {"weir.config.v1.HttpProtocolOptions", "explicit_http_config",
     "the version is upstream_protocol: HTTP1 or HTTP2"},
    {"weir.config.v1.HttpProtocolOptions", "use_downstream_protocol_config",
     "the version is upstream_protocol: AS_CLIENT"},
    {"weir.config.v1.HttpProtocolOptions", "common_http_protocol_options",
     "idle_timeout, max_requests_per_connection, max_headers_count and max_response_headers_kb are "
     "fields of this message"},
    {"weir.config.v1.HttpProtocolOptions", "keepalive_interval", KeepAliveIsHttp2},
    {"weir.config.v1.HttpProtocolOptions", "keepalive_timeout", KeepAliveIsHttp2},
    {"weir.config.v1.HttpProtocolOptions", "connection_keepalive", KeepAliveIsHttp2},
    {Http1, "keepalive_interval", KeepAliveIsHttp2},
    {Http1, "keepalive_timeout", KeepAliveIsHttp2},
    {Http1, "default_host_for_http_10",
     "is not available: a request of HTTP/1.0 without a host is for the virtual host of the domain "
     "\"*\""},
    {"weir.config.v1.Http2ProtocolOptions", "connection_keepalive",
     "its interval and timeout are keepalive_interval and keepalive_timeout"},

    {Manager, "upgrade_configs",
     "the tokens stand in upgrade_types; of a route it is upgrade_configs"},
    {Manager, "common_http_protocol_options",
     "idle_timeout, max_connection_duration, max_requests_per_connection, max_headers_count and "
     "headers_with_underscores_action are fields of this message"},
    {Manager, "rds", "routes stand in route_config"},
    {Manager, "scoped_routes", "routes stand in route_config"},
    {Manager, "server_name", "the field server passes as the upstream says it"},
    {Manager, "tracing", "there are no spans"},

    {"weir.config.v1.RouteConfiguration", "typed_per_filter_config", NoPerFilter},
    {"weir.config.v1.VirtualHost", "typed_per_filter_config", NoPerFilter},
    {"weir.config.v1.VirtualHost", "retry_policy", "it is a field of each route"},
    {"weir.config.v1.VirtualHost", "request_mirror_policies", "it is a field of each route"},
    {"weir.config.v1.VirtualHost", "cors", CorsIsAFilter},
    {"weir.config.v1.VirtualHost", "rate_limits", RateLimitIsAFilter},
    {"weir.config.v1.VirtualHost", "hedge_policy", NoHedging},
    {"weir.config.v1.VirtualHost", "require_tls",
     "use a route with redirect: {https_redirect: true}"},
    {"weir.config.v1.Route", "typed_per_filter_config", NoPerFilter},
    {"weir.config.v1.RouteMatch", "runtime_fraction",
     "a part of the requests is chosen by weighted_clusters of the route"},
    {"weir.config.v1.RouteAction", "cluster_header",
     "a request cannot name its cluster: match on the field, with a route for each cluster"},
    {"weir.config.v1.RouteAction", "host_rewrite", "it is called host_rewrite_literal"},
    {"weir.config.v1.RouteAction", "cors", CorsIsAFilter},
    {"weir.config.v1.RouteAction", "rate_limits", RateLimitIsAFilter},
    {"weir.config.v1.RouteAction", "hedge_policy", NoHedging},
    {"weir.config.v1.RouteAction", "internal_redirect_policy",
     "is not available: a redirect of the upstream goes to the client"},
    {"weir.config.v1.RouteAction", "host_rewrite_header",
     "is not available: there are host_rewrite_literal and auto_host_rewrite"},
    {"weir.config.v1.HeaderMatcher", "exact_match", "write string_match: {exact: VALUE}"},
    {"weir.config.v1.HeaderMatcher", "prefix_match", "write string_match: {prefix: VALUE}"},
    {"weir.config.v1.HeaderMatcher", "suffix_match", "write string_match: {suffix: VALUE}"},
    {"weir.config.v1.HeaderMatcher", "contains_match", "write string_match: {contains: VALUE}"},
    {"weir.config.v1.HeaderMatcher", "safe_regex_match", RegexIsAString},
    {"weir.config.v1.HeaderMatcher", "regex_match", RegexIsAString},
    {"weir.config.v1.QueryParameterMatcher", "value", "write string_match: {exact: VALUE}"},
    {"weir.config.v1.QueryParameterMatcher", "regex", RegexIsAString},
    {"weir.config.v1.StringMatcher", "regex", "write safe_regex: {regex: EXPRESSION}"},
    {"weir.config.v1.RouteMatch", "regex", "write safe_regex: {regex: EXPRESSION}"},
    {"weir.config.v1.RegexMatcher", "google_re2", "leave it out: every expression is one of RE2"},
    {"weir.config.v1.HeaderValueOption", "append",
     "it is append_action: append: true is APPEND_IF_EXISTS_OR_ADD, append: false is "
     "OVERWRITE_IF_EXISTS_OR_ADD"},
    {"weir.config.v1.RequestMirrorPolicy", "runtime_fraction",
     "it is called fraction, without default_value and runtime_key"},
};

constexpr ValueHint ValueHints[] = {
    {"weir.config.v1.Cluster.Type", "EDS", NoDiscovery},
    {"weir.config.v1.Cluster.Type", "LOGICAL_DNS",
     "write STRICT_DNS, which uses all addresses of a name"},
    {"weir.config.v1.Cluster.LbPolicy", "CLUSTER_PROVIDED",
     "leave it out: type: ORIGINAL_DST has no policy"},
};

}  // namespace

std::span<const FieldHint> fieldHints() { return Hints; }

std::string_view fieldHint(std::string_view message, std::string_view field) {
  for (const FieldHint& hint : Hints) {
    if (hint.message == message && keyNamesField(field, hint.field)) return hint.text;
  }
  return {};
}

std::span<const ValueHint> valueHints() { return ValueHints; }

std::string_view valueHint(std::string_view enumeration, std::string_view value) {
  for (const ValueHint& hint : ValueHints) {
    if (hint.enumeration == enumeration && hint.value == value) return hint.text;
  }
  return {};
}

}  // namespace weir::config
