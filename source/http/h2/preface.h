#pragma once

// What a client that speaks HTTP/2 says first (RFC 9113 3.4). Any thread.

#include <string_view>

namespace weir::http {

inline constexpr std::string_view Http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
// Its first line, in the form of HTTP/1: with a method that is reserved, so no request begins so.
inline constexpr std::string_view Http2PrefaceLine =
    Http2Preface.substr(0, Http2Preface.find('\n') + 1);

}  // namespace weir::http
