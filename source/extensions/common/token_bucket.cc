#include "source/extensions/common/token_bucket.h"

#include <algorithm>

namespace weir::extensions {

// What `word` becomes by the fills until `now`.
TokenBucket::State TokenBucket::filledAt(uint64_t word, MonotonicTime now) const {
  const State state = unpack(word);
  const int64_t start = start_.load(std::memory_order_acquire);
  if (start == NotStarted) return state;
  const int64_t elapsed = now.time_since_epoch().count() - start;
  if (elapsed < 0) return state;
  const auto fills = static_cast<uint32_t>(elapsed / settings_.fill_interval.count());
  const uint32_t fresh = fills - state.fills;
  if (static_cast<int32_t>(fresh) <= 0) return state;
  const uint64_t tokens = state.tokens + uint64_t{fresh} * settings_.tokens_per_fill;
  return {fills, static_cast<uint32_t>(std::min<uint64_t>(tokens, settings_.max_tokens))};
}

bool TokenBucket::take(MonotonicTime now) {
  int64_t unset = NotStarted;
  start_.compare_exchange_strong(unset, now.time_since_epoch().count(), std::memory_order_acq_rel);
  uint64_t word = state_.load(std::memory_order_relaxed);
  for (;;) {
    const State filled = filledAt(word, now);
    if (filled.tokens == 0) return false;
    const uint64_t less = pack({filled.fills, filled.tokens - 1});
    if (state_.compare_exchange_weak(word, less, std::memory_order_relaxed)) return true;
  }
}

uint32_t TokenBucket::left(MonotonicTime now) const {
  return filledAt(state_.load(std::memory_order_relaxed), now).tokens;
}

Duration TokenBucket::untilFill(MonotonicTime now) const {
  const int64_t start = start_.load(std::memory_order_acquire);
  const int64_t elapsed = start == NotStarted ? 0 : now.time_since_epoch().count() - start;
  return settings_.fill_interval -
         Duration(std::max<int64_t>(elapsed, 0) % settings_.fill_interval.count());
}

}  // namespace weir::extensions
