#include "source/extensions/network/direct_response/factory.h"

#include "api/weir/extensions/network/direct_response/v1/direct_response.pb.h"
#include "source/extensions/network/direct_response/direct_response.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::network::direct_response::v1::DirectResponse;

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return true; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message& message,
                                                       const FieldScope& scope,
                                                       config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    DirectResponseSettings settings;
    settings.body = proto.response_case() == Proto::kBodyBytes ? proto.body_bytes() : proto.body();
    settings.on_accept = proto.on_accept();
    settings.keep_open = proto.keep_open();
    constexpr size_t MaxBody = 1 << 20;
    if (settings.body.size() > MaxBody) {
      scope.field("body").error(std::to_string(settings.body.size()) +
                                " bytes are too many: at most 1048576");
    }
    return std::make_unique<DirectResponseFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeDirectResponseConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
