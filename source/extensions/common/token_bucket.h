#pragma once

// A bucket of tokens that all workers take from. Full at first; filled in steps, counted from when
// the first token is taken. No lock; exact: of any two takers of one token one gets it. Any thread.

#include <atomic>
#include <cstdint>
#include <limits>

#include "source/base/time.h"

namespace weir::extensions {

struct TokenBucketSettings {
  uint32_t max_tokens = 1;
  uint32_t tokens_per_fill = 1;
  Duration fill_interval = std::chrono::seconds(1);
  bool operator==(const TokenBucketSettings&) const = default;
};

class TokenBucket {
 public:
  explicit TokenBucket(const TokenBucketSettings& settings)
      : settings_(settings), state_(pack({0, settings.max_tokens})) {}

  // False if there is none. Times of several threads may differ a little: what has been filled is
  // not taken back.
  bool take(MonotonicTime now);
  // Whether take() would get one.
  bool has(MonotonicTime now) const { return left(now) > 0; }
  uint32_t left(MonotonicTime now) const;
  // Until the next fill.
  Duration untilFill(MonotonicTime now) const;
  uint32_t maxTokens() const { return settings_.max_tokens; }

 private:
  struct State {
    uint32_t fills;  // that are in `tokens`, modulo 2^32
    uint32_t tokens;
  };
  static constexpr uint64_t pack(State state) { return uint64_t{state.fills} << 32 | state.tokens; }
  static constexpr State unpack(uint64_t word) {
    return {static_cast<uint32_t>(word >> 32), static_cast<uint32_t>(word)};
  }
  static constexpr int64_t NotStarted = std::numeric_limits<int64_t>::min();
  State filledAt(uint64_t word, MonotonicTime now) const;

  const TokenBucketSettings settings_;
  std::atomic<uint64_t> state_;
  std::atomic<int64_t> start_{NotStarted};  // when the first token was taken
};

}  // namespace weir::extensions
