// The built-in extensions as a configuration meets them: every field that can be wrong, through the
// real factories.

#include "source/main/extensions.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "source/config/load_settings.h"
#include "source/extensions/http/router/factory.h"
#include "source/extensions/network/http_conn_manager/factory.h"

namespace weir {
namespace {

struct Case {
  std::string settings;  // of the filter, in YAML's flow style
  std::string error;     // what stands behind the field path's `typed_config.`; empty: none
};

std::string errorsOf(const std::string& listener_filters, const std::string& filter,
                     const config::Registry& registry) {
  const std::string yaml = "listeners:\n- name: l\n  address: 127.0.0.1:0\n" + listener_filters +
                           "  default_filter_chain: {name: c, filters: [{typed_config: " + filter +
                           "}]}\nclusters: [{name: db, endpoints: [{address: \"127.0.0.1:1\"}]}]\n";
  std::string errors;
  for (const auto& error : config::parseSettings(yaml, config::Format::Yaml, registry).errors) {
    errors += error.path + ": " + error.message + "\n";
  }
  return errors;
}

std::string errorsOf(const std::string& listener_filters, const std::string& filter) {
  config::Registry registry;
  registerBuiltins(registry);
  return errorsOf(listener_filters, filter, registry);
}

std::string network(const std::string& type, const std::string& settings) {
  return "{\"@type\": type.googleapis.com/weir.extensions.network." + type + ", " + settings + "}";
}

std::string listener(const std::string& type, const std::string& settings) {
  return "  listener_filters: [{typed_config: {\"@type\": "
         "type.googleapis.com/weir.extensions.listener." +
         type + ", " + settings + "}}]\n";
}

void expectError(const std::string& errors, const std::string& at, const Case& one) {
  const std::string expected = one.error.empty() ? "" : at + ".typed_config." + one.error + "\n";
  EXPECT_EQ(errors, expected) << one.settings;
}

TEST(TcpProxyFactoryTest, ChecksEveryField) {
  for (const Case& one : {
           Case{"cluster: db, idle_timeout: 0s, half_open_timeout: 1ms", ""},
           Case{"cluster: dc", "cluster: there is no cluster \"dc\"; did you mean \"db\"?"},
           Case{"cluster: db, max_connect_attempts: 0",
                "max_connect_attempts: 0 is out of range: from 1 to 10 is allowed"},
           Case{"cluster: db, max_connect_attempts: 11",
                "max_connect_attempts: 11 is out of range: from 1 to 10 is allowed"},
           Case{"weighted_clusters: [{name: db}]", ""},
           Case{"cluster: db, weighted_clusters: [{name: db, weight: 1}]",
                "weighted_clusters: cannot stand beside cluster: give one of both"},
           Case{"weighted_clusters: [{name: db, weight: 0}]",
                "weighted_clusters: at least one cluster must have a weight above 0"},
           Case{"weighted_clusters: [{name: db, weight: 1000001}]",
                "weighted_clusters[0].weight: 1000001 is out of range: from 0 to 1000000 is "
                "allowed"},
           Case{"weighted_clusters: [{name: db}, {name: dc}]",
                "weighted_clusters[1].name: there is no cluster \"dc\"; did you mean \"db\"?"},
           Case{"weighted_clusters: [{name: db}, {}]",
                "weighted_clusters[1].name: is required: the name of a cluster of this file"},
           Case{"weighted_clusters: [{name: db}, {name: db}]",
                "weighted_clusters[1].name: \"db\" stands twice among the weighted_clusters"},
           Case{"cluster: db, backoff_options: {base_interval: 1ms, max_interval: 1ms}", ""},
           Case{"cluster: db, backoff_options: {}",
                "backoff_options.base_interval: is required: how long to wait after a failure"},
           Case{"cluster: db, backoff_options: {base_interval: 2h}",
                "backoff_options.base_interval: 2h is out of range: from 1ms to 1h is allowed"},
           Case{"cluster: db, max_connect_duration: 0s", ""},
           Case{"cluster: db, max_connect_duration: 61m",
                "max_connect_duration: 61m is out of range: from 1ms to 1h is allowed, or 0s"},
       }) {
    expectError(errorsOf("", network("tcp_proxy.v1.TcpProxy", one.settings)),
                "listeners[0].default_filter_chain.filters[0]", one);
  }
}

TEST(TcpProxyFactoryTest, ChecksItsTimeouts) {
  for (const std::string field :
       {"idle_timeout", "half_open_timeout", "max_downstream_connection_duration"}) {
    for (const std::string value : {"-1s", "0.0001s", "8761h"}) {
      const std::string errors =
          errorsOf("", network("tcp_proxy.v1.TcpProxy", "cluster: db, " + field + ": " + value));
      EXPECT_NE(errors.find(".typed_config." + field + ": "), std::string::npos) << value;
    }
  }
}

TEST(DirectResponseFactoryTest, BoundsItsBody) {
  const auto type = [](const std::string& body) {
    return network("direct_response.v1.DirectResponse", "body: " + body);
  };
  EXPECT_EQ(errorsOf("", type(std::string(1 << 20, 'x'))), "");
  EXPECT_EQ(errorsOf("", type(std::string((1 << 20) + 1, 'x'))),
            "listeners[0].default_filter_chain.filters[0].typed_config.body: 1048577 bytes are too "
            "many: at most 1048576\n");
}

TEST(TlsInspectorFactoryTest, BoundsTheHello) {
  const std::string echo = network("echo.v1.Echo", "");
  for (const Case& one : {
           Case{"max_client_hello_bytes: 1024", ""},
           Case{"max_client_hello_bytes: 131400", ""},
           Case{"max_client_hello_bytes: 1023",
                "max_client_hello_bytes: 1023 is out of range: "
                "from 1024 to 131400 is allowed"},
           Case{"max_client_hello_bytes: 131401",
                "max_client_hello_bytes: 131401 is out of "
                "range: from 1024 to 131400 is allowed"},
       }) {
    expectError(errorsOf(listener("tls_inspector.v1.TlsInspector", one.settings), echo),
                "listeners[0].listener_filters[0]", one);
  }
}

TEST(ProtoDetectFactoryTest, ChecksEveryNumberAndMethod) {
  const std::string echo = network("echo.v1.Echo", "");
  for (const Case& one : {
           Case{"extra_methods: [PURGE]", ""},
           Case{"extra_methods: [PURGE, purge]",
                "extra_methods[1]: \"purge\" is not an HTTP method: 1 to 32 of A-Z, 0-9, \"-\" and "
                "\"_\" are allowed"},
           Case{"server_first: {max_probes: 0}",
                "server_first.max_probes: 0 is out of range: from 1 to 1000000 is allowed"},
           Case{"server_first: {learn: {max_entries: 0}}",
                "server_first.learn.max_entries: 0 is out of range: from 1 to 1000000 is allowed"},
       }) {
    expectError(errorsOf(listener("proto_detect.v1.ProtoDetect", one.settings), echo),
                "listeners[0].listener_filters[0]", one);
  }
}

TEST(ProtoDetectFactoryTest, ChecksEveryDuration) {
  const std::string echo = network("echo.v1.Echo", "");
  for (const std::string field :
       {"detection_timeout: 0s", "detection_timeout: 61m", "partial_timeout: 0s",
        "partial_timeout: 61m", "server_first: {probe_after: 61m}",
        "server_first: {learn: {ttl: 0s}}"}) {
    const std::string errors = errorsOf(listener("proto_detect.v1.ProtoDetect", field), echo);
    EXPECT_NE(errors.find("out of range"), std::string::npos) << field << "\n" << errors;
  }
}

TEST(ProxyProtocolFactoryTest, ChecksEveryField) {
  const std::string echo = network("echo.v1.Echo", "");
  const std::string tlvs = "pass_through_tlvs: {match_type: INCLUDE, tlv_type: ";
  for (const Case& one : {
           Case{"allow_requests_without_proxy_protocol: true, disallowed_versions: [V1]", ""},
           Case{"pass_through_tlvs: {}, allowed_source_ranges: [10.0.0.0/8, \"::1\"]", ""},
           Case{tlvs + "[1, 2, 255]}", ""},
           Case{"disallowed_versions: [V1, V2]",
                "disallowed_versions: V1 and V2 are all: no header would be allowed"},
           Case{tlvs + "[]}",
                "pass_through_tlvs.tlv_type: is required for INCLUDE: at least one type"},
           Case{tlvs + "[2, 256]}",
                "pass_through_tlvs.tlv_type[1]: 256 is out of range: from 0 to "
                "255 is allowed"},
           Case{tlvs + "[3]}",
                "pass_through_tlvs.tlv_type[0]: 3 (checksum: 3, padding: 4) belongs "
                "to one header and is never passed on"},
           Case{"pass_through_tlvs: {tlv_type: [2]}",
                "pass_through_tlvs.tlv_type: INCLUDE_ALL passes every type on; set match_type: "
                "INCLUDE to choose some"},
       }) {
    expectError(errorsOf(listener("proxy_protocol.v1.ProxyProtocol", one.settings), echo),
                "listeners[0].listener_filters[0]", one);
  }
  EXPECT_NE(
      errorsOf(listener("proxy_protocol.v1.ProxyProtocol", "allowed_source_ranges: [10.0.0.1/8]"),
               echo)
          .find("typed_config.allowed_source_ranges[0]: "),
      std::string::npos);
}

TEST(ProxyProtocolFactoryTest, MustBeTheFirstListenerFilter) {
  const std::string type = "type.googleapis.com/weir.extensions.listener.";
  const std::string listed = "  listener_filters: [{typed_config: {\"@type\": " + type +
                             "original_dst.v1.OriginalDst}}, {typed_config: {\"@type\": " + type +
                             "proxy_protocol.v1.ProxyProtocol}}]\n";
  EXPECT_EQ(errorsOf(listed, network("echo.v1.Echo", "")),
            "listeners[0].listener_filters[1]: "
            "\"weir.extensions.listener.proxy_protocol.v1.ProxyProtocol\" must be the first "
            "listener filter: its header stands in front of what all others look at\n");
}

// In front of an echo.
std::string admission(const std::string& type, const std::string& settings) {
  return errorsOf("", network(type, settings) + "}, {typed_config: " + network("echo.v1.Echo", ""));
}

TEST(ConnectionLimitFactoryTest, ChecksEveryField) {
  for (const Case& one : {
           Case{"stat_prefix: a, max_connections: 1, delay: 0s", ""},
           Case{"max_connections: 1", "stat_prefix: is required: the label of its metrics"},
           Case{"stat_prefix: a",
                "max_connections: 0 is out of range: from 1 to 1000000000 is allowed"},
           Case{"stat_prefix: a, max_connections: 1000000001",
                "max_connections: 1000000001 is out of range: from 1 to 1000000000 is allowed"},
           Case{"stat_prefix: a, max_connections: 1, delay: 61m",
                "delay: 61m is out of range: from 1ms to 1h is allowed, or 0s"},
       }) {
    expectError(admission("connection_limit.v1.ConnectionLimit", one.settings),
                "listeners[0].default_filter_chain.filters[0]", one);
  }
}

TEST(LocalRateLimitFactoryTest, ChecksEveryField) {
  const std::string bucket = "stat_prefix: a, token_bucket: ";
  for (const Case& one : {
           Case{bucket + "{max_tokens: 1, fill_interval: 50ms}", ""},
           Case{"token_bucket: {max_tokens: 1, fill_interval: 1s}",
                "stat_prefix: is required: the label of its metrics"},
           Case{"stat_prefix: a",
                "token_bucket: is required: the tokens that new connections take"},
           Case{bucket + "{fill_interval: 1s}",
                "token_bucket.max_tokens: 0 is out of range: from 1 to 1000000000 is allowed"},
           Case{bucket + "{max_tokens: 1, tokens_per_fill: 0, fill_interval: 1s}",
                "token_bucket.tokens_per_fill: 0 is out of range: from 1 to 1000000000 is allowed"},
           Case{bucket + "{max_tokens: 1}",
                "token_bucket.fill_interval: 0s is out of range: from 50ms to 24h is allowed"},
           Case{bucket + "{max_tokens: 1, fill_interval: 49ms}",
                "token_bucket.fill_interval: 49ms is out of range: from 50ms to 24h is allowed"},
       }) {
    expectError(admission("local_ratelimit.v1.LocalRateLimit", one.settings),
                "listeners[0].default_filter_chain.filters[0]", one);
  }
}

// The rest of a policy is right.
std::string permission(const std::string& text) {
  return "stat_prefix: a, rules: {policies: {p: {permissions: [" + text +
         "], principals: [{any: true}]}}}";
}
std::string principal(const std::string& text) {
  return "stat_prefix: a, rules: {policies: {p: {permissions: [{any: true}], principals: [" + text +
         "]}}}";
}

TEST(RbacFactoryTest, ChecksEveryField) {
  const std::string at = "rules.policies.p.";
  const std::string empty = "is empty: set one of its fields; \"any: true\" ";
  for (const Case& one : {
           Case{permission("{destination_ip: 10.0.0.0/8}, {destination_port: 1}, "
                           "{destination_port_range: {start: 1, end: 65535}}, "
                           "{not_rule: {requested_server_name: '*.Example.com'}}, "
                           "{and_rules: {rules: [{or_rules: {rules: [{any: true}]}}]}}"),
                ""},
           Case{principal("{remote_ip: 10.0.0.1}, {not_id: {direct_remote_ip: '::/0'}}, "
                          "{or_ids: {ids: [{and_ids: {ids: [{any: true}]}}]}}"),
                ""},
           Case{"stat_prefix: a", "rules: is required, unless there are shadow_rules"},
           Case{"stat_prefix: a, rules: {}", "rules.policies: is required: at least one"},
           Case{"stat_prefix: a, shadow_rules: {action: DENY}",
                "shadow_rules.policies: is required: at least one"},
           Case{permission(""), at + "permissions: is required: at least one"},
           Case{principal(""), at + "principals: is required: at least one"},
           Case{permission("{}"), at + "permissions[0]: " + empty + "permits everything"},
           Case{principal("{}"), at + "principals[0]: " + empty + "is everyone"},
           Case{permission("{any: false}"), at + "permissions[0].any: must be true: it stands for "
                                                 "everything; not_rule and not_id negate"},
           Case{permission("{destination_port: 0}"),
                at + "permissions[0].destination_port: 0 is out of range: from 1 to 65535 is "
                     "allowed"},
           Case{permission("{destination_port_range: {start: 3, end: 2}}"),
                at + "permissions[0].destination_port_range.end: 2 is less than start, 3"},
           Case{permission("{or_rules: {}}"),
                at + "permissions[0].or_rules.rules: is required: at least one"},
           Case{principal("{and_ids: {}}"),
                at + "principals[0].and_ids.ids: is required: at least one"},
           Case{principal("{authenticated: {principal_name: {prefix: ''}}}"),
                at + "principals[0].authenticated.principal_name.prefix: is empty: "
                     "every text has that"},
       }) {
    expectError(admission("rbac.v1.Rbac", one.settings),
                "listeners[0].default_filter_chain.filters[0]", one);
  }
}

TEST(RbacFactoryTest, ChecksAddressesAndNames) {
  for (const auto& [settings, at] : {
           std::pair(permission("{destination_ip: 10.0.0.1/8}"), "permissions[0].destination_ip"),
           std::pair(permission("{requested_server_name: 'a*'}"),
                     "permissions[0].requested_server_name"),
           std::pair(principal("{remote_ip: x}"), "principals[0].remote_ip"),
           std::pair(principal("{not_id: {direct_remote_ip: ''}}"),
                     "principals[0].not_id.direct_remote_ip"),
       }) {
    const std::string errors = admission("rbac.v1.Rbac", settings);
    EXPECT_NE(errors.find(std::string(".policies.p.") + at + ": "), std::string::npos) << errors;
  }
}

TEST(AdmissionFactoriesTest, AreNotTerminal) {
  const std::string errors = errorsOf("", network("connection_limit.v1.ConnectionLimit",
                                                  "stat_prefix: a, "
                                                  "max_connections: 1"));
  EXPECT_NE(errors.find("is not terminal"), std::string::npos) << errors;
}

TEST(BypassFactoryTest, MustBeAlone) {
  const std::string bypass = network("bypass.v1.Bypass", "");
  EXPECT_EQ(errorsOf("", bypass), "");
  const std::string errors =
      errorsOf("", bypass + "}, {typed_config: " + network("echo.v1.Echo", ""));
  EXPECT_NE(errors.find("listeners[0].default_filter_chain.filters"), std::string::npos);
}

TEST(HttpConnManagerFactoryTest, ChecksEveryField) {
  const std::string routes =
      "route_config: {virtual_hosts: [{name: v, domains: [\"*\"], routes: [{match: {prefix: /}, "
      "route: {cluster: db}}]}]}";
  const std::string router =
      "{typed_config: {\"@type\": type.googleapis.com/weir.extensions.http."
      "router.v1.Router}}";
  for (
      const Case& one : {
          Case{"stat_prefix: a, " + routes, ""},
          Case{"stat_prefix: a, transparent: true, via: x, upgrade_types: [websocket, CONNECT], "
               "codec_type: HTTP2, http_filters: [" +
                   router + "], " + routes,
               ""},
          Case{routes, "stat_prefix: is required: it is the label of the metrics"},
          Case{"stat_prefix: a", "route_config: is required: it says where requests go"},
          Case{"stat_prefix: a, http_filters: [" + router + ", " + router + "], " + routes,
               "http_filters[0]: \"weir.extensions.http.router.v1.Router\" is terminal: it must be "
               "the last filter, and listeners[0].default_filter_chain.filters[0].typed_config."
               "http_filters[1] (line 4) follows"},
          Case{"stat_prefix: a, max_request_headers_kb: 0, " + routes,
               "max_request_headers_kb: 0 is out of range: from 1 to 8192 is allowed"},
          Case{"stat_prefix: a, max_headers_count: 10001, " + routes,
               "max_headers_count: 10001 is out of range: from 1 to 10000 is allowed"},
          Case{"stat_prefix: a, max_request_target_bytes: 0, " + routes,
               "max_request_target_bytes: 0 is out of range: from 1 to 8388608 is allowed"},
          Case{"stat_prefix: a, drain_timeout: 0s, " + routes,
               "drain_timeout: 0s is out of range: from 1ms to 1h is allowed"},
          Case{"stat_prefix: a, idle_timeout: 8761h, " + routes,
               "idle_timeout: 8761h is out of range: from 1ms to 8760h is allowed, or 0s"},
          Case{"stat_prefix: a, upgrade_types: [h2c], " + routes,
               "upgrade_types[0]: \"h2c\" is never passed on (RFC 9113 3.1)"},
          Case{"stat_prefix: a, upgrade_types: [a b], " + routes,
               "upgrade_types[0]: \"a b\" is no token of the field Upgrade, such as "
               "\"websocket\", nor \"CONNECT\""},
          Case{
              "stat_prefix: a, http2_protocol_options: {initial_stream_window_size: 1}, " + routes,
              "http2_protocol_options.initial_stream_window_size: 1 is out of range: from 65535 to "
              "2147483647 is allowed"},
          Case{"stat_prefix: a, http2_protocol_options: {keepalive_timeout: 0s}, " + routes,
               "http2_protocol_options.keepalive_timeout: 0s is out of range: from 1ms to 1h is "
               "allowed"},
      }) {
    const std::string settings =
        network("http_conn_manager.v1.HttpConnectionManager", one.settings);
    expectError(errorsOf("", settings), "listeners[0].default_filter_chain.filters[0]", one);
  }
}

std::string managerWith(const std::string& http_filters) {
  return network("http_conn_manager.v1.HttpConnectionManager",
                 "stat_prefix: a, route_config: {virtual_hosts: [{name: v, domains: [\"*\"], "
                 "routes: [{match: {prefix: /}, route: {cluster: db}}]}]}, http_filters: " +
                     http_filters);
}

TEST(HttpConnManagerFactoryTest, ReportsAWrongHttpFilter) {
  const std::string type = "{typed_config: {\"@type\": type.googleapis.com/";
  const std::string router = ", " + type + "weir.extensions.http.router.v1.Router}}]";
  for (const std::string wrong : {"{name: a}", "{}", "{name: a, typed_config: {}}", "null", "x",
                                  "{typed_config: {\"@type\": x}}"}) {
    EXPECT_NE(errorsOf("", managerWith("[" + wrong + router)), "") << wrong;
    EXPECT_NE(errorsOf("", managerWith("[" + wrong + "]")), "") << wrong;
  }
  for (const std::string wrong :
       {"weir.extensions.http.rooter.v1.Rooter", "envoy.extensions.filters.http.router.v3.Router",
        "weir.extensions.network.echo.v1.Echo",
        "weir.extensions.listener.tls_inspector.v1.TlsInspector"}) {
    for (const std::string& list :
         {"[" + type + wrong + "}}" + router, "[" + type + wrong + "}}]"}) {
      EXPECT_NE(errorsOf("", managerWith(list)).find("http_filters[0]"), std::string::npos) << list;
    }
  }
}

// Refuses all settings, and makes nothing.
template <class Base, class Filter>
class Refusing final : public Base {
 public:
  explicit Refusing(std::string_view type) : type_(type) {}
  std::string_view messageType() const override { return type_; }
  std::unique_ptr<Filter> create(const google::protobuf::Message&, const FieldScope& scope,
                                 config::BuildContext&) const override {
    scope.error("is not wanted");
    return nullptr;
  }

