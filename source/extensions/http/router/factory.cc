#include "source/extensions/http/router/factory.h"

#include "api/weir/extensions/http/router/v1/router.pb.h"
#include "source/extensions/http/router/router.h"

namespace weir::http_filters {
namespace {

using Proto = weir::extensions::http::router::v1::Router;

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return true; }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message&, const FieldScope&,
                                              config::BuildContext&) const override {
    return std::make_unique<RouterFactory>();
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeRouterConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
