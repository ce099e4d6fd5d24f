#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <unordered_set>

#include "source/config/backoff_settings.h"
#include "source/config/field_checks.h"
#include "source/config/nearest_name.h"
#include "source/config/node.h"
#include "source/config/parse.h"
#include "source/config/parse_tls.h"
#include "source/config/proxy_tlv_types.h"

namespace weir::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using upstream::ClusterSettings;
using upstream::LbPolicy;

constexpr uint64_t MaxUint32 = 0xffffffff;
constexpr uint64_t MaxWeight = 1'000'000;
constexpr uint64_t MaxRingSize = 8 << 20;

upstream::ProxyProtocolSettings parseProxyProtocol(const v1::ProxyProtocolConfig& config,
                                                   const FieldScope& scope) {
  upstream::ProxyProtocolSettings settings;
  const bool v2 = config.version() == v1::ProxyProtocolConfig::V2;
  settings.version = v2 ? net::ProxyVersion::V2 : net::ProxyVersion::V1;
  if (!config.has_pass_through_tlvs()) return settings;
  const FieldScope field = scope.field("pass_through_tlvs");
  if (!v2) field.error("a header of version V1 has no such fields; set version: V2");
  settings.passed_tlvs = readProxyTlvTypes(config.pass_through_tlvs(), field);
  return settings;
}

// What could be the name of a host; letters and a hyphen, digits, dots, and the underscore that
// some names have. Not what looks like a number, which is a wrong address rather than a name.
bool isHostName(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  bool letter = false;
  size_t label = 0;
  for (const char c : text) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool inside = is_letter || (c >= '0' && c <= '9') || c == '-';
    letter = letter || is_letter;
    if (c == '.' ? label == 0 : !inside || label == 63) return false;
    label = c == '.' ? 0 : label + 1;
  }
  return letter;
}

// NAME:, with whatever behind it.
bool namesAHost(std::string_view text) {
  const size_t colon = text.rfind(':');
  return colon != std::string_view::npos && !text.starts_with("unix:") &&
         !net::SocketAddress::parse(text) && isHostName(text.substr(0, colon));
}

std::optional<uint16_t> checkPort(std::string_view text, const FieldScope& field) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (number && port != 0 && text[0] != '0') return port;
  field.error("an endpoint's port must be from 1 to 65535");
  return std::nullopt;
}

class ClusterParser {
 public:
  ClusterParser(const v1::Cluster& cluster, const FieldScope& scope,
                std::vector<tls::CertificateInfo>& certificates)
      : cluster_(cluster), scope_(scope), transports_(cluster, scope, certificates) {}

  ClusterSettings parse() {
    parseName();
    if (cluster_.type() == v1::Cluster::ORIGINAL_DST) settings_.type = Type::OriginalDst;
    if (cluster_.type() == v1::Cluster::STRICT_DNS) settings_.type = Type::StrictDns;
    parseEndpoints();
    if (settings_.type == Type::OriginalDst) settings_.transport = transports_.ofAll();
    parsePolicy();
    settings_.connect_timeout =
        checkDuration(scope_.field("connect_timeout"),
                      cluster_.has_connect_timeout() ? &cluster_.connect_timeout() : nullptr,
                      settings_.connect_timeout, {milliseconds(1), hours(1)});
    parseLimits();
    parseRetryLimit();
    settings_.http = parseClusterHttp(cluster_, scope_);
    if (cluster_.has_proxy_protocol()) {
      settings_.proxy_protocol =
          parseProxyProtocol(cluster_.proxy_protocol(), scope_.field("proxy_protocol"));
    }
    parseHealth();
    parseDns();
    if (settings_.type == Type::OriginalDst) refuseWhatNeedsEndpoints();
    return std::move(settings_);
  }

 private:
  using Type = ClusterSettings::Type;

  void parseName() {
    settings_.name = cluster_.name();
    checkRequired(scope_.field("name"), cluster_.name(), "filters refer to the cluster by it");
    if (cluster_.name() == upstream::BypassName) {
      scope_.field("name").error("\"bypass\" is the name of the built-in cluster of skip ports");
    }
  }

