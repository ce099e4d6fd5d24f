// Every rule for the fields of a cluster that say how its hosts are found, checked and ejected.
#include "test/config/rejected_fields.h"

namespace weir::config {
namespace {

// A cluster in which ^ stands before the value that is wrong, and the error without its place.
struct MarkedCluster {
  std::string text;
  std::string error;  // empty: it is right
};

class ClusterRuleTest : public testing::TestWithParam<MarkedCluster> {};
TEST_P(ClusterRuleTest, IsCheckedAndReportedWhereItStands) {
  std::string text = "- {name: a, " + GetParam().text + "}";
  const size_t mark = text.find('^');
  std::string expected;
  if (mark != std::string::npos) {
    text.erase(mark, 1);
    expected = ":3:" + std::to_string(mark + 1) + ": clusters[0]." + GetParam().error + "\n";
  }
  EXPECT_EQ(errorsIn("listeners: [" + Listener + "]\nclusters:\n" + text + "\n"), expected) << text;
}

const std::string Unix = "endpoints: [{address: 'unix:/x'}], ";
const std::string Dns = "type: STRICT_DNS, endpoints: [{address: 'db.test:1'}], ";
const std::string Original = "type: ORIGINAL_DST, ";
const std::string OnlyDns = ": is only for clusters of the type STRICT_DNS";
const std::string NoHosts =
    ": an ORIGINAL_DST cluster connects to where the client wanted to go; it cannot have ";

INSTANTIATE_TEST_SUITE_P(
    Names, ClusterRuleTest,
    testing::Values(
        MarkedCluster{"type: STRICT_DNS, endpoints: [{address: 'db.test:5432'}, {address: "
                      "'db.test:5433', load_balancing_weight: 0}, {address: 'a_b-c.d.:1'}, "
                      "{address: 'localhost:80'}, {address: '10.0.0.1:80'}, {address: '[::1]:80'}, "
                      "{address: 'unix:/x'}]",
                      ""},
        MarkedCluster{"type: STRICT_DNS, endpoints: ^[]",
                      "endpoints: is required: a STRICT_DNS cluster needs at least one endpoint"},
        MarkedCluster{"endpoints: [{address: ^'db.test:80'}]",
                      "endpoints[0].address: \"db.test:80\" has a name; for names the cluster's "
                      "type is STRICT_DNS"},
        MarkedCluster{"type: STRICT_DNS, endpoints: [{address: ^'db.test:0'}]",
                      "endpoints[0].address: an endpoint's port must be from 1 to 65535"},
        MarkedCluster{"type: STRICT_DNS, endpoints: [{address: ^'db.test:65536'}]",
                      "endpoints[0].address: an endpoint's port must be from 1 to 65535"},
        MarkedCluster{"type: STRICT_DNS, endpoints: [{address: ^'db.test:http'}]",
                      "endpoints[0].address: an endpoint's port must be from 1 to 65535"},
        MarkedCluster{"type: STRICT_DNS, endpoints: [{address: ^'10.0.0.256:80'}]",
                      "endpoints[0].address: \"10.0.0.256:80\" is not an address: \"10.0.0.256\" "
                      "is not an IP address"},
        MarkedCluster{"type: STRICT_DNS, endpoints: [{address: ^'db.test'}]",
                      "endpoints[0].address: \"db.test\" is not an address: the port is missing: "
                      "write \"IP:PORT\", \"[IPV6]:PORT\" or \"unix:/path\""},
        MarkedCluster{
            "type: STRICT_DNS, endpoints: [{address: 'a.test:1'}, {address: ^'a.test:1'}]",
            "endpoints[1].address: \"a.test:1\" stands twice among the endpoints"}));

INSTANTIATE_TEST_SUITE_P(
    Policies, ClusterRuleTest,
    testing::Values(
        MarkedCluster{Unix + "lb_policy: MAGLEV", ""},
        MarkedCluster{Unix + "round_robin_lb_config: {slow_start_config: {slow_start_window: 1ms, "
                             "aggression: 0.01, min_weight_percent: 1}}",
                      ""},
        MarkedCluster{Unix + "lb_policy: LEAST_REQUEST, least_request_lb_config: "
                             "{slow_start_config: {slow_start_window: 24h, aggression: 100, "
                             "min_weight_percent: 100}}",
                      ""},
        MarkedCluster{Unix + "lb_policy: PEAK_EWMA, peak_ewma_lb_config: {decay_time: 1ms}", ""},
        MarkedCluster{Unix + "lb_policy: RANDOM, round_robin_lb_config: ^{}",
                      "round_robin_lb_config: is only for the lb_policy ROUND_ROBIN"},
        MarkedCluster{Unix + "least_request_lb_config: ^{}",
                      "least_request_lb_config: is only for the lb_policy LEAST_REQUEST"},
        MarkedCluster{Unix + "peak_ewma_lb_config: ^{}",
                      "peak_ewma_lb_config: is only for the lb_policy PEAK_EWMA"},
        MarkedCluster{Original + "round_robin_lb_config: ^{}",
                      "round_robin_lb_config" + NoHosts + "a policy"},
        MarkedCluster{Unix + "lb_policy: PEAK_EWMA, peak_ewma_lb_config: {decay_time: ^0s}",
                      "peak_ewma_lb_config.decay_time: 0s is out of range: from 1ms to 1h is "
                      "allowed"},
        MarkedCluster{Unix + "round_robin_lb_config: {slow_start_config: ^{}}",
                      "round_robin_lb_config.slow_start_config.slow_start_window: is required: how "
                      "long an endpoint warms up"},
        MarkedCluster{Unix + "round_robin_lb_config: {slow_start_config: {slow_start_window: ^0s}}",
                      "round_robin_lb_config.slow_start_config.slow_start_window: 0s is out of "
                      "range: from 1ms to 24h is allowed"},
        MarkedCluster{Unix + "round_robin_lb_config: {slow_start_config: {slow_start_window: 1s, "
                             "aggression: ^0}}",
                      "round_robin_lb_config.slow_start_config.aggression: is out of range: from "
                      "0.01 to 100 is allowed"},
        MarkedCluster{Unix + "round_robin_lb_config: {slow_start_config: {slow_start_window: 1s, "
                             "aggression: ^nan}}",
                      "round_robin_lb_config.slow_start_config.aggression: is out of range: from "
                      "0.01 to 100 is allowed"},
        MarkedCluster{Unix + "round_robin_lb_config: {slow_start_config: {slow_start_window: 1s, "
                             "min_weight_percent: ^0}}",
                      "round_robin_lb_config.slow_start_config.min_weight_percent: 0 is out of "
                      "range: from 1 to 100 is allowed"}));

INSTANTIATE_TEST_SUITE_P(
    Dns, ClusterRuleTest,
    testing::Values(
        MarkedCluster{Dns + "dns_lookup_family: V6_ONLY, dns_min_refresh_rate: 0.1s, "
                            "dns_max_refresh_rate: 0.1s, dns_failure_refresh_rate: {base_interval: "
                            "1ms, max_interval: 1ms}",
                      ""},
        MarkedCluster{Dns + "dns_min_refresh_rate: 1h", ""},  // the ceiling is not below it
        MarkedCluster{Unix + "dns_lookup_family: ^V4_ONLY", "dns_lookup_family" + OnlyDns},
        MarkedCluster{Unix + "dns_min_refresh_rate: ^1s", "dns_min_refresh_rate" + OnlyDns},
        MarkedCluster{Original + "dns_max_refresh_rate: ^1s", "dns_max_refresh_rate" + OnlyDns},
        MarkedCluster{Unix + "dns_failure_refresh_rate: ^{}", "dns_failure_refresh_rate" + OnlyDns},
        MarkedCluster{Dns + "dns_min_refresh_rate: ^99ms",
                      "dns_min_refresh_rate: 99ms is out of range: from 100ms to 24h is allowed"},
        MarkedCluster{Dns + "dns_max_refresh_rate: ^4s",
                      "dns_max_refresh_rate: 4s is out of range: from 5s to 24h is allowed"},
        MarkedCluster{Dns + "dns_failure_refresh_rate: ^{}",
                      "dns_failure_refresh_rate.base_interval: is required: how long to wait after "
                      "a failure"},
        MarkedCluster{Dns + "dns_failure_refresh_rate: {base_interval: ^0s}",
                      "dns_failure_refresh_rate.base_interval: 0s is out of range: from 1ms to 1h "
                      "is allowed"},
        MarkedCluster{Dns + "dns_failure_refresh_rate: {base_interval: 2s, max_interval: ^1s}",
                      "dns_failure_refresh_rate.max_interval: 1s is out of range: from 2s to 24h "
                      "is allowed"}));

INSTANTIATE_TEST_SUITE_P(
    Checks, ClusterRuleTest,
    testing::Values(
        MarkedCluster{Unix + "health_check: {}", ""},
        MarkedCluster{Unix + "health_check: {interval: 10ms, timeout: 1ms, interval_jitter: 0s, "
                             "unhealthy_threshold: 1, healthy_threshold: 1000, send: ping, "
                             "receive_bytes: AAE=}",
                      ""},
        MarkedCluster{Original + "health_check: ^{}", "health_check" + NoHosts + "checks"},
        MarkedCluster{Unix + "health_check: {interval: ^9ms}",
                      "health_check.interval: 9ms is out of range: from 10ms to 24h is allowed"},
        MarkedCluster{Unix + "health_check: {timeout: ^0s}",
                      "health_check.timeout: 0s is out of range: from 1ms to 1h is allowed"},
        MarkedCluster{Unix + "health_check: {interval_jitter: ^-1s}",
                      "health_check.interval_jitter: -1s is out of range: from 0s to 1h is "
                      "allowed"},
        MarkedCluster{Unix + "health_check: {unhealthy_threshold: ^0}",
                      "health_check.unhealthy_threshold: 0 is out of range: from 1 to 1000 is "
                      "allowed"},
        MarkedCluster{Unix + "health_check: {healthy_threshold: ^1001}",
                      "health_check.healthy_threshold: 1001 is out of range: from 1 to 1000 is "
                      "allowed"},
        MarkedCluster{Unix + "health_check: {send: ^" + std::string(65537, 'x') + "}",
                      "health_check.send: has 65537 bytes; at most 65536 are allowed"},
        MarkedCluster{Unix + "health_check: {receive: ^" + std::string(65537, 'x') + "}",
                      "health_check.receive: has 65537 bytes; at most 65536 are allowed"}));

INSTANTIATE_TEST_SUITE_P(
    Ejection, ClusterRuleTest,
    testing::Values(
        MarkedCluster{Unix + "health_check: {http_health_check: {path: '/x?y', host: 'a.b:80', "
                             "method: HEAD, expected_statuses: [{start: 200, end: 600}]}}",
                      ""},
        MarkedCluster{Unix + "health_check: {http_health_check: ^{}}",
                      "health_check.http_health_check.path: is required: what is asked for"},
        MarkedCluster{Unix + "health_check: {http_health_check: {path: ^'x y'}}",
                      "health_check.http_health_check.path: \"x y\" is not a path: it begins with "
                      "\"/\", and has no space, no control byte and no fragment"},
        MarkedCluster{Unix + "health_check: {http_health_check: {path: ^'/#y'}}",
                      "health_check.http_health_check.path: \"/#y\" is not a path: it begins with "
                      "\"/\", and has no space, no control byte and no fragment"},
        MarkedCluster{Unix + "health_check: {http_health_check: {path: /, host: ^'a b'}}",
                      "health_check.http_health_check.host: \"a b\" is not a host"},
        MarkedCluster{Unix + "health_check: {http_health_check: {path: /, expected_statuses: "
                             "[^{start: 100, end: 200}]}}",
                      "health_check.http_health_check.expected_statuses[0]: start must be from 200 "
                      "to 599, and end above it and at most 600"},
        MarkedCluster{Unix + "health_check: {send: x, http_health_check: ^{path: /}}",
                      "health_check.http_health_check: must not be set with a payload"},
        MarkedCluster{Unix + "http_protocol_options: {upstream_protocol: HTTP2}, health_check: "
                             "{http_health_check: ^{path: /}}",
                      "health_check.http_health_check: asks over HTTP/1.1: must not be set with an "
                      "upstream_protocol of HTTP2"},
        MarkedCluster{Unix + "http_protocol_options: {upstream_protocol: AS_CLIENT}, health_check: "
                             "{http_health_check: {path: /}}",
                      ""},
        MarkedCluster{Unix + "outlier_detection: {}, healthy_panic_threshold: 0", ""},
        MarkedCluster{Unix + "outlier_detection: {consecutive_local_origin_failure: 1, "
                             "base_ejection_time: 1h, max_ejection_time_jitter: 1s, "
                             "max_ejection_percent: 100}",
                      ""},
        MarkedCluster{Original + "outlier_detection: ^{}",
                      "outlier_detection" + NoHosts + "endpoints to eject"},
        MarkedCluster{Original + "healthy_panic_threshold: ^50",
                      "healthy_panic_threshold" + NoHosts + "endpoints of which some are healthy"},
        MarkedCluster{Unix + "healthy_panic_threshold: ^101",
                      "healthy_panic_threshold: 101 is out of range: from 0 to 100 is allowed"},
        MarkedCluster{Unix + "outlier_detection: {consecutive_5xx: 0, consecutive_gateway_failure: "
                             "1000, interval: 1ms, success_rate_minimum_hosts: 0, "
                             "success_rate_request_volume: 1, success_rate_stdev_factor: 0}",
                      ""},
        MarkedCluster{Unix + "outlier_detection: {consecutive_5xx: ^1001}",
                      "outlier_detection.consecutive_5xx: 1001 is out of range: from 0 to 1000 is "
                      "allowed"},
        MarkedCluster{Unix + "outlier_detection: {consecutive_gateway_failure: ^1001}",
                      "outlier_detection.consecutive_gateway_failure: 1001 is out of range: from 0 "
                      "to 1000 is allowed"},
        MarkedCluster{Unix + "outlier_detection: {interval: ^0s}",
                      "outlier_detection.interval: 0s is out of range: from 1ms to 24h is allowed"},
        MarkedCluster{Unix + "outlier_detection: {success_rate_minimum_hosts: ^1000001}",
                      "outlier_detection.success_rate_minimum_hosts: 1000001 is out of range: from "
                      "0 to 1000000 is allowed"},
        MarkedCluster{Unix + "outlier_detection: {success_rate_request_volume: ^0}",
                      "outlier_detection.success_rate_request_volume: 0 is out of range: from 1 to "
                      "1000000 is allowed"},
        MarkedCluster{Unix + "outlier_detection: {success_rate_stdev_factor: ^100001}",
                      "outlier_detection.success_rate_stdev_factor: 100001 is out of range: from 0 "
                      "to 100000 is allowed"},
        MarkedCluster{Unix + "outlier_detection: {consecutive_local_origin_failure: ^0}",
                      "outlier_detection.consecutive_local_origin_failure: 0 is out of range: from "
                      "1 to 1000 is allowed"},
        MarkedCluster{Unix + "outlier_detection: {base_ejection_time: ^0s}",
                      "outlier_detection.base_ejection_time: 0s is out of range: from 1ms to 24h "
                      "is allowed"},
        MarkedCluster{Unix + "outlier_detection: {max_ejection_time: ^29s}",
                      "outlier_detection.max_ejection_time: 29s is out of range: from 30s to 24h "
                      "is allowed"},
        MarkedCluster{Unix + "outlier_detection: {max_ejection_time_jitter: ^25h}",
                      "outlier_detection.max_ejection_time_jitter: 25h is out of range: from 0s to "
                      "24h is allowed"},
        MarkedCluster{Unix + "outlier_detection: {max_ejection_percent: ^101}",
                      "outlier_detection.max_ejection_percent: 101 is out of range: from 0 to 100 "
                      "is allowed"}));

}  // namespace
}  // namespace weir::config
