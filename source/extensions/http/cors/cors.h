#pragma once

// HTTP filter: the server's part of CORS (the Fetch standard, CORS protocol). Tells browsers which
// pages of other origins may use what is behind it, and answers their preflights. Responses get
// `vary: origin`, since what they say hangs on the origin.
//
// Metrics: weir_http_cors_requests_total, by `name` (the stat_prefix) and `origin` (allowed,
// denied), of requests that name an origin. Answers with 200 and no reason: it is not an error.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/http/text_match.h"
#include "source/stats/stats.h"

namespace weir::http_filters {

struct CorsSettings {
  std::string stat_prefix = {};
  bool any_origin = false;
  std::vector<http::TextMatch> origins = {};
  // The values of fields; empty: without the field. "*": what was asked for.
  std::string allow_methods = {};
  std::string allow_headers = {};
  std::string expose_headers = {};
  std::string max_age = {};  // in seconds
  bool allow_credentials = false;
  bool forward_not_matching_preflights = true;
};

// Of one stream, on its loop.
class CorsFilter final : public http::StreamDecoderFilter, public http::StreamEncoderFilter {
 public:
  // Handles on one worker.
  struct Stats {
    stats::Value& allowed;
    stats::Value& denied;
  };
  // All outlive it.
  CorsFilter(http::FilterContext& context, const CorsSettings& settings, const Stats& stats)
      : context_(context), settings_(settings), stats_(stats) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeHeaders(http::HeaderMap& headers, bool end_stream) override;

 private:
  bool allows(std::string_view origin) const;
  http::FilterStatus answerPreflight(const http::HeaderMap& request);

  http::FilterContext& context_;
  const CorsSettings& settings_;
  const Stats& stats_;
  std::string_view origin_;  // one that may; empty: none
};

// Immutable; any thread.
class CorsFactory final : public http::FilterFactory {
 public:
  explicit CorsFactory(CorsSettings settings) : settings_(std::move(settings)) {}
  std::string_view name() const override { return "cors"; }
  std::string_view statPrefix() const override { return settings_.stat_prefix; }
  void create(http::FilterAdder& adder) const override;

 private:
  const CorsSettings settings_;
};

}  // namespace weir::http_filters
