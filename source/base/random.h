#pragma once

// Random numbers for spreading load and jitter, not for secrets: small, fast, and the same for the
// same seed (SplitMix64). Each thread has its own.

#include <cstdint>

namespace weir {

// Spreads the bits of a value: what differs a little differs in about half of its bits.
constexpr uint64_t mixBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

// From the kernel: another one at each call. Any thread.
uint64_t randomSeed();

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t next() { return mixBits(state_ += 0x9e3779b97f4a7c15U); }
  // From 0 to n - 1, each as likely as any other but for one part in 2^64 / n. Requires: n > 0.
  uint64_t below(uint64_t n) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * n) >> 64);
  }

 private:
  uint64_t state_;
};

}  // namespace weir
