#pragma once

// HTTP filter: lets requests pass that have a key, tells the upstream whose it is (x-tenant), and
// keeps the responses out of shared caches.
//
// Metrics: custom_api_keys_requests_total{listener,chain,outcome}, whose outcome is passed or
// refused. Reasons: api_key_missing, api_key_unknown (401).

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/stats/stats.h"

namespace custom {

struct ApiKeysSettings {
  std::string header = "x-api-key";
  std::map<std::string, std::string, std::less<>> tenants = {};  // by key
};

// On one worker, for one api_keys of the configuration.
struct ApiKeysStats {
  weir::stats::Value& passed;
  weir::stats::Value& refused;
};

// Of one stream, on its loop, in the stream's memory. Settings and counters outlive it.
class ApiKeys final : public weir::http::StreamDecoderFilter,
                      public weir::http::StreamEncoderFilter {
 public:
  ApiKeys(weir::http::FilterContext& context, const ApiKeysSettings& settings, ApiKeysStats& stats)
      : context_(context), settings_(settings), stats_(stats) {}

  weir::http::FilterStatus decodeHeaders(weir::http::HeaderMap& headers, bool end_stream) override;
  weir::http::FilterStatus encodeHeaders(weir::http::HeaderMap& headers, bool end_stream) override;

 private:
  weir::http::FilterStatus refuse(std::string_view reason);

  weir::http::FilterContext& context_;
  const ApiKeysSettings& settings_;
  ApiKeysStats& stats_;
};

class ApiKeysFactory final : public weir::http::FilterFactory {
 public:
  explicit ApiKeysFactory(ApiKeysSettings settings) : settings_(std::move(settings)) {}

  std::string_view name() const override { return "api_keys"; }
  void create(weir::http::FilterAdder& adder) const override;

 private:
  const ApiKeysSettings settings_;
};

}  // namespace custom
