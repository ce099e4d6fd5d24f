#include "source/extensions/http/local_ratelimit/factory.h"

#include <utility>

#include "api/weir/extensions/http/local_ratelimit/v1/local_ratelimit.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/extensions/common/token_bucket_factory.h"
#include "source/extensions/http/local_ratelimit/local_ratelimit.h"

namespace weir::http_filters {
namespace {

using Proto = weir::extensions::http::local_ratelimit::v1::LocalRateLimit;

LocalRateLimitSettings readSettings(const Proto& proto, const FieldScope& scope) {
  LocalRateLimitSettings settings;
  settings.stat_prefix = proto.stat_prefix();
  config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                        "the label of its metrics");
  settings.response_headers = config::parseHeaderChanges(proto.response_headers_to_add(), {},
                                                         config::ResponseHeaderFields, scope);
  settings.x_ratelimit_headers = proto.enable_x_ratelimit_headers() == Proto::DRAFT_VERSION_03;
  settings.resource_exhausted = proto.rate_limited_as_resource_exhausted();
  return settings;
}

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    LocalRateLimitSettings settings = readSettings(proto, scope);
    extensions::TokenBucketSettings bucket;
    if (proto.has_token_bucket()) {
      bucket = extensions::readTokenBucket(proto.token_bucket(), scope.field("token_bucket"));
    } else {
      scope.field("token_bucket").error("is required: the tokens that requests take");
    }
    auto shared = buckets_.get(settings.stat_prefix, bucket);
    return std::make_unique<LocalRateLimitFactory>(std::move(settings), std::move(shared));
  }

 private:
  mutable extensions::TokenBuckets buckets_;
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeLocalRateLimitConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
