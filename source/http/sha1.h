#pragma once

// SHA-1 (RFC 3174), for what WebSocket's handshake asks for (RFC 6455 4.2.2), where it keeps
// nothing secret. For nothing else. Any thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::http {

std::array<uint8_t, 20> sha1(std::string_view text);

}  // namespace weir::http
