#pragma once

// HTTP filter: changes the fields of requests and responses as its settings say. Keeps nothing of a
// stream; no metrics, no reasons.

#include <utility>

#include "source/http/filter.h"
#include "source/http/filter_context.h"

namespace weir::http_filters {

struct HeaderMutationSettings {
  http::HeaderChanges request = {};
  http::HeaderChanges request_trailers = {};
  http::HeaderChanges response = {};
  http::HeaderChanges response_trailers = {};
};

// Of one stream, on its loop.
class HeaderMutationFilter final : public http::StreamDecoderFilter,
                                   public http::StreamEncoderFilter {
 public:
  // Both outlive it.
  HeaderMutationFilter(http::FilterContext& context, const HeaderMutationSettings& settings)
      : context_(context), settings_(settings) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus decodeTrailers(http::HeaderMap& trailers) override;
  http::FilterStatus encodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeTrailers(http::HeaderMap& trailers) override;

 private:
  http::FilterContext& context_;
  const HeaderMutationSettings& settings_;
};

// Immutable; any thread.
class HeaderMutationFactory final : public http::FilterFactory {
 public:
  explicit HeaderMutationFactory(HeaderMutationSettings settings)
      : settings_(std::move(settings)) {}
  std::string_view name() const override { return "header_mutation"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<HeaderMutationFilter>(adder.context(), settings_);
  }

 private:
  const HeaderMutationSettings settings_;
};

}  // namespace weir::http_filters
