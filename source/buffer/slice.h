#pragma once

// Slices: the blocks that bytes live in, and the pool that keeps some of them warm. A pool belongs
// to one worker's loop and outlives every Buffer that takes from it.

#include <cstddef>
#include <cstdint>

namespace weir::buffer {

// A block of memory with the bytes [begin, end) in use. Allocated with its payload behind it.
struct Slice {
  static constexpr size_t PooledCapacity = 16384;

  Slice* next;
  uint32_t begin;
  uint32_t end;
  uint32_t capacity;

  uint8_t* base() { return reinterpret_cast<uint8_t*>(this + 1); }
  const uint8_t* base() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  size_t size() const { return end - begin; }
  size_t room() const { return capacity - end; }
};

class SlicePool {
 public:
  // Keeps at most `max_free` slices of PooledCapacity for reuse (default 4 MiB of them).
  explicit SlicePool(size_t max_free = 256) : max_free_(max_free) {}
  ~SlicePool();
  SlicePool(const SlicePool&) = delete;
  SlicePool& operator=(const SlicePool&) = delete;

  // An empty slice with at least `capacity` bytes; of PooledCapacity exactly if that is enough,
  // unless `exact`.
  Slice* take(size_t capacity = Slice::PooledCapacity, bool exact = false);
  void giveBack(Slice* slice);

  // Slices that were taken and not given back; bytes of payload in them.
  size_t inUse() const { return in_use_; }
  size_t bytesInUse() const { return bytes_in_use_; }

 private:
  const size_t max_free_;
  Slice* free_ = nullptr;
  size_t free_count_ = 0;
  size_t in_use_ = 0;
  size_t bytes_in_use_ = 0;
};

}  // namespace weir::buffer