  void parseEndpoints() {
    const FieldScope list = scope_.field("endpoints");
    for (int i = 0; i < cluster_.endpoints_size(); ++i) {
      parseEndpoint(cluster_.endpoints(i), list.index(static_cast<size_t>(i)));
    }
    if (settings_.type == Type::OriginalDst) return;
    if (cluster_.endpoints_size() == 0) {
      list.error("is required: a " + v1::Cluster::Type_Name(cluster_.type()) +
                 " cluster needs at least one endpoint");
    }
    const bool none_has_weight =
        std::all_of(settings_.endpoints.begin(), settings_.endpoints.end(),
                    [](const auto& endpoint) { return endpoint.weight == 0; });
    if (none_has_weight && !settings_.endpoints.empty()) {
      list.error(
          "at least one endpoint must have a load_balancing_weight above 0: with 0 it gets no "
          "connection");
    }
  }

  void parseEndpoint(const v1::Endpoint& endpoint, const FieldScope& scope) {
    const FieldScope field = scope.field("address");
    const auto weight = static_cast<uint32_t>(
        checkInteger(scope.field("load_balancing_weight"),
                     endpoint.has_load_balancing_weight()
                         ? std::optional<uint64_t>(endpoint.load_balancing_weight())
                         : std::nullopt,
                     1, {0, MaxWeight}));
    if (settings_.type == Type::StrictDns && parseNamed(endpoint, weight, scope)) return;
    if (settings_.type == Type::Static && namesAHost(endpoint.address())) {
      return field.error(quote(endpoint.address()) +
                         " has a name; for names the cluster's type is STRICT_DNS");
    }
    const auto address = checkAddress(field, endpoint.address());
    if (!address) return;
    if (!address->isUnix() && address->ip.port == 0) {
      field.error("an endpoint's port must be from 1 to 65535");
    } else if (!seen_.insert(address->toString()).second) {
      field.error(quote(endpoint.address()) + " stands twice among the endpoints");
    } else {
      settings_.endpoints.emplace_back(*address, weight, transports_.of(endpoint, {}, scope));
    }
  }

  // NAME:PORT. False if it is not meant to be that: then it is an address, or wrong.
  bool parseNamed(const v1::Endpoint& endpoint, uint32_t weight, const FieldScope& scope) {
    const std::string& text = endpoint.address();
    const FieldScope field = scope.field("address");
    if (!namesAHost(text)) return false;
    const size_t colon = text.rfind(':');
    const std::string host = text.substr(0, colon);
    const auto port = checkPort(std::string_view(text).substr(colon + 1), field);
    if (!port) return true;
    if (!seen_.insert(text).second) {
      field.error(quote(text) + " stands twice among the endpoints");
    } else {
      settings_.endpoints.emplace_back(host, *port, weight, transports_.of(endpoint, host, scope));
    }
    return true;
  }

  void parseHealth() {
    if (cluster_.has_health_check()) {
      settings_.health_check =
          parseHealthCheck(cluster_.health_check(), scope_.field("health_check"));
    }
    if (cluster_.has_outlier_detection()) {
      settings_.outlier_detection =
          parseOutlierDetection(cluster_.outlier_detection(), scope_.field("outlier_detection"));
    }
    settings_.healthy_panic_threshold = static_cast<unsigned>(
        checkInteger(scope_.field("healthy_panic_threshold"),
                     cluster_.has_healthy_panic_threshold()
                         ? std::optional<uint64_t>(cluster_.healthy_panic_threshold())
                         : std::nullopt,
                     settings_.healthy_panic_threshold, {0, 100}));
  }

  void parseDns() {
    if (settings_.type != Type::StrictDns) return refuseDns();
    upstream::DnsSettings& dns = settings_.dns;
    switch (cluster_.dns_lookup_family()) {
      case v1::Cluster::AUTO: dns.lookup_family = upstream::DnsFamily::Auto; break;
      case v1::Cluster::V4_PREFERRED: dns.lookup_family = upstream::DnsFamily::V4Preferred; break;
      case v1::Cluster::V4_ONLY: dns.lookup_family = upstream::DnsFamily::V4Only; break;
      case v1::Cluster::V6_ONLY: dns.lookup_family = upstream::DnsFamily::V6Only; break;
      default: break;
    }
    dns.min_refresh_rate = checkDuration(
        scope_.field("dns_min_refresh_rate"),
        cluster_.has_dns_min_refresh_rate() ? &cluster_.dns_min_refresh_rate() : nullptr,
        dns.min_refresh_rate, {milliseconds(100), hours(24)});
    dns.max_refresh_rate = checkDuration(
        scope_.field("dns_max_refresh_rate"),
        cluster_.has_dns_max_refresh_rate() ? &cluster_.dns_max_refresh_rate() : nullptr,
        std::max(dns.max_refresh_rate, dns.min_refresh_rate), {dns.min_refresh_rate, hours(24)});
    dns.failure_refresh_rate = checkBackoff(
        scope_.field("dns_failure_refresh_rate"),
        cluster_.has_dns_failure_refresh_rate() ? &cluster_.dns_failure_refresh_rate() : nullptr,
        dns.failure_refresh_rate);
  }

