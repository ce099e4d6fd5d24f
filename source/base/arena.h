#pragma once

// Bytes that stay where they are until all are given back at once. It keeps one block for the next
// time, so that what is done again and again allocates nothing. One thread at a time.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

namespace weir {

class Arena {
 public:
  // Blocks larger than `kept` bytes are not kept.
  explicit Arena(size_t first = 1024, size_t kept = 8192) : first_(first), kept_(kept) {}

  // `alignment` is at most that of max_align_t.
  char* take(size_t bytes, size_t alignment = 1) {
    used_ = (used_ + alignment - 1) / alignment * alignment;
    if (blocks_.empty() || used_ > blocks_.back().size || blocks_.back().size - used_ < bytes) {
      // Each is larger than the one before, so that many small pieces make few blocks.
      const size_t next = blocks_.empty() ? first_ : blocks_.back().size * 2;
      const size_t size = std::max(bytes, next);
      blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
      used_ = 0;
    }
    char* taken = blocks_.back().bytes.get() + used_;
    used_ += bytes;
    return taken;
  }

  void clear() {
    used_ = 0;
    if (blocks_.empty()) return;
    // The largest that may be kept: what comes next is likely to be as large.
    while (blocks_.size() > 1 && blocks_.back().size > kept_) blocks_.pop_back();
    std::swap(blocks_.front(), blocks_.back());
    blocks_.resize(1);
    if (blocks_.front().size > kept_) blocks_.clear();
  }

  // How much memory it holds.
  size_t capacity() const {
    size_t sum = 0;
    for (const Block& block : blocks_) sum += block.size;
    return sum;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  const size_t first_;
  const size_t kept_;
  std::vector<Block> blocks_;
  size_t used_ = 0;  // of the last block
};

}  // namespace weir
