#include "source/http/h1/body_reader.h"

#include <algorithm>

namespace weir::http {
namespace {

std::string_view front(const buffer::Buffer& bytes) {
  iovec first{};
  if (bytes.peek({&first, 1}) == 0) return {};
  return {static_cast<const char*>(first.iov_base), first.iov_len};
}

size_t takeUpTo(buffer::Buffer& in, buffer::Buffer& out, uint64_t most) {
  const size_t here = static_cast<size_t>(std::min<uint64_t>(in.size(), most));
  if (here == in.size()) {
    out.take(in);
  } else {
    out.take(in, here);
  }
  return here;
}

}  // namespace

void BodyReader::begin(const BodyLength& body) {
  framing_ = body.framing;
  left_ = body.length;
  if (framing_ == Framing::Chunked) chunks_.begin();
}

BodyReader::Status BodyReader::read(buffer::Buffer& in, buffer::Buffer& out) {
  switch (framing_) {
    case Framing::None: return Status::End;
    case Framing::Length:
      left_ -= takeUpTo(in, out, left_);
      return left_ == 0 ? Status::End : Status::More;
    case Framing::Chunked: return readChunks(in, out);
    case Framing::UntilClose: out.take(in); return Status::More;
  }
  return Status::Bad;
}

BodyReader::Status BodyReader::readChunks(buffer::Buffer& in, buffer::Buffer& out) {
  while (!in.empty()) {
    size_t used = 0;
    const ChunkReader::Next next = chunks_.read(front(in), used);
    in.drain(used);
    if (next == ChunkReader::Next::Bad) return Status::Bad;
    if (next == ChunkReader::Next::Data) chunks_.took(takeUpTo(in, out, chunks_.left()));
    if (next != ChunkReader::Next::Trailers) continue;
    if (!front(in).starts_with("\r\n")) return Status::Trailers;
    in.drain(2);
    return Status::End;
  }
  return Status::More;
}

}  // namespace weir::http