  void refuseDns() {
    const auto refuse = [&](std::string_view name, bool is_set) {
      if (is_set) scope_.field(name).error("is only for clusters of the type STRICT_DNS");
    };
    refuse("dns_lookup_family", cluster_.dns_lookup_family() != v1::Cluster::ALL);
    refuse("dns_min_refresh_rate", cluster_.has_dns_min_refresh_rate());
    refuse("dns_max_refresh_rate", cluster_.has_dns_max_refresh_rate());
    refuse("dns_failure_refresh_rate", cluster_.has_dns_failure_refresh_rate());
  }

  void parsePolicy() {
    switch (cluster_.lb_policy()) {
      case v1::Cluster::LEAST_REQUEST: settings_.lb_policy = LbPolicy::LeastRequest; break;
      case v1::Cluster::RING_HASH: settings_.lb_policy = LbPolicy::RingHash; break;
      case v1::Cluster::RANDOM: settings_.lb_policy = LbPolicy::Random; break;
      case v1::Cluster::MAGLEV: settings_.lb_policy = LbPolicy::Maglev; break;
      case v1::Cluster::PEAK_EWMA: settings_.lb_policy = LbPolicy::PeakEwma; break;
      default: break;
    }
    parsePolicyConfigs();
  }

  // Of the field that belongs to one policy alone.
  FieldScope policyConfig(std::string_view name, LbPolicy policy, std::string_view policy_name) {
    const FieldScope scope = scope_.field(name);
    if (settings_.lb_policy != policy) {
      scope.error("is only for the lb_policy " + std::string(policy_name));
    }
    return scope;
  }

  void parsePolicyConfigs() {
    if (cluster_.has_ring_hash_lb_config()) {
      parseRing(policyConfig("ring_hash_lb_config", LbPolicy::RingHash, "RING_HASH"));
    }
    if (cluster_.has_round_robin_lb_config()) {
      const auto scope = policyConfig("round_robin_lb_config", LbPolicy::RoundRobin, "ROUND_ROBIN");
      const auto& config = cluster_.round_robin_lb_config();
      if (config.has_slow_start_config()) parseSlowStart(config.slow_start_config(), scope);
    }
    if (cluster_.has_least_request_lb_config()) {
      const auto scope =
          policyConfig("least_request_lb_config", LbPolicy::LeastRequest, "LEAST_REQUEST");
      const auto& config = cluster_.least_request_lb_config();
      if (config.has_slow_start_config()) parseSlowStart(config.slow_start_config(), scope);
    }
    if (!cluster_.has_peak_ewma_lb_config()) return;
    const auto scope = policyConfig("peak_ewma_lb_config", LbPolicy::PeakEwma, "PEAK_EWMA");
    const auto& config = cluster_.peak_ewma_lb_config();
    settings_.peak_ewma_decay = checkDuration(
        scope.field("decay_time"), config.has_decay_time() ? &config.decay_time() : nullptr,
        settings_.peak_ewma_decay, {milliseconds(1), hours(1)});
  }

  void parseSlowStart(const v1::SlowStartConfig& config, const FieldScope& parent) {
    const FieldScope scope = parent.field("slow_start_config");
    upstream::SlowStartSettings& slow = settings_.slow_start;
    if (!config.has_slow_start_window()) {
      scope.field("slow_start_window").error("is required: how long an endpoint warms up");
    }
    slow.window =
        checkDuration(scope.field("slow_start_window"),
                      config.has_slow_start_window() ? &config.slow_start_window() : nullptr,
                      slow.window, {milliseconds(1), hours(24)});
    if (config.has_aggression()) slow.aggression = config.aggression();
    if (!(slow.aggression >= 0.01 && slow.aggression <= 100)) {
      scope.field("aggression").error("is out of range: from 0.01 to 100 is allowed");
    }
    slow.min_weight_percent = static_cast<unsigned>(checkInteger(
        scope.field("min_weight_percent"),
        config.has_min_weight_percent() ? std::optional<uint64_t>(config.min_weight_percent())
                                        : std::nullopt,
        slow.min_weight_percent, {1, 100}));
  }

