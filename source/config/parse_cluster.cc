#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_set>

#include "source/config/field_checks.h"
#include "source/config/nearest_name.h"
#include "source/config/node.h"
#include "source/config/parse.h"
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

class ClusterParser {
 public:
  ClusterParser(const v1::Cluster& cluster, const FieldScope& scope)
      : cluster_(cluster), scope_(scope) {}

  ClusterSettings parse() {
    parseName();
    if (cluster_.type() == v1::Cluster::ORIGINAL_DST) settings_.type = Type::OriginalDst;
    parseEndpoints();
    parsePolicy();
    settings_.connect_timeout =
        checkDuration(scope_.field("connect_timeout"),
                      cluster_.has_connect_timeout() ? &cluster_.connect_timeout() : nullptr,
                      settings_.connect_timeout, {milliseconds(1), hours(1)});
    parseLimits();
    if (cluster_.has_proxy_protocol()) {
      settings_.proxy_protocol =
          parseProxyProtocol(cluster_.proxy_protocol(), scope_.field("proxy_protocol"));
    }
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
      list.error("is required: a STATIC cluster needs at least one endpoint");
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
    const auto address = checkAddress(field, endpoint.address());
    if (!address) return;
    if (!address->isUnix() && address->ip.port == 0) {
      field.error("an endpoint's port must be from 1 to 65535");
    } else if (!seen_.insert(address->toString()).second) {
      field.error(quote(endpoint.address()) + " stands twice among the endpoints");
    } else {
      settings_.endpoints.emplace_back(*address, weight);
    }
  }

  void parsePolicy() {
    switch (cluster_.lb_policy()) {
      case v1::Cluster::LEAST_REQUEST: settings_.lb_policy = LbPolicy::LeastRequest; break;
      case v1::Cluster::RING_HASH: settings_.lb_policy = LbPolicy::RingHash; break;
      case v1::Cluster::RANDOM: settings_.lb_policy = LbPolicy::Random; break;
      default: break;
    }
    if (!cluster_.has_ring_hash_lb_config()) return;
    const FieldScope scope = scope_.field("ring_hash_lb_config");
    if (settings_.lb_policy != LbPolicy::RingHash) {
      scope.error("is only for the lb_policy RING_HASH");
    }
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
    settings_.max_connections =
        limit("max_connections", cluster_.has_max_connections(), cluster_.max_connections());
    settings_.max_connections_per_endpoint =
        limit("max_connections_per_endpoint", cluster_.has_max_connections_per_endpoint(),
              cluster_.max_connections_per_endpoint());
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
    refuse("max_connections_per_endpoint", cluster_.has_max_connections_per_endpoint(),
           "a limit for each endpoint");
  }

  const v1::Cluster& cluster_;
  const FieldScope& scope_;
  ClusterSettings settings_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

upstream::ClusterSettings parseCluster(const v1::Cluster& cluster, const FieldScope& scope) {
  return ClusterParser(cluster, scope).parse();
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
