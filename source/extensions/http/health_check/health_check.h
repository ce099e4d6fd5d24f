#pragma once

// HTTP filter: answers those who ask whether this proxy is well, with 200 (or passes that question
// on, and perhaps keeps the status that came back), and with 503 while the worker's configuration
// drains, so that nobody sends new connections. No metrics. Reason: draining (503); an answer that
// is good, or kept, has none.

#include <utility>
#include <vector>

#include "source/base/time.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/http/route_match.h"

namespace weir::http_filters {

struct HealthCheckSettings {
  std::vector<http::HeaderMatch> headers = {};  // all of them; at least one
  bool pass_through = false;                    // but for the 503
  Duration cache_time = Duration::zero();       // of what came back; zero: it is not kept
};

// What came back last, on one worker.
struct HealthAnswer {
  unsigned status = 0;
  MonotonicTime until;  // the epoch: nothing did
};

// Of one stream, on its loop.
class HealthCheckFilter final : public http::StreamDecoderFilter, public http::StreamEncoderFilter {
 public:
  // All outlive it.
  HealthCheckFilter(http::FilterContext& context, const HealthCheckSettings& settings,
                    HealthAnswer& last)
      : context_(context), settings_(settings), last_(last) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  void onStreamComplete() override {}

 private:
  bool mayPass();

  http::FilterContext& context_;
  const HealthCheckSettings& settings_;
  HealthAnswer& last_;
  bool passed_on_ = false;  // a question whose answer is to be kept
};

// Immutable; any thread.
class HealthCheckFactory final : public http::FilterFactory {
 public:
  explicit HealthCheckFactory(HealthCheckSettings settings) : settings_(std::move(settings)) {}
  std::string_view name() const override { return "health_check"; }
  void create(http::FilterAdder& adder) const override {
    http::FilterContext& context = adder.context();
    auto& last = context.worker().local.get<HealthAnswer>(this, [] { return HealthAnswer(); });
    adder.add<HealthCheckFilter>(context, settings_, last);
  }

 private:
  const HealthCheckSettings settings_;
};

}  // namespace weir::http_filters
