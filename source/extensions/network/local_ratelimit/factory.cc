#include "source/extensions/network/local_ratelimit/factory.h"

#include "api/weir/extensions/network/local_ratelimit/v1/local_ratelimit.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/common/token_bucket_factory.h"
#include "source/extensions/network/local_ratelimit/local_ratelimit.h"

namespace weir::extensions {
namespace {

namespace v1 = weir::extensions::network::local_ratelimit::v1;

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override {
    return v1::LocalRateLimit::descriptor()->full_name();
  }
  bool isTerminal() const override { return false; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message& message,
                                                       const FieldScope& scope,
                                                       config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::LocalRateLimit&>(message);
    config::checkRequired(scope.field("stat_prefix"), proto.stat_prefix(),
                          "the label of its metrics");
    const FieldScope field = scope.field("token_bucket");
    TokenBucketSettings bucket;
    if (proto.has_token_bucket()) {
      bucket = readTokenBucket(proto.token_bucket(), field);
    } else {
      field.error("is required: the tokens that new connections take");
    }
    return std::make_unique<LocalRateLimitFactory>(proto.stat_prefix(),
                                                   buckets_.get(proto.stat_prefix(), bucket));
  }

 private:
  mutable TokenBuckets buckets_;
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeLocalRateLimitConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
