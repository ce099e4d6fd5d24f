#include "source/extensions/http/cors/cors.h"

#include <algorithm>

#include "source/http/characters.h"

namespace weir::http_filters {
namespace {

using http::FilterStatus;
using http::HeaderId;

CorsFilter::Stats makeStats(filter::Worker& worker, const std::string& name) {
  const auto counter = [&](std::string_view origin) -> stats::Value& {
    return worker.stats.counter("weir_http_cors_requests_total",
                                "Requests that name an origin, by whether a cors allows it.",
                                {{"name", name}, {"origin", origin}});
  };
  return {counter("allowed"), counter("denied")};
}

bool isPreflight(const http::HeaderMap& request) {
  return request.get(HeaderId::Method) == "OPTIONS" &&
         !request.get(HeaderId::AccessControlRequestMethod).empty();
}

void addLeave(const std::string& setting, HeaderId field, std::string_view asked_for,
              http::LocalReply& reply) {
  const std::string_view value = setting == "*" ? asked_for : std::string_view(setting);
  if (!value.empty()) reply.headers.emplace_back(http::nameOf(field), value);
}

bool variesByOrigin(const http::HeaderMap& headers) {
  for (const http::HeaderEntry& entry : headers.entries()) {
    if (entry.id != HeaderId::Vary) continue;
    std::string_view list = entry.value;
    while (!list.empty()) {
      const std::string_view element = http::takeElement(list);
      if (element == "*" || http::equalIgnoringCase(element, "origin")) return true;
    }
  }
  return false;
}

}  // namespace

bool CorsFilter::allows(std::string_view origin) const {
  return settings_.any_origin ||
         std::any_of(settings_.origins.begin(), settings_.origins.end(),
                     [&](const http::TextMatch& match) { return match.matches(origin); });
}

FilterStatus CorsFilter::decodeHeaders(http::HeaderMap& headers, bool) {
  const std::string_view origin = headers.get(HeaderId::Origin);
  if (origin.empty()) return FilterStatus::Continue;
  const bool allowed = allows(origin);
  (allowed ? stats_.allowed : stats_.denied).add(1);
  if (allowed) origin_ = origin;
  if (!isPreflight(headers)) return FilterStatus::Continue;
  if (!allowed && settings_.forward_not_matching_preflights) return FilterStatus::Continue;
  return answerPreflight(headers);
}

// Who may is added by encodeHeaders(), which this response passes.
FilterStatus CorsFilter::answerPreflight(const http::HeaderMap& request) {
  http::LocalReply reply{.status = 200, .details = "cors_preflight"};
  if (!origin_.empty()) {
    addLeave(settings_.allow_methods, HeaderId::AccessControlAllowMethods,
             request.get(HeaderId::AccessControlRequestMethod), reply);
    addLeave(settings_.allow_headers, HeaderId::AccessControlAllowHeaders,
             request.get(HeaderId::AccessControlRequestHeaders), reply);
    addLeave(settings_.max_age, HeaderId::AccessControlMaxAge, {}, reply);
  }
  context_.sendLocalReply(std::move(reply));
  return FilterStatus::StopAllIteration;
}

FilterStatus CorsFilter::encodeHeaders(http::HeaderMap& headers, bool) {
  if (!variesByOrigin(headers)) headers.add(HeaderId::Vary, "origin");
  if (origin_.empty()) return FilterStatus::Continue;
  headers.set(HeaderId::AccessControlAllowOrigin, origin_);
  if (settings_.allow_credentials) headers.set(HeaderId::AccessControlAllowCredentials, "true");
  if (!settings_.expose_headers.empty()) {
    headers.set(HeaderId::AccessControlExposeHeaders, settings_.expose_headers);
  }
  return FilterStatus::Continue;
}

void CorsFactory::create(http::FilterAdder& adder) const {
  http::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<CorsFilter::Stats>(
      this, [&] { return makeStats(worker, settings_.stat_prefix); });
  adder.add<CorsFilter>(context, settings_, stats);
}

}  // namespace weir::http_filters
