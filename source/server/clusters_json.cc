#include "source/server/clusters_json.h"

#include "source/base/json.h"
#include "source/base/time.h"

namespace weir::server {
namespace {

void writeHost(JsonWriter& json, const upstream::HostReport& host) {
  json.object([&] {
    json.field("address", host.address);
    json.field("weight", host.weight);
    json.field("health", host.health);
    json.field("ejected", host.ejected_for.has_value());
    if (host.ejected_for) {
      json.field("ejected_for_seconds", toSeconds(*host.ejected_for));
      json.field("ejection_reason", host.ejection_reason);
    }
    if (host.success_rate) json.field("success_rate_percent", *host.success_rate);
    json.field("active_connections", host.active_connections);
    json.field("connects", host.connects);
    json.field("connect_failures", host.connect_failures);
    json.field("active_requests", host.active_requests);
    json.field("requests", host.requests);
    json.field("request_errors", host.request_errors);
  });
}

void writeCluster(JsonWriter& json, const upstream::ClusterReport& cluster) {
  json.object([&] {
    json.field("name", cluster.name);
    json.field("type", cluster.type);
    json.field("lb_policy", cluster.lb_policy);
    json.field("active_connections", cluster.active_connections);
    json.field("active_requests", cluster.active_requests);
    json.field("panic", cluster.panic);
    json.array("hosts", [&] {
      for (const auto& host : cluster.hosts) writeHost(json, host);
    });
    json.array("dns", [&] {
      for (const auto& name : cluster.dns) {
        json.object([&] {
          json.field("name", name.name);
          json.field("stale", name.stale);
          json.textOrNull("error", name.error);
          if (name.age) json.field("age_seconds", toSeconds(*name.age));
        });
      }
    });
  });
}

}  // namespace

std::string clustersJson(std::span<const upstream::ClusterReport> clusters) {
  std::string out;
  JsonWriter json(out);
  json.array([&] {
    for (const auto& cluster : clusters) writeCluster(json, cluster);
  });
  return out;
}

}  // namespace weir::server
