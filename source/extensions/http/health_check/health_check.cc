#include "source/extensions/http/health_check/health_check.h"

#include <algorithm>

namespace weir::http_filters {

using http::FilterStatus;

FilterStatus HealthCheckFilter::decodeHeaders(http::HeaderMap& headers, bool) {
  const http::RequestView request(headers);
  const bool asked =
      std::all_of(settings_.headers.begin(), settings_.headers.end(),
                  [&](const http::HeaderMatch& match) { return http::holds(match, request); });
  if (!asked) return FilterStatus::Continue;
  if (mayPass()) return FilterStatus::Continue;
  return FilterStatus::StopAllIteration;
}

// False: it was answered here.
bool HealthCheckFilter::mayPass() {
  const MonotonicTime now = context_.worker().loop.now();
  if (context_.worker().drains.draining()) {
    context_.sendLocalReply({.status = 503, .reason = "draining"});
  } else if (!settings_.pass_through) {
    context_.sendLocalReply({.status = 200, .details = "health_check"});
  } else if (now < last_.until) {
    context_.sendLocalReply({.status = last_.status, .details = "health_check_cached"});
  } else {
    passed_on_ = settings_.cache_time > Duration::zero();
    return true;
  }
  return false;
}

FilterStatus HealthCheckFilter::encodeHeaders(http::HeaderMap& headers, bool) {
  if (passed_on_) {
    last_ = {http::statusOf(headers), context_.worker().loop.now() + settings_.cache_time};
  }
  return FilterStatus::Continue;
}

}  // namespace weir::http_filters
