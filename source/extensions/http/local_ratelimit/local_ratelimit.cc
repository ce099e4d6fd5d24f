#include "source/extensions/http/local_ratelimit/local_ratelimit.h"

#include <array>
#include <charconv>
#include <chrono>

#include "source/http/header_changes.h"

namespace weir::http_filters {
namespace {

using http::FilterStatus;

constexpr unsigned ResourceExhausted = 8;  // of gRPC

LocalRateLimitFilter::Stats makeStats(filter::Worker& worker, const std::string& name) {
  return {
      worker.stats.counter("weir_http_local_ratelimit_limited_total",
                           "Requests for which a local_ratelimit had no token.", {{"name", name}}),
      worker.stats.counter("weir_http_local_ratelimit_passed_total",
                           "Requests that got a token of a local_ratelimit.", {{"name", name}})};
}

void setNumber(http::HeaderMap& headers, std::string_view name, int64_t number) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  headers.set(name, {text.data(), static_cast<size_t>(end - text.data())});
}

}  // namespace

FilterStatus LocalRateLimitFilter::decodeHeaders(http::HeaderMap&, bool) {
  if (bucket_.take(context_.worker().loop.now())) {
    stats_.passed.add(1);
    return FilterStatus::Continue;
  }
  stats_.limited.add(1);
  limited_ = true;
  http::LocalReply reply{.status = 429, .reason = "rate_limited"};
  if (settings_.resource_exhausted) reply.grpc_status = ResourceExhausted;
  context_.sendLocalReply(std::move(reply));
  return FilterStatus::StopAllIteration;
}

FilterStatus LocalRateLimitFilter::encodeHeaders(http::HeaderMap& headers, bool) {
  if (settings_.x_ratelimit_headers) tellLevel(headers);
  if (limited_) http::apply(settings_.response_headers, headers);
  return FilterStatus::Continue;
}

void LocalRateLimitFilter::tellLevel(http::HeaderMap& headers) const {
  const MonotonicTime now = context_.worker().loop.now();
  setNumber(headers, "x-ratelimit-limit", bucket_.maxTokens());
  setNumber(headers, "x-ratelimit-remaining", bucket_.left(now));
  setNumber(headers, "x-ratelimit-reset",
            std::chrono::ceil<std::chrono::seconds>(bucket_.untilFill(now)).count());
}

void LocalRateLimitFactory::create(http::FilterAdder& adder) const {
  http::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<LocalRateLimitFilter::Stats>(
      this, [&] { return makeStats(worker, settings_.stat_prefix); });
  adder.add<LocalRateLimitFilter>(context, settings_, *bucket_, stats);
}

}  // namespace weir::http_filters
