#pragma once

// Version 2 PROXY headers put together from their parts, right or wrong. No code of the parser or
// the writer under test is used.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir::test {

inline constexpr std::string_view ProxySignature{"\r\n\r\n\0\r\nQUIT\n", 12};

inline std::string bigEndian16(size_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

// A header with this command and family byte, whose length says what `body` has.
inline std::string proxyV2(uint8_t command, uint8_t family, const std::string& body) {
  return std::string(ProxySignature) + static_cast<char>(command) + static_cast<char>(family) +
         bigEndian16(body.size()) + body;
}

inline std::string tlv(uint8_t type, const std::string& value) {
  return static_cast<char>(type) + bigEndian16(value.size()) + value;
}

// 192.0.2.1:4660 to 198.51.100.2:443, and 2001:db8::1 to 2001:db8::2 with the same ports.
inline const std::string Tcp4Addresses{"\xc0\x00\x02\x01\xc6\x33\x64\x02\x12\x34\x01\xbb", 12};
inline const std::string Tcp6Addresses =
    std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16) +
    std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16) + "\x12\x34\x01\xbb";

inline std::string proxyTcp4(const std::string& tlvs = "") {
  return proxyV2(0x21, 0x11, Tcp4Addresses + tlvs);
}
inline std::string proxyTcp6(const std::string& tlvs = "") {
  return proxyV2(0x21, 0x21, Tcp6Addresses + tlvs);
}

}  // namespace weir::test
