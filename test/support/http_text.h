#pragma once

// Messages of HTTP/1 as tests write them, and what they look for in those that came. Any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::test {

inline constexpr std::string_view Get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
inline constexpr std::string_view Post =
    "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody";
inline constexpr std::string_view Ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

// A response without a body.
inline std::string responseOf(const std::string& status) {
  return "HTTP/1.1 " + status + " X\r\ncontent-length: 0\r\n\r\n";
}

// How often it occurs; those that overlap count as one.
inline size_t countOf(std::string_view what, std::string_view text) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) {
    ++found;
  }
  return found;
}

}  // namespace weir::test
