#include "source/extensions/network/echo/factory.h"

#include "api/weir/extensions/network/echo/v1/echo.pb.h"
#include "source/extensions/network/echo/echo.h"

namespace weir::extensions {
namespace {

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override {
    // Also keeps the message linked in, so that configurations can name it.
    return weir::extensions::network::echo::v1::Echo::descriptor()->full_name();
  }
  bool isTerminal() const override { return true; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message&,
                                                       const FieldScope&,
                                                       config::BuildContext&) const override {
    return std::make_unique<EchoFactory>();
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeEchoConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
