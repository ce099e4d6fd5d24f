#include "source/extensions/http/buffer/factory.h"

#include "api/weir/extensions/http/buffer/v1/buffer.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/http/buffer/buffer.h"

namespace weir::http_filters {
namespace {

using Proto = weir::extensions::http::buffer::v1::Buffer;

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    BufferSettings settings;
    // What is not set is out of range.
    settings.max_request_bytes = config::checkInteger(
        scope.field("max_request_bytes"), proto.max_request_bytes(), 0, {1, UINT32_MAX});
    return std::make_unique<BufferFactory>(settings);
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeBufferConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
