#pragma once

// HTTP filter: compresses the bodies of responses by gzip or brotli for clients that ask for it, as
// they come: each piece can be read at once. The compressor's memory is taken only for a response
// that is compressed. Reason of a reset: compression_failed.
//
// Metrics, by `name` (the stat_prefix): weir_http_compressor_responses_total, by `encoding` (gzip,
// br; identity: could have been, but the client did not ask for it);
// weir_http_compressor_input_bytes_total and weir_http_compressor_output_bytes_total.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/extensions/http/compressor/encoder.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"
#include "source/stats/stats.h"

namespace weir::http_filters {

struct CompressorSettings {
  std::string stat_prefix = {};
  std::vector<Algorithm> algorithms = {Algorithm::Brotli, Algorithm::Gzip};  // the first is best
  size_t min_content_length = 30;
  std::vector<std::string> content_types = {};  // lower case
  bool disable_on_etag = false;
  bool remove_accept_encoding = false;
  int gzip_level = 6;
  int brotli_quality = 3;
};

// Of one stream, on its loop.
class CompressorFilter final : public http::StreamDecoderFilter, public http::StreamEncoderFilter {
 public:
  // Handles on one worker.
  struct Stats {
    std::array<stats::Value*, 2> by_algorithm;
    stats::Value& identity;
    stats::Value& input;
    stats::Value& output;
  };
  // All outlive it.
  CompressorFilter(http::FilterContext& context, const CompressorSettings& settings,
                   const Stats& stats)
      : context_(context), settings_(settings), stats_(stats) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeHeaders(http::HeaderMap& headers, bool end_stream) override;
  http::FilterStatus encodeData(buffer::Buffer& data, bool end_stream) override;
  http::FilterStatus encodeTrailers(http::HeaderMap& trailers) override;
  void onStreamComplete() override { encoder_.reset(); }

 private:
  bool compressible(const http::HeaderMap& headers) const;
  void begin(Algorithm algorithm, http::HeaderMap& headers);
  static void describe(Algorithm algorithm, http::HeaderMap& headers);
  // `data` becomes what it is compressed.
  void compress(buffer::Buffer& data, Encoder::End end);

  http::FilterContext& context_;
  const CompressorSettings& settings_;
  const Stats& stats_;
  std::optional<Algorithm> wanted_;  // by the client
  bool tunnel_ = false;              // the request is a CONNECT
  bool head_ = false;
  std::unique_ptr<Encoder> encoder_;  // null: nothing is compressed
};

// Immutable; any thread.
class CompressorFactory final : public http::FilterFactory {
 public:
  explicit CompressorFactory(CompressorSettings settings) : settings_(std::move(settings)) {}
  std::string_view name() const override { return "compressor"; }
  std::string_view statPrefix() const override { return settings_.stat_prefix; }
  void create(http::FilterAdder& adder) const override;

 private:
  const CompressorSettings settings_;
};

}  // namespace weir::http_filters
