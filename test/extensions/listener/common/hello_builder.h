#pragma once

// Builds ClientHello messages and the records around them, byte by byte, for tests: right ones, and
// ones with a fault that no TLS library would produce.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::test {

// `value` in `width` bytes, most significant first.
inline std::string bigEndian(size_t value, size_t width) {
  std::string bytes;
  while (width-- > 0) bytes.push_back(static_cast<char>(value >> (8 * width) & 0xff));
  return bytes;
}

// `contents` behind its length in `width` bytes.
inline std::string lengthPrefixed(std::string_view contents, size_t width) {
  return bigEndian(contents.size(), width) + std::string(contents);
}

inline std::string extension(size_t type, std::string_view contents) {
  return bigEndian(type, 2) + lengthPrefixed(contents, 2);
}

inline std::string serverNameExtension(std::string_view name) {
  return extension(0, lengthPrefixed(std::string(1, '\0') + lengthPrefixed(name, 2), 2));
}

inline std::string alpnExtension(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += lengthPrefixed(name, 1);
  return extension(16, lengthPrefixed(list, 2));
}

// The fields of a ClientHello (RFC 8446, 4.1.2). Without `extensions` the message ends before their
// length.
struct HelloFields {
  std::string version = std::string("\x03\x03", 2);
  std::string session_id = std::string(32, 's');
  std::string cipher_suites = std::string("\x13\x01\xc0\x2f", 4);
  std::string compression = std::string(1, '\0');
  std::string extensions;
  bool has_extensions = true;
};

inline std::string handshakeMessage(std::string_view body, char type = 1) {
  return std::string(1, type) + lengthPrefixed(body, 3);
}

inline std::string helloMessage(const HelloFields& fields) {
  std::string body = fields.version + std::string(32, 'r') + lengthPrefixed(fields.session_id, 1) +
                     lengthPrefixed(fields.cipher_suites, 2) +
                     lengthPrefixed(fields.compression, 1);
  if (fields.has_extensions) body += lengthPrefixed(fields.extensions, 2);
  return handshakeMessage(body);
}

inline std::string record(std::string_view contents, char type = 22,
                          std::string_view version = "\x03\x01") {
  return std::string(1, type) + std::string(version) + lengthPrefixed(contents, 2);
}

// An alert record; level 1 is a warning, 90 is user_canceled.
inline std::string alertRecord(char description = 90, char level = 1) {
  return record(std::string{level, description}, 21);
}

// An empty record of type change_cipher_spec.
inline std::string emptyChangeCipherSpec() { return record("", 20); }

// `message` in records of `size` bytes, the last one shorter.
inline std::string records(std::string_view message, size_t size = 16'384) {
  std::string stream;
  for (size_t at = 0; at < message.size(); at += size) stream += record(message.substr(at, size));
  return stream;
}

inline std::string helloWith(const std::string& extensions) {
  HelloFields fields;
  fields.extensions = extensions;
  return records(helloMessage(fields));
}

// The SSLv2-compatible hello of RFC 5246, E.2.
inline std::string version2Hello(std::string_view version = "\x03\x01", size_t challenge = 32) {
  const std::string ciphers("\x00\x00\x2f\x01\x00\x80", 6);
  const std::string body = std::string(1, '\x01') + std::string(version) +
                           bigEndian(ciphers.size(), 2) + bigEndian(0, 2) +
                           bigEndian(challenge, 2) + ciphers + std::string(challenge, 'c');
  return bigEndian(0x8000 | body.size(), 2) + body;
}

}  // namespace weir::test
