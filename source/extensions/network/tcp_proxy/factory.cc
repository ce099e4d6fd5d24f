#include "source/extensions/network/tcp_proxy/factory.h"

#include <chrono>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "api/weir/extensions/network/tcp_proxy/v1/tcp_proxy.pb.h"
#include "source/config/backoff_settings.h"
#include "source/config/field_checks.h"
#include "source/extensions/network/tcp_proxy/tcp_proxy.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::network::tcp_proxy::v1::TcpProxy;

constexpr uint64_t MaxWeight = 1'000'000;

std::vector<ClusterWeight> parseWeighted(const Proto& proto, const FieldScope& list,
                                         const config::BuildContext& context) {
  std::vector<ClusterWeight> clusters;
  std::unordered_set<std::string> seen;
  uint64_t total = 0;
  for (int i = 0; i < proto.weighted_clusters_size(); ++i) {
    const auto& one = proto.weighted_clusters(i);
    const FieldScope scope = list.index(static_cast<size_t>(i));
    const bool known = context.checkCluster(scope.field("name"), one.name());
    if (known && !seen.insert(one.name()).second) {
      scope.field("name").error("\"" + one.name() + "\" stands twice among the weighted_clusters");
    }
    const auto weight = static_cast<uint32_t>(config::checkInteger(
        scope.field("weight"),
        one.has_weight() ? std::optional<uint64_t>(one.weight()) : std::nullopt, 1,
        {0, MaxWeight}));
    total += weight;
    clusters.push_back({one.name(), weight});
  }
  if (total == 0) list.error("at least one cluster must have a weight above 0");
  return clusters;
}

std::vector<ClusterWeight> parseClusters(const Proto& proto, const FieldScope& scope,
                                         const config::BuildContext& context) {
  if (proto.weighted_clusters_size() > 0) {
    const FieldScope list = scope.field("weighted_clusters");
    if (!proto.cluster().empty()) list.error("cannot stand beside cluster: give one of both");
    return parseWeighted(proto, list, context);
  }
  context.checkCluster(scope.field("cluster"), proto.cluster());
  return {{proto.cluster(), 1}};
}

void parseTimeouts(const Proto& proto, const FieldScope& scope, RelaySettings& relay) {
  const config::DurationRange range{std::chrono::milliseconds(1), std::chrono::hours(8760), true};
  relay.idle_timeout = config::checkDuration(
      scope.field("idle_timeout"), proto.has_idle_timeout() ? &proto.idle_timeout() : nullptr,
      relay.idle_timeout, range);
  relay.half_open_timeout =
      config::checkDuration(scope.field("half_open_timeout"),
                            proto.has_half_open_timeout() ? &proto.half_open_timeout() : nullptr,
                            relay.half_open_timeout, range);
  relay.max_downstream_connection_duration = config::checkDuration(
      scope.field("max_downstream_connection_duration"),
      proto.has_max_downstream_connection_duration() ? &proto.max_downstream_connection_duration()
                                                     : nullptr,
      relay.max_downstream_connection_duration, range);
}

void parseConnecting(const Proto& proto, const FieldScope& scope, RelaySettings& relay) {
  const auto attempts = proto.has_max_connect_attempts()
                            ? std::optional<uint64_t>(proto.max_connect_attempts())
                            : std::nullopt;
  relay.max_connect_attempts = static_cast<unsigned>(config::checkInteger(
      scope.field("max_connect_attempts"), attempts, relay.max_connect_attempts, {1, 10}));
  if (proto.has_backoff_options()) {
    relay.backoff = config::checkBackoff(scope.field("backoff_options"), &proto.backoff_options(),
                                         {std::chrono::seconds(1), std::chrono::seconds(10)});
  }
  relay.max_connect_duration = config::checkDuration(
      scope.field("max_connect_duration"),
      proto.has_max_connect_duration() ? &proto.max_connect_duration() : nullptr,
      relay.max_connect_duration, {std::chrono::milliseconds(1), std::chrono::hours(1), true});
}

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return true; }

  std::unique_ptr<filter::NetworkFilterFactory> create(
      const google::protobuf::Message& message, const FieldScope& scope,
      config::BuildContext& context) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    TcpProxySettings settings;
    settings.clusters = parseClusters(proto, scope, context);
    parseTimeouts(proto, scope, settings.relay);
    parseConnecting(proto, scope, settings.relay);
    return std::make_unique<TcpProxyFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeTcpProxyConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