  void parseRing(const FieldScope& scope) {
    const v1::RingHashLbConfig& config = cluster_.ring_hash_lb_config();
    upstream::RingSettings& ring = settings_.ring;
    ring.minimum_size = checkInteger(scope.field("minimum_ring_size"),
                                     config.has_minimum_ring_size()
                                         ? std::optional<uint64_t>(config.minimum_ring_size())
                                         : std::nullopt,
                                     ring.minimum_size, {1, MaxRingSize});
    ring.maximum_size = checkInteger(scope.field("maximum_ring_size"),
                                     config.has_maximum_ring_size()
                                         ? std::optional<uint64_t>(config.maximum_ring_size())
                                         : std::nullopt,
                                     ring.maximum_size, {ring.minimum_size, MaxRingSize});
  }

  void parseLimits() {
    const auto limit = [&](std::string_view name, bool is_set, uint32_t value) {
      return checkInteger(scope_.field(name),
                          is_set ? std::optional<uint64_t>(value) : std::nullopt, upstream::NoLimit,
                          {1, MaxUint32});
    };
    settings_.max_requests =
        limit("max_requests", cluster_.has_max_requests(), cluster_.max_requests());
    if (cluster_.has_max_pending_requests())
      settings_.max_pending_requests = cluster_.max_pending_requests();
    settings_.max_connections =
        limit("max_connections", cluster_.has_max_connections(), cluster_.max_connections());
    settings_.max_connections_per_endpoint =
        limit("max_connections_per_endpoint", cluster_.has_max_connections_per_endpoint(),
              cluster_.max_connections_per_endpoint());
  }

  void parseRetryLimit() {
    if (cluster_.has_max_retries()) settings_.max_retries = cluster_.max_retries();
    if (!cluster_.has_retry_budget()) return;
    const FieldScope scope = scope_.field("retry_budget");
    if (cluster_.has_max_retries()) scope.error("must not be set with max_retries");
    const v1::RetryBudget& config = cluster_.retry_budget();
    upstream::RetryBudget& budget = settings_.retry_budget;
    budget.budget_percent = static_cast<unsigned>(
        checkInteger(scope.field("budget_percent"),
                     config.has_budget_percent() ? std::optional<uint64_t>(config.budget_percent())
                                                 : std::nullopt,
                     budget.budget_percent, {0, 100}));
    if (config.has_min_retry_concurrency())
      budget.min_retry_concurrency = config.min_retry_concurrency();
  }

  void refuseWhatNeedsEndpoints() {
    const auto refuse = [&](std::string_view name, bool is_set, std::string_view which = "that") {
      if (!is_set) return;
      scope_.field(name).error(
          "an ORIGINAL_DST cluster connects to where the client wanted to go; "
          "it cannot have " +
          std::string(which));
    };
    refuse("endpoints", cluster_.endpoints_size() > 0, "endpoints");
    refuse("lb_policy", cluster_.lb_policy() != v1::Cluster::ROUND_ROBIN, "a policy");
    refuse("round_robin_lb_config", cluster_.has_round_robin_lb_config(), "a policy");
    refuse("max_connections_per_endpoint", cluster_.has_max_connections_per_endpoint(),
           "a limit for each endpoint");
    refuse("health_check", cluster_.has_health_check(), "checks");
    refuse("outlier_detection", cluster_.has_outlier_detection(), "endpoints to eject");
    refuse("healthy_panic_threshold", cluster_.has_healthy_panic_threshold(),
           "endpoints of which some are healthy");
  }

  const v1::Cluster& cluster_;
  const FieldScope& scope_;
  ClusterTransports transports_;
  ClusterSettings settings_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

upstream::ClusterSettings parseCluster(const v1::Cluster& cluster, const FieldScope& scope,
                                       std::vector<tls::CertificateInfo>& certificates) {
  return ClusterParser(cluster, scope, certificates).parse();
}

bool ClusterNames::hasCluster(std::string_view name) const {
  return set_.contains(std::string(name));
}

bool ClusterNames::checkCluster(const FieldScope& field, std::string_view name) const {
  if (!checkRequired(field, name, "the name of a cluster of this file")) return false;
  if (hasCluster(name)) return true;
  if (complete_) {
    const std::string none = names_.empty() ? "; the file has no clusters" : "";
    field.error("there is no cluster " + quote(name) + none +
                suggestion(name, names_, "known clusters"));
  }
  return false;
}

}  // namespace weir::config
