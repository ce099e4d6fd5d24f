#include "source/extensions/http/compressor/compressor.h"

#include <algorithm>
#include <charconv>

#include "source/extensions/http/compressor/accept_encoding.h"
#include "source/http/characters.h"
#include "source/http/grpc.h"
#include "source/http/text_match.h"

namespace weir::http_filters {
namespace {

using http::FilterStatus;
using http::HeaderId;
using http::HeaderMap;

CompressorFilter::Stats makeStats(filter::Worker& worker, const std::string& name) {
  const auto responses = [&](std::string_view encoding) -> stats::Value& {
    return worker.stats.counter("weir_http_compressor_responses_total",
                                "Responses that a compressor could compress, by what it made.",
                                {{"name", name}, {"encoding", encoding}});
  };
  const auto bytes = [&](std::string_view metric, std::string_view help) -> stats::Value& {
    return worker.stats.counter(metric, help, {{"name", name}});
  };
  return {{&responses(codingOf(Algorithm::Gzip)), &responses(codingOf(Algorithm::Brotli))},
          responses("identity"),
          bytes("weir_http_compressor_input_bytes_total", "Bytes that were compressed."),
          bytes("weir_http_compressor_output_bytes_total", "Bytes that they became.")};
}

// In any of the fields of that name.
bool lists(const HeaderMap& headers, HeaderId id, std::string_view wanted) {
  for (const http::HeaderEntry& entry : headers.entries()) {
    if (entry.id != id) continue;
    std::string_view list = entry.value;
    while (!list.empty()) {
      if (http::equalIgnoringCase(http::takeElement(list), wanted)) return true;
    }
  }
  return false;
}

bool isShort(const HeaderMap& headers, size_t least) {
  const std::string_view text = headers.get(HeaderId::ContentLength);
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return !text.empty() && error == std::errc() && length < least;
}

// Digests of the bytes as they come from the upstream (RFC 9530, RFC 3230).
bool hasDigest(const HeaderMap& headers) {
  return headers.has("content-digest") || headers.has("repr-digest") || headers.has("digest") ||
         headers.has("content-md5");
}

// Its bytes are a whole body of their own.
bool hasWholeBody(unsigned status) {
  return status >= 200 && status != 204 && status != 205 && status != 206 && status != 304;
}

}  // namespace

FilterStatus CompressorFilter::decodeHeaders(HeaderMap& headers, bool) {
  tunnel_ = headers.get(HeaderId::Method) == "CONNECT";
  head_ = headers.get(HeaderId::Method) == "HEAD";
  std::array<std::string_view, 2> offered;
  const size_t count = settings_.algorithms.size();
  std::transform(settings_.algorithms.begin(), settings_.algorithms.end(), offered.begin(),
                 codingOf);
  if (headers.has(HeaderId::AcceptEncoding)) {
    const auto chosen =
        headers.count(HeaderId::AcceptEncoding) == 1
            ? chooseEncoding(headers.get(HeaderId::AcceptEncoding), std::span(offered).first(count))
            : chooseEncoding(headers.joined("accept-encoding"), std::span(offered).first(count));
    if (chosen) wanted_ = settings_.algorithms[*chosen];
  }
  if (settings_.remove_accept_encoding) headers.remove(HeaderId::AcceptEncoding);
  return FilterStatus::Continue;
}

bool CompressorFilter::compressible(const HeaderMap& headers) const {
  const std::string_view type = headers.get(HeaderId::ContentType);
  const std::string_view media = http::trimmed(type.substr(0, type.find(';')));
  return !tunnel_ && hasWholeBody(http::statusOf(headers)) && !http::isGrpc(headers) &&
         !headers.has(HeaderId::ContentEncoding) && !headers.has("content-range") &&
         !lists(headers, HeaderId::CacheControl, "no-transform") && !hasDigest(headers) &&
         !(settings_.disable_on_etag && headers.has(HeaderId::Etag)) &&
         !isShort(headers, settings_.min_content_length) &&
         std::any_of(settings_.content_types.begin(), settings_.content_types.end(),
                     [&](const std::string& one) { return http::equalIgnoringCase(media, one); });
}

FilterStatus CompressorFilter::encodeHeaders(HeaderMap& headers, bool end_stream) {
  if (!compressible(headers)) return FilterStatus::Continue;
  if (!lists(headers, HeaderId::Vary, "accept-encoding") && !lists(headers, HeaderId::Vary, "*"))
    headers.add(HeaderId::Vary, "accept-encoding");
  if (head_ && wanted_) describe(*wanted_, headers);  // as of a GET (RFC 9110 9.3.2)
  if (head_ || end_stream) return FilterStatus::Continue;
  wanted_ ? begin(*wanted_, headers) : stats_.identity.add(1);
  return FilterStatus::Continue;
}

void CompressorFilter::begin(Algorithm algorithm, HeaderMap& headers) {
  const bool gzip = algorithm == Algorithm::Gzip;
  encoder_ = makeEncoder(algorithm, gzip ? settings_.gzip_level : settings_.brotli_quality);
  if (encoder_ == nullptr) return stats_.identity.add(1);
  stats_.by_algorithm[static_cast<size_t>(algorithm)]->add(1);
  describe(algorithm, headers);
}

void CompressorFilter::describe(Algorithm algorithm, HeaderMap& headers) {
  headers.set(HeaderId::ContentEncoding, codingOf(algorithm));
  headers.remove(HeaderId::ContentLength);
  headers.remove("accept-ranges");  // they would be of other bytes
  const std::string_view etag = headers.get(HeaderId::Etag);
  if (!etag.empty() && !etag.starts_with("W/"))
    headers.set(HeaderId::Etag, "W/" + std::string(etag));
}

FilterStatus CompressorFilter::encodeData(buffer::Buffer& data, bool end_stream) {
  if (encoder_ != nullptr) compress(data, end_stream ? Encoder::End::Finish : Encoder::End::Flush);
  return FilterStatus::Continue;
}

FilterStatus CompressorFilter::encodeTrailers(HeaderMap&) {
  if (encoder_ != nullptr) compress(context_.heldResponseBody(), Encoder::End::Finish);
  return FilterStatus::Continue;
}

void CompressorFilter::compress(buffer::Buffer& data, Encoder::End end) {
  stats_.input.add(data.size());
  buffer::Buffer out(data.pool());
  bool good = true;
  while (good && !data.empty()) {
    std::array<iovec, 1> piece;
    data.peek(piece);
    const std::span bytes(static_cast<const uint8_t*>(piece[0].iov_base), piece[0].iov_len);
    good = encoder_->encode(bytes, Encoder::End::None, out);
    data.drain(bytes.size());
  }
  if (!good || !encoder_->encode({}, end, out)) {
    return context_.resetStream(http::ResetReason::InternalError, "compression_failed");
  }
  if (end == Encoder::End::Finish) encoder_.reset();
  stats_.output.add(out.size());
  data.take(out);
}

void CompressorFactory::create(http::FilterAdder& adder) const {
  http::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<CompressorFilter::Stats>(
      this, [&] { return makeStats(worker, settings_.stat_prefix); });
  adder.add<CompressorFilter>(context, settings_, stats);
}

}  // namespace weir::http_filters
