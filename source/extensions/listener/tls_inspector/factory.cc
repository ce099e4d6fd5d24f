#include "source/extensions/listener/tls_inspector/factory.h"

#include "api/weir/extensions/listener/tls_inspector/v1/tls_inspector.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/listener/tls_inspector/tls_inspector.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::listener::tls_inspector::v1::TlsInspector;

class Factory final : public config::ListenerFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  filter::FactSet defaultProviderOf() const override {
    using filter::Fact;
    return Fact::TransportProtocol | Fact::ServerName | Fact::ApplicationProtocols;
  }

  std::unique_ptr<filter::ListenerFilterFactory> create(const google::protobuf::Message& message,
                                                        const FieldScope& scope,
                                                        config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    TlsInspectorSettings settings;
    const auto wanted = proto.has_max_client_hello_bytes()
                            ? std::optional<uint64_t>(proto.max_client_hello_bytes())
                            : std::nullopt;
    settings.max_client_hello_bytes =
        config::checkInteger(scope.field("max_client_hello_bytes"), wanted,
                             settings.max_client_hello_bytes, {MinClientHelloBytes, 131'400});
    return std::make_unique<TlsInspectorFactory>(settings);
  }
};

}  // namespace

std::unique_ptr<config::ListenerFilterConfigFactory> makeTlsInspectorConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
