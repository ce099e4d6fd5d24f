// Every rule for the fields of the file, its listeners, filters and clusters.
#include "test/config/rejected_fields.h"

namespace weir::config {
namespace {

using Case = RejectedField;

class BootstrapFieldTest : public FieldTest {};
TEST_P(BootstrapFieldTest, IsCheckedAndReportedWhereItStands) { expectError("%s\n"); }
INSTANTIATE_TEST_SUITE_P(
    Cases, BootstrapFieldTest,
    testing::Values(
        Case{"workers: 1",
             ":1:1: listeners: is required: without a listener there is nothing to do"},
        Case{"listeners: []",
             ":1:12: listeners: is required: without a listener there is nothing to do"},
        Case{"listeners: [" + Listener + "]\nworkers: 1025",
             ":2:10: workers: 1025 is out of range: from 0 to 1024 is allowed"},
        Case{"listeners: [" + Listener + "]\ndrain_timeout: 0s", ""},
        Case{"listeners: [" + Listener + "]\ndrain_timeout: 25h",
             ":2:16: drain_timeout: 25h is out of range: from 1ms to 24h is allowed, or 0s"},
        Case{"listeners: [" + Listener + "]\nmax_detection_bytes: 65535",
             ":2:22: max_detection_bytes: 65535 is out of range: from 65536 to 1099511627776 is "
             "allowed"},
        Case{"listeners: [" + Listener +
                 "]\noverload: {shed_threshold: 1, resume_threshold: 1, max_memory_bytes: 1}",
             ""},
        Case{"listeners: [" + Listener + "]\noverload: {shed_threshold: 0.5}", ""},
        Case{"listeners: [" + Listener + "]\noverload: {shed_threshold: 1.5}",
             ":2:28: overload.shed_threshold: 1.5 is out of range: above 0 and at most 1 is "
             "allowed"},
        Case{"listeners: [" + Listener + "]\noverload: {shed_threshold: 0}",
             ":2:28: overload.shed_threshold: 0 is out of range: above 0 and at most 1 is allowed"},
        Case{"listeners: [" + Listener + "]\noverload: {shed_threshold: .nan}",
             ":2:28: overload.shed_threshold: nan is out of range: above 0 and at most 1 is "
             "allowed"},
        Case{"listeners: [" + Listener + "]\noverload: {resume_threshold: 0.95}",
             ":2:30: overload.resume_threshold: 0.95 is out of range: above 0 and at most 0.9 is "
             "allowed"},
        Case{"listeners: [" + Listener + "]\nadmin: {address: localhost:9901}",
             ":2:18: admin.address: \"localhost:9901\" is not an address: names are not resolved: "
             "write \"127.0.0.1:9901\""},
        Case{"listeners: [" + Listener + "]\nadmin: {address: 127.0.0.1:15001}",
             ":1:32: listeners[0].address: the address \"127.0.0.1:15001\" is already taken by "
             "admin.address (line "
             "2)"},
        Case{"listeners: [" + Listener + "]\naccess_log: {path: /var/log/}",
             ":2:20: access_log.path: \"/var/log/\" is a directory, not a file"},
        Case{"listeners: [" + Listener + "]\naccess_log: {text_format: \"%PROTOCOL% %REASONS%\"}",
             ":2:27: access_log.text_format: at character 12: there is no operator \"%REASONS%\"; "
             "did "
             "you mean \"REASON\"?"},
        Case{"listeners: [" + Listener + "]\naccess_log: {text_format: \"\"}",
             ":2:27: access_log.text_format: is empty: a line would say nothing"},
        Case{"listeners: [" + Listener +
                 "]\naccess_log: {json_format: {a: x, b: \"%DURATION(h)%\"}}",
             ":2:37: access_log.json_format.b: at character 11: \"h\" is not a unit of time: s, "
             "ms, us "
             "or ns, with .N for decimals"},
        Case{"listeners: [" + Listener +
                 "]\naccess_log: {format: JSON, text_format: \"%PROTOCOL%\"}",
             ":2:41: access_log.text_format: format is JSON; that is said by json_format"},
        Case{"listeners: [" + Listener +
                 "]\naccess_log: {text_format: \"%PROTOCOL%\", json_format: {a: b}}",
             ":2:54: access_log.json_format: text_format is set, too; a log has one of them"},
        Case{"listeners:\n- " + Listener + "\n- " + Listener,
             ":3:10: listeners[1].name: the name \"l\" is already taken by listeners[0].name (line "
             "2)\n"
             ":3:22: listeners[1].address: the address \"127.0.0.1:15001\" is already taken by "
             "listeners[0].address (line 2)"},
        Case{"static_resources: {}",
             ":1:1: static_resources: unknown field \"static_resources\" in "
             "weir.config.v1.Bootstrap: listeners and "
             "clusters stand at the top level of the file\n"
             ":1:1: listeners: is required: without a listener there is nothing to do"}));

class AddressTest : public FieldTest {};
TEST_P(AddressTest, SaysWhatIsWrongAndWhatWasMeant) {
  expectError("listeners:\n- name: l\n  address: %s\n  default_filter_chain: " + Chain);
}
const std::string AddressIs = ":3:12: listeners[0].address: ";
INSTANTIATE_TEST_SUITE_P(
    Cases, AddressTest,
    testing::Values(
        Case{"0.0.0.0:80", ""}, Case{"'[::1]:80'", ""}, Case{"127.0.0.1:0", ""},
        Case{"unix:/run/weir.sock", ""}, Case{"unix:@weir", ""},
        Case{"''", AddressIs + "is required: \"IP:PORT\", \"[IPV6]:PORT\" or \"unix:/path\""},
        Case{"localhost:80", AddressIs + "\"localhost:80\" is not an address: names are not "
                                         "resolved: write \"127.0.0.1:80\""},
        Case{"db.example.com:80",
             AddressIs + "\"db.example.com:80\" is not an address: \"db.example.com\" is not an "
                         "IP address; names are not resolved"},
        Case{"'*:80'", AddressIs + "\"*:80\" is not an address: for all addresses write "
                                   "\"0.0.0.0:80\" or \"[::]:80\""},
        Case{"':80'",
             AddressIs +
                 "\":80\" is not an address: the IP address is missing: for all addresses write "
                 "0.0.0.0 or [::]"},
        Case{"10.0.0.1",
             AddressIs +
                 "\"10.0.0.1\" is not an address: the port is missing: write \"10.0.0.1:PORT\""},
        Case{"'::1'",
             AddressIs + "\"::1\" is not an address: the port is missing: write \"[::1]:PORT\""},
        Case{"'[::1]'", AddressIs +
                            "\"[::1]\" is not an address: the port is missing: write \"IP:PORT\", "
                            "\"[IPV6]:PORT\" or \"unix:/path\""},
        Case{"'15001'", AddressIs +
                            "\"15001\" is not an address: the port is missing: write \"IP:PORT\", "
                            "\"[IPV6]:PORT\" or \"unix:/path\""},
        Case{"2001:db8:0:0:0:0:0:1:80",
             AddressIs + "\"2001:db8:0:0:0:0:0:1:80\" is not an address: an IPv6 address "
                         "stands in brackets: \"[2001:db8:0:0:0:0:0:1]:80\""},
        Case{
            "10.0.0.256:80",
            AddressIs + "\"10.0.0.256:80\" is not an address: \"10.0.0.256\" is not an IP address"},
        Case{"10.0.0.1:65536",
             AddressIs +
                 "\"10.0.0.1:65536\" is not an address: the port must be a number from 0 to 65535"},
        Case{"10.0.0.1:http",
             AddressIs +
                 "\"10.0.0.1:http\" is not an address: the port must be a number from 0 to 65535"},
        Case{"10.0.0.1:080",
             AddressIs +
                 "\"10.0.0.1:080\" is not an address: the port must be a number from 0 to 65535"},
        Case{"'[10.0.0.1]:80'",
             AddressIs +
                 "\"[10.0.0.1]:80\" is not an address: only an IPv6 address stands in brackets"},
        Case{"/run/x",
             AddressIs + "\"/run/x\" is not an address: a Unix socket is written \"unix:/run/x\""},
        Case{"'unix:'",
             AddressIs + "\"unix:\" is not an address: the path is missing: write \"unix:/path\""},
        Case{"unix:run/x",
             AddressIs +
                 "\"unix:run/x\" is not an address: the path must begin with \"/\" (or \"@\" for "
                 "the abstract namespace)"},
        Case{"unix:/" + std::string(107, 'x'), AddressIs + "\"unix:/" + std::string(74, 'x') +
                                                   "...\" is not an address: the path has 108 "
                                                   "bytes; a Unix socket's has at most 107"}));

class ListenerFieldTest : public FieldTest {};
TEST_P(ListenerFieldTest, IsCheckedAndReportedWhereItStands) {
  expectError("listeners:\n- name: l\n  address: 127.0.0.1:15001\n  default_filter_chain: " +
              Chain + "\n  %s");
}
INSTANTIATE_TEST_SUITE_P(
    Cases, ListenerFieldTest,
    testing::Values(
        Case{"backlog: 65535", ""}, Case{"max_connections_per_source: 1", ""},
        Case{"max_connections_per_source: 0",
             ":5:31: listeners[0].max_connections_per_source: 0 is out of range: from 1 to "
             "4294967295 is allowed"},
        Case{"max_connections: 0", ""}, Case{"transparent: true", ""},
        Case{"backlog: 0",
             ":5:12: listeners[0].backlog: 0 is out of range: from 1 to 65535 is allowed"},
        Case{"backlog: 65536",
             ":5:12: listeners[0].backlog: 65536 is out of range: from 1 to 65535 is allowed"},
        Case{"per_connection_buffer_limit_bytes: 4095",
             ":5:38: listeners[0].per_connection_buffer_limit_bytes: 4095 is out of range: from "
             "4096 to 16777216 is "
             "allowed"},
        Case{"per_connection_buffer_limit_bytes: 16777217",
             ":5:38: listeners[0].per_connection_buffer_limit_bytes: 16777217 is out of range: "
             "from 4096 to 16777216 "
             "is allowed"},
        Case{"filter_chains: [{name: c, match: {destination_ports: [1]}, filters: [" + Echo +
                 "]}]\n  transparent: true",
             ":4:32: listeners[0].default_filter_chain.name: the name \"c\" is already taken by "
             "listeners[0].filter_chains[0].name (line 5)"},
        Case{"filter_chains: [{filters: [" + Echo + "], match: {source_ports: [1]}}]",
             ":5:19: listeners[0].filter_chains[0].name: is required: it names the chain in logs "
             "and metrics"},
        Case{"filter_chains: [{name: '-', filters: [" + Echo + "], match: {source_ports: [1]}}]",
             ":5:26: listeners[0].filter_chains[0].name: \"-\" stands for no chain in metrics and "
             "logs: choose another name"},
        Case{"filter_chains: [{name: d, transport_socket: {}, filters: [" + Echo +
                 "], match: {source_ports: [1]}}]",
             ":5:29: listeners[0].filter_chains[0].transport_socket: unknown field "
             "\"transport_socket\" in "
             "weir.config.v1.FilterChain: TLS is terminated by the tls_context of the chain"}));

TEST(ListenerTest, NeedsANameAndAnAddressAndAChain) {
  EXPECT_EQ(
      errorsIn("listeners:\n- backlog: 1\n"),
      ":2:3: listeners[0].name: is required: it names the listener in logs and metrics\n"
      ":2:3: listeners[0].address: is required: \"IP:PORT\", \"[IPV6]:PORT\" or \"unix:/path\"\n"
      ":2:3: listeners[0].filter_chains: is required: a listener needs a chain here, or a "
      "default_filter_chain\n");
}

TEST(ListenerTest, TheDefaultChainCannotHaveAMatch) {
  EXPECT_EQ(
      errorsIn(
          "listeners:\n- name: l\n  address: 127.0.0.1:1\n  default_filter_chain:\n    name: d\n"
          "    match: {source_type: ANY}\n    filters: [" +
          Echo + "]\n"),
      ":6:12: listeners[0].default_filter_chain.match: the default chain is for what no other "
      "chain matches; it "
      "cannot have a match\n");
}

TEST(ListenerTest, AUnixSocketCannotBeTransparent) {
  EXPECT_EQ(
      errorsIn("listeners:\n- name: l\n  address: unix:/x\n  transparent: true\n  "
               "default_filter_chain: " +
               Chain),
      ":4:16: listeners[0].transparent: only a listener on an IP address can be transparent\n");
}

TEST(ListenerTest, PortZeroMayBeUsedTwice) {
  const std::string start = "{address: 127.0.0.1:0, default_filter_chain: " + Chain + ", name: ";
  EXPECT_EQ(errorsIn("listeners: [" + start + "a}, " + start + "b}]"), "");
}
class FiltersTest : public FieldTest {};
TEST_P(FiltersTest, AreCheckedAndReportedWhereTheyStand) {
  expectError(
      "listeners:\n- name: l\n  address: 127.0.0.1:15001\n  default_filter_chain:\n    name: c\n   "
      " filters:\n"
      "%s");
}
const std::string FiltersIs = "listeners[0].default_filter_chain.filters";
INSTANTIATE_TEST_SUITE_P(
    Cases, FiltersTest,
    testing::Values(
        Case{"    - " + DirectResponse + "\n    - " + Echo, ""}, Case{"    - " + Bypass, ""},
        Case{"      []",
             ":7:7: " + FiltersIs +
                 ": is required: a chain needs at least one filter, the last one terminal, such as "
                 "tcp_proxy"},
        Case{"    - " + Echo + "\n    - " + Echo,
             ":7:7: " + FiltersIs +
                 "[0]: \"weir.extensions.network.echo.v1.Echo\" is terminal: it must be the last "
                 "filter, and " +
                 FiltersIs + "[1] (line 8) follows"},
        Case{"    - " + DirectResponse,
             ":7:7: " + FiltersIs +
                 "[0]: \"weir.extensions.network.direct_response.v1.DirectResponse\" is not "
                 "terminal: the last filter "
                 "must be one that answers or connects, such as tcp_proxy"},
        Case{"    - " + DirectResponse + "\n    - " + Bypass,
             ":8:7: " + FiltersIs +
                 "[1]: \"weir.extensions.network.bypass.v1.Bypass\" must be the only filter of its "
                 "chain"},
        Case{"    - name: x", ":7:7: " + FiltersIs +
                                  "[0].typed_config: is required: the type and its settings, "
                                  "type.googleapis.com/weir.extensions.network.NAME.v1.MESSAGE"},
        Case{"    - " + OriginalDst,
             ":7:22: " + FiltersIs +
                 "[0].typed_config: \"weir.extensions.listener.original_dst.v1.OriginalDst\" "
                 "is a listener filter: it belongs in listener_filters"},
        Case{"    - {typed_config: {\"@type\": "
             "type.googleapis.com/weir.extensions.network.http_conn_manager.v1.HttpConnManager}}",
             ":7:32: " + FiltersIs +
                 "[0].typed_config: the type "
                 "\"weir.extensions.network.http_conn_manager.v1.HttpConnManager\" is not "
                 "part of this build; known network filters: "
                 "weir.extensions.network.bypass.v1.Bypass, "
                 "weir.extensions.network.direct_response.v1.DirectResponse, "
                 "weir.extensions.network.echo.v1.Echo, "
                 "weir.extensions.network.tcp_proxy.v1.TcpProxy"},
        Case{"    - {typed_config: {\"@type\": "
             "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy}}",
             ":7:22: " + FiltersIs +
                 "[0].typed_config.cluster: is required: the name of a cluster of this file"},
        Case{"    - {typed_config: {\"@type\": "
             "type.googleapis.com/weir.extensions.network.tcp_proxy.v1.TcpProxy, "
             "cluster: db}}",
             ":7:108: " + FiltersIs +
                 "[0].typed_config.cluster: there is no cluster \"db\"; the file has no clusters"},
        Case{"    - {typed_config: {\"@type\": "
             "type.googleapis.com/weir.extensions.network.echo.v1.Echo, x: 1}}",
             ":7:90: " + FiltersIs +
                 "[0].typed_config.x: unknown field \"x\" in weir.extensions.network.echo.v1.Echo, "
                 "which has no "
                 "fields"}));

class ListenerFiltersTest : public FieldTest {};
TEST_P(ListenerFiltersTest, AreCheckedAndReportedWhereTheyStand) {
  expectError("listeners:\n- name: l\n  address: 127.0.0.1:15001\n  default_filter_chain: " +
              Chain + "\n  listener_filters:\n%s");
}
const std::string ListenerFiltersIs = "listeners[0].listener_filters";
INSTANTIATE_TEST_SUITE_P(
    Cases, ListenerFiltersTest,
    testing::Values(
        Case{"  - " + OriginalDst + "\n  - " + TlsInspector + "\n  - " + ProtoDetect, ""},
        Case{"  - " + OriginalDst + "\n  - " + OriginalDst,
             ":7:5: " + ListenerFiltersIs +
                 "[1]: \"weir.extensions.listener.original_dst.v1.OriginalDst\" stands twice in "
                 "this list"},
        Case{"  - " + ProtoDetect + "\n  - " + TlsInspector,
             ":7:5: " + ListenerFiltersIs +
                 "[1]: \"weir.extensions.listener.tls_inspector.v1.TlsInspector\" must stand "
                 "before the filter that "
                 "detects application protocols: behind TLS they are the client's ALPN"},
        Case{"  - " + Echo, ":6:20: " + ListenerFiltersIs +
                                "[0].typed_config: \"weir.extensions.network.echo.v1.Echo\" is a "
                                "network filter: it "
                                "belongs in the filters of a chain"},
        Case{"  - {}", ":6:5: " + ListenerFiltersIs +
                           "[0].typed_config: is required: the type and its settings, "
                           "type.googleapis.com/weir.extensions.listener.NAME.v1.MESSAGE"}));

class ClusterFieldTest : public FieldTest {};
TEST_P(ClusterFieldTest, IsCheckedAndReportedWhereItStands) {
  expectError("listeners: [" + Listener + "]\nclusters:\n- %s\n");
}
INSTANTIATE_TEST_SUITE_P(
    Cases, ClusterFieldTest,
    testing::Values(
        Case{"{name: a, endpoints: [{address: '127.0.0.1:1'}, {address: 'unix:/x'}]}", ""},
        Case{"{name: a, type: ORIGINAL_DST}", ""},
        Case{"{endpoints: [{address: '127.0.0.1:1'}]}",
             ":3:3: clusters[0].name: is required: filters refer to the cluster by it"},
        Case{"{name: a}",
             ":3:3: clusters[0].endpoints: is required: a STATIC cluster needs at least one "
             "endpoint"},
        Case{"{name: a, type: ORIGINAL_DST, endpoints: [{address: '127.0.0.1:1'}]}",
             ":3:44: clusters[0].endpoints: an ORIGINAL_DST cluster connects to where the client "
             "wanted to go; it "
             "cannot have endpoints"},
        Case{"{name: a, endpoints: [{}]}",
             ":3:25: clusters[0].endpoints[0].address: is required: \"IP:PORT\", \"[IPV6]:PORT\" "
             "or \"unix:/path\""},
        Case{"{name: a, endpoints: [{address: '127.0.0.1:0'}]}",
             ":3:35: clusters[0].endpoints[0].address: an endpoint's port must be from 1 to 65535"},
        Case{"{name: a, endpoints: [{address: '[::1]:1'}, {address: '[0::1]:1'}]}",
             ":3:57: clusters[0].endpoints[1].address: \"[0::1]:1\" stands twice among the "
             "endpoints"},
        Case{"{name: a, type: ORIGINAL_DST, connect_timeout: 0s}",
             ":3:50: clusters[0].connect_timeout: 0s is out of range: from 1ms to 1h is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, connect_timeout: 1.5h}",
             ":3:50: clusters[0].connect_timeout: 90m is out of range: from 1ms to 1h is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, connect_timeout: -1s}",
             ":3:50: clusters[0].connect_timeout: -1s is out of range: from 1ms to 1h is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, proxy_protocol: {pass_through_tlvs: {}}}",
             ":3:69: clusters[0].proxy_protocol.pass_through_tlvs: a header of version V1 has no "
             "such fields; set version: V2"},
        Case{"{name: a, type: ORIGINAL_DST, proxy_protocol: {version: V2, pass_through_tlvs: "
             "{match_type: INCLUDE}}}",
             ":3:82: clusters[0].proxy_protocol.pass_through_tlvs.tlv_type: is required for "
             "INCLUDE: at least one type"},
        Case{"{name: a, type: ORIGINAL_DST}\n- {name: a, type: ORIGINAL_DST}",
             ":4:10: clusters[1].name: the name \"a\" is already taken by clusters[0].name (line "
             "3)"},
        Case{"{name: a, lb_policy: RING_HASH, ring_hash_lb_config: {minimum_ring_size: 64, "
             "maximum_ring_size: 64}, max_connections: 1, max_connections_per_endpoint: 1, "
             "endpoints: [{address: 'unix:/x', load_balancing_weight: 0}, {address: "
             "'[::1]:1', load_balancing_weight: 1000000}]}",
             ""},
        Case{"{name: a, endpoints: [{address: '127.0.0.1:1', load_balancing_weight: 0}]}",
             ":3:24: clusters[0].endpoints: at least one endpoint must have a "
             "load_balancing_weight above 0: with 0 it gets no connection"},
        Case{"{name: a, endpoints: [{address: '127.0.0.1:1', load_balancing_weight: 1000001}]}",
             ":3:73: clusters[0].endpoints[0].load_balancing_weight: 1000001 is out of range: "
             "from 0 to 1000000 is allowed"},
        Case{"{name: a, endpoints: [{address: 'unix:/x'}], ring_hash_lb_config: {}}",
             ":3:69: clusters[0].ring_hash_lb_config: is only for the lb_policy RING_HASH"},
        Case{"{name: a, endpoints: [{address: 'unix:/x'}], lb_policy: RING_HASH, "
             "ring_hash_lb_config: {minimum_ring_size: 0}}",
             ":3:111: clusters[0].ring_hash_lb_config.minimum_ring_size: 0 is out of range: from 1 "
             "to 8388608 is allowed"},
        Case{"{name: a, endpoints: [{address: 'unix:/x'}], lb_policy: RING_HASH, "
             "ring_hash_lb_config: {maximum_ring_size: 1023}}",
             ":3:111: clusters[0].ring_hash_lb_config.maximum_ring_size: 1023 is out of range: "
             "from 1024 to 8388608 is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, max_connections: 0}",
             ":3:50: clusters[0].max_connections: 0 is out of range: from 1 to 4294967295 is "
             "allowed"},
        Case{"{name: a, type: ORIGINAL_DST, max_requests: 1, max_pending_requests: 0, max_retries: "
             "0}",
             ""},
        Case{"{name: a, type: ORIGINAL_DST, max_requests: 0}",
             ":3:47: clusters[0].max_requests: 0 is out of range: from 1 to 4294967295 is "
             "allowed"},
        Case{"{name: a, type: ORIGINAL_DST, retry_budget: {budget_percent: 100, "
             "min_retry_concurrency: 0}}",
             ""},
        Case{"{name: a, type: ORIGINAL_DST, retry_budget: {budget_percent: 101}}",
             ":3:64: clusters[0].retry_budget.budget_percent: 101 is out of range: from 0 to 100 "
             "is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {upstream_protocol: HTTP2, "
             "idle_timeout: 0s, max_requests_per_connection: 1}}",
             ""},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {idle_timeout: 25h}}",
             ":3:71: clusters[0].http_protocol_options.idle_timeout: 25h is out of range: from 1ms "
             "to "
             "24h is allowed, or 0s"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {max_response_headers_kb: 8192, "
             "max_headers_count: 1, http2_protocol_options: {max_concurrent_streams: 1, "
             "initial_stream_window_size: 65535, initial_connection_window_size: 2147483647, "
             "hpack_table_size: 0, keepalive_interval: 1s, keepalive_timeout: 1ms}}}",
             ""},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {max_response_headers_kb: 0}}",
             ":3:82: clusters[0].http_protocol_options.max_response_headers_kb: 0 is out of range: "
             "from 1 to 8192 is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {max_headers_count: 10001}}",
             ":3:76: clusters[0].http_protocol_options.max_headers_count: 10001 is out of range: "
             "from 1 to 10000 is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {http2_protocol_options: "
             "{max_concurrent_streams: 0}}}",
             ":3:106: clusters[0].http_protocol_options.http2_protocol_options."
             "max_concurrent_streams: 0 is out of range: from 1 to 2147483647 is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {http2_protocol_options: "
             "{initial_connection_window_size: 65534}}}",
             ":3:114: clusters[0].http_protocol_options.http2_protocol_options."
             "initial_connection_window_size: 65534 is out of range: from 65535 to 2147483647 is "
             "allowed"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {http2_protocol_options: "
             "{keepalive_timeout: 0s}}}",
             ":3:101: clusters[0].http_protocol_options.http2_protocol_options.keepalive_timeout: "
             "0s is out of range: from 1ms to 1h is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, http_protocol_options: {http2_protocol_options: "
             "{allow_connect: false}}}",
             ":3:97: clusters[0].http_protocol_options.http2_protocol_options.allow_connect: must "
             "not be set for a cluster: its endpoints say whether they take such requests"},
        Case{"{name: a, type: ORIGINAL_DST, max_retries: 1, retry_budget: {}}",
             ":3:63: clusters[0].retry_budget: must not be set with max_retries"},
        Case{"{name: a, endpoints: [{address: 'unix:/x'}], max_connections_per_endpoint: 0}",
             ":3:78: clusters[0].max_connections_per_endpoint: 0 is out of range: from 1 to "
             "4294967295 is allowed"},
        Case{"{name: a, type: ORIGINAL_DST, max_connections_per_endpoint: 1}",
             ":3:63: clusters[0].max_connections_per_endpoint: an ORIGINAL_DST cluster connects "
             "to where the client wanted to go; it cannot have a limit for each endpoint"},
        Case{"{name: a, type: ORIGINAL_DST, lb_policy: RANDOM}",
             ":3:44: clusters[0].lb_policy: an ORIGINAL_DST cluster connects to where the client "
             "wanted to go; it cannot have a policy"},
        Case{"{name: a, type: ORIGINAL_DST, transport_socket: {}}",
             ":3:33: clusters[0].transport_socket: unknown field \"transport_socket\" in "
             "weir.config.v1.Cluster: TLS "
             "towards the endpoints is the tls_context of the cluster"}));

}  // namespace
}  // namespace weir::config
