#pragma once

// HTTP filter: bounds the rate of requests by a bucket of tokens that all workers share. A request
// that gets no token is answered with 429. Reason: rate_limited.
//
// Metrics, by `name` (the stat_prefix): weir_http_local_ratelimit_limited_total,
// weir_http_local_ratelimit_passed_total.

#include <memory>
#include <string>
#include <utility>

#include "source/extensions/common/token_bucket.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/stats/stats.h"

namespace weir::http_filters {

struct LocalRateLimitSettings {
  std::string stat_prefix = {};
  http::HeaderChanges response_headers = {};  // of the answer to one that got no token
  bool x_ratelimit_headers = false;           // of all responses
  bool resource_exhausted = false;            // what a gRPC client is told
};

// Of one stream, on its loop.
class LocalRateLimitFilter final : public http::StreamDecoderFilter,
                                   public http::StreamEncoderFilter {
 public:
  // Handles on one worker.
  struct Stats {
    stats::Value& limited;
    stats::Value& passed;
  };
  // All outlive it.
  LocalRateLimitFilter(http::FilterContext& context, const LocalRateLimitSettings& settings,
                       extensions::TokenBucket& bucket, const Stats& stats)
      : context_(context), settings_(settings), bucket_(bucket), stats_(stats) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeHeaders(http::HeaderMap& headers, bool end_stream) override;

 private:
  void tellLevel(http::HeaderMap& headers) const;

  http::FilterContext& context_;
  const LocalRateLimitSettings& settings_;
  extensions::TokenBucket& bucket_;
  const Stats& stats_;
  bool limited_ = false;
};

// Immutable but for the bucket, which it shares; any thread.
class LocalRateLimitFactory final : public http::FilterFactory {
 public:
  // `bucket` is shared with the factories of the same settings, also those of the configuration
  // before and after.
  LocalRateLimitFactory(LocalRateLimitSettings settings,
                        std::shared_ptr<extensions::TokenBucket> bucket)
      : settings_(std::move(settings)), bucket_(std::move(bucket)) {}
  std::string_view name() const override { return "local_ratelimit"; }
  std::string_view statPrefix() const override { return settings_.stat_prefix; }
  void create(http::FilterAdder& adder) const override;

 private:
  const LocalRateLimitSettings settings_;
  const std::shared_ptr<extensions::TokenBucket> bucket_;
};

}  // namespace weir::http_filters
