#pragma once

// Hashes for the tables of a compiled matcher. The tables are filled from the configuration only,
// so a peer cannot choose what is in them; it can only look up.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::match {

// Folds the 128-bit product: every bit of both operands reaches every bit of the result.
inline uint64_t mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t load64(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

// The first or last bytes of a text of less than eight, without reading outside it.
inline uint64_t loadShort(const char* at, size_t size) {
  if (size >= 4) {
    uint32_t low;
    uint32_t high;
    std::memcpy(&low, at, sizeof(low));
    std::memcpy(&high, at + size - 4, sizeof(high));
    return static_cast<uint64_t>(high) << 32 | low;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(at[i]);
  return value;
}

inline uint64_t hashOf(std::string_view text) {
  constexpr uint64_t A = 0x9E3779B97F4A7C15;
  constexpr uint64_t B = 0xD6E8FEB86659FD93;
  const char* at = text.data();
  size_t left = text.size();
  uint64_t state = A ^ text.size();
  for (; left > 16; left -= 16, at += 16) state = mix(load64(at) ^ B, load64(at + 8) ^ state);
  if (left >= 8) return mix(mix(load64(at) ^ B, load64(at + left - 8) ^ state), A);
  return mix(mix(loadShort(at, left) ^ B, state), A);
}

// Spreads a small integer over 32 bits; take the upper ones.
inline uint32_t spread(uint32_t value) {
  value ^= value >> 16;
  return value * 0x9E3779B1U;
}

}  // namespace weir::match
