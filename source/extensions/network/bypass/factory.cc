#include "source/extensions/network/bypass/factory.h"

#include "api/weir/extensions/network/bypass/v1/bypass.pb.h"
#include "source/extensions/network/bypass/bypass.h"

namespace weir::extensions {
namespace {

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override {
    // Also keeps the message linked in, so that configurations can name it.
    return weir::extensions::network::bypass::v1::Bypass::descriptor()->full_name();
  }
  bool isTerminal() const override { return true; }
  bool mustBeAlone() const override { return true; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message&,
                                                       const FieldScope&,
                                                       config::BuildContext&) const override {
    return std::make_unique<BypassFactory>();
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeBypassConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
