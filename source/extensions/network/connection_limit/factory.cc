#include "source/extensions/network/connection_limit/factory.h"

#include <chrono>

#include "api/weir/extensions/network/connection_limit/v1/connection_limit.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/common/shared_states.h"
#include "source/extensions/network/connection_limit/connection_limit.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::network::connection_limit::v1::ConnectionLimit;

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return false; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message& message,
                                                       const FieldScope& scope,
                                                       config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    ConnectionLimitSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    // Not set is out of range.
    settings.max_connections = config::checkInteger(scope.field("max_connections"),
                                                    proto.max_connections(), 0, {1, 1'000'000'000});
    settings.delay = config::checkDuration(
        scope.field("delay"), proto.has_delay() ? &proto.delay() : nullptr, settings.delay,
        {std::chrono::milliseconds(1), std::chrono::hours(1), true});
    auto open = open_.get(settings.stat_prefix);
    return std::make_unique<ConnectionLimitFactory>(std::move(settings), std::move(open));
  }

 private:
  mutable SharedStates<BoundedCount> open_;  // by stat_prefix
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeConnectionLimitConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
