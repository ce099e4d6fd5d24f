#include "source/extensions/network/local_ratelimit/local_ratelimit.h"

namespace weir::extensions {
namespace {

using filter::FilterStatus;

LocalRateLimit::Stats makeStats(filter::Worker& worker, const std::string& name) {
  return {
      worker.stats.counter("weir_local_ratelimit_limited_total",
                           "Connections for which a local_ratelimit had no token.",
                           {{"name", name}}),
      worker.stats.counter("weir_local_ratelimit_passed_total",
                           "Connections that got a token of a local_ratelimit.", {{"name", name}})};
}

}  // namespace

FilterStatus LocalRateLimit::onNewConnection() {
  if (context_.takeGrant() != nullptr || bucket_.take(context_.worker().loop.now())) {
    stats_.passed.add(1);
    return FilterStatus::Continue;
  }
  stats_.limited.add(1);
  context_.close(filter::Close::Reset, "rate_limited");
  return FilterStatus::StopIteration;
}

// The token is spent: that it is held says so, and no more.
bool LocalRateLimitFactory::takeEarly(filter::Worker& worker,
                                      std::unique_ptr<filter::Grant>& grant) const {
  if (!bucket_->take(worker.loop.now())) return false;
  grant = std::make_unique<filter::Grant>();
  return true;
}

void LocalRateLimitFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<LocalRateLimit::Stats>(
      this, [&] { return makeStats(worker, stat_prefix_); });
  adder.addRead(std::make_unique<LocalRateLimit>(context, *bucket_, stats));
}

}  // namespace weir::extensions
