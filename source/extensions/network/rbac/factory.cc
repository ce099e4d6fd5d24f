#include "source/extensions/network/rbac/factory.h"

#include <optional>
#include <utility>

#include "api/weir/extensions/network/rbac/v1/rbac.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/common/rbac_reader.h"
#include "source/extensions/network/rbac/rbac.h"

namespace weir::extensions {
namespace {

namespace v1 = weir::extensions::network::rbac::v1;

// There is no request.
struct NoExtra {
  static std::optional<RbacCondition> permission(const v1::Permission&, const FieldScope&) {
    return std::nullopt;
  }
  static std::optional<RbacCondition> principal(const v1::Principal&, const FieldScope&) {
    return std::nullopt;
  }
};

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return v1::Rbac::descriptor()->full_name(); }
  bool isTerminal() const override { return false; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message& message,
                                                       const FieldScope& scope,
                                                       config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::Rbac&>(message);
    RbacSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    const RbacReader<NoExtra> read;
    if (proto.has_rules()) settings.rules = read.rules(proto.rules(), scope.field("rules"));
    if (proto.has_shadow_rules())
      settings.shadow_rules = read.rules(proto.shadow_rules(), scope.field("shadow_rules"));
    if (!settings.rules && !settings.shadow_rules)
      scope.field("rules").error("is required, unless there are shadow_rules");
    return std::make_unique<RbacFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeRbacConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
