#pragma once

// Takes the body of one message out of the bytes of a connection, whichever way it is framed
// (RFC 9112 6). Bytes move, and are not copied. One loop.

#include <cstdint>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/http/h1/chunk_reader.h"
#include "source/http/h1/head.h"

namespace weir::http {

class BodyReader {
 public:
  enum class Status : uint8_t {
    More,
    End,
    Trailers,  // the body has ended; the trailer section follows, and is not empty
    Bad,
  };

  void begin(const BodyLength& body);
  // Moves what belongs to the body from the front of `in` to the end of `out`. Not after an answer
  // other than More.
  Status read(buffer::Buffer& in, buffer::Buffer& out);
  // Of Bad.
  std::string_view fault() const { return chunks_.fault(); }
  // The peer's end is the body's.
  bool untilClose() const { return framing_ == Framing::UntilClose; }

 private:
  Status readChunks(buffer::Buffer& in, buffer::Buffer& out);

  ChunkReader chunks_;
  uint64_t left_ = 0;
  Framing framing_ = Framing::None;
};

}  // namespace weir::http
