#include "source/http/h1/chunk_reader.h"

#include "source/base/check.h"

namespace weir::http {
namespace {

constexpr unsigned MaxDigits = 15;  // no sum of a chunk and what comes with it overflows
constexpr size_t MaxExtensionBytes = 8192;

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void ChunkReader::begin() { *this = ChunkReader(); }

ChunkReader::Next ChunkReader::refuse(std::string_view why) {
  fault_ = why;
  return Next::Bad;
}

ChunkReader::Next ChunkReader::read(std::string_view bytes, size_t& used) {
  used = 0;
  if (state_ == State::Data) return Next::Data;
  while (used < bytes.size()) {
    const Next next = step(bytes[used++]);
    if (next != Next::More) return next;
  }
  return Next::More;
}

void ChunkReader::took(uint64_t bytes) {
  WEIR_CHECK(bytes <= left_);
  left_ -= bytes;
  if (left_ == 0) state_ = State::DataCr;
}

ChunkReader::Next ChunkReader::step(char c) {
  switch (state_) {
    case State::Size: return readSize(c);
    case State::BeforeExtension:
    case State::Extension: return readExtension(c);
    case State::SizeLf: return endSizeLine(c);
    case State::DataCr:
      state_ = State::DataLf;
      return c == '\r' ? Next::More : refuse("h1_chunk_end");
    case State::DataLf:
      state_ = State::Size;
      digits_ = 0;
      return c == '\n' ? Next::More : refuse("h1_chunk_end");
    case State::Data:
    case State::End: break;
  }
  WEIR_CHECK(false);
}

ChunkReader::Next ChunkReader::readSize(char c) {
  if (const int digit = hexValue(c); digit >= 0) {
    if (++digits_ > MaxDigits) return refuse("h1_chunk_size");
    left_ = left_ << 4 | static_cast<uint64_t>(digit);
    return Next::More;
  }
  if (digits_ == 0) return refuse("h1_chunk_size");
  if (c == '\r') {
    state_ = State::SizeLf;
    return Next::More;
  }
  state_ = State::BeforeExtension;
  return readExtension(c);
}

// White space may stand before the semicolon only.
ChunkReader::Next ChunkReader::readExtension(char c) {
  if (++extension_bytes_ > MaxExtensionBytes) return refuse("h1_chunk_extensions");
  const bool space = c == ' ' || c == '\t';
  if (state_ == State::BeforeExtension) {
    if (c == ';') state_ = State::Extension;
    return space || c == ';' ? Next::More : refuse("h1_chunk_size");
  }
  if (c == '\r') {
    state_ = State::SizeLf;
    return Next::More;
  }
  const auto byte = static_cast<uint8_t>(c);
  return space || (byte > 0x20 && byte != 0x7f) ? Next::More : refuse("h1_chunk_extension");
}

ChunkReader::Next ChunkReader::endSizeLine(char c) {
  if (c != '\n') return refuse("h1_chunk_size");
  state_ = left_ == 0 ? State::End : State::Data;
  return left_ == 0 ? Next::Trailers : Next::Data;
}

}  // namespace weir::http
