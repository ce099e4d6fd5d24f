#include "source/extensions/listener/original_dst/factory.h"

#include "api/weir/extensions/listener/original_dst/v1/original_dst.pb.h"
#include "source/extensions/listener/original_dst/original_dst.h"

namespace weir::extensions {
namespace {

class Factory final : public config::ListenerFilterConfigFactory {
 public:
  std::string_view messageType() const override {
    // Also keeps the message linked in, so that configurations can name it.
    return weir::extensions::listener::original_dst::v1::OriginalDst::descriptor()->full_name();
  }

  std::unique_ptr<filter::ListenerFilterFactory> create(const google::protobuf::Message&,
                                                        const FieldScope&,
                                                        config::BuildContext&) const override {
    return std::make_unique<OriginalDstFactory>();
  }
};

}  // namespace

std::unique_ptr<config::ListenerFilterConfigFactory> makeOriginalDstConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
