#include "source/extensions/http/fault/fault.h"

#include <algorithm>
#include <utility>

namespace weir::http_filters {
namespace {

using http::FilterStatus;

FaultFilter::Shared makeShared(filter::Worker& worker, const std::string& name) {
  const auto injected = [&](std::string_view fault) -> stats::Value& {
    return worker.stats.counter("weir_http_fault_injected_total",
                                "Requests that a fault delayed or answered.",
                                {{"name", name}, {"fault", fault}});
  };
  return {injected("delay"), injected("abort"),
          worker.stats.counter("weir_http_fault_overflow_total",
                               "Requests that a fault let pass since it delayed too many.",
                               {{"name", name}}),
          worker.stats.gauge("weir_http_fault_active", "Requests that a fault holds back.",
                             {{"name", name}})};
}

}  // namespace

FilterStatus FaultFilter::decodeHeaders(http::HeaderMap& headers, bool) {
  const http::RequestView request(headers);
  const bool meant =
      std::all_of(settings_.headers.begin(), settings_.headers.end(),
                  [&](const http::HeaderMatch& match) { return http::holds(match, request); });
  if (!meant) return FilterStatus::Continue;
  if (drawn(settings_.delay_per_million)) {
    if (!tryEnter()) return FilterStatus::Continue;
    shared_.delays.add(1);
    context_.info().delay_injected = true;
    timer_.arm(settings_.delay);
    return FilterStatus::StopAllIteration;
  }
  if (!drawn(settings_.abort_per_million)) return FilterStatus::Continue;
  abort();
  return FilterStatus::StopAllIteration;
}

bool FaultFilter::tryEnter() {
  delayed_ = active_.tryEnter(settings_.max_active);
  (delayed_ ? shared_.active : shared_.overflows).add(1);
  return delayed_;
}

void FaultFilter::leave() {
  if (!std::exchange(delayed_, false)) return;
  timer_.disarm();
  active_.leave();
  shared_.active.sub(1);
}

void FaultFilter::afterDelay() {
  leave();
  if (drawn(settings_.abort_per_million)) {
    abort();
  } else {
    context_.continueDecoding();
  }
}

void FaultFilter::abort() {
  shared_.aborts.add(1);
  context_.sendLocalReply({.status = settings_.abort.http_status,
                           .reason = "fault_filter_abort",
                           .grpc_status = settings_.abort.grpc_status});
}

void FaultFactory::create(http::FilterAdder& adder) const {
  http::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  auto& shared = worker.local.get<FaultFilter::Shared>(
      this, [&] { return makeShared(worker, settings_.stat_prefix); });
  adder.add<FaultFilter>(context, settings_, shared, active_);
}

}  // namespace weir::http_filters
