#pragma once

// HTTP filter: answers those who ask whether this proxy is well, with 200 (or passes that question
// on), and with 503 while the worker's configuration drains, so that nobody sends new connections.
// No metrics. Reason: draining
// (503); a good answer has none.

#include <utility>
#include <vector>

#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/http/route_match.h"

namespace weir::http_filters {

struct HealthCheckSettings {
  std::vector<http::HeaderMatch> headers = {};  // all of them; at least one
  bool pass_through = false;                    // but for the 503
};

// Of one stream, on its loop.
class HealthCheckFilter final : public http::StreamDecoderFilter {
 public:
  // Both outlive it.
  HealthCheckFilter(http::FilterContext& context, const HealthCheckSettings& settings)
      : context_(context), settings_(settings) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;

 private:
  http::FilterContext& context_;
  const HealthCheckSettings& settings_;
};

// Immutable; any thread.
class HealthCheckFactory final : public http::FilterFactory {
 public:
  explicit HealthCheckFactory(HealthCheckSettings settings) : settings_(std::move(settings)) {}
  std::string_view name() const override { return "health_check"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<HealthCheckFilter>(adder.context(), settings_);
  }

 private:
  const HealthCheckSettings settings_;
};

}  // namespace weir::http_filters
