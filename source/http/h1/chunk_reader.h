#pragma once

// Reads the framing of a chunked body (RFC 9112 7.1), strictly: what other readers might take for
// another length is refused. Extensions are dropped, and their bytes bounded. It does not touch the
// bytes of the body themselves.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http {

class ChunkReader {
 public:
  enum class Next : uint8_t {
    More,      // all of the bytes were framing, and it goes on
    Data,      // left() bytes of the body follow, which the caller takes: see took()
    Trailers,  // the last chunk has ended; what follows is the trailer section
    Bad,
  };

  void begin();
  // The bytes that follow; `used` of them, from the front, were framing.
  Next read(std::string_view bytes, size_t& used);
  uint64_t left() const { return left_; }
  // So many bytes of the body were taken. Requires: bytes <= left().
  void took(uint64_t bytes);
  // Of Bad: why, in snake_case.
  std::string_view fault() const { return fault_; }

 private:
  enum class State : uint8_t {
    Size,
    BeforeExtension,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    End
  };
  Next step(char c);
  Next readSize(char c);
  Next readExtension(char c);
  Next endSizeLine(char c);
  Next refuse(std::string_view why);

  uint64_t left_ = 0;
  size_t extension_bytes_ = 0;  // of all chunks
  std::string_view fault_;
  uint8_t digits_ = 0;
  State state_ = State::Size;
};

}  // namespace weir::http
