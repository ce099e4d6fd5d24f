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
  if (context_.worker().drains.draining()) {
    context_.sendLocalReply({.status = 503, .reason = "draining"});
  } else if (settings_.pass_through) {
    return FilterStatus::Continue;
  } else {
    context_.sendLocalReply({.status = 200, .details = "health_check"});
  }
  return FilterStatus::StopAllIteration;
}

}  // namespace weir::http_filters
