#include "source/extensions/http/header_mutation/header_mutation.h"

#include "source/http/header_changes.h"

namespace weir::http_filters {

using http::FilterStatus;

FilterStatus HeaderMutationFilter::decodeHeaders(http::HeaderMap& headers, bool) {
  if (settings_.request.empty()) return FilterStatus::Continue;
  http::apply(settings_.request, headers);
  context_.clearRoute();
  return FilterStatus::Continue;
}

FilterStatus HeaderMutationFilter::decodeTrailers(http::HeaderMap& trailers) {
  http::apply(settings_.request_trailers, trailers);
  return FilterStatus::Continue;
}

FilterStatus HeaderMutationFilter::encodeHeaders(http::HeaderMap& headers, bool) {
  http::apply(settings_.response, headers);
  return FilterStatus::Continue;
}

FilterStatus HeaderMutationFilter::encodeTrailers(http::HeaderMap& trailers) {
  http::apply(settings_.response_trailers, trailers);
  return FilterStatus::Continue;
}

}  // namespace weir::http_filters