 private:
  std::string_view type_;
};

class RefusingNetworkFilter final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return "weir.extensions.network.echo.v1.Echo"; }
  bool isTerminal() const override { return true; }
  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message&,
                                                       const FieldScope& scope,
                                                       config::BuildContext&) const override {
    scope.error("is not wanted");
    return nullptr;
  }
};

TEST(FactoryTest, MayMakeNothingOfWhatItReports) {
  config::Registry registry;
  registry.add(std::make_unique<Refusing<config::HttpFilterConfigFactory, http::FilterFactory>>(
      "weir.extensions.http.buffer.v1.Buffer"));
  registry.add(http_filters::makeRouterConfigFactory());
  registry.add(extensions::makeHttpConnManagerConfigFactory());
  registry.add(std::make_unique<RefusingNetworkFilter>());
  registry.add(std::make_unique<
               Refusing<config::ListenerFilterConfigFactory, filter::ListenerFilterFactory>>(
      "weir.extensions.listener.tls_inspector.v1.TlsInspector"));
  const std::string type = "{typed_config: {\"@type\": type.googleapis.com/weir.extensions.";
  const std::string manager =
      managerWith("[" + type + "http.buffer.v1.Buffer}}, " + type + "http.router.v1.Router}}]");
  const std::string inspector = listener("tls_inspector.v1.TlsInspector", "");
  const std::string at = "listeners[0].default_filter_chain.filters[0].typed_config";
  EXPECT_EQ(errorsOf("", manager, registry), at + ".http_filters[0].typed_config: is not wanted\n");
  EXPECT_EQ(errorsOf("", network("echo.v1.Echo", ""), registry), at + ": is not wanted\n");
  EXPECT_EQ(errorsOf(inspector, managerWith("[]"), registry),
            "listeners[0].listener_filters[0].typed_config: is not wanted\n");
}

