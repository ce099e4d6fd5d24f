#pragma once

// Recognises HTTP in the first bytes of a client, and nothing that is not. Pure: no I/O, no clock,
// no allocation.
//
// What counts:
//   - HTTP/2: the whole connection preface (RFC 9113, 3.4), 24 bytes;
//   - HTTP/1: a whole request line (RFC 9112, 3): `method SP request-target SP HTTP/1.0` or
//   `HTTP/1.1`, then CR LF. The
//     method is one that IANA's registry lists, or one of `extra` below; the target is one or more
//     of the visible ASCII characters; each SP is one space; the line has at most MaxRequestLine
//     bytes.
// What does not, so that nothing else is ever fed to an HTTP parser: methods in lower case or
// unknown (`get /`, `M-SEARCH *`), HTTP/0.9 (`GET /x` CR LF), other versions (HTTP/1.2, HTTP/2.0 in
// a request line), a bare LF at the end, empty lines or other bytes before the method, two spaces
// or tabs, bytes above 0x7e in the target, `PRI` as a method of HTTP/1. Each is told apart at the
// first byte at which no continuation could be HTTP.
//
// The answer depends on the bytes alone, never on how they were cut, and more bytes never change it
// once it is given.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::extensions {

inline constexpr size_t MaxRequestLine = 65'536;  // bytes, with its CR LF

// The methods that begin a request line. Immutable; any thread.
class HttpMethods {
 public:
  // IANA's registry, and `extra`: each a token (RFC 9110, 5.6.2).
  explicit HttpMethods(const std::vector<std::string>& extra = {});

  // Sorted, without duplicates.
  std::span<const std::string> sorted() const { return sorted_; }
  // Those that begin with `first`, as indexes into sorted(): from, and one past the last.
  struct Range {
    uint16_t begin = 0;
    uint16_t end = 0;
  };
  Range startingWith(uint8_t first) const { return by_first_byte_[first]; }

 private:
  std::vector<std::string> sorted_;
  std::array<Range, 256> by_first_byte_{};
};

enum class HttpSniff : uint8_t {
  NeedMore,  // a proper prefix of HTTP
  NotHttp,
  Http10,
  Http11,
  H2c,
};

// A pure function of the bytes that remembers how far it came, so that each byte is looked at once
// however they arrive. One per connection.
class HttpSniffer {
 public:
  // `methods` outlives it.
  explicit HttpSniffer(const HttpMethods& methods) : methods_(methods) {}

  // `prefix` holds every byte of the stream so far, and is never shorter than in the call before.
  HttpSniff scan(std::span<const uint8_t> prefix);

 private:
  enum class Part : uint8_t { Method, Target, Version, None };

  // Each looks at the bytes from at_ on that belong to its part, and leaves part_ None when they
  // rule HTTP/1 out.
  void scanPreface(std::span<const uint8_t> prefix);
  void scanMethod(std::span<const uint8_t> prefix);
  void scanTarget(std::span<const uint8_t> prefix);
  void scanVersion(std::span<const uint8_t> prefix);

  const HttpMethods& methods_;
  HttpSniff answer_ = HttpSniff::NeedMore;
  Part part_ = Part::Method;
  bool preface_possible_ = true;
  HttpMethods::Range candidates_;  // those that the bytes so far can become
  size_t preface_seen_ = 0;
  size_t at_ = 0;     // how far the request line is read
  size_t start_ = 0;  // of the part that at_ is in
};

// The same for bytes that are all there.
HttpSniff sniffHttp(std::span<const uint8_t> bytes, const HttpMethods& methods);

}  // namespace weir::extensions
