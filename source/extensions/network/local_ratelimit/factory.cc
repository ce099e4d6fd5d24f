#include "source/extensions/network/local_ratelimit/factory.h"

#include <chrono>
#include <optional>

#include "api/weir/extensions/network/local_ratelimit/v1/local_ratelimit.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/network/common/shared_states.h"
#include "source/extensions/network/local_ratelimit/local_ratelimit.h"

namespace weir::extensions {
namespace {

namespace v1 = weir::extensions::network::local_ratelimit::v1;

constexpr config::IntegerRange Tokens{1, 1'000'000'000};

TokenBucketSettings readBucket(const v1::TokenBucket& proto, const FieldScope& scope) {
  TokenBucketSettings settings;
  // What is not set is out of range, where there is no default.
  settings.max_tokens = static_cast<uint32_t>(
      config::checkInteger(scope.field("max_tokens"), proto.max_tokens(), 0, Tokens));
  const auto per_fill =
      proto.has_tokens_per_fill() ? std::optional<uint64_t>(proto.tokens_per_fill()) : std::nullopt;
  settings.tokens_per_fill = static_cast<uint32_t>(config::checkInteger(
      scope.field("tokens_per_fill"), per_fill, settings.tokens_per_fill, Tokens));
  settings.fill_interval = config::checkDuration(
      scope.field("fill_interval"), &proto.fill_interval(), settings.fill_interval,
      {std::chrono::milliseconds(50), std::chrono::hours(24)});
  return settings;
}

// What distinguishes buckets.
std::string keyOf(const std::string& stat_prefix, const TokenBucketSettings& bucket) {
  return std::to_string(bucket.max_tokens) + ' ' + std::to_string(bucket.tokens_per_fill) + ' ' +
         std::to_string(bucket.fill_interval.count()) + ' ' + stat_prefix;
}

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
      bucket = readBucket(proto.token_bucket(), field);
    } else {
      field.error("is required: the tokens that new connections take");
    }
    return std::make_unique<LocalRateLimitFactory>(
        proto.stat_prefix(), buckets_.get(keyOf(proto.stat_prefix(), bucket), bucket));
  }

 private:
  mutable SharedStates<TokenBucket> buckets_;
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeLocalRateLimitConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
