#pragma once

// A sequence whose capacity is known when it is made: one allocation, and elements that never move
// (so they need not be able to). Two words. Owned by one object.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "source/base/check.h"

namespace weir {

template <class T>
class FixedArray {
 public:
  FixedArray() = default;
  ~FixedArray() {
    while (size_ > 0) std::destroy_at(data_ + --size_);
    if (data_ != nullptr) std::allocator<T>().deallocate(data_, capacity_);
  }
  FixedArray(const FixedArray&) = delete;
  FixedArray& operator=(const FixedArray&) = delete;

  // Once, before the first element.
  void reserve(size_t capacity) {
    WEIR_CHECK(data_ == nullptr);
    if (capacity == 0) return;
    data_ = std::allocator<T>().allocate(capacity);
    capacity_ = static_cast<uint32_t>(capacity);
  }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    WEIR_CHECK(size_ < capacity_);
    return *std::construct_at(data_ + size_++, std::forward<Args>(args)...);
  }

  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  T& back() { return data_[size_ - 1]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }

 private:
  T* data_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace weir
