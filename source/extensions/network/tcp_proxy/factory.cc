#include "source/extensions/network/tcp_proxy/factory.h"

#include <chrono>

#include "api/weir/extensions/network/tcp_proxy/v1/tcp_proxy.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/network/tcp_proxy/tcp_proxy.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::network::tcp_proxy::v1::TcpProxy;

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return true; }

  std::unique_ptr<filter::NetworkFilterFactory> create(
      const google::protobuf::Message& message, const FieldScope& scope,
      config::BuildContext& context) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    TcpProxySettings settings;
    context.checkCluster(scope.field("cluster"), proto.cluster());
    settings.cluster = proto.cluster();
    RelaySettings& relay = settings.relay;
    const config::DurationRange timeout{std::chrono::milliseconds(1), std::chrono::hours(8760),
                                        true};
    relay.idle_timeout = config::checkDuration(
        scope.field("idle_timeout"), proto.has_idle_timeout() ? &proto.idle_timeout() : nullptr,
        relay.idle_timeout, timeout);
    relay.half_open_timeout =
        config::checkDuration(scope.field("half_open_timeout"),
                              proto.has_half_open_timeout() ? &proto.half_open_timeout() : nullptr,
                              relay.half_open_timeout, timeout);
    const auto attempts = proto.has_max_connect_attempts()
                              ? std::optional<uint64_t>(proto.max_connect_attempts())
                              : std::nullopt;
    relay.max_connect_attempts = static_cast<unsigned>(config::checkInteger(
        scope.field("max_connect_attempts"), attempts, relay.max_connect_attempts, {1, 10}));
    return std::make_unique<TcpProxyFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeTcpProxyConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
