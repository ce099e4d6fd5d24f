#pragma once

// The validated settings of a cluster. Immutable; shared by all workers. Two that are equal share
// one ClusterState over a reload.

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/backoff.h"
#include "source/base/time.h"
#include "source/net/address.h"
#include "source/net/http_options.h"
#include "source/net/proxy_protocol.h"
#include "source/upstream/dns_family.h"
#include "source/upstream/host_transport.h"

namespace weir::upstream {

// Statuses from `start` on, below `end`.
struct StatusRange {
  unsigned start = 200;
  unsigned end = 201;
  bool operator==(const StatusRange&) const = default;
};

// A check by a request.
struct HttpCheckSettings {
  std::string path = {};
  std::string host = {};  // empty: the cluster's name
  std::string method = "GET";
  std::vector<StatusRange> expected_statuses = {StatusRange{}};
  bool operator==(const HttpCheckSettings&) const = default;
};

// Active checks of each host: over TCP, or if there is an http part, by a request.
struct HealthCheckSettings {
  Duration interval = std::chrono::seconds(5);  // from the end of one check to the next
  Duration timeout = std::chrono::seconds(5);   // of one check, connecting included
  Duration interval_jitter = std::chrono::milliseconds(500);  // at most so much is added, at random
  unsigned unhealthy_threshold = 3;  // failures in a row until a healthy host is unhealthy
  unsigned healthy_threshold = 2;    // successes in a row until an unhealthy host is healthy
  std::string send = {};  // empty: a connection that stands is enough. In front of a request
  std::string receive =
      {};  // must occur in what the host answers; empty: the answer does not matter
  std::optional<HttpCheckSettings> http = {};
  bool operator==(const HealthCheckSettings&) const = default;
};

// The PROXY header that is sent in front of every connection.
struct ProxyProtocolSettings {
  net::ProxyVersion version = net::ProxyVersion::V1;
  net::ProxyTlvTypes passed_tlvs{};  // of those that came with the client's connection
  bool operator==(const ProxyProtocolSettings&) const = default;
};

// Load: of connections the connections, of requests the requests.
enum class LbPolicy : uint8_t {
  RoundRobin,    // in turn, by weight
  LeastRequest,  // of two that are drawn by weight, the one with less load for its weight
  RingHash,      // by the request's hash, or the client's address
  Random,        // drawn by weight
  Maglev,        // as RingHash, by another table
  PeakEwma,      // as LeastRequest, each load times the host's latency
};

// Of RoundRobin and LeastRequest: a host that was not used gets less at first.
struct SlowStartSettings {
  Duration window = Duration::zero();  // zero: none
  double aggression = 1;               // 1: linear; above it, faster at first
  unsigned min_weight_percent = 10;
  bool operator==(const SlowStartSettings&) const = default;
};

// Passive: a host to which connecting fails, or that answers badly, is left alone for a while.
struct OutlierSettings {
  unsigned consecutive_local_origin_failure =
      5;  // failures to connect in a row until it is ejected
  // Answers in a row that are 5xx, or 502, 503 or 504, or that did not come; 0: they do not matter.
  unsigned consecutive_5xx = 5;
  unsigned consecutive_gateway_failure = 0;
  // The success rates of an interval are compared if at least so many hosts (0: never) had at least
  // so many requests in it; the factor is in thousandths.
  Duration interval = std::chrono::seconds(10);
  unsigned success_rate_minimum_hosts = 5;
  unsigned success_rate_request_volume = 100;
  unsigned success_rate_stdev_factor = 1900;
  Duration base_ejection_time = std::chrono::seconds(30);  // times how often it was ejected
  Duration max_ejection_time = std::chrono::seconds(300);
  Duration max_ejection_time_jitter = Duration::zero();  // at most so much is added, at random
  unsigned max_ejection_percent = 10;  // of the hosts; one may be ejected in any case
  bool operator==(const OutlierSettings&) const = default;
};

// The number of places on a hash ring, over all hosts.
struct RingSettings {
  uint64_t minimum_size = 1024;
  uint64_t maximum_size = 8 << 20;
  bool operator==(const RingSettings&) const = default;
};

// One entry in the list of endpoints: an address, or a name and a port.
struct EndpointSettings {
  EndpointSettings(net::SocketAddress to, uint32_t share = 1, SharedTransport through = {})
      : address(std::move(to)), weight(share), transport(std::move(through)) {}
  EndpointSettings(std::string host, uint16_t host_port, uint32_t share,
                   SharedTransport through = {})
      : name(std::move(host)), port(host_port), weight(share), transport(std::move(through)) {}
  net::SocketAddress address;  // if it has no name
  std::string name;            // to resolve, only of a StrictDns cluster
  uint16_t port = 0;           // of each of the name's addresses
  uint32_t weight;             // of each of them; 0: it gets no connection
  SharedTransport transport;   // of each of them; none: bytes pass as they are
  bool operator==(const EndpointSettings&) const = default;
};

// When the names of a cluster are resolved again.
struct DnsSettings {
  DnsFamily lookup_family = DnsFamily::All;
  Duration min_refresh_rate = std::chrono::seconds(5);    // after an answer with a shorter TTL
  Duration max_refresh_rate = std::chrono::seconds(300);  // after an answer with a longer one
  BackoffSettings failure_refresh_rate = {std::chrono::seconds(1), std::chrono::seconds(30)};
  bool operator==(const DnsSettings&) const = default;
};

// Connections to its hosts over which requests go.
struct HttpSettings {
  enum class Protocol : uint8_t {
    AsClient,  // what the request came by: HTTP/2 over HTTP/2, all others over HTTP/1.1
    Http1,
    Http2,  // with prior knowledge (RFC 9113 3.3)
  };
  Protocol protocol = Protocol::AsClient;
  Duration idle_timeout = std::chrono::seconds(60);  // without a request; zero: never
  uint64_t max_requests_per_connection = 0;          // 0: no bound
  net::HttpHeadLimits response_headers = {};
  net::Http2Options http2 = {};  // of those that speak it
  bool operator==(const HttpSettings&) const = default;
};

inline constexpr uint64_t NoLimit = std::numeric_limits<uint64_t>::max();

// How many of the attempts that are under way may be retries: a part of the active requests, and
// never less than the minimum.
struct RetryBudget {
  unsigned budget_percent = 20;
  unsigned min_retry_concurrency = 3;
  bool operator==(const RetryBudget&) const = default;
};

struct ClusterSettings {
  enum class Type : uint8_t {
    Static,       // the endpoints listed
    StrictDns,    // the same, and all addresses of those that are names
    OriginalDst,  // the destination that the client dialled
  };
  std::string name;
  Type type = Type::Static;
  std::vector<EndpointSettings> endpoints;  // never empty, but of OriginalDst
  DnsSettings dns = {};                     // of StrictDns
  LbPolicy lb_policy = LbPolicy::RoundRobin;
  RingSettings ring = {};  // of RingHash
  SlowStartSettings slow_start = {};
  Duration peak_ewma_decay = std::chrono::seconds(10);  // of PeakEwma
  Duration connect_timeout = std::chrono::seconds(5);
  SharedTransport transport = {};  // of OriginalDst; all others have it by endpoint
  std::optional<ProxyProtocolSettings> proxy_protocol{};
  std::optional<HealthCheckSettings> health_check = {};
  std::optional<OutlierSettings> outlier_detection = {};
  unsigned healthy_panic_threshold = 50;  // percent; 0: never
  HttpSettings http = {};
  uint64_t max_connections = NoLimit;
  uint64_t max_connections_per_endpoint = NoLimit;
  uint64_t max_requests = NoLimit;
  uint64_t max_pending_requests = 1024;      // that wait for a connection
  std::optional<uint64_t> max_retries = {};  // instead of the budget
  RetryBudget retry_budget = {};
  bool operator==(const ClusterSettings&) const = default;
};

// The cluster that is there without being configured: to the destination that the client dialled
// (skip ports). No other may have its name.
inline constexpr const char* BypassName = "bypass";
inline ClusterSettings bypassSettings() {
  return {.name = BypassName, .type = ClusterSettings::Type::OriginalDst, .endpoints = {}};
}

}  // namespace weir::upstream
