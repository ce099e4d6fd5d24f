#pragma once

// Finds the end of a head, or of trailers, in a stream of bytes, and holds it to its limits while
// it grows. Each byte is looked at once, however the stream is cut. What it lets through consists
// of lines that end with CR LF, none of which continues the one before (obs-fold, RFC 9112 5.2).

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/http/codec.h"
#include "source/http/codec_settings.h"

namespace weir::http {

class HeadScanner {
 public:
  enum class Kind : uint8_t {
    Request,   // a request line; a few empty lines before it are passed over (RFC 9112 2.2)
    Response,  // a status line
    Trailers,  // no first line
  };
  enum class Status : uint8_t { More, Whole, Bad };

  explicit HeadScanner(const HeaderLimits& limits) : limits_(limits) {}
  void begin(Kind kind);

  // The bytes that follow those of the last call. Whole: the head ends after `used` of them.
  Status scan(std::string_view bytes, size_t& used);
  const BadMessage& bad() const { return bad_; }

  size_t size() const { return size_; }        // of what was scanned
  size_t skipped() const { return skipped_; }  // of that: empty lines before the head
  // What the first line ended with, before anything was made of it.
  Version version() const { return version_; }

 private:
  Status refuse(unsigned status, std::string_view reason);
  bool checkSize();
  Status endLine();
  void keepTail(std::string_view piece);
  size_t firstLineLimit() const;

  const HeaderLimits& limits_;
  BadMessage bad_;
  size_t size_ = 0;
  size_t skipped_ = 0;
  size_t line_size_ = 0;  // bytes of the line that has not ended
  size_t lines_ = 0;
  uint64_t tail_ = 0;  // the last bytes that were scanned, the very last one lowest
  Kind kind_ = Kind::Request;
  Version version_ = Version::Http11;
};

}  // namespace weir::http
