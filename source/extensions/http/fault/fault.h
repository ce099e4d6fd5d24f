#pragma once

// HTTP filter: makes some requests slow, or answers them in the place of the upstream, by chance.
// Reason: fault_filter_abort.
//
// Metrics, by `name` (the stat_prefix): weir_http_fault_injected_total, by `fault` (delay, abort);
// weir_http_fault_overflow_total, of requests that passed because of max_active_faults;
// weir_http_fault_active, of requests that are held back.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/base/bounded_count.h"
#include "source/base/random.h"
#include "source/event/loop.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/http/route_match.h"
#include "source/stats/stats.h"

namespace weir::http_filters {

struct FaultSettings {
  struct Abort {
    unsigned http_status = 503;
    std::optional<unsigned> grpc_status = {};  // nothing: it follows from the other
  };
  std::string stat_prefix = {};
  Duration delay = Duration::zero();
  uint32_t delay_per_million = 0;
  Abort abort = {};
  uint32_t abort_per_million = 0;
  std::vector<http::HeaderMatch> headers = {};  // all of them
  uint64_t max_active = UINT64_MAX;
};

// Of one stream, on its loop.
class FaultFilter final : public http::StreamDecoderFilter {
 public:
  // Of one worker.
  struct Shared {
    stats::Value& delays;
    stats::Value& aborts;
    stats::Value& overflows;
    stats::Value& active;
    Random random{randomSeed()};
  };
  // All outlive it. `active`: the requests that are held back, on all workers.
  FaultFilter(http::FilterContext& context, const FaultSettings& settings, Shared& shared,
              BoundedCount& active)
      : context_(context),
        settings_(settings),
        shared_(shared),
        active_(active),
        timer_(context.worker().loop, [this] { afterDelay(); }) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  void onStreamComplete() override { leave(); }

 private:
  bool drawn(uint32_t per_million) { return shared_.random.below(1'000'000) < per_million; }
  bool tryEnter();
  void leave();
  void afterDelay();
  void abort();

  http::FilterContext& context_;
  const FaultSettings& settings_;
  Shared& shared_;
  BoundedCount& active_;
  event::Timer timer_;
  bool delayed_ = false;  // is held back
};

// Immutable but for a count; any thread.
class FaultFactory final : public http::FilterFactory {
 public:
  explicit FaultFactory(FaultSettings settings) : settings_(std::move(settings)) {}
  std::string_view name() const override { return "fault"; }
  std::string_view statPrefix() const override { return settings_.stat_prefix; }
  void create(http::FilterAdder& adder) const override;

 private:
  const FaultSettings settings_;
  mutable BoundedCount active_;
};

}  // namespace weir::http_filters
