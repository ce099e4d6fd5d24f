#include "source/extensions/http/buffer/buffer.h"

#include <charconv>
#include <string>

namespace weir::http_filters {
namespace {

using http::FilterStatus;
using http::HeaderId;

// Its bytes are not a body.
bool mayBecomeATunnel(const http::HeaderMap& request) {
  return request.get(HeaderId::Method) == "CONNECT" || request.has(HeaderId::Upgrade);
}

// The codec has checked that it is a number.
bool saysMoreThan(const http::HeaderMap& request, size_t limit) {
  const std::string_view text = request.get(HeaderId::ContentLength);
  if (text.empty()) return false;
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  return error == std::errc::result_out_of_range || length > limit;
}

}  // namespace

FilterStatus BufferFilter::decodeHeaders(http::HeaderMap& headers, bool end_stream) {
  if (end_stream || mayBecomeATunnel(headers)) return FilterStatus::Continue;
  if (saysMoreThan(headers, settings_.max_request_bytes)) return refuse();
  holding_ = true;
  context_.setBufferLimit(settings_.max_request_bytes);
  return FilterStatus::StopIteration;
}

// With trailers the length stays unsaid: HTTP/1 has no place for them behind a body of that length.
FilterStatus BufferFilter::decodeData(buffer::Buffer& data, bool end_stream) {
  if (!holding_) return FilterStatus::Continue;
  if (!end_stream) return FilterStatus::StopIteration;
  // With its end, a body is not held, and so not held against the limit.
  if (data.size() > settings_.max_request_bytes) return refuse();
  http::HeaderMap& headers = context_.requestHeaders();
  if (!headers.has(HeaderId::ContentLength)) {
    headers.set(HeaderId::ContentLength, std::to_string(data.size()));
  }
  return FilterStatus::Continue;
}

FilterStatus BufferFilter::refuse() {
  context_.sendLocalReply({.status = 413, .reason = "request_payload_too_large"});
  return FilterStatus::StopAllIteration;
}

}  // namespace weir::http_filters
