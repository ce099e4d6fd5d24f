#include "source/extensions/common/token_bucket_factory.h"

#include <chrono>
#include <optional>

#include "api/weir/extensions/network/local_ratelimit/v1/local_ratelimit.pb.h"
#include "source/config/field_checks.h"

namespace weir::extensions {

namespace v1 = weir::extensions::network::local_ratelimit::v1;

namespace {

constexpr config::IntegerRange Tokens{1, 1'000'000'000};

// What distinguishes buckets.
std::string keyOf(const std::string& stat_prefix, const TokenBucketSettings& bucket) {
  return std::to_string(bucket.max_tokens) + ' ' + std::to_string(bucket.tokens_per_fill) + ' ' +
         std::to_string(bucket.fill_interval.count()) + ' ' + stat_prefix;
}

}  // namespace

TokenBucketSettings readTokenBucket(const v1::TokenBucket& proto, const FieldScope& scope) {
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

std::shared_ptr<TokenBucket> TokenBuckets::get(const std::string& name,
                                               const TokenBucketSettings& settings) {
  return states_.get(keyOf(name, settings), settings);
}

}  // namespace weir::extensions
