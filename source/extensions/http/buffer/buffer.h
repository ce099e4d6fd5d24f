#pragma once

// HTTP filter: holds a request until it is whole, and says its length. One with a body that is too
// large is answered with 413; one that becomes a tunnel is not held. No metrics. Reason:
// request_payload_too_large.

#include <cstddef>

#include "source/http/filter.h"
#include "source/http/filter_context.h"

namespace weir::http_filters {

struct BufferSettings {
  size_t max_request_bytes = 0;
};

// Of one stream, on its loop.
class BufferFilter final : public http::StreamDecoderFilter {
 public:
  // Both outlive it.
  BufferFilter(http::FilterContext& context, const BufferSettings& settings)
      : context_(context), settings_(settings) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus decodeData(buffer::Buffer& data, bool end_stream) override;

 private:
  http::FilterStatus refuse();

  http::FilterContext& context_;
  const BufferSettings& settings_;
  bool holding_ = false;
};

// Immutable; any thread.
class BufferFactory final : public http::FilterFactory {
 public:
  explicit BufferFactory(const BufferSettings& settings) : settings_(settings) {}
  std::string_view name() const override { return "buffer"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<BufferFilter>(adder.context(), settings_);
  }

 private:
  const BufferSettings settings_;
};

}  // namespace weir::http_filters
