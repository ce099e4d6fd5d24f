#pragma once

// Network filter: bounds the rate of a chain's new connections by a bucket of tokens that all
// workers share. A connection that gets no token is reset; nothing is connected for it. One for
// which a server is probed takes its token before that, and the token is spent even if the
// connection ends or gets another chain. Looks at no bytes. Close reason: rate_limited.
//
// Metrics, by `name` (the stat_prefix): weir_local_ratelimit_limited_total,
// weir_local_ratelimit_passed_total.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/extensions/common/token_bucket.h"
#include "source/filter/filter_context.h"
#include "source/filter/network_filter.h"
#include "source/stats/stats.h"

namespace weir::extensions {

// Immutable but for the bucket, which it shares; any thread.
class LocalRateLimitFactory final : public filter::NetworkFilterFactory {
 public:
  // `bucket` is shared with the factories of the same settings, also those of the configuration
  // before and after.
  LocalRateLimitFactory(std::string stat_prefix, std::shared_ptr<TokenBucket> bucket)
      : stat_prefix_(std::move(stat_prefix)), bucket_(std::move(bucket)) {}

  std::string_view name() const override { return "local_ratelimit"; }
  std::vector<std::string_view> statPrefixes() const override { return {stat_prefix_}; }
  void create(filter::FilterAdder& adder) const override;
  bool seesBytes() const override { return false; }
  bool allowsEarly(const filter::ConnectionInfo& info) const override {
    return bucket_->has(info.accepted);
  }
  bool takeEarly(filter::Worker& worker, std::unique_ptr<filter::Grant>& grant) const override;

 private:
  const std::string stat_prefix_;
  const std::shared_ptr<TokenBucket> bucket_;
};

// Of one connection, on its loop; owned by its chain.
class LocalRateLimit final : public filter::ReadFilter {
 public:
  // Handles on one worker.
  struct Stats {
    stats::Value& limited;
    stats::Value& passed;
  };
  // All outlive it.
  LocalRateLimit(filter::FilterContext& context, TokenBucket& bucket, const Stats& stats)
      : context_(context), bucket_(bucket), stats_(stats) {}

  filter::FilterStatus onNewConnection() override;
  filter::FilterStatus onData(buffer::Buffer&, bool) override {
    return filter::FilterStatus::Continue;
  }

 private:
  filter::FilterContext& context_;
  TokenBucket& bucket_;
  const Stats& stats_;
};

}  // namespace weir::extensions
