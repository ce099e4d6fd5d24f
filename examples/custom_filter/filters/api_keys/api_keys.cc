#include "filters/api_keys/api_keys.h"

namespace custom {

using weir::http::FilterStatus;

FilterStatus ApiKeys::decodeHeaders(weir::http::HeaderMap& headers, bool) {
  const std::string_view key = headers.get(settings_.header);  // the first; empty: there is none
  if (key.empty()) return refuse("api_key_missing");
  const auto found = settings_.tenants.find(key);
  if (found == settings_.tenants.end()) return refuse("api_key_unknown");
  stats_.passed.add(1);
  headers.remove(settings_.header);        // all of that name
  headers.set("x-tenant", found->second);  // in place of all that the client sent
  context_.clearRoute();                   // routes may have conditions on x-tenant
  return FilterStatus::Continue;
}

FilterStatus ApiKeys::refuse(std::string_view reason) {
  stats_.refused.add(1);
  context_.sendLocalReply({.status = 401,
                           .reason = reason,
                           .body = "a key is needed\n",
                           .headers = {{"www-authenticate", "ApiKey"}}});
  return FilterStatus::StopAllIteration;
}

// Those that the proxy gives by itself pass here, too.
FilterStatus ApiKeys::encodeHeaders(weir::http::HeaderMap& headers, bool) {
  headers.set("cache-control", "private");
  return FilterStatus::Continue;
}

void ApiKeysFactory::create(weir::http::FilterAdder& adder) const {
  weir::http::FilterContext& context = adder.context();
  // Looking a counter up takes a lock: once for this worker, not for each request.
  auto& stats = context.worker().local.get<ApiKeysStats>(this, [&] {
    const auto counter = [&](const char* outcome) -> weir::stats::Value& {
      return context.worker().stats.counter("custom_api_keys_requests_total",
                                            "Requests that were asked for a key.",
                                            {{"listener", context.connection().listener},
                                             {"chain", context.connection().chain},
                                             {"outcome", outcome}});
    };
    return ApiKeysStats{counter("passed"), counter("refused")};
  });
  adder.add<ApiKeys>(context, settings_, stats);
}

}  // namespace custom