TEST(RegistryTest, HasEveryExtensionOfThisBuild) {
  config::Registry registry;
  registerBuiltins(registry);
  std::string names;
  for (const auto& one : registry.listenerFilters())
    names += std::string(one->messageType()) + "\n";
  for (const auto& one : registry.networkFilters()) names += std::string(one->messageType()) + "\n";
  for (const auto& one : registry.httpFilters()) names += std::string(one->messageType()) + "\n";
  EXPECT_EQ(names,
            "weir.extensions.listener.original_dst.v1.OriginalDst\n"
            "weir.extensions.listener.proto_detect.v1.ProtoDetect\n"
            "weir.extensions.listener.proxy_protocol.v1.ProxyProtocol\n"
            "weir.extensions.listener.tls_inspector.v1.TlsInspector\n"
            "weir.extensions.network.bypass.v1.Bypass\n"
            "weir.extensions.network.connection_limit.v1.ConnectionLimit\n"
            "weir.extensions.network.direct_response.v1.DirectResponse\n"
            "weir.extensions.network.echo.v1.Echo\n"
            "weir.extensions.network.http_conn_manager.v1.HttpConnectionManager\n"
            "weir.extensions.network.local_ratelimit.v1.LocalRateLimit\n"
            "weir.extensions.network.rbac.v1.Rbac\n"
            "weir.extensions.network.tcp_proxy.v1.TcpProxy\n"
            "weir.extensions.http.buffer.v1.Buffer\n"
            "weir.extensions.http.compressor.v1.Compressor\n"
            "weir.extensions.http.cors.v1.Cors\n"
            "weir.extensions.http.fault.v1.Fault\n"
            "weir.extensions.http.grpc_stats.v1.GrpcStats\n"
            "weir.extensions.http.header_mutation.v1.HeaderMutation\n"
            "weir.extensions.http.health_check.v1.HealthCheck\n"
            "weir.extensions.http.local_ratelimit.v1.LocalRateLimit\n"
            "weir.extensions.http.rbac.v1.Rbac\n"
            "weir.extensions.http.router.v1.Router\n");
}

}  // namespace
}  // namespace weir
