#include "source/http/h1/body_writer.h"

#include <charconv>

namespace weir::http {
namespace {

void writeChunk(buffer::Buffer& data, buffer::Buffer& out) {
  char line[20];
  char* end = std::to_chars(line, line + 16, data.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(std::string_view(line, static_cast<size_t>(end - line)));
  out.take(data);
  out.append("\r\n");
}

}  // namespace

void BodyWriter::begin(const MessagePlan& plan) {
  mode_ = plan.mode;
  left_ = plan.content_length.value_or(0);
}

bool BodyWriter::write(buffer::Buffer& data, bool end, buffer::Buffer& out) {
  switch (mode_) {
    case BodyMode::Nothing: data.clear(); return true;
    case BodyMode::Length:
      if (data.size() > left_) {
        data.clear();
        return false;
      }
      left_ -= data.size();
      out.take(data);
      return !end || left_ == 0;
    case BodyMode::Chunked:
      // An empty chunk would be the last one.
      if (!data.empty()) writeChunk(data, out);
      if (end) out.append("0\r\n\r\n");
      return true;
    case BodyMode::UntilClose:
    case BodyMode::Tunnel: out.take(data); return true;
  }
  return false;
}

bool BodyWriter::writeTrailers(const HeaderMap& trailers, buffer::Buffer& out) {
  if (mode_ != BodyMode::Chunked) return mode_ != BodyMode::Length || left_ == 0;
  out.append("0\r\n");
  return http::writeTrailers(trailers, out);
}

}  // namespace weir::http
