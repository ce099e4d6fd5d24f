#include "source/buffer/slice.h"

#include <cstdlib>

#include "source/base/check.h"

namespace weir::buffer {

SlicePool::~SlicePool() {
  WEIR_CHECK(in_use_ == 0);
  while (free_ != nullptr) {
    Slice* next = free_->next;
    std::free(free_);
    free_ = next;
  }
}

Slice* SlicePool::take(size_t capacity, bool exact) {
  if (!exact && capacity < Slice::PooledCapacity) capacity = Slice::PooledCapacity;
  Slice* slice = nullptr;
  if (capacity == Slice::PooledCapacity && free_ != nullptr) {
    slice = free_;
    free_ = slice->next;
    --free_count_;
  } else {
    slice = static_cast<Slice*>(std::malloc(sizeof(Slice) + capacity));
    WEIR_CHECK(slice != nullptr);
    slice->capacity = static_cast<uint32_t>(capacity);
  }
  slice->next = nullptr;
  slice->begin = slice->end = 0;
  ++in_use_;
  bytes_in_use_ += slice->capacity;
  return slice;
}

void SlicePool::giveBack(Slice* slice) {
  --in_use_;
  bytes_in_use_ -= slice->capacity;
  if (slice->capacity != Slice::PooledCapacity || free_count_ >= max_free_) {
    std::free(slice);
    return;
  }
  slice->next = free_;
  free_ = slice;
  ++free_count_;
}

}  // namespace weir::buffer
