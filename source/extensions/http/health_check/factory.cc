#include "source/extensions/http/health_check/factory.h"

#include <chrono>
#include <utility>

#include "api/weir/extensions/http/health_check/v1/health_check.pb.h"
#include "source/config/field_checks.h"
#include "source/config/matcher_checks.h"
#include "source/extensions/http/health_check/health_check.h"

namespace weir::http_filters {
namespace {

using Proto = weir::extensions::http::health_check::v1::HealthCheck;

constexpr config::DurationRange CacheRange{std::chrono::milliseconds(1), std::chrono::hours(1),
                                           true};

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    const FieldScope mode = scope.field("pass_through_mode");
    if (!proto.has_pass_through_mode()) mode.error("is required: true or false");
    HealthCheckSettings settings{.pass_through = proto.pass_through_mode()};
    const FieldScope cache = scope.field("cache_time");
    settings.cache_time =
        config::checkDuration(cache, proto.has_cache_time() ? &proto.cache_time() : nullptr,
                              Duration::zero(), CacheRange);
    if (settings.cache_time > Duration::zero() && !settings.pass_through)
      cache.error("only with pass_through_mode: true; else there is no answer to keep");
    const FieldScope field = scope.field("headers");
    if (proto.headers().empty()) field.error("is required: at least one, such as of \":path\"");
    for (int i = 0; i < proto.headers_size(); ++i) {
      settings.headers.push_back(
          config::parseHeaderMatcher(proto.headers(i), field.index(static_cast<size_t>(i))));
    }
    return std::make_unique<HealthCheckFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeHealthCheckConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
