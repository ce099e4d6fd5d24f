#include "source/http/sha1.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>

namespace weir::http {
namespace {

constexpr size_t BlockBytes = 64;
using State = std::array<uint32_t, 5>;

struct Step {
  uint32_t f;
  uint32_t k;
};

// RFC 3174 5.
Step stepAt(size_t t, uint32_t b, uint32_t c, uint32_t d) {
  if (t < 20) return {(b & c) | (~b & d), 0x5a827999};
  if (t < 40) return {b ^ c ^ d, 0x6ed9eba1};
  if (t < 60) return {(b & c) | (b & d) | (c & d), 0x8f1bbcdc};
  return {b ^ c ^ d, 0xca62c1d6};
}

void addBlock(std::span<const uint8_t, BlockBytes> block, State& state) {
  std::array<uint32_t, 80> words{};
  for (size_t i = 0; i < BlockBytes; ++i) words[i / 4] = words[i / 4] << 8 | block[i];
  for (size_t t = 16; t < words.size(); ++t) {
    words[t] = std::rotl(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1);
  }
  auto [a, b, c, d, e] = state;
  for (size_t t = 0; t < words.size(); ++t) {
    const Step step = stepAt(t, b, c, d);
    const uint32_t next = std::rotl(a, 5) + step.f + e + words[t] + step.k;
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}

}  // namespace

std::array<uint8_t, 20> sha1(std::string_view text) {
  State state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::array<uint8_t, BlockBytes> block{};
  std::string_view rest = text;
  for (; rest.size() >= BlockBytes; rest.remove_prefix(BlockBytes)) {
    std::copy_n(rest.begin(), BlockBytes, block.begin());
    addBlock(block, state);
  }
  // The end: a bit, zeroes, and the length in bits.
  block.fill(0);
  std::copy(rest.begin(), rest.end(), block.begin());
  block[rest.size()] = 0x80;
  if (rest.size() + 1 > BlockBytes - 8) {
    addBlock(block, state);
    block.fill(0);
  }
  const uint64_t bits = uint64_t{text.size()} * 8;
  for (size_t i = 0; i < 8; ++i) block[BlockBytes - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
  addBlock(block, state);
  std::array<uint8_t, 20> digest{};
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

}  // namespace weir::http
