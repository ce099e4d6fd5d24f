#include "source/extensions/listener/proxy_protocol/factory.h"

#include "api/weir/extensions/listener/proxy_protocol/v1/proxy_protocol.pb.h"
#include "source/config/field_checks.h"
#include "source/config/proxy_tlv_types.h"
#include "source/extensions/listener/proxy_protocol/proxy_protocol.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::listener::proxy_protocol::v1::ProxyProtocol;

void readVersions(const Proto& proto, const FieldScope& field, ProxyProtocolSettings& settings) {
  for (const int version : proto.disallowed_versions()) {
    (version == Proto::V1 ? settings.v1 : settings.v2) = false;
  }
  if (!settings.v1 && !settings.v2) field.error("V1 and V2 are all: no header would be allowed");
}

class Factory final : public config::ListenerFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<filter::ListenerFilterFactory> create(const google::protobuf::Message& message,
                                                        const FieldScope& scope,
                                                        config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    ProxyProtocolSettings settings;
    settings.allow_without = proto.allow_requests_without_proxy_protocol();
    readVersions(proto, scope.field("disallowed_versions"), settings);
    if (proto.has_pass_through_tlvs()) {
      settings.kept_tlvs =
          config::readProxyTlvTypes(proto.pass_through_tlvs(), scope.field("pass_through_tlvs"));
    }
    const FieldScope ranges = scope.field("allowed_source_ranges");
    for (int i = 0; i < proto.allowed_source_ranges_size(); ++i) {
      const auto range =
          config::checkPrefix(ranges.index(static_cast<size_t>(i)), proto.allowed_source_ranges(i));
      if (range) settings.allowed_sources.push_back(*range);
    }
    return std::make_unique<ProxyProtocolFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::ListenerFilterConfigFactory> makeProxyProtocolConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
