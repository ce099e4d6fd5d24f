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

std::vector<net::SocketAddress> parseEndpoints(const v1::Cluster& cluster,
                                               const FieldScope& scope) {
  std::vector<net::SocketAddress> endpoints;
  std::unordered_set<std::string> seen;
  const FieldScope list = scope.field("endpoints");
  for (int i = 0; i < cluster.endpoints_size(); ++i) {
    const FieldScope field = list.index(static_cast<size_t>(i)).field("address");
    const auto address = checkAddress(field, cluster.endpoints(i).address());
    if (!address) continue;
    if (!address->isUnix() && address->ip.port == 0) {
      field.error("an endpoint's port must be from 1 to 65535");
    } else if (!seen.insert(address->toString()).second) {
      field.error(quote(cluster.endpoints(i).address()) + " stands twice among the endpoints");
    } else {
      endpoints.push_back(*address);
    }
  }
  return endpoints;
}

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

}  // namespace

upstream::ClusterSettings parseCluster(const v1::Cluster& cluster, const FieldScope& scope) {
  upstream::ClusterSettings settings;
  settings.name = cluster.name();
  checkRequired(scope.field("name"), cluster.name(), "filters refer to the cluster by it");
  if (cluster.name() == "bypass") {
    scope.field("name").error("\"bypass\" is the name of the built-in cluster of skip ports");
  }
  settings.endpoints = parseEndpoints(cluster, scope);
  if (cluster.type() == v1::Cluster::ORIGINAL_DST) {
    settings.type = upstream::ClusterSettings::Type::OriginalDst;
    if (cluster.endpoints_size() > 0) {
      scope.field("endpoints")
          .error(
              "an ORIGINAL_DST cluster connects to where the client wanted to go; it "
              "cannot have endpoints");
    }
  } else if (cluster.endpoints_size() == 0) {
    scope.field("endpoints").error("is required: a STATIC cluster needs at least one endpoint");
  }
  settings.connect_timeout =
      checkDuration(scope.field("connect_timeout"),
                    cluster.has_connect_timeout() ? &cluster.connect_timeout() : nullptr,
                    settings.connect_timeout, {milliseconds(1), hours(1)});
  if (cluster.has_proxy_protocol()) {
    settings.proxy_protocol =
        parseProxyProtocol(cluster.proxy_protocol(), scope.field("proxy_protocol"));
  }
  return settings;
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
